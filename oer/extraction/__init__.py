"""The text inside of files, for the search: read once for the same bytes, by processes that may do nothing else."""
