"""Bodies of the review: its words, and the publication that ends it."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from api.schemas.base import Body, Taken
from api.schemas.drafts import Words

Decision = Literal["request-changes", "reject", "publish"]


PUBLICATION = {"note": "صُحِّح الجدول الثاني", "comment": "عمل جيد"}


class Publication(Taken):
    """Words for the version that is made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**PUBLICATION}]})

    note: Words | None = Field(None, description="What changed and why; without it the draft's own note")
    comment: Words = Field("", description="Of a reviewer to the author, where the draft was submitted")


class ReviewIn(Taken):
    """A reviewer's decision on a submitted draft. Whoever does not publish it says why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"decision": "request-changes", "comment": "أضف وصفًا بالفرنسية."}]}
    )

    decision: Decision
    comment: Words = ""


class ReviewOut(Body):
    decision: Decision
    comment: str
    reviewer: str | None = Field(description="Name of the reviewer")
    created: datetime


class ReviewDone(ReviewOut):
    """A decision that was taken, and what came of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "decision": "request-changes",
                    "comment": "أضف وصفًا بالفرنسية.",
                    "reviewer": "سامي الطرابلسي",
                    "created": "2026-03-02T09:00:00Z",
                    "state": "changes-requested",
                    "version": None,
                }
            ]
        }
    )

    state: Literal["changes-requested", "rejected", "published"]
    version: int | None = Field(description="Number of the version that was published")


class ReviewList(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "decision": "publish",
                            "comment": "عمل جيد",
                            "reviewer": "سامي الطرابلسي",
                            "created": "2026-03-02T09:00:00Z",
                        }
                    ],
                    "next": None,
                }
            ]
        }
    )

    items: list[ReviewOut] = Field(description="The oldest first")
    next: str | None = Field(description="Address of the next page, also in the Link header")
