"""The repository: institutions, people, resources, and what may be done to them."""
