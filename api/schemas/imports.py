"""Bodies of imports."""
