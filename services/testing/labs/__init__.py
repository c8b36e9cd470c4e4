"""Laboratories that the county police have designated (DTP art. 4), and the cut-offs of hair analysis as dated data (HAIR art. 9)."""
