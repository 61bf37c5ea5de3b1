"""Publishing, hiding, withdrawing and restoring: what the world gets to see, one transaction each.

The last statement of every function here steps the change clock (``oer.exposure``), which makes all other
publications wait until the commit: nothing follows it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NotRequired, TypedDict, Unpack

from sqlmodel import Session

from metadata import versions
from metadata.record import Record
from oer import deposits, exposure, policy, queries, workflow
from oer.deposits import Open
from oer.errors import Invalid, Stale
from oer.models import DraftFile, Institution, Resource, Version, VersionFile
from oer.policy import OPERATOR, Actor
from oer.workflow import DraftAction, DraftState, ResourceAction, ResourceState

_EMBARGOES = 200  # lifted in one transaction


class Step(TypedDict):
    """What every step of a resource needs: ``expected`` is the ``lock`` that the caller has read, from an ETag."""

    repository_id: str
    now: datetime
    expected: NotRequired[int | None]


class Concealment(Step):
    """``reason`` is one of ``workflow.REASONS``, shown to the public; ``note`` are words for the tombstone."""

    reason: str
    note: NotRequired[str]


def publish(
    session: Session,
    actor: Actor,
    public_id: str,
    *,
    repository_id: str,
    note: str | None = None,
    comment: str = "",
    expected: int | None = None,
    now: datetime,
) -> Version:
    """Make the draft the next version and show it.

    Raises NotFound where there is no draft (a parallel publish won), Stale, Forbidden, Conflict where nothing
    differs from the current version, Invalid with every problem of record and files.
    """
    found = deposits.opened(session, public_id)
    version = prepare(session, actor, found, note=note, comment=comment, expected=expected, now=now)
    exposure.expose(session, [(found.resource, found.institution)], repository_id=repository_id, now=now)
    return version


def prepare(
    session: Session,
    actor: Actor,
    found: Open,
    *,
    note: str | None = None,
    comment: str = "",
    expected: int | None = None,
    now: datetime,
) -> Version:
    """All of publishing but showing: for callers who expose many resources in one step, at the end."""
    resource, draft = found.resource, found.draft
    reviewed = draft.state == DraftState.SUBMITTED
    deposits.step(session, actor, DraftAction.PUBLISH, found, expected=expected, now=now)
    state = policy.require_resource_step(actor, ResourceAction.PUBLISH, resource, found.institution)
    record = deposits.require_publishable(session, found)
    files = queries.resources.draft_files(session, draft_id=draft.id or 0)
    version = _version(session, actor, found, record, files, note=note, now=now)
    if reviewed:
        deposits.note_review(session, actor, found, DraftAction.PUBLISH, comment.strip(), now=now)
    resource.state = state
    resource.number = version.number
    resource.access = record.access.kind
    resource.available = record.access.until
    resource.published = resource.published or now
    _touch(session, resource, now=now)
    deposits.log(session, actor, "resource.publish", resource, now=now, number=version.number, digest=version.digest)
    deposits.end(session, found)
    return version


def _version(
    session: Session,
    actor: Actor,
    found: Open,
    record: Record,
    files: Sequence[DraftFile],
    *,
    note: str | None,
    now: datetime,
) -> Version:
    resource = found.resource
    assert resource.id is not None
    digest = versions.digest(record, [file.told for file in files])
    version = Version(
        resource_id=resource.id,
        number=resource.number + 1,
        record=found.draft.record,
        digest=digest,
        author_id=found.draft.author_id if found.draft.author_id is not None else actor.person_id,
        note=found.draft.note if note is None else note.strip(),
        published=now,
    )
    session.add(version)
    session.flush()
    assert version.id is not None
    for position, file in enumerate(files, 1):
        carried = file.model_dump(include={"key", "name", "media_type", "size", "role", "language"})
        session.add(VersionFile(version_id=version.id, position=position, **carried))
    session.flush()
    return version


def hide(session: Session, actor: Actor, public_id: str, **options: Unpack[Concealment]) -> Resource:
    """Take a published resource out of sight while a complaint is examined."""
    return _conceal(session, actor, public_id, ResourceAction.HIDE, **options)


def withdraw(session: Session, actor: Actor, public_id: str, **options: Unpack[Concealment]) -> Resource:
    """Leave a public tombstone with a reason class; files and versions stay, unseen, for a restoration.

    An open draft of the next version stays as well, but cannot be published before the restoration.
    """
    return _conceal(session, actor, public_id, ResourceAction.WITHDRAW, **options)


def unhide(session: Session, actor: Actor, public_id: str, **options: Unpack[Step]) -> Resource:
    """Show a hidden resource again: the complaint was not upheld."""
    return _reveal(session, actor, public_id, ResourceAction.UNHIDE, **options)


def restore(session: Session, actor: Actor, public_id: str, **options: Unpack[Step]) -> Resource:
    """Bring a withdrawn resource back as it was."""
    return _reveal(session, actor, public_id, ResourceAction.RESTORE, **options)


def lift_embargoes(session: Session, *, repository_id: str, now: datetime) -> int:
    """Open, and stamp, up to 200 resources whose day has come; their number. Downloads look at the date themselves."""
    today: date = now.date()
    ended = queries.resources.embargo_ends(session, today=today, limit=_EMBARGOES)
    institutions = queries.institutions.by_ids(session, ids=[resource.institution_id for resource in ended])
    for resource in ended:
        resource.access, resource.available = "open", None
        _touch(session, resource, now=now)
        deposits.log(session, OPERATOR, "resource.embargo-ended", resource, now=now)
    shown = [(resource, institutions[resource.institution_id]) for resource in ended]
    exposure.expose(session, shown, repository_id=repository_id, now=now)
    return len(shown)


def _conceal(
    session: Session,
    actor: Actor,
    public_id: str,
    action: ResourceAction,
    *,
    reason: str,
    note: str = "",
    repository_id: str,
    expected: int | None = None,
    now: datetime,
) -> Resource:
    resource, institution = _step(session, actor, public_id, action, expected=expected, now=now)
    if reason not in workflow.REASONS:
        raise Invalid("reason.unknown", reason=reason, known=", ".join(workflow.REASONS))
    resource.reason, resource.reason_note = reason, note.strip() or None
    deposits.log(session, actor, f"resource.{action.value}", resource, now=now, reason=reason, note=note)
    exposure.bury(session, [(resource, institution)], repository_id=repository_id, now=now)
    return resource


def _reveal(
    session: Session,
    actor: Actor,
    public_id: str,
    action: ResourceAction,
    *,
    repository_id: str,
    expected: int | None = None,
    now: datetime,
) -> Resource:
    resource, institution = _step(session, actor, public_id, action, expected=expected, now=now)
    resource.reason = resource.reason_note = None
    deposits.log(session, actor, f"resource.{action.value}", resource, now=now)
    exposure.expose(session, [(resource, institution)], repository_id=repository_id, now=now)
    return resource


def _step(
    session: Session, actor: Actor, public_id: str, action: ResourceAction, *, expected: int | None, now: datetime
) -> tuple[Resource, Institution]:
    resource, institution = deposits.held(session, public_id)
    state = policy.require_resource_step(actor, action, resource, institution)
    if expected is not None and expected != resource.lock:
        raise Stale("resource.stale", id=public_id)
    resource.state = ResourceState(state)
    _touch(session, resource, now=now)
    return resource, institution


def _touch(session: Session, resource: Resource, *, now: datetime) -> None:
    resource.lock += 1
    resource.changed = now
    session.add(resource)
