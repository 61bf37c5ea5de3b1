"""Every named SELECT, one module per noun; arguments by keyword, rows out, no decisions."""

from oer.queries import audit, blobs, institutions, jobs, people, records, resources

__all__ = ["audit", "blobs", "institutions", "jobs", "people", "records", "resources"]
