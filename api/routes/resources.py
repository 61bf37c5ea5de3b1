"""``/api/resources``: what is published, to read and to download."""

import base64
import binascii
import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session
from starlette.responses import Response

from api import conditional, lookup, schemas
from api.deps import Here, Secret, reader
from api.download import Content, Download
from api.lookup import Found
from oer import identifiers, queries, stored
from oer.db import reading
from oer.errors import Invalid, NotFound, Unavailable
from oer.exposure import renderings
from oer.installation import Installation
from oer.models import VersionFile
from oer.policy import Actor

router = APIRouter(
    prefix="/api/resources",
    tags=["resources"],
    responses={
        code: {"model": schemas.ProblemOut, "description": words}
        for code, words in {
            401: "The token is not valid",
            403: "Not allowed",
            404: "No such thing",
            410: "Withdrawn: a tombstone",
            422: "A parameter is wrong",
            503: "Try again later",
        }.items()
    },
)

LONGEST_PAGE = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FILE: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}, "description": "The bytes"},
        206: {"description": "The part that `Range` asks for"},
        416: {"model": schemas.ProblemOut, "description": "No byte of the file is in the range"},
    },
}

PublicId = Annotated[str, Path(description="Public id of the resource", examples=["7k3v9qm2xd"])]
# Taken as text: what is no number of a version is not there (404), and each version has one address ("1.0" is no "1").
Number = Annotated[
    str, Path(description="Number of the version, from 1", json_schema_extra={"type": "integer", "minimum": 1})
]
Name = Annotated[str, Path(description="Name of the file")]


class Listing(BaseModel):
    """What a list can be asked for; anything else is refused."""

    model_config = ConfigDict(extra="forbid")

    limit: int | None = Field(None, ge=1, le=LONGEST_PAGE, description="Resources on one page")
    cursor: str | None = Field(None, max_length=500, description="From the `next` of the page before")
    institution: str | None = Field(None, max_length=100, description="Only this institution and those below it")


def _read(path: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """GET, and HEAD beside it without a place of its own in the OpenAPI document."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        router.add_api_route(path, function, methods=["GET"], **options)
        router.add_api_route(path, function, methods=["HEAD"], include_in_schema=False, response_class=Response)
        return function

    return register


@_read("", response_model=schemas.ResourceList, summary="Published resources, the newest first")
def listed(request: Request, here: Here, secret: Secret, asked: Annotated[Listing, Query()]) -> Response:
    _require_each_once(request)
    size = asked.limit or min(here.settings.page_size, LONGEST_PAGE)
    after = _position(here, asked.cursor, asked.institution) if asked.cursor is not None else None
    with reading(here.engine) as session:
        reader(session, here, secret)
        within = _branch(session, asked.institution) if asked.institution is not None else None
        rows = queries.resources.published(session, after=after, within=within, limit=size + 1)
        page, more = rows[:size], len(rows) > size
        files = queries.resources.files_of_many(session, version_ids=[version.id or 0 for _, version, _ in page])
    items = []
    for resource, version, institution in page:
        # Of many resources one that is damaged, and logged, is left out: the others are sound.
        with suppress(Unavailable):
            items.append(body(here, Found(resource, institution, version), files.get(version.id or 0, [])))
    following = None
    if more:
        last = page[-1][0]
        assert last.published is not None
        cursor = _cursor(here, (last.published, last.id or 0), asked.institution)
        following = _list_url(here, asked, cursor)
    content = schemas.ResourceList(items=items, next=following).content()
    links = {"Link": f'<{following}>; rel="next"'} if following else {}
    return conditional.answer(
        request, content, media_type="application/json", etag=conditional.tag(content), headers=links
    )


def _require_each_once(request: Request) -> None:
    """Of a parameter given twice the framework would take the last, and the client may mean the first."""
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if times > 1:
            raise RequestValidationError([{"type": "repeated", "loc": ("query", name)}])


def _branch(session: Session, slug: str) -> str:
    found = queries.institutions.by_slug(session, slug=slug) if identifiers.is_slug(slug) else None
    if found is None:
        raise NotFound("institution.unknown", slug=slug)
    return found.path


def _list_url(here: Installation, asked: Listing, cursor: str) -> str:
    arguments = {**asked.model_dump(exclude_none=True), "cursor": cursor}
    return f"{here.settings.base_url}/api/resources?{urlencode(arguments)}"


def _cursor(here: Installation, key: tuple[datetime, int], institution: str | None) -> str:
    """The key of the last resource shown, signed together with what the list was asked for."""
    moment, number = (key[0] - _EPOCH) // timedelta(microseconds=1), key[1]
    text = f"{moment}.{number}".encode()
    return base64.urlsafe_b64encode(text + b"." + _signature(here, text, institution)).decode().rstrip("=")


def _signature(here: Installation, text: bytes, institution: str | None) -> bytes:
    signed = b"\0".join([b"/api/resources", text, (institution or "").encode("utf-8", "surrogatepass")])
    return hmac.new(here.secret, signed, hashlib.sha256).hexdigest()[:24].encode()


def _position(here: Installation, cursor: str, institution: str | None) -> tuple[datetime, int]:
    """The key inside a cursor of ours. Raises Invalid for any other, and for one of another list."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("cursor.invalid") from None
    text, _, signature = raw.rpartition(b".")
    if not hmac.compare_digest(signature, _signature(here, text, institution)):
        raise Invalid("cursor.invalid")
    moment, _, number = text.decode().partition(".")
    return _EPOCH + timedelta(microseconds=int(moment)), int(number)


@_read("/{public_id}", response_model=schemas.ResourceOut, summary="A resource in its current version")
def current(request: Request, here: Here, secret: Secret, public_id: PublicId) -> Response:
    return _resource(request, here, secret, public_id, None)


@_read("/{public_id}/versions", response_model=schemas.VersionList, summary="All versions of a resource")
def versions(request: Request, here: Here, secret: Secret, public_id: PublicId) -> Response:
    with reading(here.engine) as session:
        found = lookup.version(session, reader(session, here, secret), public_id)
        rows = queries.resources.versions(session, resource_id=found.resource.id or 0)
    links = [
        schemas.VersionLink(
            number=row.number,
            published=row.published,
            digest=row.digest,
            note=row.note,
            url=f"{_api_url(here, public_id)}/versions/{row.number}",
        )
        for row in reversed(rows)
    ]
    content = schemas.VersionList(items=links).content()
    return _json(request, content, found, secret)


@_read("/{public_id}/versions/{number}", response_model=schemas.ResourceOut, summary="One version of a resource")
def past(request: Request, here: Here, secret: Secret, public_id: PublicId, number: Number) -> Response:
    return _resource(request, here, secret, public_id, number)


@_read("/{public_id}/files/{name}", summary="Download a file of the current version", **_FILE)
def current_file(here: Here, secret: Secret, public_id: PublicId, name: Name) -> Response:
    return _file(here, secret, public_id, None, name)


@_read("/{public_id}/versions/{number}/files/{name}", summary="Download a file of one version", **_FILE)
def past_file(here: Here, secret: Secret, public_id: PublicId, number: Number, name: Name) -> Response:
    return _file(here, secret, public_id, number, name)


def _resource(request: Request, here: Installation, secret: str | None, public_id: str, number: str | None) -> Response:
    with reading(here.engine) as session:
        found = lookup.version(session, reader(session, here, secret), public_id, number)
        files = queries.resources.files(session, version_id=found.version.id or 0)
    content = body(here, found, files, of_version=None if number is None else found.version.number).content()
    return _json(request, content, found, secret)


def _json(request: Request, content: bytes, found: Found, secret: str | None) -> Response:
    return conditional.answer(
        request,
        content,
        media_type="application/json",
        etag=conditional.tag(content, lock=found.resource.lock),
        modified=found.resource.changed,
        private=secret is not None and found.resource.state != "published",
    )


def _file(here: Installation, secret: str | None, public_id: str, number: str | None, name: str) -> Response:
    today = here.now().date()
    with reading(here.engine) as session:
        actor: Actor = reader(session, here, secret)
        found = lookup.version(session, actor, public_id, number)
        file = lookup.file(session, found, name)
        found.require_download(actor, today=today)
    # The session is closed: a slow reader of bytes holds no database connection.
    return Download(
        here.store,
        Content(
            key=file.key,
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            modified=found.version.published,
            private=not found.is_open(today=today),
        ),
    )


def body(
    here: Installation, found: Found, files: Sequence[VersionFile], *, of_version: int | None = None
) -> schemas.ResourceOut:
    """The resource as the API shows it. With ``of_version`` its files have the addresses of that version.

    Raises Unavailable (``stored.record_of``).
    """
    resource, version, institution = found.resource, found.version, found.institution
    base_url, public_id = here.settings.base_url, resource.public_id
    return schemas.ResourceOut.model_validate(
        {
            "id": public_id,
            "oai_identifier": identifiers.oai_identifier(here.repository_id, public_id),
            "url": renderings.landing_url(base_url, public_id),
            "state": resource.state,
            "institution": {"slug": institution.slug, "names": dict(sorted(institution.names.items()))},
            "version": version.model_dump(include={"number", "published", "digest", "note"}),
            "record": stored.record_of(resource, version),
            "files": [
                {
                    **file.model_dump(include={"name", "media_type", "size", "role", "language"}),
                    "sha256": file.key,
                    "url": file_url(base_url, public_id, file.name, of_version),
                }
                for file in files
            ],
            "access": access(found, today=here.now().date()),
            "created": resource.created,
            "published": resource.published,
            "changed": resource.changed,
        }
    )


def access(found: Found, *, today: date) -> schemas.AccessOut:
    kind, available = found.access
    return schemas.AccessOut.model_validate({"kind": kind, "available": available, "open": found.is_open(today=today)})


def _api_url(here: Installation, public_id: str) -> str:
    return f"{here.settings.base_url}/api/resources/{public_id}"


def file_url(base_url: str, public_id: str, name: str, number: int | None) -> str:
    """Where a file of a version is downloaded; without a number, of whichever is current."""
    if number is None:
        return renderings.file_url(base_url, public_id, name)
    return f"{base_url}/api/resources/{public_id}/versions/{number}/files/{quote(name, safe='')}"
