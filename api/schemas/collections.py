"""Bodies of collections."""
