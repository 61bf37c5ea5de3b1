"""People, the tokens their programs use, the sessions of their browsers, and invitations."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When, one_of
from oer.models.institutions import ROLE_WORDS


class Person(SQLModel, table=True):
    """``email`` is lower case and unique; ``password`` an argon2id hash or None for who cannot sign in so.

    ``lock`` counts writes, for ETags. ``erased`` is set where nothing personal is left: authorship alone stays.
    """

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    name: str
    language: str = "ar"
    password: str | None = None
    administrator: bool = False
    active: bool = True
    lock: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    created: datetime = Field(sa_type=When)
    erased: datetime | None = Field(default=None, sa_type=When)


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


class BrowserSession(SQLModel, table=True):
    """Somebody signed in at a browser. ``digest`` is the SHA-256 of the cookie; ``seen`` moves with use, coarsely."""

    __tablename__ = "browser_session"

    digest: str = Field(primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    created: datetime = Field(sa_type=When)
    seen: datetime = Field(sa_type=When)
    expires: datetime = Field(sa_type=When, index=True)


class Invitation(SQLModel, table=True):
    """A role for whoever opens the link that was sent to ``email``; ``digest`` is the SHA-256 of its secret.

    ``language`` is that of the account to be. ``invited_by`` is None where the operator invited.
    """

    # No number is given again after a removal: the audit log remembers them.
    __table_args__ = (one_of("role", ROLE_WORDS), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    email: str = Field(index=True)
    institution_id: int = Field(foreign_key="institution.id", index=True)
    role: str
    language: str = "ar"
    invited_by: int | None = Field(default=None, foreign_key="person.id")
    created: datetime = Field(sa_type=When)
    expires: datetime = Field(sa_type=When)
    accepted: datetime | None = Field(default=None, sa_type=When)
    revoked: datetime | None = Field(default=None, sa_type=When)
