"""What partners write, understood: plain text in, a value that the rules of a record accept out, or None.

Every crosswalk that reads goes through here. A value is taken where it can be meant in one way only; whoever calls
keeps the rest among ``Loaded.unmapped``. Nothing here raises on any text.
"""

import html
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Literal

from babel import Locale

from metadata import arabic, rules, values, vocabularies
from metadata.crosswalks.understood_dates import date
from metadata.crosswalks.understood_terms import audience, level, licence, resource_type, subject
from metadata.findings import Findings
from metadata.record import Access, Agent, Identifier, Text

__all__ = [
    "access",
    "agent",
    "audience",
    "date",
    "duration",
    "identifier",
    "is_iri",
    "language",
    "level",
    "licence",
    "overflow",
    "resource_type",
    "sound",
    "subject",
    "text",
    "texts",
]

Scheme = Literal["doi", "isbn", "issn", "handle", "url", "urn", "other"]

# Tags of formatting, taken for markup only in text that closes one or breaks a line by one.
_MARKUP = re.compile(
    r"</?(?:p|br|b|i|u|em|strong|sub|sup|a|div|span|ul|ol|li|h[1-6]|blockquote|small|font|tt|code|pre)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_CLOSED = re.compile(r"</(?:p|b|i|u|em|strong|su[bp]|a|div|span|ul|ol|li|h[1-6])>|<br\s*/?>", re.IGNORECASE)
_BREAKS = re.compile(r"<br\s*/?>|</(?:p|div|li|h[1-6]|blockquote)>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_LONG = 1_000  # no name and no term is longer, and patterns need not be tried on more
_NOTHING = frozenset({"-", "--", "n/a", "none", "null", "unknown", "not available", "s.n.", "[s.n.]", "???"})


def text(said: str, lang: str | None) -> Text | None:
    """The words as a record stores them, None where nothing is left. ``und`` where the language is not understood.

    Entities that were escaped twice are read, HTML formatting is taken off, characters that no value may hold go, and
    the layout of the XML (spaces around line ends, more than one empty line) with them.
    """
    found = _plain(said)
    return Text(value=found, lang=(language(lang) if lang else None) or "und") if found else None


def _plain(said: str) -> str:
    found = html.unescape(said) if _ENTITY.search(said) else said
    if _CLOSED.search(found):
        found = _MARKUP.sub("", _BREAKS.sub("\n", found))
    found = values.clean(found)
    illegal = {position for position, _ in values.illegal_characters(found)}
    if illegal:
        found = "".join(character for position, character in enumerate(found) if position not in illegal)
    lines = "\n".join(line.strip() for line in found.replace("\t", " ").split("\n"))
    return values.clean(re.sub(r"\n{3,}", "\n\n", lines))


def texts(pairs: Iterable[tuple[str, str | None]]) -> list[Text]:
    """At most one text per language, the first; the others are :func:`overflow`."""
    return list(_first(pairs)[0].values())


def overflow(pairs: Iterable[tuple[str, str | None]]) -> list[Text]:
    """What :func:`texts` leaves out because its language is taken, without repetitions of what it keeps."""
    return _first(pairs)[1]


def _first(pairs: Iterable[tuple[str, str | None]]) -> tuple[dict[str, Text], list[Text]]:
    kept: dict[str, Text] = {}
    rest: dict[Text, None] = {}
    for said, lang in pairs:
        found = text(said, lang)
        if found and kept.setdefault(found.lang, found) != found:
            rest[found] = None
    return kept, list(rest)


def language(said: str) -> str | None:
    """BCP 47 from ISO 639 codes, tags (``en_US``) or a name in English, French or Arabic (CLDR), qualified or not.

    None for what names no language: ``und``, ``mis``, ``mul``.
    """
    if len(said) > _LONG:
        return None
    bare = re.sub(r"\s*[(\[].*", "", said.strip().rstrip(" ;.,"), flags=re.DOTALL)
    name = arabic.fold(bare).removeprefix("اللغه ").removeprefix("langue ").removesuffix(" language").strip()
    found = _language_names().get(name)
    if not found and bare.isascii() and re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9_-]{1,30})?", bare):
        found = values.language(bare)
    return None if found in ("und", "mis", "mul") else found


@cache
def _language_names() -> Mapping[str, str]:
    """Folded name → tag. Arabic ones without article and as the masculine adjective too: ``عربي``."""
    names = {"انكليزي": "en", "انكليزيه": "en", "الانكليزيه": "en", "امازيغيه": "ber", "tamazight": "ber"}
    names |= {"berber": "ber", "berbere": "ber", "berbère": "ber", "amazigh": "ber", "farsi": "fa"}
    for locale in ("en", "fr", "ar"):
        for code, name in Locale(locale).languages.items():
            tag = values.language(code)
            if tag and len(name) > 3:
                folded = arabic.fold(name)
                bare = folded.removeprefix("ال")
                for form in (folded, bare, bare.removesuffix("ه")) if locale == "ar" else (folded,):
                    names.setdefault(form, tag)
    return names


_OPEN, _RESTRICTED, _CLOSED_ACCESS = Access(kind="open"), Access(kind="institution"), Access(kind="metadata-only")
_ACCESS_CODES = {"c_abf2": _OPEN, "c_16ec": _RESTRICTED, "c_14cb": _CLOSED_ACCESS, "c_f1cf": _CLOSED_ACCESS}
_ACCESS_WORDS = {
    "open|public|free access|libre accès|accès libre|en libre accès|وصول حر|متاح للجميع|مفتوح": _OPEN,
    "restricted|campus only|accès limité|مقيد|وصول محدود": _RESTRICTED,
    "closed|closed access|embargoed|non public|accès fermé|metadata only|وصول مغلق": _CLOSED_ACCESS,
}
_ACCESS_BASE = re.compile(
    r"(?:info:eu-repo/semantics|https?://purl\.org/eprint/accessrights"
    r"|https?://publications\.europa\.eu/resource/authority/access-right)/",
    re.IGNORECASE,
)
_EMBARGO_END = re.compile(r"info:eu-repo/date/embargoend/(.+)", re.IGNORECASE)


def access(said: str) -> Access | None:
    """Who may have the files, from ``info:eu-repo``, COAR, EPrints or EU access rights, or plain words.

    The end of an embargo is a statement of its own (``info:eu-repo/date/embargoEnd/…``); "embargoed" alone gives
    ``metadata-only``, which holds until somebody says the day.
    """
    if len(said) > _LONG:
        return None
    end = _EMBARGO_END.fullmatch(said.strip())
    if end:
        until = date(end[1])
        return Access.model_validate({"kind": "embargoed", "until": until}) if until and len(until) == 10 else None
    uri = vocabularies.canonical("coar-access-rights", said)
    if uri:
        return _ACCESS_CODES[uri.rpartition("/")[2]]
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", _ACCESS_BASE.sub("", said.strip())).replace("_", " ")
    word = arabic.fold(parted).strip(" .")
    words = _access_words()
    return words.get(word) or words.get(word.removesuffix(" access"))


@cache
def _access_words() -> Mapping[str, Access]:
    return {arabic.fold(word): found for words, found in _ACCESS_WORDS.items() for word in words.split("|")}


_ORGANISATION = re.compile(
    r"\b(?:universit|institut|dept\b|department|département|ministry|ministère|school|école|college|collège|faculty|faculté|center"
    r"|centre|association|society|société|library|bibliothèque|laborator|laboratoire|academy|académie|foundation"
    r"|fondation|unesco|alecso|council|conseil|agency|agence|press\b|presses|inc\b|ltd\b|gmbh|committee|museum|musée"
    r"|project\b|consortium|archives|commission|division|authority|board\b|survey\b|group\b|publish|verlag|éditions)|(?:^|\s)(?:جامعة|وزارة|معهد|كلية|مدرسة|مركز|جمعية|مؤسسة|منظمة|مكتبة|مختبر|مخبر"
    r"|أكاديمية|دار|نادي|لجنة|هيئة|قسم|المركز|المعهد|الجامعة|المدرسة|المنظمة|الجمعية)\s",
    re.IGNORECASE,
)
_ORCID = re.compile(r"[(\[<\s,;]*(?:orcid(?:\s*id)?[:\s]*)?(?:https?://(?:www\.)?orcid\.org/)?"
                    r"(\d{4}-\d{4}-\d{4}-\d{3}[\dX])[)\]>\s]*", re.IGNORECASE)  # fmt: skip
_ROR = re.compile(r"[(\[<\s,;]*https?://ror\.org/(0[a-z0-9]{8})[)\]>\s]*", re.IGNORECASE)
_YEARS = re.compile(r"[,،]\s*(?:b\.\s*|d\.\s*)?(?:ca?\.\s*)?\d{4}\??\s*-?\s*(?:\d{4}\??)?\.?$")
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|ph\.?\s?d|m\.?d|prof|dr)\.?", re.IGNORECASE)


def agent(said: str, kind: str | None = None) -> Agent | None:
    """A person from ``Family, Given``, or an organisation; ORCID and ROR inside are taken where they are valid.

    ``kind`` is ``person`` or ``organisation`` where the format says so; otherwise the words of the name decide
    (University, وزارة …). Years of birth and death after the name go. None for no name, and for one above 300
    characters, which is a list or a sentence.
    """
    name = " ".join(_plain(said[: 2 * _LONG]).split())
    found: dict[str, Any] = {}
    for key, pattern, rule in (("orcid", _ORCID, rules.orcid), ("ror", _ROR, rules.ror)):
        match = pattern.search(name)
        if match and sound(rule, match[1].upper() if key == "orcid" else match[1].lower()):
            found[key] = match[1].upper() if key == "orcid" else match[1].lower()
            name = (name[: match.start()] + " " + name[match.end() :]).strip(" ,;")
    name = " ".join(name.split())
    if not re.search(r"\w", name) or name.lower() in _NOTHING or len(name) > rules.LIMITS["*.name"]:
        return None
    if kind not in ("person", "organisation"):
        kind = "organisation" if "ror" in found or _ORGANISATION.search(name) else "person"
    if kind == "person":
        found |= _person(_YEARS.sub("", name))
    return Agent.model_validate({"name": name, **found, "kind": kind})


def _person(name: str) -> dict[str, str]:
    parts = [part.strip() for part in re.split("[,،]", name)]
    suffix = f", {parts.pop()}" if len(parts) == 3 and _SUFFIX.fullmatch(parts[2]) else ""
    if len(parts) != 2 or not all(re.search(r"\w", part) for part in parts):
        return {"name": name}
    family, given = parts
    return {"name": f"{given} {family}{suffix}", "family": family, "given": given + suffix}


def identifier(said: str) -> Identifier | None:
    """The identifier with its scheme, without the prefix that names it: ``doi:10.1/x`` gives ``10.1/x``.

    Bare numbers are ISBNs only with 13 digits or hyphens, and ISSNs unless they may be years. ``other`` for schemes
    that we know by name alone (arXiv, ark, oai, pmid). None for everything else.
    """
    if len(said) > 2 * _LONG:
        return None
    value = "".join(_plain(said).split("\n"))
    value = re.sub(r"^info:(doi|hdl)/", r"\1:", value)
    for scheme, pattern in _SCHEMES:
        match = pattern.fullmatch(value)
        bare = match[match.lastindex or 0].strip() if match else ""
        if bare and len(bare) <= rules.LIMITS["identifiers.value"]:
            made = Identifier(scheme=scheme, value=bare)
            if sound(rules.identifier, made.value, made):
                return made
    return None


# In the order of trying; the last group is the identifier. A rule of the record judges what matches.
_SCHEMES: tuple[tuple[Scheme, re.Pattern[str]], ...] = tuple(
    (scheme, re.compile(pattern, re.IGNORECASE))  # type: ignore[misc]
    for scheme, pattern in (
        ("doi", r"(?:doi[:\s]*)?(?:https?://(?:dx\.|www\.)?doi\.org/|doi[:\s]+)?(10\.\d{4,9}(?:\.\d+)*/\S+)"),
        ("handle", r"(?:https?://hdl\.handle\.net/|hdl:\s*)([^?#]+)"),
        ("isbn", r"(?:urn:)?isbn(?:-1[03])?[:\s]*([\dX -]{10,17})"),
        ("isbn", r"(97[89][\d -]{10,14}|(?=[\dX-]{13}$)\d+-\d+-\d+-[\dX])"),
        ("issn", r"(?:urn:)?e?-?issn[:\s]*(?:\([^)]*\)\s*)?(\d{4}-\d{3}[\dX])"),
        ("issn", r"((?!(?:1\d|20)\d\d-(?:1\d|20)\d\d)\d{4}-\d{3}[\dX])"),
        ("url", r"https?://.+"),
        ("urn", r"urn:.+"),
        ("other", r"(?:arxiv|ark|oai|pmid|pmc|pmcid|bibcode|lccn|oclc|info|wos|scopus|nbn)[:/]\s*\S.*"),
    )
)


def is_iri(said: str) -> bool:
    """Whether a reference to another resource may hold this."""
    return len(said) <= rules.LIMITS["*.identifier"] and sound(rules.iri, said)


def duration(said: str) -> str | None:
    """ISO 8601 as it is; whoever has other durations writes them so first."""
    return said if said.isascii() and values.is_duration(said) else None


def sound(rule: Callable[[Findings, str, str, Any], None], value: str, part: Any = None) -> bool:
    """Whether a rule of the record finds no error in the value; warnings do not count."""
    findings = Findings()
    rule(findings, "", value, part)
    return all(problem.severity == "warning" for problem in findings.all())
