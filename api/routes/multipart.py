"""``POST /api/resources`` as a form: a record with its files in one call, published at once if wanted."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.routing import APIRoute
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from api import deps, forms, streams, writing
from api.deps import Caller, Credentials, Here
from api.errors import DoorError
from api.forms import Part
from api.routes import drafts
from api.routes.drafts import Beginning
from api.routing import Router
from api.streams import BrokenOff
from api.writing import Answer
from metadata import findings, validate, versions
from metadata import reading as values
from metadata.findings import Problem
from metadata.record import Record
from oer import deposits, policy, texts, uploads, verdicts
from oer.db import reading
from oer.deposits import Received
from oer.errors import Conflict, Forbidden, Invalid, TooLarge
from oer.installation import Installation
from oer.policy import Actor
from oer.uploads import Coming

router = Router(tags=["drafts"])

_PIECE = 1 << 20  # what is cut out of a piece is copied: smaller ones take less memory
_SMALL = 64 * 1024  # bytes of a part that is no record and no file
_FIELDS = ("record", "institution", "note")


class FormRoute(APIRoute):
    """Stands before the route that takes JSON at the same address, and takes forms alone."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and not forms.is_form(scope):
            return Match.NONE, {}
        return super().matches(scope)


@dataclass(slots=True)
class _Form:
    """What has come so far."""

    institution: str | None = None
    record: Record | None = None
    note: str = ""
    files: list[tuple[Coming, Received]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        return sum(received.stored.size for _, received in self.files)

    @property
    def fingerprint(self) -> str:
        assert self.record is not None
        said = [versions.canonical(self.record).decode(), self.institution, self.note]
        files = [[file.name, received.stored.key] for file, received in self.files]
        return hashlib.sha256(json.dumps([said, files]).encode()).hexdigest()


@router.write("POST", "/api/resources", policy="member", stream=FormRoute, status_code=201, include_in_schema=False)
async def deposit(request: Request, here: Here, caller: Caller, asked: Annotated[Beginning, Query()]) -> Response:
    """All or nothing: what was received is attached in the transaction that begins the draft, and goes with a sweep
    where that fails.
    """
    again = await run_in_threadpool(writing.is_again, request, here, caller)
    reader = _Reader(here, caller, publish=asked.publish, again=again)
    size = streams.declared(request)
    await run_in_threadpool(reader.begin, size)
    kind = request.headers.get("content-type", "")
    try:
        form = await streams.into_thread(request, lambda pieces: reader.read(forms.parts(pieces, kind)), size=_PIECE)
    except BrokenOff:
        raise DoorError("upload.broken-off") from None
    except TooLarge:
        if not again and await run_in_threadpool(writing.is_again, request, here, caller):
            raise Conflict("write.again") from None  # the same has just been done, and has taken the place
        raise

    def keep() -> Response:
        def deed(session: Session, actor: Actor) -> Answer:
            if again:  # and now forgotten: its files are kept nowhere
                raise Conflict("write.again")
            return _deposited(session, here, actor, form, publish=asked.publish)

        return writing.write(request, here, caller, deed, content=form.fingerprint)

    return await run_in_threadpool(keep)


class _Reader:
    """Reads one form, and refuses it as soon as what has come allows."""

    def __init__(self, here: Installation, caller: Credentials, *, publish: bool, again: bool) -> None:
        self._here, self._caller, self._publish, self._again = here, caller, publish, again
        self._form = _Form()

    def begin(self, size: int | None) -> None:
        """Before the first byte: nobody uploads gigabytes to hear that they are not signed in."""
        with reading(self._here.engine) as session:
            actor = deps.signed_in(session, self._here, self._caller)
        policy.require_scope(actor, "deposit")
        if not actor.roles and not actor.administrator:
            raise Forbidden("action.forbidden", allowed="role", needed="depositor")
        limits = self._here.settings
        if size is not None and size > limits.max_draft_size + limits.max_record_size + _SMALL * (limits.max_files + 2):
            raise TooLarge("draft.too-large", limit=limits.max_draft_size, left=limits.max_draft_size)

    def read(self, parts: Iterator[Part]) -> _Form:
        """Everything, the files in the store. Raises Invalid for a part that is unknown, wrong or missing."""
        for part in parts:
            if part.name == "file":
                self._file(part)
                continue
            if part.name not in _FIELDS:
                name = findings.shown(part.name, 80)
                raise Invalid("request.invalid", problems=[Problem("field.unknown", name, {"name": name})], field=name)
            if part.name in self._form.seen:
                raise Invalid("form.part-repeated", name=part.name)
            self._form.seen.add(part.name)
            getattr(self, f"_{part.name}")(part)
        missing = [Problem("field.missing", name) for name in ("institution", "record") if name not in self._form.seen]
        if missing:
            raise Invalid("request.invalid", problems=missing, field=missing[0].field)
        return self._form

    def _record(self, part: Part) -> None:
        data, problems = values.load(_whole(part, self._here.settings.max_record_size + _SMALL))
        if problems:
            found = [one if one.field else replace(one, field=part.name) for one in drafts.located(problems)]
            raise Invalid("record.invalid", problems=found, count=len(problems))
        record = drafts.described(self._here, data)
        with drafts.in_record():
            deposits.require_shape(record)
        if self._publish:
            faults = verdicts.errors_of(validate.problems(record, "publish"))
            if faults:
                raise Invalid("record.not-publishable", problems=drafts.located(faults), count=len(faults))
        self._form.record = record

    def _institution(self, part: Part) -> None:
        slug = _text(part)
        with reading(self._here.engine) as session:
            _require_deposit(session, self._here, self._caller, slug, publish=self._publish)
        self._form.institution = slug

    def _note(self, part: Part) -> None:
        self._form.note = texts.words(_text(part), "note")

    def _file(self, part: Part) -> None:
        if not part.filename:
            raise Invalid("form.file-nameless")
        here, limits, form = self._here, self._here.settings, self._form
        file = uploads.coming(part.filename)
        if any(file.name == other.name for other, _ in form.files):
            raise Invalid("file.name-taken", field="name", name=file.name)
        if len(form.files) >= limits.max_files:
            raise TooLarge("files.too-many", limit=limits.max_files)
        with reading(here.engine) as session:
            actor = deps.signed_in(session, here, self._caller)
            place = drafts.institution(session, form.institution) if form.institution is not None else None
            room = uploads.room(
                session,
                file.name,
                # The quotas count what the same request has brought before.
                institution=None if self._again else place,
                author_id=None if self._again else actor.person_id,
                there=form.size,
                limits=limits,
                now=here.now(),
            )
        content = room.limited(part.content)
        if self._again:  # only to be compared with what was done
            received = Received(deposits.weighed(content, name=file.name, limit=limits.max_file_size), file.name)
        else:
            received = deposits.receive(here.store, content, name=file.name, limit=limits.max_file_size)
        form.files.append((file, received))


def _whole(part: Part, limit: int) -> bytes:
    content = bytearray()
    for piece in part.content:
        content += piece
        if len(content) > limit:
            raise TooLarge("request.too-large", limit=limit)
    return bytes(content)


def _text(part: Part) -> str:
    try:
        return _whole(part, _SMALL).decode().strip()
    except UnicodeDecodeError:
        raise Invalid("request.invalid", field=part.name) from None


def _require_deposit(session: Session, here: Installation, caller: Credentials, slug: str, *, publish: bool) -> None:
    actor = deps.signed_in(session, here, caller)
    place = drafts.institution(session, slug)
    (policy.require_publishing if publish else policy.require_deposit)(actor, place)


def _deposited(session: Session, here: Installation, actor: Actor, form: _Form, *, publish: bool) -> Answer:
    assert form.record is not None
    assert form.institution is not None
    place = drafts.institution(session, form.institution)
    uploads.hold_quotas(session, place, actor.person_id, here.settings)
    now = here.now()
    uploads.left(session, institution=place, author_id=actor.person_id, limits=here.settings, now=now).require(
        form.size
    )
    with drafts.in_record():
        found = deposits.begin(session, actor, place, form.record, note=form.note, now=now)
    public_id = found.resource.public_id
    for file, received in form.files:
        told: dict[str, Any] = {"name": file.name, "media_type": received.media_type, "role": file.role}
        deposits.attach(session, actor, public_id, here.store, received.stored, **told, limits=here.settings, now=now)
    if not publish:
        return drafts.created_draft(session, here, actor, found)
    with drafts.in_record():
        return drafts.published(session, here, actor, found)
