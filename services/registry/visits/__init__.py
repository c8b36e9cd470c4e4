"""Rounds of home visits and who was met (DRR art. 18)."""
