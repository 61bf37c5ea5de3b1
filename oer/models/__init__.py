"""Every table, one file per noun. Rows are built from validated values only: SQLModel tables validate nothing."""

from oer.models.announcements import Announcement
from oer.models.audit import AuditEntry
from oer.models.blobs import Blob, FileText
from oer.models.collections import COLLECTION_STATES, MEMBERSHIPS, Collection, CollectionItem, CollectionUnit
from oer.models.exposure import Block, OaiRecord, OaiSet, Rendering, SetMember
from oer.models.installation import Clock, Identity, Projection
from oer.models.institutions import Institution, Membership
from oer.models.jobs import JOB_STATES, Job, JobRow
from oer.models.people import BrowserSession, Invitation, Person, Token
from oer.models.previews import DERIVATIVES, Derivative, Previewed
from oer.models.reports import Report
from oer.models.requests import Attempt, KeptAnswer
from oer.models.resources import FILE_ROLES, AttachedFile, Draft, DraftFile, Resource, Review, Version, VersionFile
from oer.models.transfer import ImportedItem
from oer.models.uploads import Upload
from oer.models.usage import InstitutionUsage, UsageDay, UsageMark, UsageSalt, UsageTotal

__all__ = [
    "COLLECTION_STATES",
    "DERIVATIVES",
    "FILE_ROLES",
    "JOB_STATES",
    "MEMBERSHIPS",
    "Announcement",
    "AttachedFile",
    "Attempt",
    "AuditEntry",
    "Blob",
    "Block",
    "BrowserSession",
    "Clock",
    "Collection",
    "CollectionItem",
    "CollectionUnit",
    "Derivative",
    "Draft",
    "DraftFile",
    "FileText",
    "Identity",
    "ImportedItem",
    "Institution",
    "InstitutionUsage",
    "Invitation",
    "Job",
    "JobRow",
    "KeptAnswer",
    "Membership",
    "OaiRecord",
    "OaiSet",
    "Person",
    "Previewed",
    "Projection",
    "Rendering",
    "Report",
    "Resource",
    "Review",
    "SetMember",
    "Token",
    "Upload",
    "UsageDay",
    "UsageMark",
    "UsageSalt",
    "UsageTotal",
    "Version",
    "VersionFile",
]
