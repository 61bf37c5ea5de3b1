"""``POST /api/imports``: many records at once, as a job."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import deps, lines, paging, streams, writing
from api.deps import Caller, Credentials, Here
from api.errors import DoorError
from api.routes import jobs
from api.routing import Router, refusals
from api.schemas import jobs as bodies
from api.streams import BrokenOff
from metadata import reading as values
from oer import queries
from oer.db import reading
from oer.errors import Invalid, TooLarge
from oer.installation import Installation
from oer.policy import Actor
from oer.transfer import orders
from oer.transfer.orders import Form, Order
from storage.store import Stored

router = Router(tags=["imports"])

_TYPES: dict[str, Form] = {
    lines.JSONL: "jsonl",
    "application/x-ndjson": "jsonl",
    "text/csv": "csv",
    "application/zip": "zip",
}
_TAKEN = ", ".join(_TYPES)
_ROW = '{"item": "lesson-1", "record": {"title": [{"value": "الضوء والماء", "lang": "ar"}], "languages": ["ar"]}}\n'
_BODIES: dict[str, Any] = {
    **{kind: {"schema": {"type": "string"}, "example": _ROW} for kind, form in _TYPES.items() if form == "jsonl"},
    "text/csv": {"schema": {"type": "string"}, "example": "title_ar,languages\nالضوء والماء,ar\n"},
    "application/zip": {"schema": {"type": "string", "format": "binary"}},
}


class Asked(BaseModel):
    """What to do with the rows."""

    model_config = ConfigDict(extra="forbid")

    institution: str | None = Field(
        None, max_length=100, description="Slug. Needed, but for an update, which it keeps to this branch"
    )
    source: str | None = Field(
        None,
        max_length=200,
        description=(
            "Name of where the rows come from; needed, but for an update, which takes none. A row of the same name "
            "from the same source is the same resource: sent again it changes nothing, sent with changes it makes a "
            "new version"
        ),
    )
    publish: bool = Field(False, description="Publish what is complete; without it rows become drafts")
    dry_run: bool = Field(False, description="Judge everything, write nothing, and report what would happen")
    update: bool = Field(False, description="The rows are of an export, edited: each names its resource by `id`")
    defaults: str | None = Field(
        None, max_length=20_000, description="A JSON object: fields of the record for rows that leave them out"
    )


@router.write(
    "POST",
    "/api/imports",
    policy="member",
    stream=True,
    status_code=202,
    response_model=bodies.JobOut,
    summary="Import a table of records, or a ZIP of a table and files",
    description=(
        "JSON lines, CSV (both UTF-8), or a ZIP with `index.json`, `.jsonl` or `.csv` and the files beside it; "
        "`docs/cli.md` tells what rows may hold. The answer is a job: follow it at `Location`; its report tells what "
        "became of every row. The bad ones fail for themselves, with reasons; a table without rows is a warning. The "
        "job runs with the roles that you have by then.\n\n"
        "With `update=true` the rows are of `GET /api/exports/resources.jsonl` or `.csv`, edited. Each row that was "
        "edited makes the draft of a next version, or goes on with the one that an update has made; `publish=true` "
        "publishes it where you may. Rows whose resource has changed since the export are refused: their `digest` "
        "tells. With `dry_run=true` the report shows what each row would change."
    ),
    extra={
        "requestBody": {"required": True, "content": _BODIES},
        "parameters": [
            {
                "name": "Content-Digest",
                "in": "header",
                "required": False,
                "description": "`sha-256=:…:`, the checksum of the bytes (RFC 9530)",
                "schema": {"type": "string"},
            }
        ],
    },
    responses={
        202: {
            "model": bodies.JobOut,
            "description": "The job",
            "headers": {"Location": {"description": "Address of the job", "schema": {"type": "string"}}},
        },
        **refusals(
            {
                400: "The line broke, or the request makes no sense",
                401: "Nobody is signed in, or the token is not valid",
                403: "Not allowed",
                404: "No such institution",
                409: "Too many imports of yours are not finished",
                413: "More bytes than one import may have",
                415: "Another type than those named here",
                422: "A parameter is wrong, the body is empty, or the bytes are not those of `Content-Digest`",
                503: "Try again later",
                507: "No room is left",
            }
        ),
    },
)
async def ask(request: Request, here: Here, caller: Caller, asked: Annotated[Asked, Query()]) -> Response:
    order = _order(request, asked)
    promised = streams.promised(request)
    limit = here.settings.max_import_size
    if (streams.declared(request) or 0) > limit:
        raise TooLarge("import.too-large", limit=limit)
    await run_in_threadpool(_require, request, here, caller, order)

    def keep(pieces: Iterator[bytes]) -> Stored:
        return here.store.put(_limited(pieces, limit), promised)

    try:
        stored = await streams.into_thread(request, keep)
    except BrokenOff:
        raise DoorError("upload.broken-off") from None
    if not stored.size:
        raise Invalid("import.empty")
    return await run_in_threadpool(_place, request, here, caller, order, stored)


def _require(request: Request, here: Installation, caller: Credentials, order: Order) -> None:
    """Everything that can be asked before any of the bytes are read."""
    with writing.unless_again(request, here, caller), reading(here.engine) as session:
        orders.require(session, deps.signed_in(session, here, caller), order)


def _place(request: Request, here: Installation, caller: Credentials, order: Order, stored: Stored) -> Response:
    def deed(session: Session, actor: Actor) -> writing.Answer:
        job = orders.place(session, actor, order, here.store, stored, now=here.now())
        found = queries.jobs.one(session, job_id=job.id or 0)
        assert found is not None
        body = jobs.body(request, here, actor, found)
        return writing.Answer(202, body.content(), {"Location": body.url})

    return writing.write(request, here, caller, deed, content=stored.key)


def _order(request: Request, asked: Asked) -> Order:
    """Raises DoorError for another type, or for packed bytes; Invalid for defaults that are none."""
    paging.require_each_once(request)
    kind, _, params = request.headers.get("content-type", "").partition(";")
    charset = params.lower().replace('"', "").replace(" ", "").partition("charset=")[2].partition(";")[0]
    packed = request.headers.get("content-encoding", "identity").strip().lower() != "identity"
    form = _TYPES.get(kind.strip().lower())
    if form is None or charset not in ("", "utf-8", "utf8", "us-ascii") or packed:
        raise DoorError("media-type.unsupported", expected=_TAKEN)
    defaults = orders.defaults_of(_json(asked.defaults)) if asked.defaults else {}
    return Order(form=form, defaults=defaults, **asked.model_dump(exclude={"defaults"}))


def _json(text: str) -> object:
    found, problems = values.load(text.encode("utf-8", "surrogatepass"))
    if problems:
        raise Invalid("request.invalid", problems=problems, field="defaults")
    return found


def _limited(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    done = 0
    for piece in pieces:
        done += len(piece)
        if done > limit:
            raise TooLarge("import.too-large", limit=limit)
        yield piece
