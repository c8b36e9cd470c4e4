"""Stations, staff and care teams: who cares for whom (DRR art. 15, 17)."""
