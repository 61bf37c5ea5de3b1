"""Bodies of announcements."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from api.schemas import examples
from api.schemas.base import Body, Taken
from api.schemas.resources import InstitutionOut
from oer import announcements

# As RFC 3339 has it: pydantic would take numbers and days too.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,20})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)

_ID = "9c2fd7h4ke"
_TITLES: dict[str, Any] = {"ar": "ورشة إعداد الدروس المصوّرة", "fr": "Atelier : préparer des leçons en images"}
_TEXTS: dict[str, Any] = {"ar": "يوم الخميس في **القاعة 4**. [التسجيل](https://example.org/atelier)"}
_NEW: dict[str, Any] = {"titles": _TITLES, "texts": _TEXTS, "until": examples.LATER, "pinned": True}
_SHOWN: dict[str, Any] = {
    "id": _ID,
    "url": f"{examples.BASE}/api/institutions/college/announcements/{_ID}",
    "institution": examples.INSTITUTION,
    "titles": _TITLES,
    "texts": _TEXTS,
    "state": "current",
    "published": examples.CREATED,
    "until": examples.LATER,
    "pinned": True,
    "changed": examples.CHANGED,
}
FEED = f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr">
<id>{examples.BASE}/api/institutions/college/announcements/feed</id>
<title>Annonces : La faculté</title>
<updated>2026-03-01T08:05:00Z</updated>
<entry>
<id>{examples.BASE}/api/institutions/college/announcements/{_ID}</id>
<title xml:lang="fr">Atelier : préparer des leçons en images</title>
<updated>2026-03-01T08:05:00Z</updated>
</entry>
</feed>
"""


def _written(given: object) -> object:
    if given is None or (isinstance(given, str) and _MOMENT.fullmatch(given)):
        return given
    raise ValueError("no moment of RFC 3339")


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]


def _most(length: int) -> dict[str, Any]:
    """Told in the OpenAPI document. The repository itself counts, after cleaning, and says how long the text is."""
    return {"json_schema_extra": {"maxLength": length}}


class AnnouncementTitles(Taken):
    """By language; null takes one away."""

    ar: str | None = Field(None, **_most(announcements.TITLE))
    fr: str | None = Field(None, **_most(announcements.TITLE))
    en: str | None = Field(None, **_most(announcements.TITLE))


class AnnouncementTexts(Taken):
    """By language; null takes one away."""

    ar: str | None = Field(None, **_most(announcements.TEXT))
    fr: str | None = Field(None, **_most(announcements.TEXT))
    en: str | None = Field(None, **_most(announcements.TEXT))


class AnnouncementIn(Taken):
    """A new announcement."""

    model_config = examples.shown(_NEW)

    titles: AnnouncementTitles = Field(description="At least one")
    texts: AnnouncementTexts = Field(description="Markdown, without HTML; at least one")
    published: Moment | None = Field(None, description="Shown from then on; now unless it says when")
    until: Moment | None = Field(None, description="Past from then on; null: it stays")
    pinned: bool = Field(False, strict=True, description="Before those that are not, whenever they were published")


class AnnouncementPatch(Taken):
    """What shall change (RFC 7396): null takes away, other languages of a text stay."""

    model_config = examples.shown({"titles": {"en": "A workshop on lessons in pictures"}, "until": None})

    titles: AnnouncementTitles = AnnouncementTitles()
    texts: AnnouncementTexts = AnnouncementTexts()
    published: Moment | None = Field(None, description="Shown from then on; null: from now on")
    until: Moment | None = Field(None, description="Past from then on; null: it stays")
    pinned: bool = Field(False, strict=True, description="Before those that are not, whenever they were published")


class AnnouncementOut(Body):
    """An announcement of an institution."""

    model_config = examples.shown(_SHOWN)

    id: str
    url: str
    institution: InstitutionOut
    titles: dict[str, str] = Field(description="By language: ar, fr, en")
    texts: dict[str, str] = Field(description="By language: ar, fr, en; Markdown, without HTML")
    state: Literal["scheduled", "current", "past"]
    published: datetime
    until: datetime | None
    pinned: bool
    changed: datetime


class AnnouncementList(Body):
    model_config = examples.page(_SHOWN)

    items: list[AnnouncementOut] = Field(description="Pinned ones first, then the newest")
    next: str | None = Field(description="Address of the next page, also in the Link header")
