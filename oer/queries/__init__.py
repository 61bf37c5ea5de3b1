"""Every named SELECT, one module per noun; arguments by keyword, rows out, no decisions."""

from oer.queries import (
    audit,
    blobs,
    blocks,
    collections,
    drafts,
    institutions,
    invitations,
    jobs,
    listings,
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
    "blocks",
    "collections",
    "drafts",
    "institutions",
    "invitations",
    "jobs",
    "listings",
    "people",
    "personal",
    "reach",
    "records",
    "resources",
    "transfer",
    "uploads",
]
