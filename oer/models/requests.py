"""What writes by HTTP leave behind: answers kept for a repeated request, and counts of attempts."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When


class KeptAnswer(SQLModel, table=True):
    """The answer to a POST with an ``Idempotency-Key``, written in the transaction of the deed itself.

    ``owner`` says whose key it is (``person:5``); ``fingerprint`` is a SHA-256 of what was asked.
    """

    __tablename__ = "kept_answer"

    owner: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    status: int
    headers: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON)
    content: bytes = Field(sa_type=sa.LargeBinary)
    created: datetime = Field(sa_type=When, index=True)


class Attempt(SQLModel, table=True):
    """Failed tries against one subject (a hash of an address or an account) since ``began``."""

    subject: str = Field(primary_key=True)
    began: datetime = Field(sa_type=When, index=True)
    count: int = 0
