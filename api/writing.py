"""Writes through REST: who acts, one transaction, preconditions, and answers kept for a request made again."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from api import conditional, deps, routing
from api.deps import Credentials
from api.errors import DoorError
from api.schemas import Body
from oer import answers
from oer.db import reading, transaction
from oer.errors import Conflict, Invalid, NotFound, Stale, TooLarge
from oer.installation import Installation
from oer.policy import Actor

_KEYED = frozenset({"POST", "PATCH"})  # PUT and DELETE may simply be sent again
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_TAG = re.compile(r'"(\d{1,18})-[0-9a-f]{24}"')
_NOT_KEPT = frozenset({"set-cookie"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write answers. ``again`` is the content for the same request made again, where it must differ from
    ``content``: a secret is shown once and kept nowhere.
    """

    status: int = 200
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    again: bytes | None = None


Deed = Callable[[Session, Actor], Answer]


def created(body: Body, *, location: str, etag: str | None = None, again: Body | None = None) -> Answer:
    """201 with the address of the new thing."""
    headers = {"Location": location} | ({"ETag": etag} if etag else {})
    return Answer(201, body.content(), headers, again.content() if again else None)


def shown(body: Body, *, etag: str | None = None) -> Answer:
    """200 with what is there now."""
    return Answer(200, body.content(), {"ETag": etag} if etag else {})


NOTHING = Answer(204)


def write(
    request: Request,
    here: Installation,
    caller: Credentials,
    deed: Deed,
    *,
    public: bool = False,
    content: str | None = None,
) -> Response:
    """Do it in one transaction, as whoever is calling, once for each ``Idempotency-Key`` of a POST or PATCH.

    Only ``public`` deeds are for callers without credentials. ``content`` is the digest of a streamed body.
    Raises Unauthenticated, and what the deed raises.
    """
    key = require_key(request)
    with transaction(here.engine) as session:
        actor = deps.actor(session, here, caller) if public else deps.signed_in(session, here, caller)
        if key is None:
            answer, again = deed(session, actor), False
        else:
            answer, again = _once(session, here, actor, request, key, deed, content)
    return _response(answer, again=again)


@contextmanager
def unless_again(request: Request, here: Installation, caller: Credentials) -> Iterator[None]:
    """What is asked before a write: what the write itself has done does not stand in the way of asking again.

    Then :func:`write` answers as before, or refuses. Raises what is asked inside, of a request that is new.
    """
    try:
        yield
    except (Invalid, NotFound, Conflict, TooLarge, Stale):
        if not is_again(request, here, caller):
            raise


def is_again(request: Request, here: Installation, caller: Credentials) -> bool:
    """Whether this person has done something under this ``Idempotency-Key``. Raises Unauthenticated."""
    key = require_key(request)
    if key is None:
        return False
    with reading(here.engine) as session:
        person_id = deps.signed_in(session, here, caller).person_id
        return person_id is not None and answers.is_kept(session, owner=answers.of_person(person_id), key=key)


def _once(
    session: Session, here: Installation, actor: Actor, request: Request, key: str, deed: Deed, content: str | None
) -> tuple[Answer, bool]:
    asked = routing.fingerprint(request, content)
    # The keys of people nobody knows are apart by what they ask: none sees another's answer.
    owner = answers.of_person(actor.person_id) if actor.person_id is not None else f"{actor.name}:{asked}"
    kept = answers.claim(session, owner=owner, key=key, fingerprint=asked, now=here.now())
    if kept is not None:
        return Answer(kept.status, kept.content, kept.headers), True
    answer = deed(session, actor)
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in _NOT_KEPT}
    again = answer.content if answer.again is None else answer.again
    answers.keep(session, owner=owner, key=key, status=answer.status, headers=headers, content=again)
    return answer, False


def _response(answer: Answer, *, again: bool) -> Response:
    headers = {"Cache-Control": conditional.PRIVATE, **answer.headers}
    if again:
        headers["Idempotent-Replayed"] = "true"
    kind = "application/json" if answer.content else None
    return Response(answer.content, answer.status, headers, media_type=kind)


def require_key(request: Request) -> str | None:
    """The ``Idempotency-Key``, quoted as a structured field or plain. Raises DoorError where it is none."""
    given = request.headers.get("idempotency-key")
    if given is None or request.method not in _KEYED:
        return None
    key = given.strip()
    if len(key) > 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not _KEY.fullmatch(key):
        raise DoorError("idempotency.key-invalid")
    return key


def expected(request: Request, stale: str, **params: object) -> int | None:
    """The ``lock`` in the ETag of ``If-Match``, None for ``*``: whoever says so insists on nothing.

    Raises DoorError (428, RFC 6585) without the header, Stale with this code for a tag of another kind.
    """
    given = ", ".join(request.headers.getlist("if-match")).strip()
    if not given:
        raise DoorError("precondition.required")
    if given == "*":
        return None
    # Of several tags (RFC 9110, section 13.1.1) those of another kind match nothing; with two of ours somebody guesses.
    locks = {int(match[1]) for match in map(_TAG.fullmatch, conditional.strong_tags(given)) if match}
    if len(locks) != 1:
        raise Stale(stale, **params)
    return locks.pop()


def tag(body: Body, lock: int) -> str:
    """The ETag of what :func:`expected` reads again."""
    return conditional.tag(body.content(), lock=lock)
