"""What counts as a use: a page that a person was shown, a file that a person has begun to get.

Robots and other programs, what browsers fetch in advance or to fill a page, and what its own editors look at are no
uses; ``docs/decisions/0015-usage.md`` has the reasons. Nothing here waits for the database, but for people who are
signed in, and nothing fails a request.
"""

import logging
from collections.abc import Callable, Iterable
from functools import lru_cache

import counter_robots
from starlette.requests import Request
from starlette.responses import Response

from api import deps, networks
from api.deps import Credentials
from api.lookup import Found
from oer import policy
from oer.db import reading
from oer.installation import Installation
from oer.models import Institution, Resource
from oer.policy import ANONYMOUS, Actor
from oer.tally import Tally
from oer.usage import Kind, Use
from oer.workflow import ResourceState

logger = logging.getLogger(__name__)

_LONGEST = 400  # characters of what a program says of itself
_OWN = "oer-"  # programs of this house, such as the client
_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_PROBE = 2  # bytes: players ask for so few to find out whether ranges are understood
_ASKED_FOR = frozenset({"document", "empty"})  # Sec-Fetch-Dest of what somebody has chosen; not of what fills a page


def viewed(request: Request, found: Found, answer: Response) -> Response:
    """The same answer, its page counted where it is shown to a person. Call it with what the page answers."""
    try:
        tally = _tally(request, found.resource) if answer.status_code == 200 else None
        if tally is not None and _is_use(request) and not _edits(_visitor(request), found.resource, found.institution):
            tally.note(_use(request, found.resource, "views", ""))
    except Exception:
        logger.exception("a view was not counted")
    return answer


def download(
    request: Request, actor: Actor, taken: Iterable[tuple[Resource, Institution]], *, thing: str, size: int
) -> Callable[[int, int], None]:
    """What to call when the bytes of ``thing`` are sent, from … to before: the key of a file, or several in one; of
    which resources it is, is in ``taken``.
    """
    counted = [resource for resource, owner in taken if not _edits(actor, resource, owner)]

    def begun(start: int, end: int) -> None:
        try:
            probing = end - start <= _PROBE < size
            chosen = request.headers.get("sec-fetch-dest", "document") in _ASKED_FOR
            if start or probing or not chosen or not _is_use(request):
                return
            for resource in counted:
                if (tally := _tally(request, resource)) is not None:
                    tally.note(_use(request, resource, "downloads", thing))
        except Exception:
            logger.exception("a download was not counted")

    return begun


def _tally(request: Request, resource: Resource) -> Tally | None:
    """None where nothing is counted, or not of this resource."""
    tally: Tally | None = request.app.state.tally
    return tally if resource.state == ResourceState.PUBLISHED else None


def _is_use(request: Request) -> bool:
    ahead = any(told in request.headers.get(name, "").lower() for name in _AHEAD for told in ("prefetch", "preview"))
    return request.method == "GET" and not ahead and not is_program(request.headers.get("user-agent", ""))


@lru_cache(maxsize=4096)
def is_program(user_agent: str) -> bool:
    """Whether COUNTER lists it as a robot or a machine; who says nothing is one too. Kept: a look takes 0.2 ms."""
    told = user_agent[:_LONGEST]
    return told.startswith(_OWN) or bool(counter_robots.is_robot_or_machine(told))


def _use(request: Request, resource: Resource, kind: Kind, thing: str) -> Use:
    here: Installation = request.app.state.installation
    followed = request.headers.get("dnt") != "1" and request.headers.get("sec-gpc") != "1"
    program = request.headers.get("user-agent", "")[:_LONGEST]
    visitor = f"{networks.of(request, here)} {program}" if followed else None
    return Use(kind, resource.id or 0, thing, visitor, here.now())


def _visitor(request: Request) -> Actor:
    """Who looks at a page: pages know people by their cookie alone."""
    here: Installation = request.app.state.installation
    cookie = request.cookies.get(deps.cookie_name(here))
    if cookie is None:
        return ANONYMOUS
    with reading(here.engine) as session:
        return deps.visitor(session, here, Credentials(cookie=cookie))


def _edits(actor: Actor, resource: Resource, owner: Institution) -> bool:
    """Its author, and those who review and manage where it belongs."""
    return policy.may_see_unpublished(actor, resource, owner)
