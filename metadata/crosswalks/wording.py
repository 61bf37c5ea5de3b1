"""How values of a record are said in any format: what several crosswalks share on their way out."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from metadata import values, vocabularies
from metadata.crosswalks.described import FileLink
from metadata.licences import Licence
from metadata.record import Agent, Identifier, Record, Source, Text

HCRT = "https://w3id.org/kim/hcrt/"
RELATORS = "http://id.loc.gov/vocabulary/relators/"

SEPARATOR = " — "
"""Between the parts of a statement that says several things, in formats with one element for them."""

DEVICES: Mapping[str, Mapping[str, str]] = {
    "none": {"ar": "بلا أجهزة", "fr": "aucun appareil", "en": "no device"},
    "phone": {"ar": "هاتف", "fr": "téléphone", "en": "phone"},
    "tablet": {"ar": "جهاز لوحي", "fr": "tablette", "en": "tablet"},
    "computer": {"ar": "حاسوب", "fr": "ordinateur", "en": "computer"},
    "projector": {"ar": "جهاز عرض", "fr": "vidéoprojecteur", "en": "projector"},
    "loudspeaker": {"ar": "مكبّر صوت", "fr": "haut-parleur", "en": "loudspeaker"},
    "printer": {"ar": "طابعة", "fr": "imprimante", "en": "printer"},
}
"""What ``Classroom.devices`` are called, by language, as in the middle of a sentence."""

_ARABIC = re.compile("[\u0620-\u06ff]")
_BEFORE = {"doi": "https://doi.org/", "handle": "https://hdl.handle.net/", "isbn": "urn:isbn:", "issn": "urn:issn:"}
_ACCESS = {"open": "open", "embargoed": "embargoed", "institution": "restricted", "metadata-only": "closed"}
_COAR = {"open": "c_abf2", "embargoed": "c_f1cf", "institution": "c_16ec", "metadata-only": "c_14cb"}
_BASES = {"orcid": "https://orcid.org/", "ror": "https://ror.org/"}


def language(text: Text) -> str | None:
    """The tag for xml:lang, left out where nobody knows the language or the tag is not one (the schemas check)."""
    return tag(text.lang)


def tag(lang: str) -> str | None:
    """The same of a tag alone."""
    return None if lang == "und" else values.language(lang)


def name(agent: Agent) -> str:
    """``Family, Given`` where both are known, as libraries ask; the name as shown otherwise."""
    if not (agent.family and agent.given):
        return agent.name
    comma = "،" if _ARABIC.search(agent.family) else ","
    return f"{agent.family}{comma} {agent.given}"


@lru_cache(maxsize=256)
def organisation(name: str, ror: str | None = None) -> Agent:
    """An organisation that no record names as an agent: an institution, a funder."""
    return Agent(kind="organisation", name=name, ror=ror)


def agent_uris(agent: Agent) -> dict[str, str]:
    """``orcid`` and ``ror`` as addresses, however they are written."""
    said = (("orcid", agent.orcid), ("ror", agent.ror))
    return {scheme: agent_uri(scheme, value) for scheme, value in said if value}


def agent_uri(scheme: str, said: str) -> str:
    """``https://ror.org/05dxps055`` of the bare id, or of an address with anything before it."""
    return _BASES[scheme] + said.strip().rstrip("/").rpartition("/")[2]


def labels(term: vocabularies.Term | Licence | None) -> Iterator[tuple[str, str]]:
    """(label, language) of a term or a licence in the order ar, fr, en; nothing where it is unknown."""
    for tag in vocabularies.LANGUAGES:
        if term and tag in term.labels:
            yield term.labels[tag], tag


def bare(identifier: Identifier) -> str:
    """The identifier without what names its scheme: ``10.1234/x``, ``978-3-16-148410-0``, a URL as it is."""
    value = identifier.value.strip()
    before = (_BEFORE.get(identifier.scheme, ""), "doi:", "hdl:", "http://dx.doi.org/", "http://hdl.handle.net/")
    for start in before:
        if start and identifier.scheme in _BEFORE and value.lower().startswith(start):
            return value[len(start) :].strip()
    return value


def followable(identifier: Identifier) -> str:
    """As something to follow where the scheme has such a form: ``https://doi.org/10.1234/x``."""
    value = identifier.value
    if "://" in value or value.lower().startswith("urn:"):
        return value
    without = value.split(":", 1)[1] if value.lower().startswith(("doi:", "hdl:")) else value
    return _BEFORE.get(identifier.scheme, "") + without.strip()


def access_right(record: Record) -> str:
    """``info:eu-repo/semantics/…Access`` (DRIVER Guidelines 2.0)."""
    return f"info:eu-repo/semantics/{_ACCESS[record.access.kind]}Access"


def access_term(record: Record) -> vocabularies.Term:
    """The term of COAR's access rights, which OpenAIRE asks for."""
    return vocabularies.terms("coar-access-rights")[f"http://purl.org/coar/access_right/{_COAR[record.access.kind]}"]


def embargo_end(record: Record) -> str | None:
    """``info:eu-repo/date/embargoEnd/2026-01-31`` while there is an embargo."""
    access = record.access
    until = access.until if access.kind == "embargoed" else None
    return f"info:eu-repo/date/embargoEnd/{until.isoformat()}" if until else None


def source(adapted: Source) -> str:
    """``Title — Creator — identifier``, with what is known of it."""
    return SEPARATOR.join(part for part in (adapted.title, adapted.creator, adapted.identifier) if part)


def dcmi_type(file: FileLink) -> str:
    """The DCMI Type of a file, such as ``MovingImage``; empty where it has none."""
    return file.group.extra.get("dcmi_type", "")
