"""Who takes, tests, sends and witnesses: members of staff, as the registry knows them on that day. Nobody of them is kept here but by number and name."""
