"""Ledgers of firms and places: chemicals, couriers, venues; the words to look for (words.toml)."""
