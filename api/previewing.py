"""What is made of a file to be shown beside it, as the API and pages name it."""

import json
from collections.abc import Sequence
from contextlib import suppress

from api import showing
from api.lookup import Found
from api.schemas import previews as bodies
from oer.installation import Installation
from oer.models import Derivative, Previewed, VersionFile
from storage.errors import Damaged, Missing
from storage.store import Store

_LISTED = 1 << 20  # bytes of a listing
_SIGN = 16  # letters of the key in an address


def url(base_url: str, public_id: str, name: str, one: Derivative, number: int | None = None) -> str:
    """Where the bytes are: below the file, in the current version without a ``number``.

    The address changes with the bytes (``v``), so that browsers may keep them.
    """
    return showing.file_url(base_url, public_id, name, number) + behind(one)


def behind(one: Derivative) -> str:
    """What the address has behind that of the file."""
    return f"/previews/{one.kind}/{one.number}?v={one.key[:_SIGN]}"


def is_of(one: Derivative, sign: str | None) -> bool:
    """Whether an address with this ``v`` names these very bytes."""
    return sign == one.key[:_SIGN]


def listing(store: Store, made: Sequence[Derivative]) -> bodies.ListingOut | None:
    """What lies in the archive, where that is one of the things made. A damaged one is none."""
    for one in made:
        if one.kind == "listing" and one.size <= _LISTED:
            with suppress(Missing, Damaged, ValueError):
                return bodies.ListingOut.model_validate(json.loads(b"".join(store.open(one.key))))
    return None


def body(
    here: Installation,
    found: Found,
    file: VersionFile,
    made: Sequence[Derivative],
    told: Previewed | None,
    *,
    of_version: int | None = None,
) -> bodies.PreviewsOut:
    """All of a file; with ``of_version`` at the addresses of that version."""
    base_url, public_id = here.settings.base_url, found.resource.public_id
    return bodies.PreviewsOut.model_validate(
        {
            "name": file.name,
            "state": told.state if told else None,
            "pages": told.pages if told else None,
            "duration": told.duration if told else None,
            "items": [
                {
                    **one.model_dump(include={"kind", "media_type", "width", "height", "size"}),
                    "position": one.number,
                    "url": url(base_url, public_id, file.name, one, of_version),
                }
                for one in made
            ],
            "listing": listing(here.store, made),
        }
    )
