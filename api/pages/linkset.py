"""``/resources/{id}/linkset``: every typed link of a resource, its files and its descriptions, for programs."""

from collections.abc import Callable, Iterable, Sequence

from starlette.requests import Request
from starlette.responses import Response

from api import conditional, lookup
from api.lookup import Found
from harvest import signposting
from harvest.signposting import Link, Object
from metadata.record import Record
from oer import queries, stored
from oer.db import reading
from oer.installation import Installation
from oer.models import VersionFile
from oer.policy import ANONYMOUS


def as_json(request: Request) -> Response:
    """Raises NotFound, Gone for what is not shown, and Unavailable for a damaged record."""
    return _sent(request, signposting.linkset_json, signposting.JSON)


def as_text(request: Request) -> Response:
    """Raises as :func:`as_json`."""
    return _sent(request, signposting.linkset_text, signposting.TEXT)


def _sent(request: Request, write: Callable[[Iterable[Link]], bytes], media_type: str) -> Response:
    here: Installation = request.app.state.installation
    with reading(here.engine) as session:
        found = lookup.version(session, ANONYMOUS, request.path_params["public_id"])
        files = queries.resources.files(session, version_id=found.version.id or 0)
    record = stored.record_of(found.resource, found.version)
    content = write(signposting.level_2(signposted(here, found, record, files)))
    return conditional.answer(
        request, content, media_type=media_type, etag=conditional.tag(content), vary="", packs=True
    )


def signposted(here: Installation, found: Found, record: Record, files: Sequence[VersionFile]) -> Object:
    """What links tell of a resource: of its files, where anybody may have them.

    Formats that need files follow the worker, which opens a resource some time after its embargo has ended.
    """
    return signposting.object_of(
        here.settings.base_url,
        found.resource.public_id,
        record,
        files if found.is_open(today=here.now().date()) else (),
        with_files=bool(files) and found.resource.access == "open",
    )
