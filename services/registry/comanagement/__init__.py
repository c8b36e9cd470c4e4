"""Transfer out to other counties, agreements with partner provinces, and their list (DRR art. 22; domain 6)."""
