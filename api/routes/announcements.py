"""``/api/institutions/{slug}/announcements``: what an institution tells everybody, as a list and as a feed."""

from typing import Annotated, Any, Literal

from fastapi import Body, Path, Query, Request
from pydantic import Field
from sqlmodel import Session
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.responses import Response

from api import conditional, deps, i18n, paging, prose, render, writing
from api.deps import Caller, Here
from api.routes.institutions import Slug, url
from api.routes.people import MATCHED, RESPONSES
from api.routing import MERGE_PATCH, Router
from api.schemas import announcements as bodies
from api.writing import Answer
from harvest import feeds
from metadata.record import Text
from oer import announcements, institutions, policy, queries
from oer.announcements import Found
from oer.db import reading
from oer.installation import Installation
from oer.models import Institution
from oer.policy import Actor
from oer.texts import Words


class _Address(StringConvertor):
    """Whatever does not lead elsewhere: ``feed`` is no announcement."""

    regex = "(?!feed$)[^/]+"


register_url_convertor("announcement", _Address())

router = Router(prefix="/api/institutions/{slug}/announcements", tags=["announcements"], responses=RESPONSES)

AnnouncementId = Annotated[str, Path(description="Public id of the announcement", examples=["9c2fd7h4ke"])]
_ONE = "/{announcement_id:announcement}"


class Listing(paging.Asked):
    state: Literal["current", "past", "scheduled"] = Field(
        "current", description="What holds now, what is over, or, for managers, what is yet to come"
    )


@router.read("", policy="reader", response_model=bodies.AnnouncementList, summary="Announcements of an institution")
def listed(request: Request, here: Here, caller: Caller, slug: Slug, asked: Annotated[Listing, Query()]) -> Response:
    paging.require_each_once(request)
    size, key, now = asked.page_size(here), paging.position(here, request, asked), here.now()
    before = (bool(key[0]), paging.moment(key[1]), key[2]) if key else None
    with reading(here.engine) as session:
        actor = deps.reader(session, here, caller)
        institution = institutions.find(session, slug)
        scheduled = asked.state == "scheduled"
        if scheduled:
            deps.signed_in(session, here, caller)
            policy.require_scheduled(actor, institution)
        rows = queries.announcements.of_institution(
            session, institution_id=institution.id or 0, state=asked.state, now=now, before=before, limit=size + 1
        )
    page, more = rows[:size], len(rows) > size
    following = None
    if more:
        last = (int(page[-1].pinned), paging.microseconds(page[-1].published), page[-1].id or 0)
        following = paging.following(here, request, asked, last)
    items = [_body(here, Found(row, institution)) for row in page]
    body = bodies.AnnouncementList(items=items, next=following)
    return paging.answer(request, body, following, private=scheduled, feed=_feed_url(here, slug))


@router.write(
    "POST",
    "",
    policy="manager",
    status_code=201,
    response_model=bodies.AnnouncementOut,
    summary="Announce something",
)
def announce(request: Request, here: Here, caller: Caller, slug: Slug, new: bodies.AnnouncementIn) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        given: dict[str, Any] = {name: getattr(new, name) for name in ("published", "until", "pinned")}
        titles, texts = _words(new.titles), _words(new.texts)
        found = announcements.announce(session, actor, slug, titles=titles, texts=texts, **given, now=here.now())
        body = _body(here, found)
        return writing.created(body, location=body.url, etag=writing.tag(body, found.announcement.lock))

    return writing.write(request, here, caller, deed)


@router.read(
    "/feed",
    policy="reader",
    response_class=Response,
    responses={
        200: {
            "content": {feeds.MEDIA_TYPE: {"schema": {"type": "string"}, "example": bodies.FEED}},
            "description": "A page of the feed",
        }
    },
    summary="Announcements of an institution as a feed (Atom)",
)
def feed(request: Request, here: Here, caller: Caller, slug: Slug, asked: Annotated[paging.Asked, Query()]) -> Response:
    """What holds now, the newest first, each in the reader's language where it is written in it."""
    paging.require_each_once(request)
    lang, size, key = render.language(request), asked.page_size(here), paging.position(here, request, asked)
    with reading(here.engine) as session:
        deps.reader(session, here, caller)
        institution = institutions.find(session, slug)
        rows = queries.announcements.newest(
            session,
            institution_id=institution.id or 0,
            now=here.now(),
            before=(paging.moment(key[0]), key[1]) if key else None,
            limit=size + 1,
        )
    page, more = rows[:size], len(rows) > size
    following = None
    if more:
        last = (paging.microseconds(page[-1].published), page[-1].id or 0)
        following = paging.following(here, request, asked, last)
    notices = [_notice(here, Found(row, institution), lang) for row in page]
    content = feeds.render_notices(_feed(here, request, institution, following, lang), notices)
    return conditional.answer(
        request,
        content,
        media_type=feeds.MEDIA_TYPE,
        etag=conditional.tag(content),
        vary="Accept-Language, Authorization",
        packs=True,
        headers={"Content-Language": lang},
    )


@router.read(_ONE, policy="reader", response_model=bodies.AnnouncementOut, summary="One announcement")
def current(request: Request, here: Here, caller: Caller, slug: Slug, announcement_id: AnnouncementId) -> Response:
    now = here.now()
    with reading(here.engine) as session:
        actor = deps.reader(session, here, caller)
        found = announcements.find(session, actor, slug, announcement_id, now=now)
    body, private = _body(here, found), found.announcement.published > now
    etag = writing.tag(body, found.announcement.lock)
    return conditional.answer(request, body.content(), media_type="application/json", etag=etag, private=private)


@router.write(
    "PATCH",
    _ONE,
    policy="manager",
    matched=True,
    response_model=bodies.AnnouncementOut,
    responses=MATCHED,
    summary="Change an announcement",
)
def change(
    request: Request,
    here: Here,
    caller: Caller,
    slug: Slug,
    announcement_id: AnnouncementId,
    patch: Annotated[bodies.AnnouncementPatch, Body(media_type=MERGE_PATCH)],
) -> Response:
    changes: dict[str, Any] = {name: getattr(patch, name) for name in patch.model_fields_set}
    changes |= {name: _words(changes[name]) for name in ("titles", "texts") if name in changes}

    def deed(session: Session, actor: Actor) -> Answer:
        announcements.find(session, actor, slug, announcement_id, now=here.now())
        expected = writing.expected(request, "announcement.stale")
        found = announcements.edit(session, actor, slug, announcement_id, changes, expected=expected, now=here.now())
        body = _body(here, found)
        return writing.shown(body, etag=writing.tag(body, found.announcement.lock))

    return writing.write(request, here, caller, deed)


@router.write(
    "DELETE",
    _ONE,
    policy="manager",
    matched=True,
    status_code=204,
    responses=MATCHED,
    summary="Take an announcement away",
)
def remove(request: Request, here: Here, caller: Caller, slug: Slug, announcement_id: AnnouncementId) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        announcements.find(session, actor, slug, announcement_id, now=here.now())
        expected = writing.expected(request, "announcement.stale")
        announcements.remove(session, actor, slug, announcement_id, expected=expected, now=here.now())
        return writing.NOTHING

    return writing.write(request, here, caller, deed)


def _words(given: bodies.AnnouncementTitles | bodies.AnnouncementTexts) -> Words:
    words: Words = given.model_dump(exclude_unset=True)
    return words


def _url(here: Installation, found: Found) -> str:
    return f"{url(here, found.institution.slug)}/announcements/{found.announcement.public_id}"


def _body(here: Installation, found: Found) -> bodies.AnnouncementOut:
    announcement, institution = found.announcement, found.institution
    told = announcement.model_dump(include={"titles", "texts", "published", "until", "pinned", "changed"})
    return bodies.AnnouncementOut.model_validate(
        told
        | {
            "id": announcement.public_id,
            "url": _url(here, found),
            "institution": {"slug": institution.slug, "names": dict(sorted(institution.names.items()))},
            "state": announcements.state(announcement, now=here.now()),
        }
    )


def _feed_url(here: Installation, slug: str) -> str:
    return f"{url(here, slug)}/announcements/feed"


def _feed(
    here: Installation, request: Request, institution: Institution, following: str | None, lang: str
) -> feeds.Feed:
    query = request.scope["query_string"].decode("ascii", "replace")
    name, _ = institutions.name_in(institution, lang)
    address = _feed_url(here, institution.slug)
    return feeds.Feed(
        url=address,
        page=address + (f"?{query}" if query else ""),
        search=address.removesuffix("/feed"),
        title=i18n.message("announcement.feed", lang, name=name),
        lang=lang,
        following=following,
        issuer=name,
    )


def _notice(here: Installation, found: Found, lang: str) -> feeds.Notice:
    announcement = found.announcement
    title, title_lang = announcements.in_language(announcement.titles, lang)
    text, text_lang = announcements.in_language(announcement.texts, lang)
    return feeds.Notice(
        url=_url(here, found),
        title=Text(value=title, lang=title_lang),
        html=Text(value=str(prose.prose(text, text_lang)), lang=text_lang),
        published=announcement.published,
        updated=max(announcement.published, announcement.changed),
    )
