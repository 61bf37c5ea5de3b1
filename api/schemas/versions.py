"""Bodies of what differs between versions."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.base import Body


class RecordChange(Body):
    field: str = Field(description="`description[fr]`, `access.until`, `creators[0].orcid`: positions from 0")
    kind: Literal["added", "removed", "changed", "moved"]
    before: Any
    after: Any


class FileState(Body):
    media_type: str
    size: int
    sha256: str
    role: Literal["main", "extra", "caption", "light", "preview"]
    language: str | None


class FileChange(Body):
    name: str
    kind: Literal["added", "removed", "changed"]
    before: FileState | None
    after: FileState | None


class Difference(Body):
    """What was done to come from one state to the other."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "before": 1,
                    "after": 2,
                    "record": [{"field": "title[fr]", "kind": "added", "before": None, "after": "La lumière"}],
                    "files": [
                        {
                            "name": "old.txt",
                            "kind": "removed",
                            "before": {
                                "media_type": "text/plain",
                                "size": 4,
                                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                                "role": "main",
                                "language": None,
                            },
                            "after": None,
                        }
                    ],
                    "files_moved": False,
                }
            ]
        }
    )

    before: int | None = Field(description="Number of a version; null where nothing was before")
    after: int | None = Field(description="Number of a version; null for the draft")
    record: list[RecordChange]
    files: list[FileChange]
    files_moved: bool = Field(description="Whether the files that both have stand in another order")
