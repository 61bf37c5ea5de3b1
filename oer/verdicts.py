"""What stands between a draft and its publication."""

from collections.abc import Iterable

from sqlmodel import Session

from metadata import validate, versions
from metadata.findings import Problem
from metadata.record import Record
from oer import queries, stored
from oer.errors import Conflict, Invalid
from oer.models import Draft, Resource


def errors_of(problems: Iterable[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


def problems(session: Session, resource: Resource, draft: Draft) -> list[Problem]:
    """A dry run of :func:`require_publishable`: all that it would refuse, and warnings."""
    record = stored.record_of(resource, draft)
    number = _unchanged_since(session, resource, draft, record)
    unchanged = [] if number is None else [Problem("version.unchanged", "", {"number": number})]
    return [*unchanged, *_problems(session, draft, record)]


def require_publishable(session: Session, resource: Resource, draft: Draft) -> Record:
    """The draft's record. Raises Conflict where nothing differs from the current version, Invalid with all problems."""
    record = stored.record_of(resource, draft)
    number = _unchanged_since(session, resource, draft, record)
    if number is not None:
        raise Conflict("version.unchanged", number=number)
    faults = errors_of(_problems(session, draft, record))
    if faults:
        raise Invalid("record.not-publishable", problems=faults, count=len(faults))
    return record


def _problems(session: Session, draft: Draft, record: Record) -> list[Problem]:
    """Of the record, then of the files: a missing one among them."""
    told = validate.problems(record, "publish")
    has_files = bool(queries.resources.draft_files(session, draft_id=draft.id or 0))
    if not has_files and record.access.kind != "metadata-only":
        told.append(Problem("files.missing", "files"))
    return told


def _unchanged_since(session: Session, resource: Resource, draft: Draft, record: Record) -> int | None:
    """The number of the current version where record and files are still the same."""
    number = resource.number
    current = queries.resources.version(session, resource_id=resource.id or 0, number=number)
    if current is None:
        return None
    files = queries.resources.draft_files(session, draft_id=draft.id or 0)
    return number if current.digest == versions.digest(record, [file.told for file in files]) else None
