"""Bodies of drafts."""
