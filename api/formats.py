"""Which representation of a resource is wanted: by ``?format=``, or by ``Accept`` (RFC 9110, section 12.5.1)."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError
from starlette.datastructures import Headers

from api.errors import DoorError
from api.schemas import examples
from metadata.crosswalks import Described, FileLink
from metadata.crosswalks.exports import EVERY, XML, Export
from metadata.record import Record, Text

JSON = "json"
JSON_TYPE = "application/json"
NAMES = (JSON, *EVERY)

_PAGE = "text/html"
_LONGEST = 2000  # characters of a header that are looked at
_RANGE = re.compile(r"([\w!#$&^.+-]+|\*)/([\w!#$&^.+-]+|\*)", re.ASCII)
_WEIGHT = re.compile(r"[01](?:\.\d{0,3})?", re.ASCII)


def _known(name: str) -> str:
    if name not in NAMES:
        raise PydanticCustomError("literal_error", "no such format", {"expected": ", ".join(map(repr, NAMES))})
    return name


Name = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(NAMES)})]


@dataclass(frozen=True, slots=True)
class Wanted:
    """``export`` is None for the JSON. ``named``: by its name, so that what is accepted makes no difference."""

    export: Export | None
    media_type: str
    named: bool

    @property
    def content_type(self) -> str:
        """JSON is in UTF-8 and XML says what it is in; of the others nobody would know."""
        known = self.media_type.endswith(("json", "xml"))
        return self.media_type if known else f"{self.media_type}; charset=utf-8"

    @property
    def suffix(self) -> str:
        return self.export.suffix if self.export else JSON

    @property
    def vary(self) -> str:
        spoken = self.export is not None and self.export.spoken
        return ", ".join(["Accept"] * (not self.named) + ["Accept-Language"] * spoken + ["Authorization"])


ONLY_JSON = Wanted(None, JSON_TYPE, named=True)


def wanted(headers: Headers, name: str | None, *, with_files: bool) -> Wanted:
    """The representation of a resource ``with_files`` for everybody, or without. Raises DoorError where none fits."""
    there = {name: export for name, export in EVERY.items() if with_files or not export.needs_files}
    if name is not None and (name == JSON or name in there):
        export = there.get(name)
        return Wanted(export, export.media_type if export else JSON_TYPE, named=True)
    offers = dict(_offers(there))
    chosen = None if name else accepted(", ".join(headers.getlist("accept")), (JSON_TYPE, *offers))
    if chosen is None:
        raise DoorError("format.not-acceptable", formats=_listed(there))
    return Wanted(offers.get(chosen), chosen, named=False)


def rather(headers: Headers, *, with_files: bool) -> bool:
    """Whether who asks for the page of a resource likes another representation of it better."""
    there = {name: export for name, export in EVERY.items() if with_files or not export.needs_files}
    offers = (_PAGE, JSON_TYPE, *dict(_offers(there)))
    return accepted(", ".join(headers.getlist("accept")), offers) not in (_PAGE, None)


def _offers(there: Mapping[str, Export]) -> Iterator[tuple[str, Export]]:
    """By media type: what several formats share names none of them."""
    for export in there.values():
        media_type = export.own_type or export.media_type
        if media_type != XML:
            yield media_type, export


def _listed(there: Mapping[str, Export]) -> str:
    named = {JSON: JSON_TYPE} | {name: export.own_type or export.media_type for name, export in there.items()}
    return ", ".join(f"{name} ({media_type})" for name, media_type in named.items())


def takes_json(accept: str) -> bool:
    """Whether the JSON is what the header likes best of all that a resource may have."""
    return _takes_json(accept[:_LONGEST])


@lru_cache(maxsize=256)
def _takes_json(accept: str) -> bool:
    return accepted(accept, (JSON_TYPE, *dict(_offers(EVERY)))) == JSON_TYPE


def accepted(accept: str, offers: Sequence[str]) -> str | None:
    """The offer that is liked best; of those liked alike the one that is named most closely, then the first.

    None where none is accepted. Without a header, or one that cannot be read, the first. Parameters of media types
    are passed over.
    """
    weights = dict(_weights(accept[:_LONGEST].lower()))
    if not weights:
        return offers[0]
    ranked = [(*_liked(offer, weights), -place, offer) for place, offer in enumerate(offers)]
    weight, *_, best = max(ranked)
    return best if weight > 0 else None


def _liked(offer: str, weights: Mapping[str, float]) -> tuple[float, int]:
    """The weight by the closest range that fits, and how close it is."""
    for closeness, fitting in enumerate((offer, f"{offer.partition('/')[0]}/*", "*/*")):
        if fitting in weights:
            return weights[fitting], -closeness
    return 0.0, -3


def _weights(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(",")[:100]:
        media_range, *parameters = part.split(";")
        match = _RANGE.fullmatch(media_range.strip())
        given = next((each.strip()[2:] for each in parameters if each.strip().startswith("q=")), "1")
        if match and _WEIGHT.fullmatch(given):
            yield match[0], min(float(given), 1.0)


# ── as the OpenAPI document tells of it ──────────────────────────────────────────────────────────


@cache
def contents() -> dict[str, Any]:
    """Media type → what the document says of it, with the example of the JSON in every other format."""
    made = _example()
    told: dict[str, Any] = {}
    for export in EVERY.values():
        text = export.dump(made, "ar").decode()
        kind = _kind(export.media_type)
        example = text if kind == "string" else json.loads(text)
        told.setdefault(export.own_type or export.media_type, {"schema": {"type": kind}, "example": example})
    return told


def _kind(media_type: str) -> str:
    return "object" if media_type.endswith("ld+json") else "array" if media_type.endswith("json") else "string"


def _example() -> Described:
    shown = examples.RESOURCE
    return Described(
        identifier=shown["oai_identifier"],
        url=shown["url"],
        record=Record.model_validate(shown["record"]),
        institution=[Text(value=name, lang=lang) for lang, name in shown["institution"]["names"].items()],
        published=datetime.fromisoformat(shown["version"]["published"]),
        files=[
            FileLink(file["url"], file["name"], file["media_type"], file["size"], file["sha256"])
            for file in shown["files"]
        ],
    )
