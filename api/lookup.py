"""What a caller asks for by name and may see: a resource in one of its versions."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from metadata import values
from oer import identifiers, policy, queries, stored
from oer.deposits import Open
from oer.errors import NotFound, OerError
from oer.models import Institution, Resource, Version, VersionFile
from oer.policy import ANONYMOUS, Actor

_NUMBER = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_LARGEST = 2**31 - 1

# Of every address that names a resource, as the OpenAPI tells it.
GONE = "Withdrawn or hidden: its tombstone. Its author and the reviewers of its institution still read it (200)"


@dataclass(frozen=True, slots=True)
class Found:
    """A resource that the caller may see, and one version of it."""

    resource: Resource
    institution: Institution
    version: Version

    @property
    def is_current(self) -> bool:
        return self.version.number == self.resource.number

    @property
    def access(self) -> tuple[str, date | None]:
        """Kind, and the first day of open files. The resource knows of an embargo that a job has lifted since.

        A past version is never more open than the current one. Raises Unavailable (``stored.record_of``).
        """
        current = self.resource.access, self.resource.available
        if self.is_current:
            return current
        written = stored.record_of(self.resource, self.version).access
        return policy.strictest(current, (written.kind, written.until))

    def is_open(self, *, today: date) -> bool:
        """Whether anybody may have the files."""
        try:
            self.require_download(ANONYMOUS, today=today)
        except OerError:
            return False
        return True

    def require_download(self, actor: Actor, *, today: date) -> None:
        """Raises Forbidden, NotFound or Gone (``policy.require_download``)."""
        kind, available = self.access
        policy.require_download(actor, self.resource, self.institution, access=kind, available=available, today=today)


def resource(session: Session, actor: Actor, public_id: str) -> tuple[Resource, Institution]:
    """The resource of this id. Raises NotFound, or Gone with what a tombstone shows."""
    # Anything else never reaches the database: PostgreSQL fails on NUL and lone surrogates.
    found = (
        queries.resources.by_public_id(session, public_id=public_id) if identifiers.is_public_id(public_id) else None
    )
    institution = session.get(Institution, found.institution_id) if found else None
    if found is None or institution is None:
        raise NotFound("resource.unknown", id=public_id)
    policy.require_sight(actor, found, institution)
    return found, institution


def version(session: Session, actor: Actor, public_id: str, number: str | None = None) -> Found:
    """A version by its number as the client writes it, the current one without a number. Raises NotFound and Gone."""
    found, institution = resource(session, actor, public_id)
    if number is None and not found.number:
        raise NotFound("version.none", id=public_id)
    wanted = found.number if number is None else _whole(number)
    assert found.id is not None
    row = (
        queries.resources.version(session, resource_id=found.id, number=wanted) if 0 < wanted <= found.number else None
    )
    if row is None:
        raise NotFound("version.unknown", id=public_id, number=number)
    return Found(found, institution, row)


def _whole(number: str) -> int:
    """0, which no version has, for anything that is not written as a version's number is."""
    return int(number) if _NUMBER.fullmatch(number) else 0


def row(number: str) -> int:
    """The number of a row as an address writes it; 0, which no row has, for what is none or no column holds."""
    found = _whole(number)
    return found if found <= _LARGEST else 0


def draft(session: Session, actor: Actor, public_id: str) -> Open:
    """The draft of a resource, to read. Raises NotFound, with one code whatever is missing or may not be seen."""
    known = identifiers.is_public_id(public_id)
    row = queries.drafts.of_resource(session, public_id=public_id) if known else None
    if row is None:
        raise NotFound("draft.unknown", id=public_id)
    found = Open(*row)
    policy.require_draft_sight(actor, found.draft, found.resource, found.institution)
    return found


def file(session: Session, found: Found, name: str) -> VersionFile:
    """A file of the version by its name, in whatever Unicode form the client writes it. Raises NotFound."""
    wanted = unicodedata.normalize("NFC", name)
    if not values.illegal_characters(wanted):
        row = queries.resources.file(session, version_id=found.version.id or 0, name=wanted)
        if row is not None:
            return row
    raise NotFound("file.unknown", id=found.resource.public_id, name=name)
