"""Who takes, tests, sends and witnesses: members of staff, as the registry knows them on that day. Only their number and name are kept here."""
