"""Pictures, posters, light variants and listings of files: made once for the same bytes, by processes apart."""
