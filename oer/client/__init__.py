"""A client for programs of partners: ``docs/client.md``. It speaks HTTP and imports nothing of the server."""

from oer.client.announcements import Announcement
from oer.client.client import Client
from oer.client.errors import ApiError, ClientError, Damaged, Fault, Unfinished, Unreachable
from oer.client.reports import Report
from oer.client.things import (
    Collection,
    Decision,
    Draft,
    DraftLine,
    File,
    Institution,
    Job,
    Person,
    Previews,
    Resource,
    Suggestions,
    Term,
    Token,
    Usage,
    Verdict,
    Version,
)

__all__ = [
    "Announcement",
    "ApiError",
    "Client",
    "ClientError",
    "Collection",
    "Damaged",
    "Decision",
    "Draft",
    "DraftLine",
    "Fault",
    "File",
    "Institution",
    "Job",
    "Person",
    "Previews",
    "Report",
    "Resource",
    "Suggestions",
    "Term",
    "Token",
    "Unfinished",
    "Unreachable",
    "Usage",
    "Verdict",
    "Version",
]
