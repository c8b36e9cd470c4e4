"""Accounts of people, sessions, clients of machines, and their keys (DESIGN 6; RFC 6749, 7519, 7523, 8414, 9068; NIST SP 800-63B)."""
