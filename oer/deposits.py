"""Drafts: begun, described, filled with files, submitted, discarded.

Every function works inside the caller's transaction, holds the resource's row from its first query to the
commit, and writes the audit log. ``expected`` is the draft's ``lock`` that the caller has read (from an ETag);
None where the caller insists on nothing.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlmodel import Session, col, delete, update

from metadata import validate, versions
from metadata.record import Record
from oer import audit, blobs, identifiers, policy, queries, stored, texts, verdicts
from oer.errors import Conflict, Invalid, NotFound, Stale, TooLarge
from oer.models import (
    FILE_ROLES,
    CollectionItem,
    Draft,
    DraftFile,
    ImportedItem,
    Institution,
    Resource,
    Upload,
    VersionFile,
)
from oer.models.base import first_lock
from oer.policy import Actor
from oer.workflow import DraftAction, DraftState, ResourceAction
from storage import file_names, media_types
from storage.errors import ChecksumMismatch
from storage.store import Store, Stored


class Limits(Protocol):
    """How much one resource may hold; the settings are one."""

    @property
    def max_file_size(self) -> int: ...
    @property
    def max_files(self) -> int: ...
    @property
    def max_draft_size(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Open:
    """A draft with its resource and institution, their rows held until the commit."""

    resource: Resource
    institution: Institution
    draft: Draft


def begin(
    session: Session, actor: Actor, institution: Institution, record: Record, *, note: str = "", now: datetime
) -> Open:
    """A new resource with an empty-handed draft. Raises Forbidden, or Invalid where the record's shape is wrong."""
    assert institution.id is not None
    if queries.institutions.used(session, institution_id=institution.id) is None:
        raise NotFound("institution.unknown", slug=institution.slug)
    policy.require_deposit(actor, institution)
    require_shape(record)
    kept = texts.words(note, "note")
    resource = Resource(
        public_id=identifiers.new_public_id(),
        institution_id=institution.id,
        author_id=actor.person_id,
        created=now,
        changed=now,
    )
    session.add(resource)
    session.flush()
    opened = Open(resource, institution, _draft_of(session, actor, resource, record, now=now))
    opened.draft.note = kept
    log(session, actor, "draft.begin", opened.resource, now=now)
    return opened


def revise(session: Session, actor: Actor, public_id: str, *, now: datetime) -> Open:
    """A draft for the next version, beside the published one: its record, and its files by reference.

    Raises Conflict where a draft is open already.
    """
    resource, institution = held(session, public_id)
    policy.require_resource_step(actor, ResourceAction.REVISE, resource, institution)
    assert resource.id is not None
    if queries.resources.draft(session, resource_id=resource.id) is not None:
        raise Conflict("draft.exists", id=public_id)
    version = queries.resources.version(session, resource_id=resource.id, number=resource.number)
    assert version is not None
    draft = _draft_of(session, actor, resource, stored.record_of(resource, version), now=now)
    # A resource may have many drafts, one after another: what somebody has read of one must not match the next.
    draft.lock = first_lock()
    for file in queries.resources.files(session, version_id=version.id or 0):
        session.add(_carried(file, draft))
    opened = Open(resource, institution, draft)
    log(session, actor, "draft.revise", opened.resource, now=now, based_on=resource.number)
    return opened


def _draft_of(session: Session, actor: Actor, resource: Resource, record: Record, *, now: datetime) -> Draft:
    assert resource.id is not None
    draft = Draft(
        resource_id=resource.id,
        author_id=actor.person_id,
        record=versions.canonical(record).decode(),
        based_on=resource.number,
        created=now,
        changed=now,
    )
    session.add(draft)
    session.flush()
    return draft


def _carried(file: VersionFile, draft: Draft) -> DraftFile:
    assert draft.id is not None
    return DraftFile(
        draft_id=draft.id,
        position=file.position,
        **file.model_dump(include={"key", "name", "media_type", "size", "role", "language"}),
    )


def held(session: Session, public_id: str) -> tuple[Resource, Institution]:
    """The resource with its row held until the commit, and its institution. Raises NotFound."""
    known = identifiers.is_public_id(public_id)  # PostgreSQL raises for text with a NUL
    resource = queries.resources.locked(session, public_id=public_id) if known else None
    if resource is None:
        raise NotFound("resource.unknown", id=public_id)
    institution = queries.institutions.used(session, institution_id=resource.institution_id)
    assert institution is not None
    return resource, institution


def opened(session: Session, public_id: str) -> Open:
    """The draft of a resource, held until the commit.

    Raises NotFound where there is none, with the same code where there is no resource: nobody learns from it.
    """
    try:
        resource, institution = held(session, public_id)
    except NotFound:
        raise NotFound("draft.unknown", id=public_id) from None
    draft = queries.resources.draft(session, resource_id=resource.id or 0)
    if draft is None:
        raise NotFound("draft.unknown", id=public_id)
    return Open(resource, institution, draft)


def seen(session: Session, actor: Actor, public_id: str) -> Open:
    """The draft, held until the commit, for somebody who may see it. Raises NotFound."""
    found = opened(session, public_id)
    policy.require_draft_sight(actor, found.draft, found.resource, found.institution)
    return found


def editable(session: Session, actor: Actor, public_id: str, *, expected: int | None = None, now: datetime) -> Open:
    """The draft, its lock moved for a change that the caller makes. Errors as for :func:`step`."""
    found = opened(session, public_id)
    step(session, actor, DraftAction.EDIT, found, expected=expected, now=now)
    return found


def step(
    session: Session, actor: Actor, action: DraftAction, found: Open, *, expected: int | None, now: datetime
) -> DraftState:
    """Check a step and take it: state, lock and time move; the caller does what the step means.

    A draft that ends (published, discarded) keeps its state: its row goes. Raises Stale, Forbidden, Conflict.
    """
    draft = found.draft
    to = policy.require_draft_step(actor, action, draft, found.resource, found.institution)
    if expected is not None and expected != draft.lock:
        raise Stale("draft.stale", id=found.resource.public_id)
    if to not in {DraftState.PUBLISHED, DraftState.DISCARDED}:
        draft.state = to
    draft.lock += 1
    draft.changed = now
    session.add(draft)
    return to


def save(
    session: Session,
    actor: Actor,
    public_id: str,
    record: Record,
    *,
    note: str | None = None,
    expected: int | None = None,
    now: datetime,
) -> Open:
    """Replace the draft's record (and the note on what changed and why)."""
    require_shape(record)
    found = editable(session, actor, public_id, expected=expected, now=now)
    found.draft.record = versions.canonical(record).decode()
    if note is not None:
        found.draft.note = texts.words(note, "note")
    log(session, actor, "draft.save", found.resource, now=now)
    return found


def require_shape(record: Record) -> None:
    """Raises Invalid with all problems that forbid even saving."""
    faults = verdicts.errors_of(validate.problems(record, "draft"))
    if faults:
        raise Invalid("record.invalid", problems=faults, count=len(faults))


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes that the store keeps, with the media type that was found in them."""

    stored: Stored
    media_type: str


def receive(store: Store, chunks: Iterable[bytes], *, name: str, limit: int, expected: str | None = None) -> Received:
    """Stream bytes into the store, outside any transaction: the first half of every deposit of a file.

    Raises TooLarge as soon as ``limit`` bytes are passed, Invalid (``checksum.mismatch``) where the SHA-256 is not
    ``expected``, and what the store raises. What is received and then attached to nothing goes with a sweep.
    """
    try:
        stored = store.put(_limited(chunks, limit=limit, name=name), expected.lower() if expected else None)
    except ChecksumMismatch as error:
        raise Invalid("checksum.mismatch", name=name, expected=error.expected, found=error.found) from None
    return Received(stored, detect(store, stored, name=name))


def weighed(chunks: Iterable[bytes], *, name: str, limit: int) -> Stored:
    """Key and size of bytes as :func:`receive` would tell them; they are kept nowhere. Raises TooLarge."""
    digest, size = hashlib.sha256(), 0
    for chunk in _limited(chunks, limit=limit, name=name):
        digest.update(chunk)
        size += len(chunk)
    return Stored(digest.hexdigest(), size)


def detect(store: Store, stored: Stored, *, name: str) -> str:
    """The media type of stored bytes: the bytes fix the family, the name's extension refines within it."""

    def read(start: int, length: int) -> bytes:
        return b"".join(store.open(stored.key, start, min(length, max(0, stored.size - start))))

    return media_types.detect(read, stored.size, name)


def _limited(chunks: Iterable[bytes], *, limit: int, name: str) -> Iterator[bytes]:
    done = 0
    for chunk in chunks:
        done += len(chunk)
        if done > limit:
            raise TooLarge("file.too-large", limit=limit, name=name)
        yield chunk


def attach(
    session: Session,
    actor: Actor,
    public_id: str,
    store: Store,
    stored: Stored,
    *,
    name: str,
    media_type: str,
    role: str = "main",
    language: str | None = None,
    replace: bool = False,
    limits: Limits,
    expected: int | None = None,
    now: datetime,
) -> DraftFile:
    """Make bytes that the store already holds a file of the draft.

    Raises Unavailable (``blob.being-removed``) where the sweeper was about to remove these bytes: put them again.
    Raises Invalid where the name is taken and ``replace`` is False, TooLarge above the limits.
    """
    found = editable(session, actor, public_id, expected=expected, now=now)
    if role not in FILE_ROLES:
        raise Invalid("file.role-invalid", field="role", role=role, known=", ".join(FILE_ROLES))
    spoken = texts.language(language)
    safe = file_names.safe_name(name)
    if stored.size > limits.max_file_size:
        raise TooLarge("file.too-large", limit=limits.max_file_size, name=safe)
    assert found.draft.id is not None
    files = list(queries.resources.draft_files(session, draft_id=found.draft.id))
    same = next((file for file in files if file.name == safe), None)
    if same is not None and not replace:
        raise Invalid("file.name-taken", field="name", name=safe)
    if same is None and len(files) >= limits.max_files:
        raise TooLarge("files.too-many", limit=limits.max_files)
    left = limits.max_draft_size - sum(file.size for file in files if file is not same)
    if stored.size > left:
        raise TooLarge("draft.too-large", limit=limits.max_draft_size, left=max(left, 0))
    blobs.hold(session, store, stored, now=now)
    file = same or DraftFile(
        draft_id=found.draft.id,
        position=max((one.position for one in files), default=0) + 1,
        key=stored.key,
        name=safe,
        media_type=media_type,
        size=stored.size,
    )
    file.key, file.media_type, file.size = stored.key, media_type, stored.size
    file.role, file.language = role, spoken
    session.add(file)
    log(session, actor, "draft.attach", found.resource, now=now, name=safe, sha256=stored.key)
    return file


def detach(
    session: Session, actor: Actor, public_id: str, name: str, *, expected: int | None = None, now: datetime
) -> None:
    """Take a file out of the draft; its bytes go when nothing else refers to them."""
    found = editable(session, actor, public_id, expected=expected, now=now)
    file = file_of(session, found, name)
    session.delete(file)
    log(session, actor, "draft.detach", found.resource, now=now, name=file.name)


def file_of(session: Session, found: Open, name: str) -> DraftFile:
    """A file of the draft by its name, in whatever Unicode form it is written. Raises NotFound."""
    wanted = unicodedata.normalize("NFC", name)
    for file in queries.resources.draft_files(session, draft_id=found.draft.id or 0):
        if file.name == wanted:
            return file
    raise NotFound("file.unknown", name=name, id=found.resource.public_id)


def submit(session: Session, actor: Actor, public_id: str, *, expected: int | None = None, now: datetime) -> Open:
    """Hand the draft to the reviewers. Raises Invalid with all problems that forbid publishing."""
    found = opened(session, public_id)
    step(session, actor, DraftAction.SUBMIT, found, expected=expected, now=now)
    verdicts.require_publishable(session, found.resource, found.draft)
    log(session, actor, "draft.submit", found.resource, now=now)
    return found


def recall(session: Session, actor: Actor, public_id: str, *, expected: int | None = None, now: datetime) -> Open:
    """Take a submitted draft back to edit it."""
    found = opened(session, public_id)
    step(session, actor, DraftAction.RECALL, found, expected=expected, now=now)
    log(session, actor, "draft.recall", found.resource, now=now)
    return found


def discard(session: Session, actor: Actor, public_id: str, *, expected: int | None = None, now: datetime) -> None:
    """Drop the draft; a resource that was never published goes with it, and its id is never given again."""
    found = opened(session, public_id)
    step(session, actor, DraftAction.DISCARD, found, expected=expected, now=now)
    log(session, actor, "draft.discard", found.resource, now=now)
    end(session, found)
    if found.resource.number == 0:
        for review in queries.resources.reviews(session, resource_id=found.resource.id or 0):
            session.delete(review)
        session.exec(delete(ImportedItem).where(col(ImportedItem.resource_id) == found.resource.id))
        session.exec(delete(CollectionItem).where(col(CollectionItem.resource_id) == found.resource.id))
        session.flush()
        session.delete(found.resource)


def end(session: Session, found: Open) -> None:
    """Remove the draft's rows: it was published or discarded. Uploads to it that go on find it gone."""
    session.exec(update(Upload).where(col(Upload.draft_id) == found.draft.id).values(draft_id=None))
    for file in queries.resources.draft_files(session, draft_id=found.draft.id or 0):
        session.delete(file)
    session.flush()
    session.delete(found.draft)
    session.flush()


def log(session: Session, actor: Actor, action: str, resource: Resource, *, now: datetime, **details: Any) -> None:
    """One audit entry about a resource."""
    audit.write(
        session,
        actor,
        action,
        kind="resource",
        object_id=resource.public_id,
        institution_id=resource.institution_id,
        now=now,
        **details,
    )
