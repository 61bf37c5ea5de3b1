"""Every table, one file per noun. Rows are built from validated values only: SQLModel tables validate nothing."""

from oer.models.audit import AuditEntry
from oer.models.blobs import Blob
from oer.models.exposure import OaiRecord, Rendering, SetMember
from oer.models.installation import Clock, Identity, Projection
from oer.models.institutions import Institution, Membership
from oer.models.jobs import Job
from oer.models.people import Person, Token
from oer.models.resources import FILE_ROLES, AttachedFile, Draft, DraftFile, Resource, Review, Version, VersionFile
from oer.models.transfer import ImportedItem

__all__ = [
    "FILE_ROLES",
    "AttachedFile",
    "AuditEntry",
    "Blob",
    "Clock",
    "Draft",
    "DraftFile",
    "Identity",
    "ImportedItem",
    "Institution",
    "Job",
    "Membership",
    "OaiRecord",
    "Person",
    "Projection",
    "Rendering",
    "Resource",
    "Review",
    "SetMember",
    "Token",
    "Version",
    "VersionFile",
]
