"""Bodies of institutions and their members."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.schemas import examples
from api.schemas.base import Body, Taken
from api.schemas.resources import InstitutionOut
from oer import fields

Role = Literal["depositor", "reviewer", "manager"]
# Told in the OpenAPI document; the repository itself says which kinds it knows where another one comes.
Kind = Annotated[str, Field(json_schema_extra={"enum": sorted(fields.kinds())})]

_NAMES = {"ar": "جامعة قرطاج", "fr": "Université de Carthage", "en": "University of Carthage"}
_LICENCE = "https://creativecommons.org/licenses/by/4.0/"
EXAMPLE: dict[str, Any] = {
    "slug": "carthage",
    "names": _NAMES,
    "descriptions": {"ar": "جامعة عمومية تأسست سنة 1988."},
    "kind": "university",
    "parent": "ministry",
    "country": "TN",
    "homepage": "https://www.example.org/",
    "colour": "#0b6e4f",
    "default_licence": _LICENCE,
    "default_language": "ar",
    "publish_role": "reviewer",
}
_SHOWN = EXAMPLE | {
    "ancestors": ["ministry"],
    "ror": None,
    "logo": {"url": f"{examples.BASE}/api/institutions/carthage/logo", "media_type": "image/png"},
    "oai_set": "institution:ministry:carthage",
    "url": f"{examples.BASE}/api/institutions/carthage",
    "created": examples.CREATED,
}


def _most(length: int) -> dict[str, Any]:
    """Told in the OpenAPI document; the repository counts for itself, after cleaning, and says by how much."""
    return {"json_schema_extra": {"maxLength": length}}


class NamesIn(Taken):
    """By language; null takes one away."""

    ar: str | None = Field(None, **_most(fields.NAME))
    fr: str | None = Field(None, **_most(fields.NAME))
    en: str | None = Field(None, **_most(fields.NAME))


class DescriptionsIn(Taken):
    """By language; null takes one away."""

    ar: str | None = Field(None, **_most(fields.DESCRIPTION))
    fr: str | None = Field(None, **_most(fields.DESCRIPTION))
    en: str | None = Field(None, **_most(fields.DESCRIPTION))


class _Said(Taken):
    """What an institution may say of itself, and need not."""

    country: str | None = Field(None, max_length=100, description="ISO 3166 code of two letters")
    ror: str | None = Field(None, max_length=200, description="Its id in the Research Organization Registry")
    homepage: str | None = Field(None, max_length=2_000, description="http or https")
    colour: str | None = Field(None, max_length=40, description="Of its pages: `#` and six hexadecimal digits")
    default_licence: str | None = Field(None, max_length=200, description="For new resources")
    default_language: str | None = Field(None, max_length=100, description="For new resources (BCP 47)")
    publish_role: Role | None = Field(None, description="Who publishes without a review; reviewers unless it says so")


class InstitutionIn(_Said):
    """A new institution."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    slug: str = Field(
        max_length=100, description="Short name in addresses, for ever: a–z, 0–9 and inner hyphens, at most 63"
    )
    names: NamesIn = Field(description="At least one")
    descriptions: DescriptionsIn = DescriptionsIn()
    kind: Kind = Field(max_length=100)
    parent: str | None = Field(
        None, max_length=100, description="Slug of the institution above; at the top only administrators add"
    )


class InstitutionPatch(_Said):
    """What shall change (RFC 7396): null takes away, other languages of a text stay."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"names": {"fr": "Université de Carthage"}, "colour": "#0b6e4f", "ror": None}]}
    )

    names: NamesIn | None = None
    descriptions: DescriptionsIn | None = Field(None, description="null takes all away")
    kind: Kind = Field("", max_length=100)
    parent: str | None = Field(
        None,
        max_length=100,
        description="Moves the institution with all below it; null: to the top. Managers of both places may",
    )


class LogoOut(Body):
    url: str
    media_type: str


class InstitutionShown(Body):
    """An institution as everybody sees it."""

    model_config = examples.shown(_SHOWN)

    slug: str
    names: dict[str, str] = Field(description="By language: ar, fr, en")
    descriptions: dict[str, str] = Field(description="By language: ar, fr, en")
    kind: str
    parent: str | None = Field(description="Slug of the institution above")
    ancestors: list[str] = Field(description="Slugs from the top down to the parent")
    country: str | None
    ror: str | None
    homepage: str | None
    colour: str | None
    logo: LogoOut | None
    default_licence: str | None
    default_language: str | None
    publish_role: Role
    oai_set: str = Field(description="The OAI-PMH set of its resources and of those below it")
    url: str
    created: datetime


class InstitutionList(Body):
    model_config = examples.page(_SHOWN)

    items: list[InstitutionShown] = Field(description="Each right before those below it")
    next: str | None = Field(description="Address of the next page, also in the Link header")


class MemberIn(Taken):
    """The role that a person shall have here."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "reviewer"}]})

    role: Role


class MemberPerson(Body):
    id: int
    name: str
    email: str


class MemberOut(Body):
    model_config = examples.shown(examples.MEMBER)

    person: MemberPerson
    role: Role
    created: datetime


class MemberList(Body):
    model_config = examples.page(examples.MEMBER)

    items: list[MemberOut]
    next: str | None = Field(description="Address of the next page, also in the Link header")


class RoleOut(Body):
    """A role, and where."""

    institution: InstitutionOut
    role: Role
