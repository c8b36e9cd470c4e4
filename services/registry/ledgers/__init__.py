"""Ledgers of persons: importing a town's workbook, the words to look for (words.toml), holding what a person must look at."""
