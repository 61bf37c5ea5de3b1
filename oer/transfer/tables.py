"""Descriptions as a table, to be edited and read back as an update: a line of JSON or of a spreadsheet a resource."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sqlalchemy.engine import Engine
from sqlmodel import Session

from metadata import versions
from metadata.record import Record
from oer import institutions, policy, queries, stored
from oer.db import reading
from oer.errors import Unauthenticated, Unavailable
from oer.models import AttachedFile, Draft, Institution, Resource, Version
from oer.policy import Actor
from oer.transfer import cells, exports, sheets

State = Literal["published", "draft", "hidden", "withdrawn"]
Form = Literal["jsonl", "csv"]
STATES: tuple[State, ...] = ("published", "draft", "hidden", "withdrawn")
_PAGE = 200
_FIRST = ("id", "digest", "institution", "state", "version", "published")


class Line(NamedTuple):
    """One resource as it is told: ``digest`` is that of the version, or of the version that the draft would make."""

    resource: Resource
    institution: Institution
    told: Version | Draft
    record: Record
    files: Sequence[AttachedFile]
    digest: str

    @property
    def state(self) -> str:
        return "draft" if isinstance(self.told, Draft) else self.resource.state

    @property
    def published(self) -> str:
        if not isinstance(self.told, Version):
            return ""
        return self.told.published.astimezone(UTC).isoformat().replace("+00:00", "Z")


def lines(
    engine: Engine, actor: Actor, *, state: State = "published", institution: str | None = None
) -> Iterator[Line]:
    """What this person may see in this state, page by page: no session is open while a page is told.

    Raises NotFound for the institution, and Unauthenticated where the public asks for what is not public, before the
    first line. A damaged record is left out, and logged.
    """
    if state != "published" and actor.person_id is None and not actor.administrator:
        raise Unauthenticated("sign-in.required")
    with reading(engine) as session:
        within = institutions.find(session, institution).path if institution is not None else None
    return _pages(engine, actor, state, within)


def _pages(engine: Engine, actor: Actor, state: State, within: str | None) -> Iterator[Line]:
    after = 0
    while True:
        with reading(engine) as session:
            read = _drafts if state == "draft" else _versions
            found, last = read(session, actor, state, within, after)
        yield from found
        if last is None:
            return
        after = last


def _versions(
    session: Session, actor: Actor, state: State, within: str | None, after: int
) -> tuple[list[Line], int | None]:
    """A page of lines, and the id that the next begins behind."""
    seen_by = None if state == "published" else policy.reach(actor)
    page = queries.transfer.current(session, state=state, seen_by=seen_by, within=within, after=after, limit=_PAGE)
    files = queries.resources.files_of_many(session, version_ids=[row.version.id or 0 for row in page])
    found = []
    for resource, version, institution in page:
        with suppress(Unavailable):
            record = stored.record_of(resource, version)
            mine = files.get(version.id or 0, [])
            found.append(Line(resource, institution, version, record, mine, version.digest))
    return found, page[-1].resource.id if len(page) == _PAGE else None


def _drafts(
    session: Session, actor: Actor, _state: State, within: str | None, after: int
) -> tuple[list[Line], int | None]:
    page = queries.transfer.drafted(session, seen_by=policy.reach(actor), within=within, after=after, limit=_PAGE)
    files = queries.transfer.files_of_drafts(session, draft_ids=[row.draft.id or 0 for row in page])
    found = []
    for resource, draft, institution in page:
        with suppress(Unavailable):
            record = stored.record_of(resource, draft)
            mine = files.get(draft.id or 0, [])
            digest = versions.digest(record, [file.told for file in mine])
            found.append(Line(resource, institution, draft, record, mine, digest))
    return found, page[-1].resource.id if len(page) == _PAGE else None


def as_jsonl(found: Iterator[Line]) -> Iterator[bytes]:
    """A JSON object a line: the record whole, and the files by name and digest."""
    for line in found:
        row = {
            **_head(line),
            "version": line.resource.number,
            "record": sheets.data_of(line.record),
            "files": [exports.file_of(line.resource, file) for file in line.files],
        }
        yield json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def as_csv(found: Iterator[Line]) -> Iterator[bytes]:
    """A table for spreadsheets: UTF-8 with a byte order mark, without which they guess; no cell that could run."""
    yield CSV_HEAD
    for line in found:
        yield csv_row(_head(line), sheets.data_of(line.record))


def csv_row(head: Mapping[str, Any], data: sheets.Data) -> bytes:
    """A resource in a table for spreadsheets: its columns of id, digest and so on, then the fields of its record."""
    told = [str(head[name]) for name in _FIRST] + list(sheets.cells(data).values())
    return _row([cells.guarded(cell) for cell in told])


def _head(line: Line) -> dict[str, Any]:
    return {
        "id": line.resource.public_id,
        "digest": line.digest,
        "institution": line.institution.slug,
        "state": line.state,
        "version": str(line.resource.number),
        "published": line.published,
    }


def _row(told: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(told)
    return text.getvalue().encode()


CSV_HEAD = "\ufeff".encode() + _row([*_FIRST, *sheets.COLUMNS])


def write(
    engine: Engine,
    target: Path,
    actor: Actor,
    *,
    state: State = "published",
    institution: str | None = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> int:
    """The table as a new file, ``.jsonl`` or ``.csv``, that appears when it is complete; the number of its rows.

    Raises as :func:`lines` does, Invalid (``export.…``) and Full.
    """
    done = 0

    def counted() -> Iterator[Line]:
        nonlocal done
        for line in lines(engine, actor, state=state, institution=institution):
            yield line
            done += 1
            progress(done)

    told = as_csv(counted()) if target.suffix.lower() == ".csv" else as_jsonl(counted())
    with exports.appearing(target) as part, part.open("xb") as file:
        file.writelines(told)
        file.flush()
        os.fsync(file.fileno())
    return done
