"""Resources in lists: what a card tells of one, in the reader's language."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from sqlmodel import Session
from starlette.requests import Request

from api import i18n, previewing, render, schemas, showing
from metadata import licences, vocabularies
from metadata.record import Text, pick
from oer import queries
from oer.installation import Installation
from oer.models import Derivative

_LEVELS, _LANGUAGES = 2, 3  # that a card tells
_TINTS = 6
_END = 6  # letters that are too many for the name of a format
_COVERS = ("cover", "poster")  # the better ones first
# Kinds of resource (HCRT) → the sign beside their name; all others are texts.
_ICONS = {
    "application": "play",
    "assessment": "exercise",
    "audio": "audio",
    "course": "course",
    "data": "data",
    "diagram": "data",
    "drill_and_practice": "exercise",
    "educational_game": "play",
    "experiment": "experiment",
    "image": "image",
    "index": "book",
    "lesson_plan": "plan",
    "map": "map",
    "portal": "web",
    "questionnaire": "exercise",
    "sheet_music": "music",
    "simulation": "play",
    "slide": "slides",
    "textbook": "book",
    "video": "video",
    "web_page": "web",
    "worksheet": "exercise",
    "other": "other",
}
ICONS = tuple(dict.fromkeys(("text", *_ICONS.values())))


Covers = Mapping[str, Derivative]


@dataclass(frozen=True, slots=True)
class Card:
    """A resource in a list. ``format`` is that of its main files, by the end of their names, where all have one and
    the same; ``cover`` is the address of a picture; ``found`` says where it says what was asked for.
    """

    id: str
    path: str
    title: Text | None
    description: Text | None
    creators: Sequence[str]
    kind: str | None
    icon: str
    tint: int
    levels: Sequence[str]
    languages: Sequence[str]
    licence: str | None
    access: str
    open: bool
    format: str
    size: int
    institution: Text
    published: date
    cover: str | None
    found: schemas.FoundOut | None = None

    @property
    def said(self) -> Sequence[str]:
        """What stands in one line below: for whom, in which languages, in what form."""
        return [*self.levels, *self.languages, *filter(None, [self.format if self.size else ""])]


def shown(
    request: Request, session: Session, ids: Sequence[int], found: Mapping[str, schemas.FoundOut] | None = None
) -> list[Card]:
    """The cards of those of these resources that are published, in this order."""
    here: Installation = request.app.state.installation
    items = showing.items(session, here, request.app.state.shelf, ids)
    return of_items(request, session, items, found)


def of_items(
    request: Request, session: Session, items: Sequence[bytes], found: Mapping[str, schemas.FoundOut] | None = None
) -> list[Card]:
    """The cards of resources that are JSON already."""
    told = [json.loads(item) for item in items]
    covers = _covers(session, told)
    spoken, prefix = render.spoken(request), request.app.state.prefix
    return [_card(item, spoken, prefix, covers, (found or {}).get(item["id"])) for item in told]


def _covers(session: Session, items: Sequence[Mapping[str, Any]]) -> Covers:
    """Source key → its picture."""
    keys = [file["sha256"] for item in items if item["access"]["open"] for file in item["files"]]
    made = queries.previews.of(session, keys=keys, kinds=_COVERS)
    return {key: min(each, key=lambda one: _COVERS.index(one.kind)) for key, each in made.items()}


def _card(item: Mapping[str, Any], spoken: str, prefix: str, covers: Covers, found: schemas.FoundOut | None) -> Card:
    record = item["record"]
    own = item["institution"]["names"].values()  # an institution that is its own author stands below already
    kind, licence = record.get("resource_type"), licences.get(record.get("licence") or "")
    icon = icon_of(kind)
    return Card(
        id=item["id"],
        path=f"/resources/{item['id']}",
        title=_pick(record, "title", spoken),
        description=_pick(record, "description", spoken),
        creators=[creator["name"] for creator in record.get("creators", ()) if creator["name"] not in own],
        kind=vocabularies.label("hcrt", kind, spoken) if kind else None,
        icon=icon,
        tint=tint_of(icon),
        levels=[_level(one, spoken) for one in record.get("levels", ())[:_LEVELS]],
        languages=[i18n.language_name(tag, spoken) for tag in record.get("languages", ())[:_LANGUAGES]],
        licence=licence.short if licence else None,
        access=item["access"]["kind"],
        open=item["access"]["open"],
        format=_format(item["files"]),
        size=sum(file["size"] for file in item["files"] if file["role"] in ("main", "extra", "caption")),
        institution=name(item["institution"]["names"], item["institution"]["slug"], spoken),
        published=datetime.fromisoformat(item["published"] or item["version"]["published"]).date(),
        cover=_cover(item, prefix, covers),
        found=found,
    )


def _level(uri: str, spoken: str) -> str:
    """The name that schools use, where it is short; an operator's own label comes first."""
    code = f"short.{uri.rpartition('/')[2]}"
    said = i18n.message(code, spoken)
    return vocabularies.label("isced-levels", uri, spoken) if said == code or vocabularies.overridden(uri) else said


def _format(files: Sequence[Mapping[str, Any]]) -> str:
    ends = {file["name"].rpartition(".")[2].upper() for file in files if file["role"] == "main" and "." in file["name"]}
    (only,) = ends if len(ends) == 1 else ("",)
    return only if only.isalnum() and len(only) < _END else ""


def _pick(record: Mapping[str, Any], field: str, spoken: str) -> Text | None:
    told = [Text.model_construct(value=one["value"], lang=one.get("lang", "und")) for one in record.get(field, ())]
    return pick(told, spoken)


def _cover(item: Mapping[str, Any], prefix: str, covers: Covers) -> str | None:
    for file in item["files"]:
        one = covers.get(file["sha256"])
        if one and item["access"]["open"]:
            return preview_url(prefix, item["id"], file["name"], one)
    return None


def preview_url(prefix: str, public_id: str, file: str, one: Derivative, *, version: int | None = None) -> str:
    return file_url(prefix, public_id, file, version=version) + previewing.behind(one)


def file_url(prefix: str, public_id: str, name: str, *, version: int | None = None) -> str:
    """Where a file is downloaded; without a version, of whichever is current."""
    of_version = f"/versions/{version}" if version else ""
    return f"{prefix}/api/resources/{public_id}{of_version}/files/{quote(name, safe='')}"


def icon_of(kind: str | None) -> str:
    """The sign of a kind of resource, by its URI."""
    return _ICONS.get((kind or "").rpartition("/")[2], "text")


def tint_of(sign: str) -> int:
    """One of the six tints of covers without a picture."""
    return sum(sign.encode()) % _TINTS + 1


def name(names: Mapping[str, str], otherwise: str, spoken: str) -> Text:
    """Names by language, in the reader's where there is one."""
    told = [Text.model_construct(value=value, lang=lang) for lang, value in names.items()]
    return pick(told, spoken) or Text.model_construct(value=otherwise, lang="und")
