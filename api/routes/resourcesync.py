"""``/.well-known/resourcesync`` and what it leads to: ResourceSync 1.1 for partners who keep copies."""

import hashlib
from collections.abc import Iterable

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from api import conditional, lines, lookup
from harvest import parts, resourcesync, source
from harvest.parts import Cuts, Part
from harvest.resourcesync import Source
from harvest.source import Capability, Form
from oer import queries
from oer.db import reading
from oer.errors import NotFound
from oer.installation import Installation
from oer.policy import ANONYMOUS


async def description(request: Request) -> Response:
    return _document(request, resourcesync.description(_source(request)))


async def capability_list(request: Request) -> Response:
    return _document(request, resourcesync.capability_list(_source(request), source.CAPABILITIES))


def whole(request: Request) -> Response:
    """A list, or the index of its parts where it is long. Raises NotFound for a capability that we have not."""
    capability = _capability(request)
    here, cuts = _here(request)
    with reading(here.engine) as session:
        shown = parts.shown(session, cuts, live=source.is_live(capability))
        if len(shown) > 1:
            return _document(request, source.index(session, _source(request), capability, shown))
        after = shown[0].after if shown else (cuts.ends(session) or [0])[-1]
        found = parts.part(session, after, None, size=cuts.size)
        about = source.span(session, capability, found)
    return _listing(request, capability, found, about, indexed=False)


def part(request: Request) -> Response:
    """A part of a list that has an index. Raises NotFound for a name that no index gives out."""
    capability = _capability(request)
    here, cuts = _here(request)
    with reading(here.engine) as session:
        found = part_named(session, cuts, request.path_params["name"])
        about = source.span(session, capability, found)
    return _listing(request, capability, found, about, indexed=True)


def part_named(session: Session, cuts: Cuts, name: str) -> Part:
    """The part that an index gives this name. Raises NotFound.

    The open one may have grown meanwhile: it is cut as it will be. One with an end was cut when parts were perhaps
    larger, and stays whole.
    """
    bounds = resourcesync.part_of(name)
    if bounds is None:
        raise NotFound("page.unknown")
    return parts.part(session, *bounds, size=cuts.size if bounds[1] is None else parts.LARGEST)


def manifest(request: Request) -> Response:
    """What belongs to one resource. Raises NotFound, and Gone for what is not shown."""
    here, _ = _here(request)
    with reading(here.engine) as session:
        found = lookup.version(session, ANONYMOUS, request.path_params["public_id"])
        files = queries.resources.files(session, version_id=found.version.id or 0)
    shown = files if found.is_open(today=here.now().date()) else ()
    content = source.manifest(_source(request), _form(request), found.resource, found.version, shown)
    return _document(request, content)


def _listing(request: Request, capability: Capability, found: Part, about: source.About, *, indexed: bool) -> Response:
    here, _ = _here(request)
    pieces = source.listing(here.engine, _source(request), _form(request), capability, found, about, indexed=indexed)
    return sent(request, pieces, found, capability)


def sent(request: Request, pieces: Iterable[bytes], found: Part | None, *kind: str) -> Response:
    """A long list while it is made. Its tag is of what it is made from, which tells as much as its bytes would."""
    here, _ = _here(request)
    made_from = [request.app.state.version, here.settings.base_url, *here.settings.languages, *kind, str(found)]
    tag = hashlib.sha256("\0".join(made_from).encode()).hexdigest()[:24]
    return lines.answer(request, pieces, media_type=resourcesync.XML, private=False, vary="", etag=f'"{tag}"')


def _document(request: Request, content: bytes) -> Response:
    return conditional.answer(
        request, content, media_type=resourcesync.XML, etag=conditional.tag(content), vary="", packs=True
    )


def _capability(request: Request) -> Capability:
    wanted = request.path_params["capability"]
    found = next((one for one in source.CAPABILITIES if one == wanted), None)
    if found is None:
        raise NotFound("page.unknown")
    return found


def _here(request: Request) -> tuple[Installation, Cuts]:
    return request.app.state.installation, request.app.state.cuts


def _source(request: Request) -> Source:
    here, _ = _here(request)
    return Source(here.settings.base_url)


def _form(request: Request) -> Form:
    here, _ = _here(request)
    return Form(here.settings.languages[0])
