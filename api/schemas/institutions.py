"""Bodies of institutions."""
