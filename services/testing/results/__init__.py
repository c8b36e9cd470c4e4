"""What each stage of a chain read, per analyte, and what a doctor, a correction or a ledger says of it (DTP art. 9-15; domain 3.5)."""
