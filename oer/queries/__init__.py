"""Every named SELECT, one module per noun; arguments by keyword, rows out, no decisions."""

from oer.queries import (
    audit,
    blobs,
    collections,
    drafts,
    institutions,
    invitations,
    jobs,
    people,
    personal,
    reach,
    records,
    resources,
    transfer,
    uploads,
)

__all__ = [
    "audit",
    "blobs",
    "collections",
    "drafts",
    "institutions",
    "invitations",
    "jobs",
    "people",
    "personal",
    "reach",
    "records",
    "resources",
    "transfer",
    "uploads",
]
