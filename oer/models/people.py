"""People and the tokens their programs use."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When


class Person(SQLModel, table=True):
    """``email`` is lower case and unique; ``password`` an argon2id hash or None for who cannot sign in so."""

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    name: str
    language: str = "ar"
    password: str | None = None
    administrator: bool = False
    active: bool = True
    created: datetime = Field(sa_type=When)


class Token(SQLModel, table=True):
    """``digest`` is the SHA-256 of the secret, which is shown once and kept nowhere."""

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    name: str
    digest: str = Field(unique=True)
    scopes: list[str] = Field(sa_type=sa.JSON)
    created: datetime = Field(sa_type=When)
    expires: datetime = Field(sa_type=When)
    revoked: datetime | None = Field(default=None, sa_type=When)
