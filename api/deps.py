"""What routes ask of a request: the installation, and who is calling."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel import Session

from oer import accounts, policy
from oer.errors import Unauthenticated
from oer.installation import Installation
from oer.policy import ANONYMOUS, Actor

_documented = HTTPBearer(
    auto_error=False, scheme_name="token", description="An access token (`oer token create`). Reading needs none."
)


def _installation(request: Request) -> Installation:
    found: Installation = request.app.state.installation
    return found


def _secret(
    request: Request, _given: Annotated[HTTPAuthorizationCredentials | None, Security(_documented)] = None
) -> str | None:
    """The bearer token (RFC 6750, section 2.1), None without one. Raises Unauthenticated for any other credentials."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, secret = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated("token.invalid")
    return secret.strip()


Here = Annotated[Installation, Depends(_installation)]
Secret = Annotated[str | None, Depends(_secret)]


def reader(session: Session, here: Installation, secret: str | None) -> Actor:
    """Who reads, found in the same snapshot as what they read. Raises Unauthenticated; Forbidden without ``read``."""
    if secret is None:
        return ANONYMOUS
    actor = accounts.actor_by_token(session, secret, now=here.now())
    policy.require_scope(actor, "read")
    return actor
