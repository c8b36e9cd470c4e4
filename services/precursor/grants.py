"""What an agency's system may be granted here, beside its role (an administrator writes grants into the client's record)."""

READ = "precursor:read"
"""Firms, inspections, orders, venues, draws and figures: for the authorities that share the supervision of precursors (PCR art. 3)."""
