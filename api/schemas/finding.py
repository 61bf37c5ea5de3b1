"""Bodies about finding: how a question may go on, what is like something."""

from pydantic import Field

from api.schemas import examples
from api.schemas.base import Body
from api.schemas.resources import MeantOut, ResourceOut


class CompletionOut(Body):
    text: str = Field(description="A whole question, to be asked as it is")
    count: int = Field(description="Resources with its last word and all that stands before it")


class SubjectOut(Body):
    value: str = Field(description="What to choose it by: `subject=…`")
    label: str
    count: int


class TitleOut(Body):
    id: str
    url: str = Field(description="The page for people")
    title: str
    lang: str = Field(description="The language of the title (BCP 47)")


class SuggestOut(Body):
    """How a question that is being typed may go on."""

    model_config = examples.shown(examples.SUGGESTED)

    texts: list[CompletionOut]
    subjects: list[SubjectOut]
    resources: list[TitleOut]
    meant: MeantOut | None = Field(description="What was meant where nothing begins so: spelling, keyboard")


class SimilarList(Body):
    model_config = examples.shown({"items": [examples.RESOURCE]})

    items: list[ResourceOut] = Field(description="The nearest first")
