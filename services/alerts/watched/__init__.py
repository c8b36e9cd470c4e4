"""Who may be asked to check in: a projection of the registry's measures, by person id and town alone."""
