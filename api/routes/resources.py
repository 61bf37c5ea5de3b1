"""``/api/resources``: what is published, to read and to download."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request
from pydantic import Field
from sqlmodel import Session
from starlette.responses import Response

from api import conditional, counting, formats, lookup, paging, render, schemas, searching, showing
from api.deps import Caller, Credentials, Here, reader, signed_in
from api.download import Content, Download, disposition
from api.lookup import Found
from api.paging import Joined
from api.routing import Router, refusals
from harvest import signposting
from metadata.crosswalks import Described
from oer import policy, queries, stored
from oer.db import reading
from oer.errors import Invalid
from oer.exposure import renderings
from oer.installation import Installation
from oer.models import Institution, Resource, Version
from oer.policy import Actor
from oer.search import answers, grammar, snippets

router = Router(
    prefix="/api/resources",
    tags=["resources"],
    responses=refusals(
        {
            401: "The token is not valid",
            403: "Not allowed",
            404: "No such thing",
            410: lookup.GONE,
            422: "A parameter is wrong",
            503: "Try again later",
        }
    ),
)

_FILE: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}, "description": "The bytes"},
        206: {"description": "The part that `Range` asks for"},
        **refusals({416: "No byte of the file is in the range"}),
    },
}

PublicId = Annotated[str, Path(description="Public id of the resource", examples=["7k3v9qm2xd"])]
# Taken as text: what is no number of a version is not there (404), and each version has one address ("1.0" is no "1").
Number = Annotated[
    str, Path(description="Number of the version, from 1", json_schema_extra={"type": "integer", "minimum": 1})
]
Name = Annotated[str, Path(description="Name of the file")]
Format = Annotated[
    formats.Name | None,
    Query(alias="format", description="Format of the answer, whatever `Accept` says", examples=["bibtex"]),
]
Lang = Annotated[
    Literal["ar", "fr", "en"] | None,
    Query(alias="lang", description="Language of formats that hold one title alone; else that of `Accept-Language`"),
]


class Listing(searching.Asked):
    state: Literal["published", "hidden", "withdrawn"] | None = Field(
        None, description="`hidden` and `withdrawn` for those who may see them; published ones without it"
    )


@router.read("", policy="reader", response_model=schemas.ResourceList, summary="Resources: a list, or a search")
def listed(request: Request, here: Here, caller: Caller, asked: Annotated[Listing, Query()]) -> Response:
    """The newest first. With `q`, `facets`, a choice in any facet or another `sort` a search of what is published."""
    paging.require_each_once(request, but=searching.REPEATED)
    if asked.searches:
        return _searched(request, here, caller, asked)
    size = asked.page_size(here)
    key = paging.position(here, request, asked)
    public = asked.state in (None, "published")
    with reading(here.engine) as session:
        actor = (reader if public else signed_in)(session, here, caller)
        within = searching.institution(session, asked.institution[0]).path if asked.institution else None
        after = (paging.moment(key[0]), key[1]) if key else None
        rows = _rows(session, actor, asked.state, after=after, within=within, limit=size + 1)
        page, more = rows[:size], len(rows) > size
        files = queries.resources.files_of_many(session, version_ids=[version.id or 0 for _, version, _ in page])
    items = showing.bodies(here, page, files)
    following = None
    if more:
        last = page[-1][0]
        assert last.published is not None
        following = paging.following(here, request, asked, (paging.microseconds(last.published), last.id or 0))
    shown = schemas.ResourceList(
        items=items, next=following, total=None, reachable=None, facets=[], found=[], meant=None
    )
    feed = searching.feed_url(here, asked) if public else None
    return paging.answer(request, shown, following, private=not public, feed=feed)


def _searched(request: Request, here: Installation, caller: Credentials, asked: Listing) -> Response:
    if asked.state not in (None, "published"):
        raise Invalid("search.published-only", field="state")
    lang = render.language(request)
    size = asked.page_size(here)
    key = paging.position(here, request, asked)
    with reading(here.engine) as session:
        reader(session, here, caller)
        question = searching.question(
            session, asked, key=key, limit=size + 1, lang=lang, sort=asked.order, facets=asked.facets
        )
        found = here.search.find(question)
        meant = here.search.meant(question) if question.text.strip() and not found.total else None
        items = showing.items(session, here, request.app.state.shelf, found.ids[:size])
        counted = searching.facets(session, found, question.chosen, lang)
        wanted = snippets.wanted(grammar.parse(question.text))
        said = searching.found_in(session, items, wanted, lang) if wanted else []
    following = None
    if len(found.ids) > size:
        ahead = (question.offset + size,)
        behind = ahead if question.sort == "relevance" else searching.key_of(found, size - 1, lang)
        following = paging.following(here, request, asked, behind)
    reachable = answers.DEEPEST if question.sort == "relevance" and found.total > answers.DEEPEST else None
    shown = schemas.ResourceList(
        items=[],
        next=following,
        total=found.total,
        reachable=reachable,
        facets=counted,
        found=said,
        meant=schemas.MeantOut(text=meant.text, total=meant.total) if meant else None,
    )
    return paging.answer(request, Joined(shown, items), following, spoken=lang, feed=searching.feed_url(here, asked))


def _rows(
    session: Session,
    actor: Actor,
    state: str | None,
    *,
    after: tuple[datetime, int] | None,
    within: str | None,
    limit: int,
) -> Sequence[tuple[Resource, Version, Institution]]:
    if state in (None, "published"):
        return queries.resources.published(session, after=after, within=within, limit=limit)
    policy.require_scope(actor, "read")
    reach = policy.reach(actor)
    return queries.resources.concealed(session, state=state, reach=reach, after=after, within=within, limit=limit)


@router.read(
    "/{public_id}",
    policy="reader",
    response_model=schemas.ResourceOut,
    responses=refusals({406: "The resource has no format that is accepted"}),
    summary="A resource in its current version",
)
def current(
    request: Request, here: Here, caller: Caller, public_id: PublicId, form: Format = None, _lang: Lang = None
) -> Response:
    """As JSON; in another format by `Accept`, or by its name in `format`."""
    paging.require_each_once(request)
    with reading(here.engine) as session:
        found = lookup.version(session, reader(session, here, caller), public_id)
        files = queries.resources.files(session, version_id=found.version.id or 0)
        with_files = bool(files) and found.resource.access == "open"
        wanted = formats.wanted(request.headers, form, with_files=with_files)
        export = wanted.export
        described = _described(session, here, found) if export else None
    spoken = render.language(request)
    content = export.dump(described, spoken) if export and described else showing.body(here, found, files).content()
    headers = signposting.back("describes", here.settings.base_url, public_id)
    if wanted.named:
        headers["Content-Disposition"] = disposition(f"{public_id}.{wanted.suffix}", wanted.media_type)
    if export and export.spoken:
        headers["Content-Language"] = spoken
    return _answer(request, content, found, caller, wanted, headers)


def _described(session: Session, here: Installation, found: Found) -> Described:
    """Raises Unavailable (``stored.record_of``)."""
    stored.record_of(found.resource, found.version)
    resource_id = found.resource.id or 0
    place = {"repository_id": here.repository_id, "base_url": here.settings.base_url}
    return renderings.describe(session, [resource_id], **place).of[resource_id]


@router.read(
    "/{public_id}/versions", policy="reader", response_model=schemas.VersionList, summary="All versions of a resource"
)
def versions(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    with reading(here.engine) as session:
        found = lookup.version(session, reader(session, here, caller), public_id)
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
    return _answer(request, content, found, caller)


@router.read(
    "/{public_id}/versions/{number}",
    policy="reader",
    response_model=schemas.ResourceOut,
    summary="One version of a resource",
)
def past(request: Request, here: Here, caller: Caller, public_id: PublicId, number: Number) -> Response:
    with reading(here.engine) as session:
        found = lookup.version(session, reader(session, here, caller), public_id, number)
        files = queries.resources.files(session, version_id=found.version.id or 0)
    content = showing.body(here, found, files, of_version=found.version.number).content()
    return _answer(request, content, found, caller)


@router.read("/{public_id}/files/{name}", policy="reader", summary="Download a file of the current version", **_FILE)
def current_file(request: Request, here: Here, caller: Caller, public_id: PublicId, name: Name) -> Response:
    return _file(request, here, caller, public_id, None, name)


@router.read(
    "/{public_id}/versions/{number}/files/{name}", policy="reader", summary="Download a file of one version", **_FILE
)
def past_file(
    request: Request, here: Here, caller: Caller, public_id: PublicId, number: Number, name: Name
) -> Response:
    return _file(request, here, caller, public_id, number, name)


def _answer(
    request: Request,
    content: bytes,
    found: Found,
    caller: Credentials,
    wanted: formats.Wanted = formats.ONLY_JSON,
    headers: Mapping[str, str] | None = None,
) -> Response:
    # Only the tag of the JSON names the state of the resource: whoever changes it has read the JSON.
    lock = found.resource.lock if wanted.export is None else None
    return conditional.answer(
        request,
        content,
        media_type=wanted.content_type,
        etag=conditional.tag(content, lock=lock),
        modified=found.resource.changed,
        private=caller.given and found.resource.state != "published",
        vary=wanted.vary,
        headers=headers,
    )


def _file(
    request: Request, here: Installation, caller: Credentials, public_id: str, number: str | None, name: str
) -> Response:
    today = here.now().date()
    with reading(here.engine) as session:
        actor: Actor = reader(session, here, caller)
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
        signposting.back("collection", here.settings.base_url, public_id),
        begun=counting.download(request, actor, [(found.resource, found.institution)], thing=file.key, size=file.size),
    )


def _api_url(here: Installation, public_id: str) -> str:
    return f"{here.settings.base_url}/api/resources/{public_id}"
