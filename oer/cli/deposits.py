"""``oer deposit``, ``publish``, ``withdraw`` and their like: one resource at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from metadata import validate
from metadata.record import Record
from oer import deposits, institutions, policy, publishing, queries
from oer.cli import context, output
from oer.cli.context import As, AsJson
from oer.db import reading, transaction
from oer.errors import Invalid, NotFound, Unavailable
from oer.exposure import renderings
from oer.installation import Installation
from oer.models import Resource
from oer.policy import Actor
from oer.workflow import REASONS

_CHUNK = 4 * 1024 * 1024
_TRIES = 5

Id = Annotated[str, typer.Argument(metavar="ID", help="Public id of the resource.")]
RecordFile = Annotated[Path, typer.Option("--record", help="JSON file with the record; - for standard input.")]
Note = Annotated[str, typer.Option(help="What changed and why, for the version's history.")]


def deposit(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE…", help="Files of the resource.")] = None,
    record: RecordFile = Path("-"),
    institution: Annotated[str, typer.Option(help="Slug of the institution.")] = "",
    publish: Annotated[bool, typer.Option("--publish", help="Publish at once.")] = False,
    note: Note = "",
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Deposit files with their record, as a draft or published. All or nothing: a mistake leaves no draft behind."""
    with context.opened(as_json=as_json) as found:
        described = _record(record, found, stage="publish" if publish else "draft")
        with reading(found.engine) as session:
            actor = context.actor(session, as_)
            policy.require_deposit(actor, institutions.find(session, institution))
        _require_readable(files or [])
        public_id = _deposit(found, actor, described, files or [], institution, publish=publish, note=note)
        _tell(found, public_id, "published" if publish else "draft", as_json=as_json)


def _record(path: Path, found: Installation, *, stage: validate.Stage) -> Record:
    """The record of a file. Raises Invalid with every problem at once."""
    record, problems = validate.parse(context.read_object(path, found.settings.max_record_size))
    if record is not None:
        problems = [*problems, *validate.problems(record, stage)]
    faults = deposits.errors_of(problems)
    if record is None or faults:
        code = "record.invalid" if stage == "draft" else "record.not-publishable"
        raise Invalid(code, problems=faults, count=len(faults))
    return record


def _require_readable(files: list[Path]) -> None:
    """Before anything is written: a missing file named last should not cost the upload of the first."""
    for path in files:
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise Invalid("file.unreadable", name=str(path), reason=error.strerror or "") from None


def _deposit(
    found: Installation, actor: Actor, record: Record, files: list[Path], slug: str, *, publish: bool, note: str
) -> str:
    """Bytes first, then draft, files and publication in one transaction; the public id."""
    for attempt in range(_TRIES):
        received = [_receive(found, path) for path in files]
        try:
            with transaction(found.engine) as session:
                now = found.now()
                opened = deposits.begin(session, actor, institutions.find(session, slug), record, now=now)
                public_id = opened.resource.public_id
                for path, one in zip(files, received, strict=True):
                    deposits.attach(
                        session,
                        actor,
                        public_id,
                        found.store,
                        one.stored,
                        name=path.name,
                        media_type=one.media_type,
                        limits=found.settings,
                        now=now,
                    )
                opened.draft.note = note
                if publish:
                    publishing.publish(session, actor, public_id, repository_id=found.repository_id, now=now)
                return public_id
        except Unavailable as error:
            if error.code != "blob.being-removed" or attempt == _TRIES - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


def _receive(found: Installation, path: Path) -> deposits.Received:
    size = path.stat().st_size
    with output.progress(path.name, size) as bar:

        def chunks() -> Iterator[bytes]:
            try:
                with path.open("rb") as file:
                    while block := file.read(_CHUNK):
                        bar.advance(bar.task_ids[0], len(block))
                        yield block
            except OSError as error:
                raise Invalid("file.unreadable", name=str(path), reason=error.strerror or "") from None

        return deposits.receive(found.store, chunks(), name=path.name, limit=found.settings.max_file_size)


def submit(public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """Hand a draft to the reviewers."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            deposits.submit(session, context.actor(session, as_), public_id, now=found.now())
        _tell(found, public_id, "submitted", as_json=as_json)


def publish(public_id: Id, note: Note = "", as_: As = None, as_json: AsJson = False) -> None:
    """Publish a draft as the next version."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            publishing.publish(
                session,
                context.actor(session, as_),
                public_id,
                repository_id=found.repository_id,
                note=note or None,
                now=found.now(),
            )
        _tell(found, public_id, "published", as_json=as_json)


def revise(
    public_id: Id,
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE…", help="Files to add or replace.")] = None,
    record: Annotated[Path | None, typer.Option("--record", help="JSON file with the new record.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="Name of a file to leave out; may be repeated.")] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publish at once.")] = False,
    note: Note = "",
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Make a draft of the next version: a new record, other files, or both; the rest carries over."""
    with context.opened(as_json=as_json) as found:
        described = _record(record, found, stage="draft") if record else None
        _require_readable(files or [])
        received = [(path.name, _receive(found, path)) for path in files or []]
        with transaction(found.engine) as session:
            now, actor = found.now(), context.actor(session, as_)
            opened = deposits.revise(session, actor, public_id, now=now)
            kept = described or opened.draft.description()
            deposits.save(session, actor, public_id, kept, note=note, now=now)
            for name in remove or []:
                deposits.detach(session, actor, public_id, name, now=now)
            for name, one in received:
                deposits.attach(
                    session,
                    actor,
                    public_id,
                    found.store,
                    one.stored,
                    name=name,
                    media_type=one.media_type,
                    replace=True,
                    limits=found.settings,
                    now=now,
                )
            if publish:
                publishing.publish(session, actor, public_id, repository_id=found.repository_id, now=now)
        _tell(found, public_id, "published" if publish else "draft", as_json=as_json)


def withdraw(
    public_id: Id,
    reason: Annotated[str, typer.Option(help=", ".join(REASONS))],
    note: Annotated[str, typer.Option(help="Words for the tombstone.")] = "",
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Withdraw a resource: a public tombstone stays, harvesters see it deleted."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            publishing.withdraw(
                session,
                context.actor(session, as_),
                public_id,
                reason=reason,
                note=note,
                repository_id=found.repository_id,
                now=found.now(),
            )
        _tell(found, public_id, "withdrawn", as_json=as_json)


def restore(public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """Bring a withdrawn resource back as it was."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            publishing.restore(
                session,
                context.actor(session, as_),
                public_id,
                repository_id=found.repository_id,
                now=found.now(),
            )
        _tell(found, public_id, "restored", as_json=as_json)


def show(public_id: Id, as_json: AsJson = False) -> None:
    """State, versions and files of a resource."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        if resource is None:
            raise NotFound("resource.unknown", id=public_id)
        shown = _summary(session, resource)
    if as_json:
        output.emit(shown)
        return
    output.say(f"{public_id}  {shown['state']}  version {shown['version']}")
    for file in shown["files"]:
        output.say(f"  {file['name']}  {file['media_type']}  {file['size']} bytes  sha256 {file['sha256']}")


def _summary(session: Any, resource: Resource) -> dict[str, Any]:
    version = queries.resources.version(session, resource_id=resource.id or 0, number=resource.number)
    draft = queries.resources.draft(session, resource_id=resource.id or 0)
    files: list[Any] = []
    if version is not None:
        files = list(queries.resources.files(session, version_id=version.id or 0))
    elif draft is not None:
        files = list(queries.resources.draft_files(session, draft_id=draft.id or 0))
    return {
        "id": resource.public_id,
        "state": resource.state,
        "reason": resource.reason,
        "version": resource.number,
        "draft": draft.state if draft else None,
        "files": [
            {"name": file.name, "media_type": file.media_type, "size": file.size, "sha256": file.key} for file in files
        ],
    }


def _tell(found: Installation, public_id: str, state: str, *, as_json: bool) -> None:
    url = renderings.landing_url(found.settings.base_url, public_id)
    if as_json:
        output.emit({"id": public_id, "state": state, "url": url})
    else:
        output.say(f"{public_id}  {state}  {url}")
