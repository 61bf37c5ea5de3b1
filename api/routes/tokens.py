"""``/api/people/{id}/tokens``: access tokens for a person's programs."""

from datetime import timedelta
from typing import Annotated

from fastapi import Path, Query, Request
from sqlmodel import Session
from starlette.responses import Response

from api import deps, lookup, paging, writing
from api.deps import Caller, Here
from api.routes.people import RESPONSES, PersonId
from api.routing import Router
from api.schemas import people as bodies
from api.writing import Answer
from oer import accounts, queries
from oer.db import reading
from oer.errors import NotFound
from oer.models import Token
from oer.policy import Actor

router = Router(prefix="/api/people/{person_id}/tokens", tags=["tokens"], responses=RESPONSES)

TokenId = Annotated[
    str, Path(description="Number of the token", json_schema_extra={"type": "integer", "minimum": 1}, examples=["7"])
]


@router.read("", policy="self", response_model=bodies.TokenList, summary="A person's access tokens")
def listed(
    request: Request, here: Here, caller: Caller, person_id: PersonId, asked: Annotated[paging.Asked, Query()]
) -> Response:
    paging.require_each_once(request)
    size, key = asked.page_size(here), paging.position(here, request, asked)
    with reading(here.engine) as session:
        actor = deps.signed_in(session, here, caller)
        person = accounts.seen(session, actor, lookup.row(person_id), scope="manage")
        rows = queries.people.tokens(session, person_id=person.id or 0, after=key[0] if key else 0, limit=size + 1)
    page, more = rows[:size], len(rows) > size
    following = paging.following(here, request, asked, (page[-1].id or 0,)) if more else None
    items = [bodies.TokenOut.model_validate(_told(token)) for token in page]
    return paging.answer(request, bodies.TokenList(items=items, next=following), following, private=True)


@router.write(
    "POST",
    "",
    policy="self",
    status_code=201,
    response_model=bodies.TokenMade,
    summary="Make an access token",
    description=(
        "Its secret is in this answer and nowhere else. What a token makes may do no more than that token, and lives "
        "no longer."
    ),
)
def make(request: Request, here: Here, caller: Caller, person_id: PersonId, new: bodies.TokenIn) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        person = accounts.held(session, actor, lookup.row(person_id))
        token, secret = accounts.create_token(
            session,
            actor,
            person,
            name=new.name,
            scopes=new.scopes,
            lifetime=timedelta(days=new.days) if new.days is not None else None,
            longest=timedelta(days=here.settings.token_days),
            now=here.now(),
        )
        made = bodies.TokenMade.model_validate({**_told(token), "token": secret})
        again = made.model_copy(update={"token": None})
        location = f"{here.settings.base_url}/api/people/{person.id}/tokens/{token.id}"
        return writing.created(made, location=location, again=again)

    return writing.write(request, here, caller, deed)


@router.write(
    "DELETE",
    "/{token_id}",
    policy="self",
    status_code=204,
    summary="Revoke an access token",
    description="At once and for ever. Twice is no error, and no precondition is asked: nothing must hold this up.",
)
def revoke(request: Request, here: Here, caller: Caller, person_id: PersonId, token_id: TokenId) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        person = accounts.seen(session, actor, lookup.row(person_id), scope="manage")
        token = queries.people.token_of(session, person_id=person.id or 0, token_id=lookup.row(token_id))
        if token is None:
            raise NotFound("token.unknown")
        accounts.revoke_token(session, actor, token, now=here.now())
        return writing.NOTHING

    return writing.write(request, here, caller, deed)


def _told(token: Token) -> dict[str, object]:
    return token.model_dump(include={"id", "name", "scopes", "created", "expires", "revoked"})
