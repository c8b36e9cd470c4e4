"""Periods and small counts: what figures may be shown to somebody who sees no persons (domain 4.3)."""
