"""Bodies of people, of their passwords and tokens, and of all that is kept about them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, SecretStr

from api.schemas import examples
from api.schemas.base import Body, Taken, Whole
from api.schemas.institutions import RoleOut

Language = Literal["ar", "fr", "en"]
Scope = Literal["read", "deposit", "review", "manage"]
# Longer ones are refused before anything is hashed; how long one may be is told in words then.
LONGEST_PASSWORD = 1_000


_KEPT: dict[str, Any] = {
    "person": {name: told for name, told in examples.PERSON.items() if name != "roles"} | {"password": True},
    "roles": [{"institution": "college", "role": "reviewer", "created": examples.CREATED}],
    "tokens": [examples.TOKEN],
    "sessions": [],
    "invitations": [],
    "resources": [{"public_id": examples.ID, "state": "published", "created": examples.CREATED}],
    "drafts": [],
    "versions": [{"resource": examples.ID, "number": 1, "note": "النسخة الأولى", "published": examples.CHANGED}],
    "reviews": [],
    "collections": [],
    "uploads": [],
    "jobs": [],
    "answers": [],
    "log": [
        {
            "at": examples.CREATED,
            "action": "token.create",
            "object_kind": "person",
            "object_id": "7",
            "details": {"token": 3, "scopes": ["read", "deposit"]},
        }
    ],
}


class PersonIn(Taken):
    """A new account. It has no password until somebody sets one; an invitation lets people choose their own."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": examples.EMAIL, "name": examples.NAME, "language": "ar"}]}
    )

    email: str = Field(max_length=254)
    name: str = Field(max_length=1_000)
    language: Language = Field("ar", description="Of messages to this person")
    administrator: bool = Field(False, strict=True)


class MePatch(Taken):
    """What shall change (RFC 7396)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": examples.NAME, "language": "fr"}]})

    name: str = Field("", max_length=1_000)
    language: Language = "ar"


class PersonPatch(MePatch):
    """What shall change (RFC 7396). ``active`` and ``administrator`` are for administrators."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": examples.NAME}, {"active": False}]})

    active: bool = Field(True, strict=True)
    administrator: bool = Field(False, strict=True)


class PersonOut(Body):
    model_config = examples.shown(examples.PERSON)

    id: int
    email: str
    name: str
    language: Language
    administrator: bool
    active: bool
    created: datetime
    roles: list[RoleOut] = Field(description="Of these a manager sees those in institutions of their own")


class PersonList(Body):
    model_config = examples.page(examples.PERSON)

    items: list[PersonOut]
    next: str | None = Field(description="Address of the next page, also in the Link header")


class MeOut(PersonOut):
    """Who is calling, and how."""

    model_config = examples.shown(
        examples.PERSON | {"by": "token", "scopes": ["read", "deposit"], "expires": examples.LATER}
    )

    by: Literal["session", "token"] = Field(description="A browser's session, or an access token")
    scopes: list[Scope] = Field(description="What the token allows; everything, by session")
    expires: datetime = Field(description="When the token or the session ends")


class PasswordIn(Taken):
    """A new password. One's own is changed with the old one; an administrator sets anybody's without it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"password": "long enough, and mine alone", "old_password": "what it was"}]}
    )

    password: SecretStr = Field(max_length=LONGEST_PASSWORD)
    old_password: SecretStr | None = Field(None, max_length=LONGEST_PASSWORD)


class TokenIn(Taken):
    """A token for a program. Of a token's own making it may do no more than that token, and lives no longer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "nightly upload", "scopes": ["read", "deposit"], "days": 30}]}
    )

    name: str = Field(max_length=1_000, description="What it is for")
    scopes: list[Scope] = Field(min_length=1, max_length=20)
    days: Annotated[int, Field(ge=1, le=3_650, strict=True), Whole] | None = Field(
        None, description="As long as it may live, unless given"
    )


class TokenOut(Body):
    model_config = examples.shown(examples.TOKEN)

    id: int
    name: str
    scopes: list[Scope]
    created: datetime
    expires: datetime
    revoked: datetime | None


class TokenMade(TokenOut):
    """With its secret, this once."""

    model_config = examples.shown(examples.TOKEN | {"token": "oer_8hJv0mC1s9uQ5wZkT7yLbN2eFgAdIpVnRtUxWqEr3Xo"})

    token: str | None = Field(description="The secret. Null when the same request is made again: it is kept nowhere")


class TokenList(Body):
    model_config = examples.page(examples.TOKEN)

    items: list[TokenOut]
    next: str | None = Field(description="Address of the next page, also in the Link header")


class ExportedPerson(Body):
    id: int
    email: str
    name: str
    language: str
    administrator: bool
    active: bool
    created: datetime
    password: bool = Field(description="Whether there is one; it is kept as a hash alone")


class PersonExport(Body):
    """Everything that is kept about a person."""

    model_config = examples.shown(_KEPT)

    person: ExportedPerson
    roles: list[dict[str, Any]]
    tokens: list[dict[str, Any]]
    sessions: list[dict[str, Any]]
    invitations: list[dict[str, Any]] = Field(description="To the person (`to`), and made by the person (`by`)")
    resources: list[dict[str, Any]]
    drafts: list[dict[str, Any]]
    versions: list[dict[str, Any]]
    reviews: list[dict[str, Any]]
    collections: list[dict[str, Any]]
    uploads: list[dict[str, Any]]
    jobs: list[dict[str, Any]]
    answers: list[dict[str, Any]] = Field(description="Requests with an Idempotency-Key, kept for two days")
    log: list[dict[str, Any]] = Field(description="What the person did, and what was done to the account")
