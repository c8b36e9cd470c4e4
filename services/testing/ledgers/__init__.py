"""Ledgers of tests: urine and hair registers, the words to look for (words.toml)."""
