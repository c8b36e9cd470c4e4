"""What an inspection found, and what became of it: corrected on the spot, ordered with a deadline, passed to the competent organ."""
