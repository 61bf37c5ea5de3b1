"""Bodies of sessions."""
