"""Bodies of collections."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.schemas import examples
from api.schemas.base import Body, Taken
from api.schemas.resources import InstitutionOut
from metadata.record import Text
from oer import units

Membership = Literal["open", "closed"]

_TITLES: dict[str, Any] = {"ar": "علوم الصف الخامس", "fr": "Sciences, cinquième année"}
UNIT: dict[str, Any] = {
    "id": "4mz0c8rt6y",
    "titles": {"ar": "الضوء"},
    "items": [{"resource": examples.ID, "note": "قبل التجربة"}],
}


_SUMMARY: dict[str, Any] = {
    "id": "2hq6ydw0nb",
    "url": f"{examples.BASE}/api/collections/2hq6ydw0nb",
    "institution": examples.INSTITUTION,
    "titles": _TITLES,
    "descriptions": {},
    "membership": "open",
    "state": "published",
    "counts": {"units": 1, "items": 1},
    "created": examples.CREATED,
    "changed": examples.CHANGED,
}
_ITEM = {
    "resource": examples.ID,
    "state": "published",
    "title": examples.RECORD["title"],
    "url": examples.RESOURCE["url"],
    "note": "قبل التجربة",
}
_COLLECTION = _SUMMARY | {"units": [UNIT | {"items": [_ITEM]}]}


def _most(length: int) -> dict[str, Any]:
    """Told in the OpenAPI document. The repository itself counts, after cleaning, and says how long the text is."""
    return {"json_schema_extra": {"maxLength": length}}


class TitlesIn(Taken):
    """By language; null takes one away."""

    ar: str | None = Field(None, **_most(units.TITLE))
    fr: str | None = Field(None, **_most(units.TITLE))
    en: str | None = Field(None, **_most(units.TITLE))


class DescriptionsIn(Taken):
    """By language; null takes one away."""

    ar: str | None = Field(None, **_most(units.DESCRIPTION))
    fr: str | None = Field(None, **_most(units.DESCRIPTION))
    en: str | None = Field(None, **_most(units.DESCRIPTION))


class CollectionIn(Taken):
    """A new collection."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"institution": "college", "titles": _TITLES, "membership": "open"}]}
    )

    institution: str = Field(max_length=100, description="Slug")
    titles: TitlesIn = Field(description="At least one")
    descriptions: DescriptionsIn = DescriptionsIn()
    membership: Membership = Field(
        "closed", description="Into an open one everybody puts published resources of their own institutions"
    )


class CollectionPatch(Taken):
    """What shall change (RFC 7396). The order of units and items has an address of its own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"titles": {"en": "Science, year 5"}}]})

    titles: TitlesIn = TitlesIn()
    descriptions: DescriptionsIn | None = Field(DescriptionsIn(), description="null takes all away")
    membership: Membership = "closed"


class ItemIn(Taken):
    resource: str = Field(max_length=100, description="Public id")
    note: str = Field("", description="What it is here for, in the editors' words", **_most(units.NOTE))


class AdditionIn(ItemIn):
    """A resource for the end of a unit."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"resource": examples.ID, "note": "قبل التجربة", "unit": UNIT["id"]}]}
    )

    unit: str | None = Field(None, max_length=100, description="Id of a unit; the last one unless given")


class UnitIn(Taken):
    """A unit as it shall be."""

    model_config = ConfigDict(json_schema_extra={"examples": [UNIT]})

    id: str | None = Field(None, max_length=100, description="Of a unit that stays; none for a new one")
    titles: TitlesIn = TitlesIn()
    items: list[ItemIn] = Field(default_factory=list)


class ItemOut(Body):
    resource: str
    state: Literal["unpublished", "published", "hidden", "withdrawn"] = Field(
        description="Only published ones are shown to those who do not edit the collection"
    )
    title: list[Text] | None = Field(description="As in the record; null where the reader may not see the resource")
    url: str = Field(description="The page of the resource for people")
    note: str


class UnitOut(Body):
    id: str
    titles: dict[str, str] = Field(description="By language: ar, fr, en; empty in a unit without words of its own")
    items: list[ItemOut]


class CountsOut(Body):
    units: int
    items: int = Field(description="Items that the reader sees")


class CollectionSummary(Body):
    """A collection without what is in it."""

    model_config = examples.shown(_SUMMARY)

    id: str
    url: str
    institution: InstitutionOut
    titles: dict[str, str] = Field(description="By language: ar, fr, en")
    descriptions: dict[str, str] = Field(description="By language: ar, fr, en")
    membership: Membership
    state: Literal["draft", "published"]
    counts: CountsOut
    created: datetime
    changed: datetime


class CollectionOut(CollectionSummary):
    """A collection with its units in order."""

    model_config = examples.shown(_COLLECTION)

    units: list[UnitOut]


class CollectionList(Body):
    model_config = examples.page(_SUMMARY)

    items: list[CollectionSummary]
    next: str | None = Field(description="Address of the next page, also in the Link header")
