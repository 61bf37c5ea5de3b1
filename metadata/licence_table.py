"""The table of licences: shipped rows, rows that an operator adds, and the addresses under which people write them.

Shipped are the scheme ``licences`` of the vocabularies: 611 Creative Commons deeds and the SPDX licences that course
material carries. ``metadata.licences`` is the way in for everybody else.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from metadata import values, vocabularies

Kind = Literal["PD", "BY", "BY-SA", "BY-NC", "BY-NC-SA", "BY-ND", "BY-NC-ND"]

# ccREL (https://creativecommons.org/ns): what a licence must grant to be more than permission to copy.
_FREEDOMS = frozenset(["DerivativeWorks", "Distribution", "Reproduction"])
_PERMISSIONS = _FREEDOMS | {"Sharing"}
_REQUIREMENTS = frozenset(["Attribution", "Notice", "ShareAlike", "SourceCode"])
_PROHIBITIONS = frozenset(["CommercialUse", "HighIncomeNationUse"])

_CC = "https://creativecommons.org/"


@dataclass(frozen=True, slots=True)
class Licence:
    """One licence; ``permits``, ``requires``, ``prohibits`` are ccREL terms (``DerivativeWorks``, ``Attribution`` …).

    ``code`` names the family (``by-sa``, ``zero``, ``gpl``), ``short`` is how people write it (``CC BY-SA 4.0``),
    ``jurisdiction`` a country code, ``igo`` or "". ``or_later``: the licensee may choose a later version.
    ``also``: other addresses of the same licence. ``replaced_by`` is advice for new works; never relabel an old one.
    """

    uri: str
    code: str
    short: str
    version: str
    jurisdiction: str
    spdx: str
    labels: Mapping[str, str]
    permits: frozenset[str]
    requires: frozenset[str]
    prohibits: frozenset[str]
    or_later: bool = False
    offered: bool = False
    offered_to_igo: bool = False
    deprecated: bool = False
    replaced_by: str = ""
    also: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Open by the Open Definition 2.1: for any purpose, changed or not, at most with credit and share-alike.

        The GFDL counts as open though invariant sections would spoil it: nothing in a record tells of those.
        """
        return self.permits >= _FREEDOMS and not self.prohibits

    @property
    def kind(self) -> Kind | None:
        """The Creative Commons terms that this licence amounts to; None where none of the seven describes it."""
        if "Distribution" not in self.permits or self.prohibits - {"CommercialUse"}:
            return None
        noncommercial = "-NC" if "CommercialUse" in self.prohibits else ""
        if "DerivativeWorks" not in self.permits:
            return "BY-NC-ND" if noncommercial else "BY-ND"
        if "ShareAlike" in self.requires:
            return "BY-NC-SA" if noncommercial else "BY-SA"
        if noncommercial:
            return "BY-NC"
        return "BY" if self.requires else "PD"

    @property
    def creative_commons(self) -> bool:
        return self.uri.startswith(_CC)

    @property
    def igo(self) -> bool:
        """Whether this is a port for intergovernmental organisations, whose adaptations carry a disclaimer."""
        return self.jurisdiction == "igo"


@dataclass(frozen=True, slots=True)
class _Table:
    source: Mapping[str, vocabularies.Term]
    by_uri: dict[str, Licence]
    by_key: dict[str, Licence]


_added: dict[str, Licence] = {}
_tables: list[_Table] = []


def get(uri: str) -> Licence | None:
    """The licence that an address means, or None.

    Taken as the same: http and https, with and without ``www.``, slash, ``/deed.xx``, ``/legalcode.xx``; the short
    form ``cc:licenses/by/4.0/``; an SPDX id or its page at spdx.org, old ids included (``GPL-3.0`` is
    ``GPL-3.0-only``); the pages of GNU, Apache, opensource.org; the usual short name (``CC BY 4.0``).
    """
    return _table().by_key.get(_key(uri))


def everything() -> Iterator[Licence]:
    """All licences, the operator's last."""
    return iter(_table().by_uri.values())


def add(row: Mapping[str, object]) -> Licence:
    """Let the operator's own licence count. Keys as the fields of ``Licence``; the lists may be strings with spaces.

    Needed: ``uri`` (an absolute IRI), ``short``, ``labels`` (ar, fr, en), ``permits``. ValueError, naming the field,
    where the shape is wrong, a word is not of ccREL, or the address already means a shipped licence.
    """
    unknown = sorted(set(row) - set(Licence.__dataclass_fields__))
    if unknown:
        raise ValueError(f"added licence: no such field: {', '.join(map(str, unknown))}")
    uri = _text(row, "uri")
    if not values.is_iri(uri) or not re.match(r"https?://", uri):
        raise ValueError(f"added licence: uri must be a web address, not {uri!r}")
    existing = get(uri)
    if existing and existing.uri not in _added:
        raise ValueError(f"added licence: {uri} is shipped already")
    made = Licence(
        uri=uri,
        code=_text(row, "code", uri),
        short=_text(row, "short"),
        version=_text(row, "version", ""),
        jurisdiction=_text(row, "jurisdiction", ""),
        spdx=_text(row, "spdx", ""),
        labels=_labels(row),
        permits=_words(row, "permits", _PERMISSIONS),
        requires=_words(row, "requires", _REQUIREMENTS),
        prohibits=_words(row, "prohibits", _PROHIBITIONS),
        or_later=_flag(row, "or_later", False),
        offered=_flag(row, "offered", True),
        offered_to_igo=_flag(row, "offered_to_igo", False),
        deprecated=_flag(row, "deprecated", False),
        replaced_by=_text(row, "replaced_by", ""),
        also=tuple(_split(row, "also")),
    )
    _added[uri] = made
    _tables.clear()
    return made


def remove(uri: str) -> None:
    """Forget a licence that was added. LookupError for any other."""
    if uri not in _added:
        raise LookupError(f"not an added licence: {uri}")
    del _added[uri]
    _tables.clear()


def _table() -> _Table:
    """Licences by URI and by every accepted key; made again when labels are overridden or a licence is added."""
    source = vocabularies.terms("licences")
    for table in _tables:
        if table.source is source:
            return table
    by_uri = {uri: _licence(term) for uri, term in source.items()} | _added
    by_key: dict[str, Licence] = {}
    for licence in by_uri.values():
        for key in _keys(licence):
            by_key.setdefault(_key(key), licence)
    made = _Table(source, by_uri, by_key)
    _tables[:] = [made]
    return made


def _licence(term: vocabularies.Term) -> Licence:
    extra = term.extra
    return Licence(
        uri=term.uri,
        code=extra["code"],
        short=term.notation,
        version=extra.get("version", ""),
        jurisdiction=extra.get("jurisdiction", ""),
        spdx=extra.get("spdx", ""),
        labels=term.labels,
        permits=frozenset(extra["permits"].split()),
        requires=frozenset(extra.get("requires", "").split()),
        prohibits=frozenset(extra.get("prohibits", "").split()),
        or_later="later" in extra,
        offered=term.offered,
        offered_to_igo=extra.get("offered_to") == "igo",
        deprecated="deprecated" in extra,
        replaced_by=extra.get("replaced_by", ""),
        also=tuple(extra.get("also", "").split()),
    )


def _keys(licence: Licence) -> Iterator[str]:
    yield from (licence.uri, licence.short, *licence.also)
    if licence.spdx:
        # ids before SPDX 3.0, which said neither "only" nor "or later": 3.0+ was the latter
        old = re.sub(r"-only$", "", re.sub(r"-or-later$", "+", licence.spdx))
        for name in (licence.spdx, old):
            yield from (name, f"https://spdx.org/licenses/{name}")
    if "/by-nd-nc/" in licence.uri:  # the 1.0 deed puts its elements in another order than all later ones
        yield licence.uri.replace("/by-nd-nc/", "/by-nc-nd/")
    if licence.code == "zero":
        yield "CC0"


@lru_cache(maxsize=1024)
def _key(value: str) -> str:
    text = re.sub(r"[?#].*$", "", value.strip().lower())
    text = re.sub(r"^cc:/*(?=licenses/|publicdomain/)", _CC, text)
    text = re.sub(r"^https?://(?:www\.)?", "//", text).rstrip("/")
    if text.startswith("//creativecommons.org/"):
        text = re.sub(r"/(?:deed|legalcode)(?:[.-][\w.-]+)?$|/rdf$", "", text).rstrip("/")
    elif text.startswith("//"):
        text = re.sub(r"\.(?:html?|json|txt|en\.html)$|/legalcode$", "", text)
    else:
        text = " ".join(text.split())
    return text


def _text(row: Mapping[str, object], field: str, default: str | None = None) -> str:
    value = row.get(field, default)
    if not isinstance(value, str) or (default is None and not value.strip()) or values.illegal_characters(value):
        raise ValueError(f"added licence: {field} must be readable text")
    return values.clean(value)


def _flag(row: Mapping[str, object], field: str, default: bool) -> bool:
    value = row.get(field, default)
    if not isinstance(value, bool):
        raise ValueError(f"added licence: {field} must be true or false")  # noqa: TRY004 (bad data)
    return value


def _split(row: Mapping[str, object], field: str) -> list[str]:
    value = row.get(field, ())
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, (list, tuple, set, frozenset)) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"added licence: {field} must be a list of words")
    return list(words)


def _words(row: Mapping[str, object], field: str, allowed: frozenset[str]) -> frozenset[str]:
    words = frozenset(_split(row, field))
    if not words <= allowed:
        raise ValueError(f"added licence: {field} knows {', '.join(sorted(allowed))}, not {', '.join(words - allowed)}")
    if field == "permits" and not words:
        raise ValueError("added licence: permits nothing")
    return words


def _labels(row: Mapping[str, object]) -> Mapping[str, str]:
    names = row.get("labels")
    if not isinstance(names, Mapping) or any(lang not in names for lang in vocabularies.LANGUAGES):
        raise ValueError(f"added licence: labels must hold {', '.join(vocabularies.LANGUAGES)}")
    return {str(lang): _text(names, lang) for lang in names}
