"""What a ResourceSync source lists: descriptions and openly downloadable files, read in batches while they are written.

What is synchronised are files, and the description of each resource in one format; its page for people is what the
description *describes*, and the *collection* that its files belong to. Whatever is not published is never listed, nor
is a file that not everybody may download.

The change list tells of each resource its last change, with all of its files: a change of the description alone cannot
be told from one of files that others have not seen yet. Who knows the hash of a file need not fetch it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.engine import Engine
from sqlmodel import Session

from harvest import resourcesync
from harvest.parts import Part, Shown
from harvest.resourcesync import INDEX, URLSET, XML, Entry, Link, Source
from metadata.oai_record import datestamp
from oer import queries
from oer.db import reading
from oer.exposure import renderings
from oer.models import Resource, Version, VersionFile
from oer.queries.listings import Edition, Listed, Named

_BATCH = 200  # resources read at a time

About = Mapping[str, str | None]  # the attributes of an ``rs:md``

Capability = Literal["resourcelist", "changelist"]
CAPABILITIES: Sequence[Capability] = ("resourcelist", "changelist")
_LIVE: Mapping[Capability, bool] = {"resourcelist": True, "changelist": False}


@dataclass(frozen=True, slots=True)
class Form:
    """The form in which descriptions are synchronised: JSON-LD, whose words are in one ``language``.

    The address names the language, or who asks in another one would get other bytes under the same address.
    """

    language: str
    media_type: str = "application/ld+json"
    extension: str = "jsonld"

    def url(self, base_url: str, public_id: str) -> str:
        return f"{base_url}/api/resources/{public_id}?format=jsonld&lang={self.language}"


def is_live(capability: Capability) -> bool:
    """Whether the list is of what there is, and not of what has gone too."""
    return _LIVE[capability]


def span(session: Session, capability: Capability, part: Part) -> dict[str, str | None]:
    """The attributes of a list that tell its time.

    A resource list is as of the last change of all that can be seen; a change list reaches from the end of what comes
    before it, and has an end where it has been cut.
    """
    if capability == "resourcelist":
        last = queries.listings.stamp_at(session) or queries.records.clock(session).stamp
        return {"capability": capability, "at": datestamp(last)}
    # From the very beginning, not from the oldest change that is still the last of its resource: who has seen what came
    # before that one would believe that something is missing, and begin anew.
    begins = queries.listings.stamp_at(session, change=part.after) if part.after else None
    ends = queries.listings.stamp_at(session, change=part.upto) if part.upto is not None else None
    first = begins or queries.listings.began(session)
    return {
        "capability": capability,
        "from": datestamp(first),
        "until": datestamp(ends or first) if part.upto is not None else None,
    }


def index(session: Session, source: Source, capability: Capability, parts: Sequence[Shown]) -> bytes:
    """The index of several parts, in the order in which they are to be read."""
    entries = []
    for shown in parts:
        within = Part(shown.after, shown.upto, shown.after, 0)
        about = {**span(session, capability, within), "capability": None}
        entries.append(Entry(source.part(capability, shown.after, shown.upto), about, shown.modified))
    whole = span(session, capability, Part(0, None, 0, 0))
    return resourcesync.document(INDEX, whole, source.above(capability, indexed=False), entries)


def listing(
    engine: Engine,
    source: Source,
    form: Form,
    capability: Capability,
    part: Part,
    about: About,
    *,
    indexed: bool,
) -> Iterator[bytes]:
    """The document of one part, a batch of resources in each piece; no connection is held between two of them.

    A resource that changes meanwhile is missing here and is at the end of the change list.
    """
    yield resourcesync.head(URLSET, about, source.above(capability, indexed=indexed))
    after = part.after
    while True:
        with reading(engine) as session:
            rows = queries.listings.walk(session, after=after, upto=part.seen, live=_LIVE[capability], limit=_BATCH)
            entries = (
                _resources(session, source, form, rows) if _LIVE[capability] else _changes(session, source, form, rows)
            )
        yield b"".join(resourcesync.entry(URLSET, one) for one in entries)
        if len(rows) < _BATCH:
            break
        after = rows[-1].change
    yield resourcesync.tail(URLSET)


def manifest(source: Source, form: Form, resource: Resource, version: Version, files: Sequence[VersionFile]) -> bytes:
    """What belongs to one resource, with the place that each would have in a package of all (section 11.2).

    ``files`` are those that anybody may download. We make no such packages: who follows each address has the same.
    """
    public_id = resource.public_id
    description = {"path": f"/metadata.{form.extension}", "type": resourcesync.media_type(form.media_type)}
    landing = Link("describes", renderings.landing_url(source.base_url, public_id), "text/html")
    entries = [Entry(form.url(source.base_url, public_id), description, resource.changed, [landing])]
    for file in files:
        about = resourcesync.of_bytes(file.key, file.size, file.media_type) | {"path": f"/files/{file.name}"}
        url = renderings.file_url(source.base_url, public_id, file.name)
        entries.append(Entry(url, about, version.published, file_links(source, form, public_id)))
    about = {"capability": "resourcedump-manifest", "at": datestamp(resource.changed)}
    return resourcesync.document(URLSET, about, source.above("resourcelist", indexed=False), entries)


# ── What there is ────────────────────────────────────────────────────────────────────────────────


def _resources(session: Session, source: Source, form: Form, rows: Sequence[Listed]) -> list[Entry]:
    files = _open_files(session, rows)
    found = []
    for row in rows:
        mine = files.get(row.resource_id, ())
        found.append(_description(source, form, row, manifest=bool(mine)))
        found += [_file(source, form, row, file) for file in mine]
    return found


def _open_files(session: Session, rows: Sequence[Listed]) -> Mapping[int, Sequence[Named]]:
    ids = [row.resource_id for row in rows if row.access == "open" and not row.deleted]
    return queries.listings.files(session, resource_ids=ids, current=True)


def _description(source: Source, form: Form, row: Listed, *, manifest: bool, change: str | None = None) -> Entry:
    landing = Link("describes", renderings.landing_url(source.base_url, row.public_id), "text/html")
    contents = [Link("contents", source.manifest(row.public_id), XML)] if manifest else []
    about = _changed(row, change) | {"type": resourcesync.media_type(form.media_type)}
    return Entry(form.url(source.base_url, row.public_id), about, row.stamp, [landing, *contents])


def _file(source: Source, form: Form, row: Listed, file: Named, change: str | None = None) -> Entry:
    """``lastmod`` is what the download itself tells: when the version was published."""
    about = _changed(row, change) | resourcesync.of_bytes(file.key, file.size, file.media_type)
    url = renderings.file_url(source.base_url, row.public_id, file.name)
    return Entry(url, about, file.published, file_links(source, form, row.public_id))


def file_links(source: Source, form: Form, public_id: str) -> list[Link]:
    """What a file belongs to, and what describes it."""
    return [
        Link("collection", renderings.landing_url(source.base_url, public_id), "text/html"),
        Link("describedby", form.url(source.base_url, public_id), form.media_type),
    ]


def _changed(row: Listed, change: str | None) -> dict[str, str | None]:
    return {"change": change, "datetime": datestamp(row.stamp)} if change else {}


# ── What has changed ─────────────────────────────────────────────────────────────────────────────


def _changes(session: Session, source: Source, form: Form, rows: Sequence[Listed]) -> list[Entry]:
    files = _open_files(session, rows)
    gone = _gone_files(session, rows, files)
    found = []
    for row in rows:
        mine = files.get(row.resource_id, ())
        change = "deleted" if row.deleted else "created" if _is_new(row) else "updated"
        if row.deleted:
            found.append(_deleted(row, form.url(source.base_url, row.public_id)))
        else:
            found.append(_description(source, form, row, manifest=bool(mine), change=change))
        found += [_file(source, form, row, file, change) for file in mine]
        names = gone.get(row.resource_id, ())
        found += [_deleted(row, renderings.file_url(source.base_url, row.public_id, name)) for name in names]
    return found


def _is_new(row: Listed) -> bool:
    """Whether its last change is the first that the world saw of it."""
    return row.number == 1 and row.first.replace(microsecond=0) >= row.stamp


def _deleted(row: Listed, url: str) -> Entry:
    return Entry(url, _changed(row, "deleted"))


def _gone_files(session: Session, rows: Sequence[Listed], still: Mapping[int, Sequence[Named]]) -> dict[int, list[str]]:
    """Names of files that everybody could download once and nobody is offered now, by resource.

    A name that never was public is not told here either.
    """
    ids = [row.resource_id for row in rows if row.number > 1 or row.deleted]
    if not ids:
        return {}
    versions = queries.listings.editions(session, resource_ids=ids)
    files = queries.listings.files(session, resource_ids=ids, current=False)
    found = {}
    for row in rows:
        of_all = versions.get(row.resource_id, [])
        public = {
            one.number
            for one, following in zip(of_all, [*of_all[1:], None], strict=False)
            if _was_open(row, one, following)
        }
        names = dict.fromkeys(file.name for file in files.get(row.resource_id, ()) if file.number in public)
        kept = {file.name for file in still.get(row.resource_id, ())}
        found[row.resource_id] = [name for name in names if name not in kept]
    return found


def _was_open(row: Listed, version: Edition, following: Edition | None) -> bool:
    """Whether everybody could download its files at any time. Of the current one the resource itself knows."""
    if following is None:
        return row.access == "open"
    try:
        access = json.loads(version.record).get("access") or {}
        kind, until = access.get("kind", "open"), str(access.get("until") or "")
    except (ValueError, AttributeError):  # a damaged text: nothing is known to have been open
        return False
    return kind == "open" or (kind == "embargoed" and "" < until <= following.published.date().isoformat())
