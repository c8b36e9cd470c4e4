"""Where supervised people said they were, while a measure lawfully runs and not a day longer."""
