"""The full-text index: a projection of what is published, on each node, that may be thrown away at any time."""
