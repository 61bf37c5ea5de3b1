"""Bodies of people."""
