"""Venues (行业场所) and key units (重点单位): where practitioners are screened and patrols look in. Places only, never who was there."""
