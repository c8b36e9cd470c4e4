"""Runs the detectors over committed check-ins: each check-in is taken exactly once, by one process at a time (ADR 0005)."""
