"""``Record``: the one internal schema of a learning resource.

Everything people read is a list of :class:`Text`, at most one value per language (keywords: many). Terms of
controlled vocabularies are URIs (``metadata.vocabularies``). Every field may be empty, so that a draft can be
saved half-written; ``metadata.validate.problems`` says what is missing to publish. Dates are EDTF strings,
languages BCP 47 tags, durations ISO 8601, countries ISO 3166-1 alpha-2, IRIs RFC 3987.

Building a record cleans its text (``metadata.values.clean``) and makes language tags canonical; it does not
judge it. Unknown fields and wrong types raise ``pydantic.ValidationError``: use ``metadata.validate.parse``.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt
from pydantic_core import PydanticCustomError

from metadata import values


def _tag(tag: str) -> str:
    return values.language(tag) or tag


def _list(value: Any) -> Any:
    return [] if value is None else value


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _day(value: Any) -> Any:
    """pydantic would take numbers, and texts of digits, for seconds since 1970."""
    if type(value) is date or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("date_type", "a date is written YYYY-MM-DD")


Plain = Annotated[str, AfterValidator(values.clean)]
Language = Annotated[str, AfterValidator(values.clean), AfterValidator(_tag)]
Uri = Plain


class Part(BaseModel):
    """What all parts of a record share: fixed once made, and no field we do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, validate_default=False)


class Text(Part):
    """Words in one language. ``und`` where nobody knows which."""

    value: Plain
    lang: Language = "und"


Texts = Annotated[list[Text], BeforeValidator(_list), Field(default_factory=list)]
Uris = Annotated[list[Uri], BeforeValidator(_list), Field(default_factory=list)]


class Affiliation(Part):
    name: Plain
    ror: Plain | None = None


class Agent(Part):
    """A person or an organisation, named as it wants to be shown. ORCID and ROR as bare ids or URLs."""

    kind: Literal["person", "organisation"] = "person"
    name: Plain
    given: Plain | None = None
    family: Plain | None = None
    orcid: Plain | None = None
    ror: Plain | None = None
    affiliations: Annotated[list[Affiliation], BeforeValidator(_list)] = []


class Contributor(Agent):
    """An agent with a role: a MARC relator URI (vocabulary ``contributor-roles``)."""

    role: Uri


class AgeRange(Part):
    """Years of age, both ends included; an open end is None."""

    minimum: StrictInt | None = None
    maximum: StrictInt | None = None


class Access(Part):
    """Who may have the files. ``until`` belongs to ``embargoed``: the first day on which they are open."""

    kind: Literal["open", "embargoed", "institution", "metadata-only"] = "open"
    until: Annotated[date, BeforeValidator(_day)] | None = None


class Source(Part):
    """A work that this one adapts or contains, with what was changed: what an honest remix must say."""

    identifier: Plain | None = None
    title: Plain
    creator: Plain | None = None
    licence: Uri | None = None
    changes: Texts


class Reference(Part):
    """Another resource, by IRI, with a title to show where it cannot be looked up."""

    identifier: Plain
    title: Plain | None = None


class Alignment(Part):
    """What the resource teaches or requires, within a framework. ``target`` is a URI or a code of it."""

    kind: Literal["curriculum", "competency", "sdg", "occupation"]
    target: Plain
    name: Texts
    framework: Plain | None = None
    relation: Uri | None = None


Device = Literal["none", "phone", "tablet", "computer", "projector", "loudspeaker", "printer"]


class Classroom(Part):
    """What a classroom needs to use the resource."""

    devices: Annotated[list[Device], BeforeValidator(_list)] = []
    internet: Literal["none", "download-once", "always"] | None = None
    group_minimum: StrictInt | None = None
    group_maximum: StrictInt | None = None
    equipment: Texts


class Accessibility(Part):
    """schema.org accessibility properties, values by URI (vocabularies ``access-modes`` and so on).

    ``sufficient`` lists sets of modes (vocabulary ``access-modes-sufficient``), each enough by itself to follow
    the whole content.
    """

    modes: Uris
    sufficient: Annotated[list[list[Uri]], BeforeValidator(_list)] = []
    features: Uris
    hazards: Uris
    controls: Uris
    summary: Texts


class Coverage(Part):
    """Where and when the content is about."""

    countries: Annotated[list[Plain], BeforeValidator(_list)] = []
    places: Texts
    period: Plain | None = None


class Funder(Part):
    name: Plain
    ror: Plain | None = None
    award: Plain | None = None


class Identifier(Part):
    """A name that the work has elsewhere."""

    scheme: Literal["doi", "isbn", "issn", "handle", "url", "urn", "other"]
    value: Plain


class Record(Part):
    """The description of one version of a resource (★ in the guide: needed to publish)."""

    title: Texts
    alternative: Texts
    description: Texts
    languages: Annotated[list[Language], BeforeValidator(_list)] = []
    resource_type: Uri | None = None
    subjects: Uris
    keywords: Texts
    levels: Uris
    audience: Uris
    age_range: AgeRange | None = None
    creators: Annotated[list[Agent], BeforeValidator(_list)] = []
    contributors: Annotated[list[Contributor], BeforeValidator(_list)] = []
    publisher: Agent | None = None
    created: Plain | None = None
    issued: Plain | None = None
    modified: Plain | None = None
    licence: Uri | None = None
    rights_holder: Plain | None = None
    rights_note: Texts
    access: Access = Access()
    sources: Annotated[list[Source], BeforeValidator(_list)] = []
    translation_of: Reference | None = None
    parts: Annotated[list[Reference], BeforeValidator(_list)] = []
    part_of: Annotated[list[Reference], BeforeValidator(_list)] = []
    alignments: Annotated[list[Alignment], BeforeValidator(_list)] = []
    educational_use: Uris
    interactivity: Uri | None = None
    study_time: Plain | None = None
    play_time: Plain | None = None
    classroom: Classroom | None = None
    accessibility: Accessibility | None = None
    coverage: Coverage | None = None
    funders: Annotated[list[Funder], BeforeValidator(_list)] = []
    identifiers: Annotated[list[Identifier], BeforeValidator(_list)] = []
    citation_note: Texts


class Spoken(Protocol):
    """Anything in one language."""

    @property
    def value(self) -> str: ...

    @property
    def lang(self) -> str: ...


In = TypeVar("In", bound=Spoken)


def pick(texts: Sequence[In], lang: str) -> In | None:
    """The text in this language, else in a regional form of it, else the first: the author's own."""
    exact = (text for text in texts if text.lang == lang)
    regional = (text for text in texts if text.lang.partition("-")[0] == lang)
    return next(exact, None) or next(regional, None) or (texts[0] if texts else None)
