"""What earlier imports made: which resource a row stands for, and whether there is anything left to do for it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from metadata import versions
from oer import identifiers, institutions, queries, stored
from oer.models import Draft, ImportedItem, Institution, Resource


@dataclass(frozen=True, slots=True)
class Known:
    """The resource of a row. All three digests are ``metadata.versions.digest`` of record and files.

    ``fingerprint``: what the row said at its last import. ``version``: what is published. ``draft``: what is open,
    by the import or by somebody since.
    """

    resource: Resource
    fingerprint: str | None
    version: str | None
    draft: str | None

    def is_settled(self, fingerprint: str, *, publish: bool) -> bool:
        """Whether the row says what it said before, and is not a draft of the import's own that is to be published.

        What people did to the resource since is theirs: a row that has not changed never undoes it.
        """
        if fingerprint != self.fingerprint:
            return self.draft is None and fingerprint == self.version
        return not (publish and self.draft == fingerprint and self.version != fingerprint)


def held(session: Session, slug: str) -> Institution:
    """The institution; other imports into it wait until the commit, so that two of one source make no doubles.

    The lock is the weaker one that lets deposits refer to the row meanwhile.
    """
    institution = institutions.find(session, slug)
    session.refresh(institution, with_for_update={"key_share": True})
    return institution


def known(session: Session, institution: Institution, item: str, public_id: str | None) -> Known | None:
    """The resource that this item made before; else the institution's resource that bears the id, or None."""
    before = session.get(ImportedItem, (institution.id, item))
    if before is not None:
        resource = session.get(Resource, before.resource_id)
        assert resource is not None
        return _known(session, resource, before.fingerprint)
    if public_id is None or not identifiers.is_public_id(public_id):
        return None
    resource = queries.resources.by_public_id(session, public_id=public_id)
    if resource is None or resource.institution_id != institution.id:
        return None
    found = _known(session, resource, None)
    return Known(found.resource, found.version, found.version, found.draft)


def _known(session: Session, resource: Resource, fingerprint: str | None) -> Known:
    assert resource.id is not None
    version = queries.resources.version(session, resource_id=resource.id, number=resource.number)
    draft = queries.resources.draft(session, resource_id=resource.id)
    return Known(
        resource, fingerprint, version.digest if version else None, _digest(session, resource, draft) if draft else None
    )


def _digest(session: Session, resource: Resource, draft: Draft) -> str:
    files = queries.resources.draft_files(session, draft_id=draft.id or 0)
    return versions.digest(stored.record_of(resource, draft), [file.told for file in files])


def names(session: Session, draft: Draft) -> set[str]:
    """The names of a draft's files."""
    return {file.name for file in queries.resources.draft_files(session, draft_id=draft.id or 0)}


def remember(
    session: Session, institution: Institution, item: str, fingerprint: str, resource: Resource, *, now: datetime
) -> None:
    """Note what the item has become, for the next run."""
    assert institution.id is not None
    assert resource.id is not None
    noted = session.get(ImportedItem, (institution.id, item))
    if noted is None:
        noted = ImportedItem(
            institution_id=institution.id,
            item=item,
            resource_id=resource.id,
            fingerprint=fingerprint,
            imported=now,
        )
    noted.fingerprint, noted.imported, noted.resource_id = fingerprint, now, resource.id
    session.add(noted)
