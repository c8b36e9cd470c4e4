"""What looks wrong and must be looked at by a person, by when, and what that person found."""
