"""Rows as people write them (a spreadsheet, an ``index.json``) into the shape of a ``Record``.

A column is a record field, or a common name of one, with a language behind it where it holds words:
``title``, ``title_ar``, ``description@fr``, ``license``, ``author``. A cell holds one value, or several
separated by ``;``, ``|`` or ``؛``; JSON sources may give lists. Vocabulary terms may be URIs, codes or labels.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from metadata import licences, values, vocabularies
from metadata.record import Record

_ALIASES = {
    "license": "licence",
    "rights": "licence",
    "creator": "creators",
    "author": "creators",
    "authors": "creators",
    "language": "languages",
    "lang": "languages",
    "type": "resource_type",
    "subject": "subjects",
    "keyword": "keywords",
    "tags": "keywords",
    "level": "levels",
    "audiences": "audience",
    "abstract": "description",
    "date": "issued",
    "identifier": "identifiers",
    "alternative_title": "alternative",
    "country": "countries",
}
_TEXTS = frozenset({"title", "alternative", "description", "keywords", "rights_note", "citation_note"})
_TERMS = {
    "resource_type": ("hcrt",),
    "subjects": ("unesco-thesaurus", "isced-f"),
    "levels": ("isced-levels",),
    "audience": ("audience",),
    "educational_use": ("educational-use",),
    "interactivity": ("interactivity",),
}
_LISTS = frozenset({"subjects", "levels", "audience", "educational_use"})
# Columns about the row or its files, not about the resource.
ROW_COLUMNS = frozenset(
    {"id", "item", "path", "file", "files", "name", "bytes", "size", "sha256", "media_type", "institution", "version"}
)

_SEPARATORS = re.compile(r"\s*[;|؛]\s*")


def record_of(row: Mapping[str, Any], *, language: str = "und") -> tuple[dict[str, Any], list[str]]:
    """The row as data for ``metadata.validate.parse``, and the names of columns that mean nothing to us.

    ``language`` is that of words whose column names none and whose row names no single language.
    """
    data: dict[str, Any] = {}
    ignored: list[str] = []
    spoken = _own_language(row) or language
    for column, cell in row.items():
        field, lang = _field(column)
        if cell is None or cell in ("", []) or field in ROW_COLUMNS:
            continue
        if not _take(data, field, lang or spoken, cell):
            ignored.append(column)
    return data, ignored


def _field(column: str) -> tuple[str, str | None]:
    """``Title (AR)``, ``title_ar`` and ``title@ar`` → (``title``, ``ar``)."""
    plain = re.sub(r"[\s\-]+", "_", column.strip().lower())
    plain = re.sub(r"_?[(\[](\w+)[)\]]$", r"@\1", plain)
    name, at, lang = plain.partition("@")
    if not at and "_" in name:
        head, _, tail = name.rpartition("_")
        if _ALIASES.get(head, head) in _TEXTS and tail.isalpha() and values.language(tail) and len(tail) in (2, 3):
            name, lang = head, tail
    return _ALIASES.get(name, name), lang or None


def _own_language(row: Mapping[str, Any]) -> str | None:
    for column, cell in row.items():
        if _field(column)[0] == "languages":
            spoken = _several(cell)
            return spoken[0] if len(spoken) == 1 and isinstance(spoken[0], str) else None
    return None


def _several(cell: Any) -> list[Any]:
    if isinstance(cell, str):
        return [part for part in _SEPARATORS.split(cell.strip()) if part]
    return list(cell) if isinstance(cell, list) else [cell]


def _take(data: dict[str, Any], field: str, lang: str, cell: Any) -> bool:
    """Put one cell where it belongs; whether there is such a place."""
    if field in _TEXTS:
        data.setdefault(field, []).extend(_texts(field, lang, cell))
    elif field in _TERMS:
        found = [_term(field, part) for part in _several(cell)]
        data[field] = found if field in _LISTS else found[0]
    elif field in _CONVERTERS:
        data[field] = _CONVERTERS[field](cell)
    elif field == "countries":
        data["coverage"] = {"countries": [str(part).upper() for part in _several(cell)]}
    elif field in Record.model_fields and not isinstance(cell, str):
        data[field] = cell  # JSON sources may give any field in full
    else:
        return False
    return True


def _texts(field: str, lang: str, cell: Any) -> list[Any]:
    if isinstance(cell, str):
        parts = _several(cell) if field == "keywords" else [cell]
        return [{"value": part, "lang": lang} for part in parts]
    if isinstance(cell, list):
        return [{"value": part, "lang": lang} if isinstance(part, str) else part for part in cell]
    if isinstance(cell, dict) and "value" not in cell:  # {"ar": "…", "fr": "…"}
        return [{"value": words, "lang": tag} for tag, words in cell.items()]
    return [cell]


def _term(field: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    for scheme in _TERMS[field]:
        found = vocabularies.canonical(scheme, value)
        if found is not None:
            return found
    return value


def _agent(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if "," in value and value.count(",") == 1 and all(part.strip() for part in value.split(",")):
        family, given = (part.strip() for part in value.split(","))
        if " " not in family:  # "Hugo, Victor", but not "Judith Baker, Lorato Trok"
            return {"name": f"{given} {family}", "given": given, "family": family}
    return {"name": value}


def _identifier(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    lower = value.lower()
    if lower.startswith(("10.", "doi:", "https://doi.org/", "http://doi.org/", "https://dx.doi.org/")):
        return {
            "scheme": "doi",
            "value": re.sub(r"^(?:doi:|https?://(?:dx\.)?doi\.org/)", "", value, flags=re.IGNORECASE),
        }
    if lower.startswith(("http://", "https://")):
        return {"scheme": "url", "value": value}
    if lower.startswith("urn:isbn:") or re.fullmatch(r"(?:97[89][- ]?)?(?:\d[- ]?){9}[\dXx]", value):
        return {"scheme": "isbn", "value": re.sub(r"^urn:isbn:", "", value, flags=re.IGNORECASE)}
    return {"scheme": "other", "value": value}


def _licence(value: Any) -> Any:
    return (licences.canonical(value) or value) if isinstance(value, str) else value


def _organisation(value: Any) -> Any:
    return {"kind": "organisation", "name": value} if isinstance(value, str) else value


def _scalar(value: Any) -> Any:
    return str(value) if isinstance(value, int) else value


_CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "languages": _several,
    "licence": _licence,
    "creators": lambda cell: [_agent(part) for part in _several(cell)],
    "publisher": _organisation,
    "identifiers": lambda cell: [_identifier(part) for part in _several(cell)],
    **dict.fromkeys(("created", "issued", "modified", "rights_holder", "study_time", "play_time"), _scalar),
}


def merged(data: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The row's own fields, with the defaults where it says nothing."""
    return {**defaults, **{field: value for field, value in data.items() if value not in (None, "", [])}}
