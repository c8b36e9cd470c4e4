"""Counts of tests by town for the bulletin and for leaders: numbers, no persons (domain 4.3 T)."""
