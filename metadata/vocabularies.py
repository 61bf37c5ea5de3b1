"""Terms of the controlled vocabularies, with labels in Arabic, French and English.

The data are ``metadata/terms/*.json``, made by ``metadata.terms.build``; file names are scheme names
(``metadata.scheme``). A term is known by its URI; the two lists that exist only here, ``institution-kinds`` and
``media-groups``, use their codes in place of URIs.

A label may be missing: six concepts of the UNESCO Thesaurus have no Arabic one, and COAR types that are not offered
have English alone. ``label`` falls back, and ``Term.labels`` says truly what exists.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from metadata import arabic, values
from metadata.scheme import Scheme, shipped
from metadata.scheme import Term as Term

LANGUAGES = ("ar", "fr", "en")

# What ``Record.subjects`` may hold; the small one first, so that it answers without reading the thesaurus.
SUBJECTS = ("isced-f", "unesco-thesaurus")

_SCHEMES = (
    "access-modes",
    "access-modes-sufficient",
    "accessibility-controls",
    "accessibility-features",
    "accessibility-hazards",
    "alignment-relations",
    "audience",
    "coar-access-rights",
    "coar-resource-types",
    "coar-versions",
    "contributor-roles",
    "dcmi-types",
    "educational-use",
    "hcrt",
    "ict-cft",
    "institution-kinds",
    "interactivity",
    "isced-f",
    "isced-levels",
    "licences",
    "lrmi-resource-types",
    "media-groups",
    "sdg",
    "unesco-thesaurus",
    "unesco-thesaurus-groups",
)

# Fields of a record, and which vocabularies their terms are from.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "resource_type": ("hcrt",),
    "subjects": ("unesco-thesaurus", "isced-f"),
    "levels": ("isced-levels",),
    "audience": ("audience",),
    "educational_use": ("educational-use",),
    "interactivity": ("interactivity",),
    "licence": ("licences",),
    "contributors.role": ("contributor-roles",),
    "alignments.relation": ("alignment-relations",),
    "accessibility.modes": ("access-modes",),
    "accessibility.sufficient": ("access-modes-sufficient",),
    "accessibility.features": ("accessibility-features",),
    "accessibility.hazards": ("accessibility-hazards",),
    "accessibility.controls": ("accessibility-controls",),
}

# Those that fields take; the others serve formats and pages.
NAMES = tuple(dict.fromkeys(name for names in FIELDS.values() for name in names))

# Types that browsers and tools give to anything: a file name says more.
_VAGUE = frozenset(
    ["application/octet-stream", "application/zip", "application/json", "application/xml", "text/xml", "text/plain"]
)
# Of suggestions: so few terms are all named, so many are the nearest, so like the value or more; letters and words of
# a value that count.
_FEW, _NEAREST, _LIKE, _LONG, _WORDS = 15, 5, 0.4, 60, 3
_FAMILIES = {"image": "image", "audio": "audio", "video": "video", "text": "text_document", "model": "model3d"}


_overrides: dict[str, dict[str, str]] = {}


def schemes() -> tuple[str, ...]:
    """The names of all schemes."""
    return _SCHEMES


@cache
def terms(scheme: str) -> Mapping[str, Term]:
    """All terms of a scheme by URI, in the order in which a picker shows them. LookupError for an unknown scheme."""
    if scheme not in _SCHEMES:
        raise LookupError(f"no such vocabulary: {scheme}")
    return Scheme(scheme, dict(_overrides))


def term(scheme: str, uri: str) -> Term | None:
    """The term with exactly this URI (``canonical`` is the forgiving way in)."""
    return terms(scheme).get(uri)


def find(uri: str) -> Term | None:
    """The subject with this URI, whichever subject scheme it belongs to."""
    for scheme in SUBJECTS:
        found = term(scheme, uri)
        if found:
            return found
    return None


def label(scheme: str, uri: str, lang: str) -> str:
    """The label in a language (BCP 47; ``fr-TN`` finds ``fr``), else English, else any, else the URI's last part."""
    found = term(scheme, uri)
    if found is None or not found.labels:
        return _last_part(uri)
    for candidate in (lang, lang.split("-")[0], "en"):
        if candidate in found.labels:
            return found.labels[candidate]
    return next(iter(found.labels.values()))


def with_notation(scheme: str, code: str) -> Term | None:
    """The term with this code, compared as text (``0613`` is not 613) and without regard to case."""
    uri = _codes(scheme).get(code.strip().lower())
    return terms(scheme)[uri] if uri else None


def canonical(scheme: str, value: str) -> str | None:
    """The URI of what a person may have meant: a URI (http or https, slash or not), a code, or a name in any language.

    Names are compared folded (``metadata.arabic.fold``). A name of several terms means the offered one, and the
    widest where the others lie beneath it ("Law" is a narrow and a detailed field); otherwise None: we do not guess.
    """
    text = value.strip()
    known = terms(scheme)
    if text in known:
        return text
    return _addresses(scheme).get(_address(text)) or _codes(scheme).get(text.lower()) or _named(scheme, _name(text))


@lru_cache(maxsize=256)
def matching(scheme: str, words: str) -> tuple[Term, ...]:
    """Terms one of whose names, codes or URIs has all the words, each from the beginning of a word; folded.

    In the order of the scheme. Without words all of them. LookupError for an unknown scheme.
    """
    every = terms(scheme).values()
    sought = [(f" {word}", f" {_bare(word)}") for word in _name(words).split()]
    if not sought:
        return tuple(every)
    spoken = _spoken(scheme)
    as_code = words.strip().lower()
    return tuple(
        term
        for term in every
        if as_code in (term.notation.lower(), term.uri.lower())
        or any(all(word in name or bare in name for word, bare in sought) for name in spoken[term.uri])
    )


@cache
def _spoken(scheme: str) -> Mapping[str, tuple[str, ...]]:
    """URI → names in all languages, folded, each word behind a blank: once with the Arabic article, once without."""
    names: dict[str, tuple[str, ...]] = {}
    for term in terms(scheme).values():
        told = {_name(text) for text in term.labels.values()}
        told |= {_name(text) for texts in term.alternative.values() for text in texts}
        bare = {" ".join(map(_bare, name.split())) for name in told}
        names[term.uri] = tuple(f" {name}" for name in sorted(told | bare))
    return names


def _bare(word: str) -> str:
    """Without the Arabic article, where a word is left."""
    return word.removeprefix("ال") if len(word) > 4 else word


def suggested(scheme: str, value: str) -> list[Term]:
    """Terms to name where ``value`` is none: all that a small vocabulary offers, else the nearest, if any, by name.

    ``scheme`` may also be ``subjects``: those of :data:`SUBJECTS`.
    """
    return [terms(found)[uri] for found, uri in _suggested(scheme, value[:_LONG])]


@lru_cache(maxsize=1024)
def _suggested(scheme: str, value: str) -> tuple[tuple[str, str], ...]:
    """Scheme and URI of each."""
    if scheme != "subjects":
        offered = [uri for uri, found in terms(scheme).items() if found.offered]
        if len(offered) <= _FEW:
            return tuple((scheme, uri) for uri in offered)
    sought, close = _pairs(_name(value)), []
    for one in SUBJECTS if scheme == "subjects" else (scheme,):
        for start in _starts(_name(value))[:_WORDS]:
            for name, uri in _alike(one).get(start, {}).items():
                pairs = _pairs(name)
                likeness = 2 * len(sought & pairs) / (len(sought) + len(pairs) or 1)  # Dice's coefficient
                if likeness > _LIKE:
                    close.append((-likeness, one, uri))
    return tuple(dict.fromkeys((one, uri) for _, one, uri in sorted(close)))[:_NEAREST]


def _pairs(name: str) -> set[str]:
    """Every two letters that stand together."""
    return {name[at : at + 2] for at in range(len(name) - 1)}


def _starts(name: str) -> list[str]:
    """How each word begins, without the Arabic article."""
    return list(dict.fromkeys(word.removeprefix("ال")[:3] for word in name.split()))


@cache
def _alike(scheme: str) -> Mapping[str, Mapping[str, str]]:
    """Beginning of a word → folded names with such a word → URI. Every name would be too many to compare."""
    index: dict[str, dict[str, str]] = {}
    for names in _names(scheme):
        for name, bearers in names.items():
            uri = next((found.uri for found in bearers if found.offered), None)
            for start in _starts(name) if uri else ():
                index.setdefault(start, {}).setdefault(name, str(uri))
    return index


def media_group(media_type: str, extension: str = "") -> Term:
    """The group of a file by media type (parameters are ignored) and file name extension (with or without its dot).

    A precise media type decides; for one that fits anything (octet-stream, zip, plain text, XML, JSON) the extension
    goes first. What neither knows goes by the family before the slash, else to ``other``.
    """
    kind = media_type.split(";")[0].strip().lower()
    by_type, by_extension = _media()
    group = None if kind in _VAGUE else by_type.get(kind)
    group = group or by_extension.get(extension.lower().lstrip(".")) or by_type.get(kind)
    return terms("media-groups")[group or _FAMILIES.get(kind.split("/")[0], "other")]


def override(labels: Mapping[str, Mapping[str, str]]) -> None:
    """Put the operator's labels (URI → language → label) in place of ours; each call replaces the one before.

    Meant for start: terms taken earlier keep their labels. ValueError, naming the entry, where the shape is wrong,
    a language is no BCP 47 tag, a label is empty or holds characters that no value may hold, or no scheme has the URI.
    """
    checked = {uri: _checked(uri, names) for uri, names in _items(labels, "overridden labels")}
    for uri in checked:
        if not any(uri in terms(scheme) for scheme in _SCHEMES):
            raise ValueError(f"overridden labels: no vocabulary has the term {uri}")
    _overrides.clear()
    _overrides.update(checked)
    for cached in (terms, _codes, _addresses, _names, _spoken, matching, _alike, _suggested, _media, digest):
        cached.cache_clear()


def overridden(uri: str) -> bool:
    """Whether the operator has a label of their own for this term."""
    return uri in _overrides


@cache
def digest() -> str:
    """Tells the terms and labels in use, shipped or an operator's, from any others: a short SHA-256."""
    hashed = hashlib.sha256(_shipped())
    hashed.update(json.dumps(_overrides, sort_keys=True).encode())
    return hashed.hexdigest()[:16]


@cache
def _shipped() -> bytes:
    """The SHA-256 of all schemes as they are shipped."""
    hashed = hashlib.sha256()
    for scheme in _SCHEMES:
        hashed.update(shipped(scheme))
    return hashed.digest()


def _items(value: object, where: str) -> Iterable[tuple[str, object]]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where}: an object is needed, not {type(value).__name__}")  # noqa: TRY004 (bad data)
    return value.items()


def _checked(uri: str, names: object) -> dict[str, str]:
    checked: dict[str, str] = {}
    for lang, text in _items(names, f"overridden labels of {uri}"):
        tag = values.language(lang)
        if tag is None:
            raise ValueError(f"overridden labels of {uri}: {lang} is not a language tag")
        if not isinstance(text, str) or not values.clean(text) or values.illegal_characters(text):
            raise ValueError(f"overridden labels of {uri}: the label for {lang} must be text that people can read")
        checked[tag] = values.clean(text)
    if not checked:
        raise ValueError(f"overridden labels of {uri}: no label")
    return checked


def _last_part(uri: str) -> str:
    return re.split(r"[/#]", uri.rstrip("/#"))[-1] or uri


def _address(uri: str) -> str:
    return re.sub(r"^https?://(?:www\.)?", "//", uri).rstrip("/")


def _name(text: str) -> str:
    return " ".join(arabic.fold(text.replace("’", "'")).split())


@cache
def _addresses(scheme: str) -> Mapping[str, str]:
    return {_address(uri): uri for uri in terms(scheme)}


@cache
def _codes(scheme: str) -> Mapping[str, str]:
    """Code in lower case → URI. A notation goes before a URI's last part."""
    codes: dict[str, str] = {}
    for uri, found in terms(scheme).items():
        codes.setdefault(found.notation.lower(), uri)
    if scheme != "licences":  # whose last parts are versions and countries
        for uri in terms(scheme):
            codes.setdefault(_last_part(uri).lower(), uri)
    return codes


@cache
def _names(scheme: str) -> tuple[Mapping[str, list[Term]], Mapping[str, list[Term]]]:
    """Folded labels and folded alternative names, each with the terms that bear them."""
    preferred: dict[str, list[Term]] = {}
    others: dict[str, list[Term]] = {}
    for found in terms(scheme).values():
        for name in {_name(text) for text in found.labels.values()}:
            preferred.setdefault(name, []).append(found)
        for name in {_name(text) for texts in found.alternative.values() for text in texts}:
            others.setdefault(name, []).append(found)
    return preferred, others


def _named(scheme: str, name: str) -> str | None:
    for index in _names(scheme):
        bearers = index.get(name)
        if bearers:
            return _meant([bearer for bearer in bearers if bearer.offered] or bearers)
    return None


def _meant(bearers: list[Term]) -> str | None:
    for widest in bearers:
        if all(other is widest or widest.uri in _wider(other) for other in bearers):
            return widest.uri
    return None


def _wider(found: Term) -> set[str]:
    """All terms above this one."""
    above: set[str] = set()
    waiting = list(found.broader)
    while waiting:
        uri = waiting.pop()
        if uri not in above:
            above.add(uri)
            parent = term(found.scheme, uri)
            waiting.extend(parent.broader if parent else ())
    return above


@cache
def _media() -> tuple[Mapping[str, str], Mapping[str, str]]:
    by_type: dict[str, str] = {}
    by_extension: dict[str, str] = {}
    for uri, group in terms("media-groups").items():
        by_type.update(dict.fromkeys(group.extra["media_types"].split(), uri))
        by_extension.update(dict.fromkeys(group.extra.get("extensions", "").split(), uri))
    return by_type, by_extension
