"""Resources as the API shows them: alone, in lists and behind hits; from the shelf where they lie there."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from urllib.parse import quote

from sqlmodel import Session

from api import conditional, lookup, schemas
from api.lookup import Found
from api.shelf import Answer, Shelf, look
from oer import identifiers, queries, stored
from oer.errors import Unavailable
from oer.exposure import renderings
from oer.installation import Installation
from oer.models import Institution, Resource, Version, VersionFile
from oer.policy import Actor
from oer.workflow import ResourceState


def items(session: Session, here: Installation, shelf: Shelf, ids: Sequence[int]) -> list[bytes]:
    """Those of these resources that are published, as JSON, in the order of ``ids``."""
    looked_at = look(session, ids, here.now().date())
    found: dict[int, bytes] = {}
    for resource_id, (public_id, made) in looked_at.items():
        answer = shelf.get(public_id)
        if answer is not None and answer.made == made:
            found[resource_id] = answer.content
    new = [one for one in looked_at if one not in found]
    rows = queries.resources.published_by_id(session, ids=new) if new else []
    versions = [version.id or 0 for _, version, _ in rows]
    files = queries.resources.files_of_many(session, version_ids=versions) if rows else {}
    for row in rows:
        for shown in bodies(here, [row], files):
            resource_id = row[0].id or 0
            found[resource_id] = shown.content()
            shelf.put(shown.id, Answer(looked_at[resource_id][1], found[resource_id]))
    return [found[one] for one in ids if one in found]


def bodies(
    here: Installation,
    rows: Sequence[tuple[Resource, Version, Institution]],
    files: Mapping[int, Sequence[VersionFile]],
) -> list[schemas.ResourceOut]:
    """Of many resources one that is damaged, and logged, is left out: the others are sound."""
    found = []
    for resource, version, institution in rows:
        with suppress(Unavailable):
            found.append(body(here, Found(resource, institution, version), files.get(version.id or 0, [])))
    return found


def written(session: Session, here: Installation, actor: Actor, public_id: str) -> tuple[schemas.ResourceOut, str]:
    """The resource after a step of its own, in its current version, with its ETag."""
    found = lookup.version(session, actor, public_id)
    files = queries.resources.files(session, version_id=found.version.id or 0)
    shown = body(here, found, files)
    return shown, conditional.tag(shown.content(), lock=found.resource.lock)


def body(
    here: Installation, found: Found, files: Sequence[VersionFile], *, of_version: int | None = None
) -> schemas.ResourceOut:
    """The resource as the API shows it. With ``of_version`` its files have the addresses of that version.

    Raises Unavailable (``stored.record_of``).
    """
    resource, version, institution = found.resource, found.version, found.institution
    base_url, public_id = here.settings.base_url, resource.public_id
    return schemas.ResourceOut.model_validate(
        {
            "id": public_id,
            "oai_identifier": identifiers.oai_identifier(here.repository_id, public_id),
            "url": renderings.landing_url(base_url, public_id),
            "state": resource.state,
            "institution": {"slug": institution.slug, "names": dict(sorted(institution.names.items()))},
            "version": version.model_dump(include={"number", "published", "digest", "note"}),
            "record": stored.record_of(resource, version),
            "files": [
                {
                    **file.model_dump(include={"name", "media_type", "size", "role", "language"}),
                    "sha256": file.key,
                    "url": file_url(base_url, public_id, file.name, of_version),
                }
                for file in files
            ],
            "access": access(found, today=here.now().date()),
            "tombstone": _tombstone(here, resource),
            "created": resource.created,
            "published": resource.published,
            "changed": resource.changed,
        }
    )


def _tombstone(here: Installation, resource: Resource) -> dict[str, object] | None:
    if resource.state == ResourceState.PUBLISHED:
        return None
    return {
        "id": resource.public_id,
        "oai_identifier": identifiers.oai_identifier(here.repository_id, resource.public_id),
        "state": resource.state,
        "reason": resource.reason or "other",
        "note": resource.reason_note,
        "since": resource.changed,
    }


def access(found: Found, *, today: date) -> schemas.AccessOut:
    kind, available = found.access
    return schemas.AccessOut.model_validate({"kind": kind, "available": available, "open": found.is_open(today=today)})


def file_url(base_url: str, public_id: str, name: str, number: int | None) -> str:
    """Where a file of a version is downloaded; without a number, of whichever is current."""
    if number is None:
        return renderings.file_url(base_url, public_id, name)
    return f"{base_url}/api/resources/{public_id}/versions/{number}/files/{quote(name, safe='')}"


def oembed_url(base_url: str, public_id: str) -> str:
    """Where a page leads to: ``<link rel="alternate" type="application/json+oembed" href="…">`` (oEmbed, section 4)."""
    return f"{base_url}/api/oembed?url={quote(renderings.landing_url(base_url, public_id), safe='')}"
