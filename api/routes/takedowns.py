"""Resources taken out of sight, and shown again: withdrawn, restored; hidden while a complaint is examined."""

from collections.abc import Callable
from typing import Any

from fastapi import Request
from sqlmodel import Session
from starlette.responses import Response

from api import schemas, showing, writing
from api.deps import Caller, Credentials, Here
from api.routes import drafts
from api.routes.drafts import MATCHED, PublicId
from api.routing import Router
from api.schemas.takedowns import Concealment
from api.writing import Answer
from oer import publishing
from oer.installation import Installation
from oer.models import Resource
from oer.policy import Actor

router = Router(prefix="/api/resources/{public_id}", tags=["resources"], responses=drafts.router.responses)

_STEP: dict[str, Any] = {
    "policy": "resource",
    "matched": True,
    "response_model": schemas.ResourceOut,
    "responses": MATCHED,
}


@router.write("POST", "/withdraw", summary="Withdraw a resource: a public tombstone stays", **_STEP)
def withdraw(request: Request, here: Here, caller: Caller, public_id: PublicId, why: Concealment) -> Response:
    return _step(request, here, caller, public_id, publishing.withdraw, **why.model_dump())


@router.write("POST", "/hide", summary="Hide a resource while a complaint is examined", **_STEP)
def hide(request: Request, here: Here, caller: Caller, public_id: PublicId, why: Concealment) -> Response:
    return _step(request, here, caller, public_id, publishing.hide, **why.model_dump())


@router.write("POST", "/restore", summary="Bring a withdrawn resource back as it was", **_STEP)
def restore(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    return _step(request, here, caller, public_id, publishing.restore)


@router.write("POST", "/unhide", summary="Show a hidden resource again", **_STEP)
def unhide(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    return _step(request, here, caller, public_id, publishing.unhide)


def _step(
    request: Request,
    here: Installation,
    caller: Credentials,
    public_id: str,
    verb: Callable[..., Resource],
    **why: str,
) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        expected = writing.expected(request, "resource.stale", id=public_id)
        verb(session, actor, public_id, repository_id=here.repository_id, expected=expected, now=here.now(), **why)
        shown, etag = showing.written(session, here, actor, public_id)
        url = f"{here.settings.base_url}/api/resources/{public_id}"
        return Answer(200, shown.content(), {"ETag": etag, "Content-Location": url})

    return writing.write(request, here, caller, deed)
