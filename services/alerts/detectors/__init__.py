"""Detectors: pure rules that turn check-ins into gatherings and unusual departures, with their reasons."""
