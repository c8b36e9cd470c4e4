"""Inspections of firms by two certificated officers with a dated checklist, and the publication of their results."""
