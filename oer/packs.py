"""What goes into a pack: a collection, or one resource, to be carried on a stick and opened without a network.

A pack is passed from hand to hand, so that of a collection it holds what anybody may have, whoever asks for it.
What stays out is named, with the reason.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlmodel import Session

from metadata.record import Record
from oer import policy, queries, stored
from oer.collections import Found
from oer.errors import OerError, Unavailable
from oer.models import Derivative, Institution, Resource, Version, VersionFile
from oer.policy import ANONYMOUS
from oer.queries.collections import Place
from storage import portable_names

# Of what light variants are made as.
_EXTENSIONS = {"image/webp": ".webp", "application/pdf": ".pdf", "video/mp4": ".mp4", "audio/mpeg": ".mp3"}

Lights = Mapping[str, Derivative]
"""Light variants by the key of what they were made of."""

_SHOWN_ONLY = "preview"  # the role of files that show others and say nothing of their own


@dataclass(frozen=True, slots=True)
class PackedFile:
    """``path`` is where it lies in the ZIP, ``name`` what people call it; ``key`` is of the store."""

    path: str
    name: str
    key: str
    media_type: str
    size: int
    role: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource. ``left_out`` is the kind of access that keeps its files out, with ``available``, their first day."""

    resource: Resource
    version: Version
    institution: Institution
    record: Record
    files: Sequence[PackedFile]
    note: str = ""
    left_out: str | None = None
    available: date | None = None


@dataclass(frozen=True, slots=True)
class PackedUnit:
    titles: Mapping[str, str]
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Pack:
    """``titles`` and ``descriptions`` by language; both are empty in a pack of one resource."""

    id: str
    institution: Institution
    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    changed: datetime
    units: Sequence[PackedUnit]
    light: bool

    @property
    def entries(self) -> Iterator[Entry]:
        for unit in self.units:
            yield from unit.entries

    @property
    def files(self) -> Iterator[PackedFile]:
        for entry in self.entries:
            yield from entry.files

    @property
    def left_out(self) -> int:
        """Resources whose files stay out."""
        return sum(entry.left_out is not None for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Offered:
    """``size`` of all files in bytes, ``light`` that of their light variants."""

    files: int
    size: int
    light: int


class _Row(NamedTuple):
    place: Place
    resource: Resource
    version: Version
    owner: Institution
    files: Sequence[VersionFile]


def of_collection(session: Session, found: Found, *, light: bool = False, today: date) -> Pack:
    """The published resources of a collection in their units, with the files that anybody may have.

    A resource whose record is damaged, and logged, is left out.
    """
    rows = _rows(session, found)
    lights = _lights(session, (file for row in rows for file in row.files)) if light else None
    items: dict[int | None, list[Entry]] = {}
    for row in rows:
        with suppress(Unavailable):
            items.setdefault(row.place.unit_id, []).append(_entry(row, lights=lights, today=today))
    units = queries.collections.units(session, collection_id=found.id)
    collection = found.collection
    return Pack(
        id=collection.public_id,
        institution=found.institution,
        titles=collection.titles,
        descriptions=collection.descriptions,
        changed=collection.changed,
        units=[PackedUnit(unit.titles, items.get(unit.id, [])) for unit in units],
        light=light,
    )


def offered(session: Session, found: Found, *, today: date) -> Offered:
    """What :func:`of_collection` would hold, by its size: no record is read, and a damaged one is not noticed."""
    rows = [row for row in _rows(session, found, records=False) if _left_out(row, today) is None]
    lights = _lights(session, (file for row in rows for file in row.files))
    whole, light = (
        [file.size for row in rows for file in _packed(row.resource.public_id, row.files, wanted)]
        for wanted in (None, lights)
    )
    return Offered(len(whole), sum(whole), sum(light))


def _rows(session: Session, found: Found, *, records: bool = True) -> list[_Row]:
    shown = queries.collections.shown(session, collection_id=found.id)
    rows = queries.resources.published_by_id(session, ids=[place.resource_id for place in shown], records=records)
    by_id = {row[0].id: row for row in rows}
    files = queries.resources.files_of_many(session, version_ids=[version.id or 0 for _, version, _ in rows])
    return [
        _Row(place, *row, files.get(row[1].id or 0, [])) for place in shown if (row := by_id.get(place.resource_id))
    ]


def of_resource(
    session: Session,
    resource: Resource,
    version: Version,
    owner: Institution,
    files: Sequence[VersionFile],
    *,
    light: bool = False,
) -> Pack:
    """A resource with all files of the version, for whoever may have them: that is the caller's to ask.

    Raises Unavailable (``stored.record_of``).
    """
    record = stored.record_of(resource, version)
    lights = _lights(session, files) if light else None
    entry = Entry(resource, version, owner, record, _packed(resource.public_id, files, lights))
    unit = PackedUnit({}, [entry])
    return Pack(resource.public_id, owner, {}, {}, version.published, [unit], light)


def _entry(row: _Row, *, lights: Lights | None, today: date) -> Entry:
    """Raises Unavailable (``stored.record_of``)."""
    record = stored.record_of(row.resource, row.version)
    known, out = (row.resource, row.version, row.owner, record), _left_out(row, today)
    if out is not None:
        return Entry(*known, [], row.place.note, out if row.files else None, row.resource.available)
    return Entry(*known, _packed(row.resource.public_id, row.files, lights), row.place.note)


def _left_out(row: _Row, today: date) -> str | None:
    """The kind of access that keeps the files from those who pass by."""
    kind, available = row.resource.access, row.resource.available
    try:
        policy.require_download(ANONYMOUS, row.resource, row.owner, access=kind, available=available, today=today)
    except OerError:
        return kind
    return None


def _lights(session: Session, files: Iterable[VersionFile]) -> Lights:
    return queries.previews.lights(session, keys=sorted({file.key for file in files}))


def _packed(public_id: str, files: Sequence[VersionFile], lights: Lights | None) -> list[PackedFile]:
    """``lights`` where light files are wanted: what was made of files, in place of what is larger."""
    taken: set[str] = set()
    packed = []
    for file in chosen(files, light=lights is not None):
        made = lights.get(file.key) if lights else None
        name, key, media_type, size = file.name, file.key, file.media_type, file.size
        if made is not None and made.size < size:
            name, key, media_type, size = _renamed(name, made.media_type), made.key, made.media_type, made.size
        path = f"files/{public_id}/{portable_names.portable(name, taken)}"
        packed.append(PackedFile(path, name, key, media_type, size, file.role))
    return packed


def _renamed(name: str, media_type: str) -> str:
    """The name with the extension of what its bytes are now."""
    extension = _EXTENSIONS.get(media_type, "")
    stem = name.rpartition(".")[0] or name
    return f"{stem}{extension}" if extension and not name.lower().endswith(extension) else name


def chosen(files: Sequence[VersionFile], *, light: bool) -> list[VersionFile]:
    """Those that go into a pack: of a main file and its light variant the one or the other.

    A light file stands for the main ones in its language; one without a language, of either kind, for all.
    """
    by_role = {role: {file.language for file in files if file.role == role} for role in ("main", "light")}
    out = {"main": by_role["light"] if light else set(), "light": set() if light else by_role["main"]}
    return [
        file for file in files if file.role != _SHOWN_ONLY and not _stands(file.language, out.get(file.role, set()))
    ]


def _stands(language: str | None, others: Set[str | None]) -> bool:
    return bool(others) and (language is None or None in others or language in others)
