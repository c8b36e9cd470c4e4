"""Persons who have used drugs, once each: sealed identity, place, and their registered standing over time."""
