"""The four services: each owns its schema, its login, its migrations and its words; none imports another."""
