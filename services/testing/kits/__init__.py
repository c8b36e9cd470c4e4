"""Lots of rapid test kits: which analytes each can show, its cut-offs and its last day of use (DTP art. 5; domain 3.3)."""
