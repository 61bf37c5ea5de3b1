"""``/api/suggest``, ``/api/feed`` and what is like a resource: other ways to what is published."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session
from starlette.responses import Response

from api import conditional, lookup, paging, render, schemas, searching, showing
from api.deps import Caller, Here, reader
from api.routes.resources import PublicId
from api.routing import Router, refusals
from api.schemas import examples, finding
from harvest import feeds
from metadata import vocabularies
from metadata.record import pick
from oer import queries, stored
from oer.db import reading
from oer.errors import Unavailable
from oer.exposure import renderings
from oer.installation import Installation
from oer.search import grammar
from oer.search.answers import Question
from oer.workflow import ResourceState

router = Router(
    tags=["resources"],
    responses=refusals(
        {
            401: "The token is not valid",
            403: "Not allowed",
            422: "A parameter is wrong",
            503: "Try again later",
        }
    ),
)

_MOST = 20
_SHOWN = 8


class Begun(BaseModel):
    model_config = ConfigDict(extra="forbid")

    q: str = Field(max_length=grammar.LONGEST, description="What has been typed so far", examples=["دورة الم"])
    limit: int = Field(_SHOWN, ge=1, le=_MOST, description="Things of each kind")


class Near(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(_SHOWN, ge=1, le=_MOST, description="Resources to tell of")


@router.read(
    "/api/suggest",
    policy="reader",
    response_model=finding.SuggestOut,
    summary="How a question that is being typed may go on",
)
def suggest(request: Request, here: Here, caller: Caller, asked: Annotated[Begun, Query()]) -> Response:
    """Words that are there, subjects, and the titles of what would be found. Spelling is as forgiving as the search."""
    paging.require_each_once(request)
    lang = render.language(request)
    with reading(here.engine) as session:
        reader(session, here, caller)
        found = here.search.complete(asked.q, limit=asked.limit)
        titles = _titles(session, here, found.ids, lang)
    meant = None if found.texts or found.ids else here.search.meant(Question(text=asked.q))
    shown = finding.SuggestOut(
        texts=[finding.CompletionOut(text=text, count=count) for text, count in found.texts],
        subjects=_subjects(here, asked.q, lang)[: asked.limit],
        resources=titles,
        meant=schemas.MeantOut(text=meant.text, total=meant.total) if meant else None,
    )
    return paging.answer(request, shown, None, spoken=lang)


def _titles(session: Session, here: Installation, ids: Sequence[int], lang: str) -> list[finding.TitleOut]:
    found = []
    for resource, version, _ in queries.resources.published_by_id(session, ids=ids):
        with suppress(Unavailable):
            title = pick(stored.title_of(version.record, resource=resource.public_id), lang)
            url = renderings.landing_url(here.settings.base_url, resource.public_id)
            if title is not None:
                found.append(finding.TitleOut(id=resource.public_id, url=url, title=title.value, lang=title.lang))
    return found


def _subjects(here: Installation, text: str, lang: str) -> list[finding.SubjectOut]:
    """Those that are called so, in any language, and that something is about; what the most is about first."""
    if not text.strip():
        return []
    uris = [term.uri for scheme in vocabularies.SUBJECTS for term in vocabularies.matching(scheme, text)]
    counts = here.search.counts("subject", uris)
    ranked = sorted((uri for uri in counts if counts[uri]), key=lambda uri: -counts[uri])
    return [
        finding.SubjectOut(value=uri, label=searching.label("subject", uri, lang), count=counts[uri]) for uri in ranked
    ]


@router.read(
    "/api/resources/{public_id}/similar",
    policy="reader",
    response_model=finding.SimilarList,
    responses=refusals({404: "No such resource", 410: lookup.GONE}),
    summary="Resources that are about the same",
)
def similar(
    request: Request, here: Here, caller: Caller, public_id: PublicId, asked: Annotated[Near, Query()]
) -> Response:
    """With the same subjects, and the words that are rare elsewhere; of two alike the one for the same level and in the
    same language comes first.
    """
    paging.require_each_once(request)
    with reading(here.engine) as session:
        found = lookup.version(session, reader(session, here, caller), public_id)
        record = stored.record_of(found.resource, found.version)
        ids = here.search.similar(record, found.resource.id or 0, limit=asked.limit)
        rows = queries.resources.published_by_id(session, ids=ids)
        files = queries.resources.files_of_many(session, version_ids=[version.id or 0 for _, version, _ in rows])
    private = found.resource.state != ResourceState.PUBLISHED
    return paging.answer(request, finding.SimilarList(items=showing.bodies(here, rows, files)), None, private=private)


@router.read(
    searching.FEED,
    policy="reader",
    response_class=Response,
    responses={
        200: {
            "content": {feeds.MEDIA_TYPE: {"schema": {"type": "string"}, "example": examples.FEED}},
            "description": "A page of the feed",
        },
        **refusals({404: "No such institution"}),
    },
    summary="A search as a feed (Atom)",
)
def feed(request: Request, here: Here, caller: Caller, asked: Annotated[searching.Fed, Query()]) -> Response:
    """Everything that a search finds, the newest first: `institution=…` alone is all that one publishes."""
    paging.require_each_once(request, but=searching.REPEATED)
    lang, size = render.language(request), asked.page_size(here)
    key = paging.position(here, request, asked)
    with reading(here.engine) as session:
        reader(session, here, caller)
        question = searching.question(session, asked, key=key, limit=size + 1, lang=lang, sort="newest")
        found = here.search.find(question)
        shown = [row[0].id or 0 for row in queries.resources.published_by_id(session, ids=found.ids[:size])]
        place = {"repository_id": here.repository_id, "base_url": here.settings.base_url}
        described = renderings.describe(session, shown, **place)
    following = None
    if len(found.ids) > size:
        following = paging.following(here, request, asked, searching.key_of(found, size - 1, lang))
    entries = [described.of[one] for one in shown if one in described.of and one not in described.unreadable]
    content = feeds.render(_feed(here, request, asked, following, lang), entries)
    return conditional.answer(
        request,
        content,
        media_type=feeds.MEDIA_TYPE,
        etag=conditional.tag(content),
        vary="Accept-Language, Authorization",
        packs=True,
        headers={"Content-Language": lang},
    )


def _feed(here: Installation, request: Request, asked: searching.Fed, following: str | None, lang: str) -> feeds.Feed:
    query = request.scope["query_string"].decode("ascii", "replace")
    name, words = here.settings.name(lang), (asked.q or "").strip()
    return feeds.Feed(
        url=searching.feed_url(here, asked),
        page=f"{here.settings.base_url}{searching.FEED}" + (f"?{query}" if query else ""),
        search=searching.list_url(here, asked),
        title=f"{words} — {name}" if words else name,
        lang=lang,
        following=following,
        issuer=name,
    )
