"""The list of precursor chemicals as dated data: what is controlled from which day, on what basis, in which class."""
