"""Who must be tested when: schemes as dated data, due tests with their windows, and what became of each (domain 3.4, 3.5)."""
