"""Bodies about what a depositor may want to say."""

from typing import Literal

from pydantic import Field

from api.schemas import examples
from api.schemas.base import Body, Taken


class SuggestionsIn(Taken):
    model_config = examples.shown({"resource": examples.ID})

    resource: str = Field(
        max_length=100, description="Public id of the resource whose draft has the files", examples=[examples.ID]
    )


class SourceOut(Body):
    file: str
    origin: Literal["text", "metadata", "name"] = Field(
        description="What of the file told: its text, what it says of itself, its name"
    )


class _Suggestion(Body):
    score: float = Field(description="From 0 to 1, comparable within one kind")
    sources: list[SourceOut]


class LanguageSuggestion(_Suggestion):
    value: str = Field(description="Language tag (BCP 47)")
    label: str


class TextSuggestion(_Suggestion):
    value: str
    lang: str


class SubjectSuggestion(_Suggestion):
    value: str = Field(description="URI of the term")
    label: str


class SuggestionsOut(Body):
    """Drawn from the files of a draft, the best of each kind first. Nothing is written down."""

    model_config = examples.shown(examples.SUGGESTIONS)

    languages: list[LanguageSuggestion]
    titles: list[TextSuggestion]
    keywords: list[TextSuggestion]
    subjects: list[SubjectSuggestion]
    unread: list[str] = Field(description="Files that took too long to read")
