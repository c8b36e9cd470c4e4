"""Testing's own copy of whom the registry supervises: person ids, towns and running measures, fed by the registry's feed alone."""
