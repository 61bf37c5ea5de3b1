"""Rules for single values: one function per kind of value, and the table that says which field follows which.

A rule takes the findings, the path, the value and the part that holds it; it adds what is wrong and returns nothing.
Paths without positions (``creators.orcid``) are *patterns*; ``*.orcid`` stands for every field of that name.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from metadata import licences, values, vocabularies
from metadata.findings import Findings, shown

Rule = Callable[[Findings, str, str, Any], None]
T = TypeVar("T")

LIMITS: Mapping[str, int] = {
    "title.value": 500,
    "alternative.value": 500,
    "description.value": 20_000,
    "keywords.value": 100,
    "rights_note.value": 5_000,
    "citation_note.value": 5_000,
    "accessibility.summary.value": 5_000,
    "sources.changes.value": 5_000,
    "classroom.equipment.value": 1_000,
    "sources.title": 500,
    "*.title": 500,
    "*.lang": 35,
    "*.name": 300,
    "*.identifier": 1_000,
    "*.target": 1_000,
    "identifiers.value": 1_000,
    "*": 300,
}
"""The most characters (code points) a text may hold, by pattern; ``*`` for every other."""

LISTS: Mapping[str, int] = {"creators": 500, "contributors": 500, "parts": 1_000, "sources": 300, "*": 100}
"""The most items a list may hold."""

SCHEMES = frozenset({"http", "https", "urn", "doi", "hdl", "info", "ark", "oai"})
"""Where an IRI may lead. An allow-list, since pages make links of them: no ``javascript:``, no ``data:``."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_RUNNABLE = frozenset({"javascript", "data", "vbscript", "file", "blob", "about", "view-source"})

_WEB = re.compile(r"(?i)https?:(?!//(?:[^/?#@]*@|(?![^/?#]*@))[^/?#:@])")


def iri(findings: Findings, path: str, value: str, _part: Any, schemes: frozenset[str] = SCHEMES) -> None:
    """An IRI of an allowed scheme; on the web with a host, elsewhere with something after the colon."""
    scheme = _SCHEME.match(value)
    if scheme and scheme[1].lower() not in schemes:
        findings.add("iri.scheme", path, value=shown(value), scheme=shown(scheme[1], 40))
    elif not scheme or scheme.end() == len(value) or not values.is_iri(value) or _WEB.match(value):
        findings.add("iri.invalid", path, value=shown(value))


def one_of(*schemes: str, called: str = "") -> Rule:
    """A rule: the value is the URI of a term of one of these vocabularies; one no longer offered is a warning."""

    def rule(findings: Findings, path: str, value: str, _part: Any) -> None:
        term = next((found for scheme in schemes if (found := vocabularies.term(scheme, value))), None)
        if term is None:
            findings.add("term.unknown", path, value=shown(value), scheme=called or schemes[0])
        elif not term.offered:
            findings.warn("term.not-offered", path, value=value, scheme=called or schemes[0])

    return rule


def language(findings: Findings, path: str, value: str, _part: Any) -> None:
    if values.language(value) is None:
        findings.add("language.invalid", path, value=shown(value))


def date(findings: Findings, path: str, value: str, _part: Any) -> None:
    """EDTF (ISO 8601-2); an interval whose end lies before its start is reversed."""
    if not values.is_edtf(value):
        findings.add("date.invalid", path, value=shown(value))
    elif value.count("/") == 1 and _reversed(*value.split("/")):
        findings.add("date.reversed", path, value=value)


@lru_cache(maxsize=1024)
def _reversed(start: str, end: str) -> bool:
    if not all(values.is_edtf(side) for side in (start, end)):
        return False  # an open or unknown end
    from edtf import parse_edtf  # late for the same reason as in metadata.values

    try:
        return bool(parse_edtf(start).lower_strict() > parse_edtf(end).upper_strict())
    except (TypeError, ValueError, OverflowError):
        return False  # years beyond what edtf can compare


def duration(findings: Findings, path: str, value: str, _part: Any) -> None:
    if not value.isascii() or not values.is_duration(value):
        findings.add("duration.invalid", path, value=shown(value))


def country(findings: Findings, path: str, value: str, _part: Any) -> None:
    if not values.is_country(value):
        findings.add("country.invalid", path, value=shown(value))


def licence(findings: Findings, path: str, value: str, _part: Any) -> None:
    """A licence of the table by its URI; another way of writing one (``http:``, ``CC BY 4.0``) is named."""
    found = licences.get(value)
    if found is None:
        findings.add("licence.unknown", path, value=shown(value))
    elif found.uri != value:
        findings.add("licence.not-canonical", path, value=shown(value), uri=found.uri)


def source_licence(findings: Findings, path: str, value: str, part: Any) -> None:
    """A work of others may carry a licence that we do not know: said, not refused, as long as it is an IRI."""
    if licences.get(value) is None:
        iri(findings, path, value, part)
        findings.warn("licence.unknown", path, value=shown(value))


def _known(kind: str, value: str) -> bool:
    """What idutils says of an identifier: form, and check digit where it computes one."""
    import idutils  # 0.3 s on import, for records that carry identifiers

    return bool(getattr(idutils, f"is_{kind}")(value))


def orcid(findings: Findings, path: str, value: str, _part: Any) -> None:
    if not _known("orcid", value):
        findings.add("orcid.invalid", path, value=shown(value))


_CROCKFORD = {letter: number for number, letter in enumerate("0123456789abcdefghjkmnpqrstvwxyz")}


def ror(findings: Findings, path: str, value: str, _part: Any) -> None:
    """A ROR id with its check digits (ISO 7064 mod 97-10 over Crockford's base 32), which idutils does not compute."""
    bare = value.lower()[-9:]
    sound = _known("ror", value) and bare[7:].isdigit() and all(letter in _CROCKFORD for letter in bare[:7])
    if sound:
        number = 0
        for letter in bare[:7]:
            number = number * 32 + _CROCKFORD[letter]
        sound = 98 - number * 100 % 97 == int(bare[7:])
    if not sound:
        findings.add("ror.invalid", path, value=shown(value))


_HANDLE = re.compile(r"(?i)(?:hdl:|info:hdl/|https?://hdl\.handle\.net/)?\d+(?:\.[a-z0-9]+)*/\S+")

# idutils takes spaces inside DOIs, and anything with a slash as a handle, "javascript:…/x" too.
_IDENTIFIERS: Mapping[str, Callable[[str], bool]] = {
    "doi": lambda value: _known("doi", value) and not re.search(r"\s", value),
    "isbn": lambda value: _known("isbn", value),
    "issn": lambda value: _known("issn", value),
    "handle": lambda value: _known("handle", value) and bool(_HANDLE.fullmatch(value)),
    "urn": lambda value: bool(re.match(r"(?i)urn:[a-z0-9][a-z0-9-]{0,31}:", value)) and values.is_iri(value),
}


def identifier(findings: Findings, path: str, value: str, part: Any) -> None:
    """By the scheme beside it; ``other`` may be anything that nobody can run."""
    if part.scheme == "url":
        iri(findings, path, value, part, frozenset({"http", "https"}))
    elif part.scheme == "other":
        _harmless(findings, path, value)
    elif not _IDENTIFIERS[part.scheme](value):
        findings.add(f"{part.scheme}.invalid", path, value=shown(value))


def _harmless(findings: Findings, path: str, value: str) -> None:
    scheme = _SCHEME.match(re.sub(r"[\t\n\r]", "", value))  # as browsers do (WHATWG URL, basic URL parser)
    if scheme and scheme[1].lower() in _RUNNABLE:
        findings.add("iri.scheme", path, value=shown(value), scheme=scheme[1])


def target(findings: Findings, path: str, value: str, part: Any) -> None:
    """A term where the framework is one of ours (SDG, ICT-CFT), an IRI where it looks like one, else a code."""
    if part.kind == "sdg":
        one_of("sdg")(findings, path, value, part)
    elif part.framework == "ict-cft":
        one_of("ict-cft")(findings, path, value, part)
    elif "://" in value:
        iri(findings, path, value, part)
    else:
        _harmless(findings, path, value)


# Letters of other scripts that nobody can tell from Latin ones. Greek small letters that science mixes with
# Latin on purpose (μm, Δx, αβ) are not among them.
_LOOKALIKES = re.compile("[асеорхуіјѕԁһӏԛԝАВЕКМНОРСТХУІЈЅԌΑΒΕΖΗΙΚΜΝΟΡΤΥΧο]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_WORD = re.compile(r"[^\W\d_]{3,}")


def one_script(findings: Findings, path: str, value: str, _part: Any = None) -> None:
    """Warn of a word that mixes Latin letters with lookalikes: ``pаypal`` with a Cyrillic ``а``."""
    if value.isascii() or not _LOOKALIKES.search(value):
        return
    for word in _WORD.findall(value):
        if _LOOKALIKES.search(word) and _LATIN.search(word):
            findings.warn("text.mixed-script", path, word=shown(word, 60))
            return


RULES: Mapping[str, Rule] = {
    "*.lang": language,
    "languages": language,
    "resource_type": one_of("hcrt"),
    "subjects": one_of(*vocabularies.SUBJECTS, called="subjects"),
    "levels": one_of("isced-levels"),
    "audience": one_of("audience"),
    "contributors.role": one_of("contributor-roles"),
    "educational_use": one_of("educational-use"),
    "interactivity": one_of("interactivity"),
    "alignments.relation": one_of("alignment-relations"),
    "alignments.target": target,
    "accessibility.modes": one_of("access-modes"),
    "accessibility.sufficient": one_of("access-modes-sufficient"),
    "accessibility.features": one_of("accessibility-features"),
    "accessibility.hazards": one_of("accessibility-hazards"),
    "accessibility.controls": one_of("accessibility-controls"),
    "created": date,
    "issued": date,
    "modified": date,
    "coverage.period": date,
    "coverage.countries": country,
    "study_time": duration,
    "play_time": duration,
    "licence": licence,
    "sources.licence": source_licence,
    "*.orcid": orcid,
    "*.ror": ror,
    "*.identifier": iri,
    "identifiers.value": identifier,
}
"""Which value follows which rule; every other text is only looked at for mixed scripts."""


def by_pattern(table: Mapping[str, T], pattern: str) -> T | None:
    """The entry for a pattern: its own, else the one for its last name, else the one for all."""
    return table.get(pattern) or table.get("*." + pattern.rpartition(".")[2]) or table.get("*")
