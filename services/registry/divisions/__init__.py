"""Divisions of the county: towns, service centres, villages, grids, and the resident population, each with validity dates."""
