"""Bodies of jobs."""
