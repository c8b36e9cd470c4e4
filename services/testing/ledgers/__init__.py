"""Registers of urine and hair tests and of practitioner screening on their way into testing: persons found by the registry, never kept here by name."""
