"""Files on their way into a draft: whether they may come, and what becomes of their bytes.

Every upload has three parts: :func:`admit` before a byte is read, the bytes into the store outside any transaction,
and :func:`attach` (or :func:`complete`, for one that can be resumed), which asks everything again. Resumable uploads
are rows beside the store's staging: the store alone knows how many bytes are durable.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.engine import Engine
from sqlmodel import Session, col, delete

from oer import deposits, identifiers, policy, queries, texts
from oer.db import transaction
from oer.deposits import Open, Received
from oer.errors import Gone, Invalid, NotFound, Stale, TooLarge
from oer.models import FILE_ROLES, DraftFile, Institution, Upload
from oer.policy import Actor
from oer.workflow import DraftAction
from storage import file_names
from storage.store import Store, is_upload

ANY = "*"


class Limits(deposits.Limits, Protocol):
    """How much may come; the settings are one. A quota of 0 is none."""

    @property
    def person_quota(self) -> int: ...
    @property
    def institution_quota(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Coming:
    """A file as its sender describes it. ``replaces`` is the digest of the file of this name that it may replace,
    ``*`` for any; ``checksum`` the SHA-256 that its bytes must have (both lower-case hex). ``seen`` is the lock of
    the draft that the sender has read, which stands for whatever file of this name is in it.
    """

    name: str
    role: str = "main"
    language: str | None = None
    replaces: str | None = None
    checksum: str | None = None
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """How many bytes may come at most, and what is said to more."""

    most: int
    refusal: TooLarge

    def require(self, size: int) -> None:
        if size > self.most:
            raise self.refusal

    def limited(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks; raises TooLarge before the first one that is too much.

        The chunk that fills the room waits for the end: bytes of which there are too many never look complete.
        """
        done, last = 0, b""
        for chunk in chunks:
            done += len(chunk)
            self.require(done)
            if done < self.most:
                yield chunk
            else:
                last = last or chunk
        if last:
            yield last


@dataclass(frozen=True, slots=True)
class Admitted:
    """A file that may come: what it replaces is known by its digest from here on."""

    file: Coming
    room: Room


@dataclass(frozen=True, slots=True)
class Attached:
    """A file where it belongs. ``new`` where no file of that name was there before."""

    file: DraftFile
    found: Open
    new: bool


def coming(
    name: str,
    *,
    role: str | None = None,
    language: str | None = None,
    replaces: str | None = None,
    checksum: str | None = None,
    seen: int | None = None,
) -> Coming:
    """A description from outside, cleaned. Raises Invalid for an unknown role and a language that is none."""
    if role is not None and role not in FILE_ROLES:
        raise Invalid("file.role-invalid", field="role", role=role[:40], known=", ".join(FILE_ROLES))
    return Coming(file_names.safe_name(name), role or "main", texts.language(language), replaces, checksum, seen)


def admit(
    session: Session, actor: Actor, public_id: str, file: Coming, *, size: int | None, limits: Limits, now: datetime
) -> Admitted:
    """Whether the file may come into this draft, asked before its bytes are read. Holds no row.

    ``size`` is None where the sender does not say it. Raises NotFound, Forbidden, Conflict (:mod:`oer.policy`), Stale
    where the file of that name is not the one to replace, TooLarge.
    """
    found = _found(session, public_id)
    policy.require_draft_step(actor, DraftAction.EDIT, found.draft, found.resource, found.institution)
    files = list(queries.resources.draft_files(session, draft_id=found.draft.id or 0))
    same = _same(files, file)
    if file.seen is not None:
        if file.seen != found.draft.lock:
            raise Stale("draft.stale", id=public_id)
        file = replace(file, replaces=same.key if same else None, seen=None)
    _require_replaceable(found, same, file)
    if same is None and len(files) >= limits.max_files:
        raise TooLarge("files.too-many", limit=limits.max_files)
    space = _room(session, found, files, file, limits=limits, now=now)
    if size is not None:
        space.require(size)
    return Admitted(file, space)


def _found(session: Session, public_id: str) -> Open:
    known = identifiers.is_public_id(public_id)
    resource = queries.resources.by_public_id(session, public_id=public_id) if known else None
    draft = queries.resources.draft(session, resource_id=resource.id or 0) if resource else None
    institution = session.get(Institution, resource.institution_id) if resource else None
    if resource is None or draft is None or institution is None:
        raise NotFound("draft.unknown", id=public_id)
    return Open(resource, institution, draft)


def _same(files: Iterable[DraftFile], file: Coming) -> DraftFile | None:
    return next((each for each in files if each.name == file.name), None)


def _require_replaceable(found: Open, same: DraftFile | None, file: Coming) -> None:
    """Raises Stale where there is another file of that name than the sender knows of, or none at all."""
    known = same is None if file.replaces is None else same is not None and file.replaces in (ANY, same.key)
    # Who promises what is there changes nothing: after a lost reply the same may be sent again.
    if not known and (
        same is None or (file.checksum, file.role, file.language) != (same.key, same.role, same.language)
    ):
        raise Stale("file.stale", name=file.name, id=found.resource.public_id)


def room(
    session: Session,
    name: str,
    *,
    institution: Institution | None,
    author_id: int | None,
    there: int = 0,
    replaced: int = 0,
    limits: Limits,
    now: datetime,
) -> Room:
    """How many bytes a file may have in a draft that holds ``there``, ``replaced`` of which it takes the place of."""
    largest = Room(limits.max_file_size, TooLarge("file.too-large", limit=limits.max_file_size, name=name))
    whole = left(
        session,
        institution=institution,
        author_id=author_id,
        there=there - replaced,
        replaced=replaced,
        limits=limits,
        now=now,
    )
    return min(largest, whole, key=lambda each: each.most)


def left(
    session: Session,
    *,
    institution: Institution | None,
    author_id: int | None,
    there: int = 0,
    replaced: int = 0,
    limits: Limits,
    now: datetime,
) -> Room:
    """How many bytes a draft that keeps ``there`` may still take, and its author and institution with it.

    ``replaced`` bytes, which the quotas count, will go.
    """
    found = max(limits.max_draft_size - there, 0)
    bounds = [Room(found, TooLarge("draft.too-large", limit=limits.max_draft_size, left=found))]
    if limits.person_quota and author_id is not None:
        taken = queries.uploads.bytes_of_person(session, person_id=author_id, now=now)
        found = max(limits.person_quota - taken + replaced, 0)
        bounds.append(Room(found, TooLarge("quota.person", limit=limits.person_quota, left=found)))
    if limits.institution_quota and institution is not None:
        taken = queries.uploads.bytes_in_institution(session, institution_id=institution.id or 0, now=now)
        found = max(limits.institution_quota - taken + replaced, 0)
        bounds.append(Room(found, TooLarge("quota.institution", limit=limits.institution_quota, left=found)))
    return min(bounds, key=lambda each: each.most)


def _room(
    session: Session, found: Open, files: Sequence[DraftFile], file: Coming, *, limits: Limits, now: datetime
) -> Room:
    same = _same(files, file)
    return room(
        session,
        file.name,
        institution=found.institution,
        author_id=found.draft.author_id,
        there=sum(each.size for each in files),
        replaced=same.size if same else 0,
        limits=limits,
        now=now,
    )


def attach(
    session: Session,
    actor: Actor,
    public_id: str,
    store: Store,
    received: Received,
    file: Coming,
    *,
    limits: Limits,
    now: datetime,
    counted: bool = False,
) -> Attached:
    """Make received bytes a file of the draft; the same file once more changes nothing.

    Asks all that :func:`admit` asks, quotas too unless the bytes were ``counted`` when they were announced. Raises
    Unavailable (``blob.being-removed``) where the sweeper was about to remove these bytes.
    """
    found = deposits.seen(session, actor, public_id)
    policy.require_draft_step(actor, DraftAction.EDIT, found.draft, found.resource, found.institution)
    files = list(queries.resources.draft_files(session, draft_id=found.draft.id or 0))
    same = _same(files, file)
    if same is not None and (same.key, same.role, same.language) == (received.stored.key, file.role, file.language):
        return Attached(same, found, new=False)
    _require_replaceable(found, same, file)
    if not counted:
        hold_quotas(session, found.institution, found.draft.author_id, limits)
        _room(session, found, files, file, limits=limits, now=now).require(received.stored.size)
    made = deposits.attach(
        session,
        actor,
        public_id,
        store,
        received.stored,
        name=file.name,
        media_type=received.media_type,
        role=file.role,
        language=file.language,
        replace=True,
        limits=limits,
        now=now,
    )
    return Attached(made, found, new=same is None)


def hold_quotas(session: Session, institution: Institution, author_id: int | None, limits: Limits) -> None:
    """Let two who would both take what is left come one after the other."""
    if limits.person_quota or limits.institution_quota:
        queries.uploads.hold_quotas(session, institution_id=institution.id or 0, person_id=author_id)


# ── Uploads that can be resumed ──────────────────────────────────────────────────────────────────


def begin(
    session: Session,
    actor: Actor,
    public_id: str,
    upload_id: str,
    file: Coming,
    *,
    size: int,
    told: str = "",
    limits: Limits,
    lifetime: timedelta,
    now: datetime,
) -> Upload:
    """Note an upload that the store has begun. ``size`` counts against the quotas from now on.

    Errors as for :func:`admit`.
    """
    found = deposits.seen(session, actor, public_id)  # held: a draft that ends now would not know of this row
    hold_quotas(session, found.institution, found.draft.author_id, limits)
    file = admit(session, actor, public_id, file, size=size, limits=limits, now=now).file
    assert actor.person_id is not None
    upload = Upload(
        id=upload_id,
        draft_id=found.draft.id,
        person_id=actor.person_id,
        name=file.name,
        size=size,
        role=file.role,
        language=file.language,
        replaces=file.replaces,
        checksum=file.checksum,
        told=told,
        created=now,
        expires=now + lifetime,
    )
    session.add(upload)
    session.flush()
    return upload


def own(session: Session, actor: Actor, upload_id: str, *, now: datetime) -> Upload:
    """The actor's own upload. Raises NotFound, for those of others too; Gone where it has expired."""
    policy.require_scope(actor, "deposit")
    upload = session.get(Upload, upload_id) if is_upload(upload_id) else None
    if upload is None or upload.person_id != actor.person_id:
        raise NotFound("upload.unknown")
    if upload.expires <= now:
        raise Gone("upload.expired")
    return upload


def go_on(session: Session, actor: Actor, upload_id: str, *, lifetime: timedelta, now: datetime) -> Upload:
    """The actor's upload, for more bytes: its end moves. Raises as :func:`own`, and Gone where its draft has ended;
    Forbidden or Conflict where the draft takes no more files from the actor.
    """
    own(session, actor, upload_id, now=now)
    upload = queries.uploads.locked(session, upload_id=upload_id)
    if upload is None:
        raise NotFound("upload.unknown")
    if upload.key is None:
        found = target(session, upload)
        policy.require_draft_step(actor, DraftAction.EDIT, found.draft, found.resource, found.institution)
        upload.expires = max(upload.expires, now + lifetime)
        session.add(upload)
    return upload


def target(session: Session, upload: Upload) -> Open:
    """Where the upload belongs. Raises Gone where that draft was published or discarded."""
    found = queries.uploads.target(session, draft_id=upload.draft_id) if upload.draft_id is not None else None
    if found is None:
        raise Gone("upload.draft-gone")
    draft, resource, institution = found
    return Open(resource, institution, draft)


def complete(
    session: Session, actor: Actor, upload_id: str, store: Store, received: Received, *, limits: Limits, now: datetime
) -> None:
    """Attach what the store has finished, once, however often this is asked. Errors as for :func:`attach`."""
    upload = own(session, actor, upload_id, now=now)
    if upload.key is not None:
        return
    public_id = target(session, upload).resource.public_id
    # The resource's row before ours: whoever ends the draft holds it when they come for its uploads.
    found = deposits.seen(session, actor, public_id)
    held = queries.uploads.locked(session, upload_id=upload_id)
    if held is None:
        raise NotFound("upload.unknown")
    if held.key is not None:
        return
    if held.draft_id != found.draft.id:
        raise Gone("upload.draft-gone")
    file = Coming(held.name, held.role, held.language, held.replaces, held.checksum)
    attach(session, actor, public_id, store, received, file, limits=limits, now=now, counted=True)
    held.key = received.stored.key
    session.add(held)


def cancel(session: Session, actor: Actor, upload_id: str, *, now: datetime) -> None:
    """Forget an upload. A file that was made of it stays. The caller tells the store, afterwards."""
    session.delete(own(session, actor, upload_id, now=now))


def expire(engine: Engine, store: Store, *, now: datetime, lifetime: timedelta) -> int:
    """Give up uploads that nothing was heard of for ``lifetime``; how many the store has forgotten.

    One with bytes or an end of lately stays. An expired one never comes back (:func:`own`), so its bytes may go
    after its row was looked at; the row stays for as long again, to answer that it has expired.
    """
    gone = 0
    for upload_id, changed in store.uploads():
        if changed > now - lifetime:
            continue
        with transaction(engine) as session:
            upload = session.get(Upload, upload_id)
            open_ = upload is not None and upload.key is None and upload.draft_id is not None
            waiting = open_ and upload is not None and upload.expires > now
        if not waiting:
            store.abort(upload_id)
            gone += 1
    with transaction(engine) as session:
        session.exec(delete(Upload).where(col(Upload.expires) < now - lifetime))
    return gone
