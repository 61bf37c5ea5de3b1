"""OAI-PMH: what partners harvest from this repository."""
