"""Figures of domain 5, as of a day, per town and county."""
