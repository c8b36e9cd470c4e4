"""What was taken from whom, by whom, and where its chain stands: on-site test, laboratory, re-test (DTP art. 8-16)."""
