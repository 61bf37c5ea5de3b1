"""``oer deposit``, ``revise``, ``publish`` and their like: one resource at a time."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from sqlmodel import Session

from api import i18n
from metadata import validate
from metadata.crosswalks import exports
from metadata.crosswalks.exports import Export
from metadata.findings import Problem
from metadata.record import Record
from oer import deposits, identifiers, institutions, policy, publishing, queries, stored, verdicts
from oer.cli import context, output
from oer.cli.context import As, AsJson
from oer.db import reading, transaction
from oer.errors import Invalid, NotFound, Unavailable
from oer.exposure import renderings
from oer.installation import Installation
from oer.models import Institution, Resource
from oer.models.resources import AttachedFile
from oer.policy import Actor
from oer.transfer import folders

T = TypeVar("T")

_PATIENCE = 60.0  # seconds to wait for a sweep that has marked the very bytes that come in again

Id = Annotated[str, typer.Argument(metavar="ID", help="Public id of the resource.")]
RecordFile = Annotated[Path, typer.Option("--record", help="JSON file with the record; - for standard input.")]
Note = Annotated[str, typer.Option(help="What changed and why, for the version's history.")]


def deposit(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE…", help="Files of the resource.")] = None,
    *,
    institution: Annotated[str, typer.Option(help="Slug of the institution.")],
    record: RecordFile = Path("-"),
    publish: Annotated[bool, typer.Option("--publish", help="Publish at once.")] = False,
    note: Note = "",
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Deposit files with their record, as a draft or published. All or nothing: a mistake leaves no draft behind."""
    with context.opened(as_json=as_json) as found:
        described, warnings = _record(record, found, stage="publish" if publish else "draft")
        with reading(found.engine) as session:
            actor = context.actor(session, as_)
            policy.require_deposit(actor, institutions.find(session, institution))
        _require_readable(files or [])
        public_id = _patiently(
            lambda: _deposit(found, actor, described, files or [], institution, publish=publish, note=note)
        )
        tell(found, public_id, "published" if publish else "draft", as_json=as_json, warnings=warnings)


def _record(path: Path, found: Installation, *, stage: validate.Stage) -> tuple[Record, list[Problem]]:
    """The record of a file, with warnings. Raises Invalid with every problem at once."""
    if str(path) == "-" and sys.stdin.isatty():
        raise Invalid("record.not-given")
    record, problems = validate.parse(context.read_object(path, found.settings.max_record_size))
    if record is not None:
        problems = [*problems, *validate.problems(record, stage)]
    faults = verdicts.errors_of(problems)
    if record is None or faults:
        code = "record.invalid" if stage == "draft" else "record.not-publishable"
        raise Invalid(code, problems=faults, count=len(faults))
    return record, problems


def _require_readable(files: list[Path]) -> None:
    """Before anything is written: a missing file named last should not cost the upload of the first."""
    for path in files:
        try:
            path.stat()
        except OSError as error:
            raise Invalid("file.unreadable", name=str(path), reason=error.strerror or "") from None
        next(folders.read(path, name=str(path)), b"")


def _patiently(attempt: Callable[[], T]) -> T:
    """Again where the sweeper was about to remove the same bytes: the attempt puts them anew."""
    patience = time.monotonic() + _PATIENCE
    while True:
        try:
            return attempt()
        except Unavailable as error:
            if error.code != "blob.being-removed" or time.monotonic() > patience:
                raise
            time.sleep(2)


def _deposit(
    found: Installation, actor: Actor, record: Record, files: list[Path], slug: str, *, publish: bool, note: str
) -> str:
    """Bytes first, then draft, files and publication in one transaction; the public id."""
    received = _received(found, files)
    with transaction(found.engine) as session:
        now = found.now()
        opened = deposits.begin(session, actor, institutions.find(session, slug), record, note=note, now=now)
        public_id = opened.resource.public_id
        _attach(session, found, actor, public_id, received)
        if publish:
            publishing.publish(session, actor, public_id, repository_id=found.repository_id, now=now)
    return public_id


def _received(found: Installation, files: list[Path]) -> list[tuple[str, deposits.Received]]:
    return [(path.name, _receive(found, path)) for path in files]


def _attach(
    session: Session,
    found: Installation,
    actor: Actor,
    public_id: str,
    received: list[tuple[str, deposits.Received]],
    *,
    replace: bool = False,
) -> None:
    for name, one in received:
        deposits.attach(
            session,
            actor,
            public_id,
            found.store,
            one.stored,
            name=name,
            media_type=one.media_type,
            replace=replace,
            limits=found.settings,
            now=found.now(),
        )


def _receive(found: Installation, path: Path) -> deposits.Received:
    try:
        size = path.stat().st_size
    except OSError:
        raise Invalid("file.vanished", name=str(path)) from None
    with output.progress(path.name, size) as progress:

        def chunks() -> Iterator[bytes]:
            done = 0
            for block in folders.read(path, name=str(path)):
                yield block
                done += len(block)
                progress(done)

        return deposits.receive(found.store, chunks(), name=path.name, limit=found.settings.max_file_size)


def submit(public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """Hand a draft to the reviewers."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            deposits.submit(session, context.actor(session, as_), public_id, now=found.now())
        tell(found, public_id, "submitted", as_json=as_json)


def recall(public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """Take a submitted draft back, to edit it."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            deposits.recall(session, context.actor(session, as_), public_id, now=found.now())
        tell(found, public_id, "draft", as_json=as_json)


def discard(public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """Drop the draft of a resource; one that was never published goes with it."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            deposits.discard(session, context.actor(session, as_), public_id, now=found.now())
        tell(found, public_id, "discarded", as_json=as_json)


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
        tell(found, public_id, "published", as_json=as_json)


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
    """Change the draft of a resource, or begin that of its next version: a new record, other files, or both."""
    with context.opened(as_json=as_json) as found:
        described, warnings = _record(record, found, stage="draft") if record else (None, [])
        _require_readable(files or [])

        def attempt() -> None:
            received = _received(found, files or [])
            with transaction(found.engine) as session:
                now, actor = found.now(), context.actor(session, as_)
                opened = _open(session, found, actor, public_id)
                kept = described or stored.record_of(opened.resource, opened.draft)
                deposits.save(session, actor, public_id, kept, note=note or None, now=now)
                for name in remove or []:
                    deposits.detach(session, actor, public_id, name, now=now)
                _attach(session, found, actor, public_id, received, replace=True)
                if publish:
                    publishing.publish(session, actor, public_id, repository_id=found.repository_id, now=now)

        _patiently(attempt)
        tell(found, public_id, "published" if publish else "draft", as_json=as_json, warnings=warnings)


def _open(session: Session, found: Installation, actor: Actor, public_id: str) -> deposits.Open:
    """The open draft, or a new one of the next version."""
    try:
        return deposits.opened(session, public_id)
    except NotFound as error:
        if error.code != "draft.unknown":
            raise
    return deposits.revise(session, actor, public_id, now=found.now())


def show(
    public_id: Id,
    number: Annotated[
        int | None, typer.Option("--version", min=1, help="Number of a version; the current one unless given.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help=f"Write it as {', '.join(exports.EVERY)}.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Title, state, versions and files of a resource; in JSON its record too. With --format its description alone."""
    if form is not None:
        _require_format(form, alone=number is None and not as_json)
        _write(public_id, exports.EVERY[form])
        return
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        shown = _summary(found, session, _find(session, public_id), number)
    if as_json:
        output.emit(shown)
        return
    output.say(f"{public_id}  {state_word(shown['state'])}  {shown['url']}")
    output.say(f"  {shown['title']}")
    if shown["reason"]:
        output.say(f"  {output.sentence('reason.' + shown['reason'])}")
    for version in shown["versions"]:
        words = output.sentence("cli.version", number=version["number"])
        output.say("  ".join(["", words, f"{version['published']:%Y-%m-%d %H:%M}", version["note"]]).rstrip())
    if shown["draft"]:
        output.say(f"  {state_word('draft')}: {state_word(shown['draft'])}")
    for file in shown["files"]:
        size = i18n.file_size(file["size"], output.language())
        output.say(f"  {file['name']}  {file['media_type']}  {size}  sha256 {file['sha256']}")


def _require_format(name: str, *, alone: bool) -> None:
    if name not in exports.EVERY:
        raise typer.BadParameter(f"one of {', '.join(exports.EVERY)}", param_hint="--format")
    if not alone:
        raise typer.BadParameter("of the current version, without --version and --json", param_hint="--format")


def _write(public_id: str, export: Export) -> None:
    """The current version on standard output, in the operator's language. Raises NotFound, Unavailable, Invalid."""
    with context.opened() as found, reading(found.engine) as session:
        resource = _find(session, public_id)
        version = queries.resources.version(session, resource_id=resource.id or 0, number=resource.number)
        if version is None:
            raise NotFound("version.none", id=public_id)
        stored.record_of(resource, version)
        place = {"repository_id": found.repository_id, "base_url": found.settings.base_url}
        described = renderings.describe(session, [resource.id or 0], **place).of[resource.id or 0]
        if export.needs_files and not described.files:
            raise Invalid("format.needs-files", name=export.name)
        content = export.dump(described, output.language())
    stream = typer.get_binary_stream("stdout")
    stream.write(content)
    stream.flush()


def _find(session: Session, public_id: str) -> Resource:
    known = identifiers.is_public_id(public_id)
    resource = queries.resources.by_public_id(session, public_id=public_id) if known else None
    if resource is None:
        raise NotFound("resource.unknown", id=public_id)
    return resource


def state_word(state: str) -> str:
    return output.sentence(f"cli.state.{'draft' if state == 'editing' else state}")


def _summary(found: Installation, session: Session, resource: Resource, number: int | None) -> dict[str, Any]:
    """With record and files of this version, or of the current one, or of the draft where nothing is published yet."""
    assert resource.id is not None
    versions = queries.resources.versions(session, resource_id=resource.id)
    draft = queries.resources.draft(session, resource_id=resource.id)
    current = next((version for version in versions if version.number == (number or resource.number)), None)
    if number is not None and current is None:
        raise NotFound("version.unknown", id=resource.public_id, number=number)
    owner = session.get(Institution, resource.institution_id)
    files: Sequence[AttachedFile] = ()
    if current is not None:
        files = queries.resources.files(session, version_id=current.id or 0)
    elif draft is not None:
        files = queries.resources.draft_files(session, draft_id=draft.id or 0)
    described = current or draft
    record = stored.record_of(resource, described) if described else None
    return {
        "id": resource.public_id,
        "url": renderings.landing_url(found.settings.base_url, resource.public_id),
        "title": title_of(record) if record else "",
        "record": record.model_dump(mode="json", exclude_defaults=True) if record else None,
        "institution": owner.slug if owner else None,
        "state": resource.state,
        "reason": resource.reason,
        "version": resource.number,
        "versions": [
            {"number": version.number, "published": version.published, "note": version.note, "digest": version.digest}
            for version in versions
        ],
        "draft": draft.state if draft else None,
        "files": [
            {"name": file.name, "media_type": file.media_type, "size": file.size, "sha256": file.key} for file in files
        ],
    }


def title_of(record: Record) -> str:
    spoken = output.language()
    named = sorted(record.title, key=lambda title: title.lang.partition("-")[0] != spoken)
    return named[0].value if named else ""


def tell(found: Installation, public_id: str, state: str, *, as_json: bool, warnings: Sequence[Problem] = ()) -> None:
    url = renderings.landing_url(found.settings.base_url, public_id)
    if as_json:
        told = [output.problem_json(problem) for problem in warnings]
        output.emit({"id": public_id, "state": state, "url": url, "warnings": told})
        return
    output.say(f"{public_id}  {state_word(state)}  {url}")
    for line in output.problem_lines(warnings):
        output.note(f"  {line}")
