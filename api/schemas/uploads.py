"""Bodies of uploads, and how requests that are no JSON are described."""

from datetime import datetime
from typing import Annotated, Any, get_args

from pydantic import Field

from api.schemas import examples
from api.schemas.base import Body
from api.schemas.drafts import FileRole
from oer.texts import LONGEST

# Told in the OpenAPI document; what else comes the repository refuses in its own words.
Role = Annotated[str, Field(json_schema_extra={"enum": list(get_args(FileRole))})]
BYTES: dict[str, Any] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}

# Beside the JSON of the same address; a file of each name once.
FORM: dict[str, Any] = {
    "requestBody": {
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["institution", "record"],
                    "additionalProperties": False,
                    "properties": {
                        "institution": {"type": "string", "maxLength": 100, "description": "Slug of the institution"},
                        "record": {"$ref": "#/components/schemas/Record"},
                        "note": {
                            "type": "string",
                            "maxLength": LONGEST,
                            "description": "What changed and why, for the version's history",
                        },
                        "file": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "description": "Each file once, with its name",
                        },
                    },
                },
                "encoding": {"record": {"contentType": "application/json"}},
            }
        }
    }
}


_UPLOAD: dict[str, Any] = {
    "url": "https://oer.example.org/api/uploads/0f8fad5bd9cb469fa16570867728950e",
    "resource": examples.ID,
    "name": "درس.mp4",
    "size": 734003200,
    "offset": 524288000,
    "role": "main",
    "language": "ar",
    "created": "2026-03-01T08:00:00Z",
    "expires": "2026-03-08T08:00:00Z",
}


class UploadOut(Body):
    """A file that has not come to its end."""

    model_config = examples.shown(_UPLOAD)

    url: str = Field(description="Where it goes on: `HEAD` tells how much is there (`Upload-Offset`)")
    resource: str = Field(description="Public id of the resource whose draft it is for")
    name: str
    size: int = Field(description="Bytes of the whole file")
    offset: int | None = Field(description="Bytes that are there, to go on behind; null while it comes to its end")
    role: Role
    language: str | None
    created: datetime
    expires: datetime = Field(description="It is given up then, unless more bytes come")


class UploadList(Body):
    model_config = examples.page(_UPLOAD)

    items: list[UploadOut] = Field(description="The newest first")
    next: str | None = Field(description="Address of the next page, also in the Link header")
