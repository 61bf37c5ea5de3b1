"""Every door: REST, OAI-PMH and pages."""
