"""Registered devices: the phone by which a person checks in."""
