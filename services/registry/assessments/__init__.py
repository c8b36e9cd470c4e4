"""Risk assessments: proposed by a model, signed by a person, expiring (domain 4.2)."""
