"""Bodies of drafts: what is taken to describe them, and how they are shown."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from api.schemas import examples
from api.schemas.base import Body, Taken
from api.schemas.problems import FaultOut
from api.schemas.resources import FileOut, InstitutionOut
from metadata.record import Record, Text
from oer.texts import LONGEST
from oer.workflow import DraftAction

State = Literal["editing", "submitted", "changes-requested", "rejected"]
FileRole = Literal["main", "extra", "caption", "light", "preview"]


class _AsRecord:
    """Any object when it is read, so that every mistake in it gets a code and a field; a Record in the document."""

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(Record.__pydantic_core_schema__)


RecordIn = Annotated[dict[str, Any], _AsRecord()]
Words = Annotated[str, Field(json_schema_extra={"maxLength": LONGEST})]


class Deposit(Taken):
    """A new resource: where it belongs and what it is. The record may be half-written."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"institution": "college", "record": examples.RECORD, "note": "النسخة الأولى"}]}
    )

    institution: str = Field(max_length=100, description="Slug of the institution")
    record: RecordIn
    note: Words = Field("", description="What changed and why, for the version's history")


class Document(Taken):
    """All that a draft says of its resource."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"record": examples.RECORD, "note": "النسخة الأولى"}]})

    record: RecordIn
    note: Words = ""


class DocumentPatch(Taken):
    """What changes in a Document (RFC 7396): null removes, objects are merged, lists are replaced."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"record": {"keywords": [{"value": "المساحة", "lang": "ar"}], "rights_note": None}}]
        }
    )

    record: dict[str, Any] | None = None
    note: Words | None = None


class FilePatch(Taken):
    """What changes of a file beside its bytes. Names are cleaned as they are on upload; the answer says how."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "ترجمة.vtt", "role": "caption", "language": "ar"}]}
    )

    name: str = Field("", min_length=1, max_length=1000)
    role: FileRole = "main"
    language: str | None = Field(None, max_length=100, description="BCP 47; null for none")


class Order(Taken):
    """The name of every file once, in the order in which they are shown."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"names": ["درس.pdf", "ترجمة.vtt"]}]})

    names: list[str] = Field(max_length=10_000)


_DRAFT: dict[str, Any] = {
    "id": "7k3v9qm2xd",
    "url": "https://oer.example.org/api/resources/7k3v9qm2xd/draft",
    "state": "editing",
    "institution": examples.INSTITUTION,
    "record": examples.RECORD,
    "note": "النسخة الأولى",
    "files": [examples.FILE],
    "based_on": 0,
    "author": "ليلى بن عمر",
    "actions": ["edit", "submit", "discard"],
    "problems": 0,
    "created": "2026-03-01T08:00:00Z",
    "changed": "2026-03-01T08:05:00Z",
}


class DraftOut(Body):
    """What is to become the next version of a resource."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DRAFT]})

    id: str = Field(description="Public id of the resource")
    url: str = Field(description="Address of this draft")
    state: State
    institution: InstitutionOut
    record: Record
    note: str = Field(description="What changed and why, for the version's history")
    files: list[FileOut] = Field(description="In their order; those of the version before are carried over")
    based_on: int = Field(description="Number of the version that it started from, 0 for a new resource")
    author: str | None = Field(description="Name of whoever began it")
    actions: list[DraftAction] = Field(description="What whoever asks may do now")
    problems: int = Field(description="How many things still forbid to publish it: `POST …/validate` names them")
    created: datetime
    changed: datetime


class DraftLine(Body):
    """A draft in a list."""

    id: str
    url: str
    state: State
    institution: InstitutionOut
    title: list[Text]
    note: str
    files: int = Field(description="How many files it has")
    based_on: int
    author: str | None
    actions: list[DraftAction]
    created: datetime
    changed: datetime


class DraftList(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {name: value for name, value in _DRAFT.items() if name not in {"record", "problems"}}
                        | {"title": examples.RECORD["title"], "files": 1}
                    ],
                    "next": None,
                }
            ]
        }
    )

    items: list[DraftLine]
    next: str | None = Field(description="Address of the next page, also in the Link header")


class FileList(Body):
    """The files of a draft in their order."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [examples.FILE]}]})

    items: list[FileOut]


class Verdict(Body):
    """Everything that is wrong with a draft, at once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "publishable": False,
                    "problems": [
                        {
                            "field": "record.licence",
                            "code": "licence.missing",
                            "severity": "error",
                            "message": "Choose a licence: without one nobody may reuse the resource.",
                        }
                    ],
                }
            ]
        }
    )

    publishable: bool = Field(description="No problem is an error; warnings forbid nothing")
    problems: list[FaultOut]
