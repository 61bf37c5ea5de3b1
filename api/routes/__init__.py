"""REST and the other machine endpoints."""
