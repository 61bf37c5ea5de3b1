"""Bodies of invitations."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field, SecretStr

from api.schemas import examples
from api.schemas.base import Body, Taken
from api.schemas.institutions import Role, RoleOut
from api.schemas.people import LONGEST_PASSWORD, Language

_SECRET = "r3Xo8hJv0mC1s9uQ5wZkT7yLbN2eFgAdIpVnRtUxWqE"  # noqa: S105 - an example


class InvitationIn(Taken):
    """A role for whoever has this address."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": examples.EMAIL, "role": "depositor", "language": "ar"}]}
    )

    email: str = Field(max_length=254)
    role: Role
    language: Language = Field("ar", description="Of messages to this person")


class InvitationOut(Body):
    model_config = examples.shown(examples.INVITATION)

    id: int
    email: str
    role: Role
    language: Language
    state: Literal["waiting", "accepted", "revoked", "expired"]
    invited_by: int | None = Field(description="Number of the person; null for the operator")
    created: datetime
    expires: datetime
    accepted: datetime | None
    revoked: datetime | None


class InvitationMade(InvitationOut):
    """With its secret, this once: give it to the person yourself, in a safe way."""

    model_config = examples.shown(
        examples.INVITATION | {"secret": _SECRET, "link": f"{examples.BASE}/invitation#{_SECRET}"}
    )

    secret: str | None = Field(description="Null when the same request is made again: it is kept nowhere")
    link: str | None = Field(description="The secret behind a `#`, which browsers send to nobody")


class InvitationList(Body):
    model_config = examples.page(examples.INVITATION)

    items: list[InvitationOut] = Field(description="The newest first")
    next: str | None = Field(description="Address of the next page, also in the Link header")


class Acceptance(Taken):
    """The secret of an invitation, and who takes it.

    Whoever has no account yet chooses name and password; whoever has one gives its password. Signed in as the person
    who is invited, the secret is enough.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "secret": _SECRET,
                    "name": examples.NAME,
                    "password": "long enough, and mine alone",
                    "language": "ar",
                }
            ]
        }
    )

    secret: SecretStr = Field(max_length=200)
    name: str | None = Field(None, max_length=1_000)
    password: SecretStr | None = Field(None, max_length=LONGEST_PASSWORD)
    language: Language | None = None


class Accepted(RoleOut):
    """The role that the person now has."""

    model_config = examples.shown(
        {"institution": examples.INSTITUTION, "role": "depositor", "person": 7, "email": examples.EMAIL}
    )

    person: int = Field(description="Number of the account")
    email: str
