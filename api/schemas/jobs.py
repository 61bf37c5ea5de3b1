"""Jobs that people watch."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.base import Body
from api.schemas.problems import FaultOut

State = Literal["waiting", "running", "done", "failed", "cancelled"]

JOB: dict[str, Any] = {
    "id": 42,
    "url": "https://oer.example.org/api/jobs/42",
    "kind": "import",
    "state": "done",
    "institution": "college",
    "person": {"id": 7, "name": "أمينة يوسف"},
    "options": {"form": "csv", "source": "lessons", "publish": True, "dry_run": False, "update": False},
    "done": 120,
    "total": 120,
    "result": {
        "counts": {"created": 117, "updated": 0, "unchanged": 0, "failed": 3},
        "warnings": 5,
        "ignored_columns": ["shelf"],
        "problems": [],
    },
    "report": "https://oer.example.org/api/jobs/42/report",
    "fault": None,
    "detail": None,
    "attempts": 1,
    "created": "2026-03-01T08:00:00Z",
    "finished": "2026-03-01T08:00:03Z",
}
ROW: dict[str, Any] = {
    "row": 14,
    "item": "lessons/water.pdf",
    "status": "failed",
    "id": None,
    "problems": [
        {
            "field": "licence",
            "code": "licence.missing",
            "severity": "error",
            "message": "There is no licence.",
        }
    ],
    "ignored": ["shelf"],
    "changes": [],
}


class PersonRef(Body):
    id: int
    name: str


class ImportOptions(Body):
    """What was asked for."""

    form: Literal["jsonl", "csv", "zip"]
    source: str | None
    publish: bool
    dry_run: bool
    update: bool


class Counts(Body):
    created: int
    updated: int
    unchanged: int
    failed: int


class ImportResult(Body):
    """The sums so far. Of a dry run: what would have happened."""

    counts: Counts
    warnings: int
    ignored_columns: list[str] = Field(description="Columns that mean nothing here")
    problems: list[FaultOut] = Field(description="Of the table as a whole: `import.no-rows`, a warning")


class JobFault(Body):
    """Why a job has failed, or why it waits to be tried again."""

    code: str
    message: str


class JobOut(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [JOB]})

    id: int
    url: str
    kind: str = Field(description="`import`; administrators see the repository's own kinds too")
    state: State
    institution: str | None = Field(description="Slug")
    person: PersonRef | None = Field(description="Who has asked for it; null for the repository's own")
    options: ImportOptions | None
    done: int = Field(description="Rows whose fate is known")
    total: int | None = Field(description="Rows in all, once they are counted")
    result: ImportResult | None
    report: str | None = Field(description="Where each row's fate is told, as far as it is known")
    fault: JobFault | None
    detail: str | None = Field(description="The error in the words of the machine, for administrators")
    attempts: int
    created: datetime
    finished: datetime | None


class JobList(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [JOB], "next": None}]})

    items: list[JobOut] = Field(description="The newest first")
    next: str | None = Field(description="Address of the next page, also in the Link header")
