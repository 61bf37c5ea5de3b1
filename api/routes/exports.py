"""``/api/exports`` and ``/api/dump.jsonl``: many descriptions at once, to be edited or to be kept elsewhere."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api import lines, paging, showing
from api.deps import Caller, Credentials, Here, reader
from api.lookup import Found
from api.routing import Responses, Router, refusals
from api.schemas import exports as bodies
from oer import identifiers, queries
from oer.db import reading
from oer.errors import Invalid, Unavailable
from oer.installation import Installation
from oer.queries.records import Part
from oer.queries.transfer import Changed
from oer.transfer import tables

router = Router(tags=["exports"])

_PAGE = 200
_LARGEST = 2**63 - 1  # of a change in the database


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    institution: str | None = Field(None, max_length=100, description="Only this institution and those below it")
    state: Literal["published", "draft", "hidden", "withdrawn"] = Field(
        "published", description="`draft`: open drafts. Of what is not public, what the caller may see"
    )


def _refusals(*codes: int) -> Responses:
    words = {
        401: "The token is not valid, or the public asks for what is not public",
        403: "Not allowed",
        404: "No such institution",
        422: "A parameter is wrong",
        503: "Try again later",
    }
    return refusals({code: words[code] for code in codes})


def _line(*told: dict[str, Any]) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in told)


_TABLE = (tables.CSV_HEAD + tables.csv_row(bodies.EXPORTED, bodies.EXPORTED["record"])).decode()


@router.read(
    "/api/exports/resources.jsonl",
    policy="reader",
    response_class=Response,
    responses={
        200: {
            "description": "A JSON object a line",
            "content": {lines.JSONL: {"schema": {"type": "string"}, "example": _line(bodies.EXPORTED)}},
        },
        **_refusals(401, 403, 404, 422, 503),
    },
    summary="Descriptions as JSON lines, to edit and send back",
)
def as_jsonl(request: Request, here: Here, caller: Caller, wanted: Annotated[Wanted, Query()]) -> Response:
    """Send edited lines to `POST /api/imports?update=true`; leave `id` and `digest` as they are."""
    told = tables.as_jsonl(_lines(request, here, caller, wanted))
    return lines.answer(request, told, media_type=lines.JSONL, name="resources.jsonl")


@router.read(
    "/api/exports/resources.csv",
    policy="reader",
    response_class=Response,
    responses={
        200: {
            "description": "UTF-8 with a byte order mark. A cell that a spreadsheet would run begins with `'`, which "
            "is taken off again when the table is sent back",
            "content": {"text/csv": {"schema": {"type": "string"}, "example": _TABLE}},
        },
        **_refusals(401, 403, 404, 422, 503),
    },
    summary="Descriptions as a table for spreadsheets, to edit and send back",
)
def as_csv(request: Request, here: Here, caller: Caller, wanted: Annotated[Wanted, Query()]) -> Response:
    """A column is a field, words have one for each language; what has no simpler form is JSON. Send edited rows to
    `POST /api/imports?update=true`; leave `id` and `digest` as they are. Cells that were not edited change nothing.
    """
    told = tables.as_csv(_lines(request, here, caller, wanted))
    return lines.answer(request, told, media_type=lines.CSV, name="resources.csv")


def _lines(request: Request, here: Installation, caller: Credentials, wanted: Wanted) -> Iterator[tables.Line]:
    paging.require_each_once(request)
    with reading(here.engine) as session:
        actor = reader(session, here, caller)
    return tables.lines(here.engine, actor, state=wanted.state, institution=wanted.institution)


class Since(BaseModel):
    model_config = ConfigDict(extra="forbid")

    since: int = Field(
        0, ge=0, le=_LARGEST, description="`last_change` of the dump before, or `change` of the last line that came"
    )


@router.read(
    "/api/dump.jsonl",
    policy="public",
    response_class=Response,
    responses={
        200: {
            "description": "A header, then a JSON object for each resource",
            "content": {
                lines.JSONL: {
                    "schema": {"type": "string"},
                    "example": _line(bodies.HEADER, bodies.TOMBSTONE),
                }
            },
        },
        **_refusals(422, 503),
    },
    summary="Everything that is published, and what is no longer shown",
)
def dump(request: Request, here: Here, asked: Annotated[Since, Query()]) -> Response:
    """In the order of changes. The first line tells the moment, how many lines follow, and the `last_change`: give it
    as `since` the next time, and only what has changed comes. A resource may come twice, when it changes meanwhile:
    the later line counts.
    """
    paging.require_each_once(request)
    told = dumped(here, since=asked.since)
    return lines.answer(request, told, media_type=lines.JSONL, name="dump.jsonl", private=False, vary="")


def dumped(here: Installation, *, since: int) -> Iterator[bytes]:
    """The lines of the dump. Raises Invalid for a ``since`` that this repository has not come to."""
    with reading(here.engine) as session:
        last = queries.records.clock(session).change
        count = queries.records.count(session, of=Part(since=since))
    if since > last:  # of another repository, or of this one before it was restored from a backup
        raise Invalid("dump.since-unknown", last=last)
    header = bodies.DumpHeader(moment=here.now(), since=since, count=count, last_change=last)
    return _dump(here, header)


def _dump(here: Installation, header: bodies.DumpHeader) -> Iterator[bytes]:
    yield header.content() + b"\n"
    after = header.since
    while True:
        with reading(here.engine) as session:
            page = queries.transfer.changed(session, after=after, limit=_PAGE)
            shown = [row.version.id or 0 for row in page if row.resource.state == "published"]
            files = queries.resources.files_of_many(session, version_ids=shown)
        for row in page:
            # One that is damaged, and logged, is left out: the others are sound.
            with suppress(Unavailable):
                yield _told(here, row, files.get(row.version.id or 0, []))
        if len(page) < _PAGE:
            return
        after = page[-1].change


def _told(here: Installation, row: Changed, files: list[Any]) -> bytes:
    resource = row.resource
    if resource.state == "published":
        content = showing.body(here, Found(resource, row.institution, row.version), files).content()
        return b'{"change":%d,' % row.change + content[1:] + b"\n"
    gone = bodies.DumpTombstone.model_validate(
        {
            "change": row.change,
            "id": resource.public_id,
            "oai_identifier": identifiers.oai_identifier(here.repository_id, resource.public_id),
            "state": resource.state,
            "reason": resource.reason or "other",
            "since": resource.changed,
        }
    )
    return gone.content() + b"\n"
