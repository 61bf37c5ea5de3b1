"""Bodies of vocabularies and their terms."""

from typing import Any

from pydantic import Field

from api.schemas import examples
from api.schemas.base import Body

_VOCABULARY: dict[str, Any] = {
    "name": "hcrt",
    "fields": ["resource_type"],
    "terms": 26,
    "url": f"{examples.BASE}/api/vocabularies/hcrt",
}
_TERM: dict[str, Any] = {
    "uri": "https://w3id.org/kim/hcrt/video",
    "code": "video",
    "labels": {"ar": "فيديو", "fr": "Vidéo", "en": "Video"},
    "alternative": {},
    "broader": [],
    "offered": True,
}


class VocabularyOut(Body):
    name: str
    fields: list[str] = Field(description="Fields of a record that take its terms")
    terms: int = Field(description="How many it has")
    url: str


class VocabularyList(Body):
    model_config = examples.shown({"items": [_VOCABULARY]})

    items: list[VocabularyOut]


class TermOut(Body):
    uri: str = Field(description="What a record says")
    code: str = Field(description="What the scheme itself calls it; tables for import take it too")
    labels: dict[str, str] = Field(description="By language: ar, fr, en")
    alternative: dict[str, list[str]] = Field(description="Other names, by language")
    broader: list[str] = Field(description="URIs of the terms above it")
    offered: bool = Field(description="False: valid where it stands, and no longer for new records")


class TermList(Body):
    model_config = examples.page(_TERM)

    items: list[TermOut]
    next: str | None = Field(description="Address of the next page, also in the Link header")
