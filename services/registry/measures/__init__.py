"""Lawful measures with their state machine (NCL art. 33-48; DRR ch. 3-5)."""
