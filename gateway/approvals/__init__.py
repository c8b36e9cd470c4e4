"""Requests that two people decide: whatever gives access is asked by one administrator and takes effect when another person confirms it."""
