"""Steps of a draft towards its publication: submitted, recalled, reviewed, published."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Body, Query, Request
from sqlmodel import Session
from starlette.responses import Response

from api import lookup, paging, schemas, showing, writing
from api.deps import Caller, Here, signed_in
from api.routes import drafts
from api.routes.drafts import MATCHED, PublicId
from api.routing import Router, refusals
from api.schemas import drafts as draft_bodies
from api.schemas import reviews as bodies
from api.writing import Answer
from oer import deposits, policy, publishing, queries, reviews, texts
from oer.db import reading
from oer.deposits import Open
from oer.installation import Installation
from oer.models import Person, Version
from oer.policy import Actor

router = Router(prefix="/api/resources/{public_id}", tags=["drafts"], responses=drafts.router.responses)

_VERDICTS: dict[str, Callable[..., Open]] = {
    "request-changes": reviews.request_changes,
    "reject": reviews.reject,
}


class Listing(paging.Asked):
    pass


@router.write(
    "POST",
    "/draft/submit",
    policy="draft",
    matched=True,
    response_model=draft_bodies.DraftOut,
    responses=MATCHED,
    summary="Hand a draft to the reviewers",
)
def submit(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        expected = writing.expected(request, "draft.stale", id=public_id)
        with drafts.in_record():
            found = deposits.submit(session, actor, public_id, expected=expected, now=here.now())
        return drafts.answered(session, here, actor, found)

    return writing.write(request, here, caller, deed)


@router.write(
    "POST",
    "/draft/recall",
    policy="draft",
    matched=True,
    response_model=draft_bodies.DraftOut,
    responses=MATCHED,
    summary="Take a submitted draft back, to edit it",
)
def recall(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        expected = writing.expected(request, "draft.stale", id=public_id)
        found = deposits.recall(session, actor, public_id, expected=expected, now=here.now())
        return drafts.answered(session, here, actor, found)

    return writing.write(request, here, caller, deed)


@router.write(
    "POST",
    "/draft/publish",
    policy="draft",
    matched=True,
    status_code=201,
    response_model=schemas.ResourceOut,
    responses=MATCHED,
    summary="Publish a draft as the next version",
)
def publish(
    request: Request,
    here: Here,
    caller: Caller,
    public_id: PublicId,
    words: Annotated[bodies.Publication | None, Body(examples=[bodies.PUBLICATION])] = None,
) -> Response:
    said = words or bodies.Publication()

    def deed(session: Session, actor: Actor) -> Answer:
        version = _publish(request, session, here, actor, public_id, note=said.note, comment=said.comment)
        url = f"{here.settings.base_url}/api/resources/{public_id}"
        shown, etag = showing.written(session, here, actor, public_id)
        answer = writing.created(shown, location=f"{url}/versions/{version.number}", etag=etag)
        return Answer(answer.status, answer.content, {**answer.headers, "Content-Location": url})

    return writing.write(request, here, caller, deed)


@router.write(
    "POST",
    "/draft/reviews",
    policy="draft",
    matched=True,
    response_model=bodies.ReviewDone,
    responses=MATCHED,
    summary="Decide on a submitted draft",
)
def decide(request: Request, here: Here, caller: Caller, public_id: PublicId, review: bodies.ReviewIn) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        if review.decision == "publish":
            reviews.require_submitted(session, actor, public_id)
            version = _publish(request, session, here, actor, public_id, note=None, comment=review.comment)
            _, etag = showing.written(session, here, actor, public_id)
            return writing.shown(_done(session, here, actor, review, "published", version.number), etag=etag)
        expected = writing.expected(request, "draft.stale", id=public_id)
        step = _VERDICTS[review.decision]
        found = step(session, actor, public_id, review.comment, expected=expected, now=here.now())
        etag = writing.tag(drafts.body(session, here, actor, found), found.draft.lock)
        return writing.shown(_done(session, here, actor, review, found.draft.state, None), etag=etag)

    return writing.write(request, here, caller, deed)


@router.read(
    "/reviews",
    policy="author",
    response_model=bodies.ReviewList,
    responses=refusals({410: lookup.GONE}),
    summary="What reviewers have said of a resource, over all its drafts",
)
def listed(
    request: Request, here: Here, caller: Caller, public_id: PublicId, asked: Annotated[Listing, Query()]
) -> Response:
    paging.require_each_once(request)
    size, key = asked.page_size(here), paging.position(here, request, asked)
    with reading(here.engine) as session:
        actor = signed_in(session, here, caller)
        policy.require_scope(actor, "read")
        resource, institution = lookup.resource(session, actor, public_id)
        policy.require_reviews(actor, resource, institution)
        after = int(key[0]) if key else 0
        rows = queries.drafts.reviews(session, resource_id=resource.id or 0, after=after, limit=size + 1)
    page, more = rows[:size], len(rows) > size
    following = paging.following(here, request, asked, (page[-1][0].id or 0,)) if more else None
    items = [
        bodies.ReviewOut.model_validate(
            {**review.model_dump(include={"decision", "comment", "created"}), "reviewer": name}
        )
        for review, name in page
    ]
    return paging.answer(request, bodies.ReviewList(items=items, next=following), following, private=True)


def _publish(
    request: Request,
    session: Session,
    here: Installation,
    actor: Actor,
    public_id: str,
    *,
    note: str | None,
    comment: str,
) -> Version:
    expected = writing.expected(request, "draft.stale", id=public_id)
    with drafts.in_record():
        return publishing.publish(
            session,
            actor,
            public_id,
            repository_id=here.repository_id,
            note=note,
            comment=comment,
            expected=expected,
            now=here.now(),
        )


def _done(
    session: Session, here: Installation, actor: Actor, review: bodies.ReviewIn, state: str, version: int | None
) -> bodies.ReviewDone:
    person = session.get(Person, actor.person_id) if actor.person_id is not None else None
    return bodies.ReviewDone.model_validate(
        {
            "decision": review.decision,
            "comment": texts.words(review.comment, "comment"),
            "reviewer": person.name if person is not None else None,
            "created": here.now(),
            "state": state,
            "version": version,
        }
    )
