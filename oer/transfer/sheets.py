"""A record as the cells of a spreadsheet's row, to be edited there and read back.

A column is a field; words have one for each language of the repository, and one for all others. A cell has the form
in which people write such things, or JSON where that would lose something. What is read back is what was *changed*:
a cell that says what it said leaves its field as it is, to the last detail.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from metadata import reading, values
from metadata.record import Record
from oer.transfer import columns
from oer.transfer.columns import plain, several, unpacked

_LANGUAGES = ("ar", "fr", "en")
_TEXTS = ("title", "alternative", "description", "keywords", "rights_note", "citation_note")

Data = dict[str, Any]  # a record as JSON, defaults left out


@dataclass(frozen=True, slots=True)
class _Column:
    """``show`` says what the cell holds; ``put`` changes the record to what it holds now, False where it cannot."""

    show: Callable[[Data], str]
    put: Callable[[Data, Any], bool]


def data_of(record: Record) -> Data:
    return record.model_dump(mode="json", exclude_defaults=True)


def cells(data: Data) -> dict[str, str]:
    """Every column of :data:`COLUMNS`, empty where the record says nothing."""
    return {name: column.show(data) for name, column in COLUMNS.items()}


def edited(record: Record, row: Mapping[str, Any]) -> tuple[Data, list[str], list[str]]:
    """The record as the row has changed it; columns whose cell cannot be read; those that mean nothing here.

    Cells may also be JSON values, from a source that has them. An empty cell takes the field away.
    """
    data = data_of(record)
    before = cells(data)
    unread, ignored = [], []
    for name, cell in row.items():
        column = COLUMNS.get(plain(name))
        if column is None:
            ignored.append(name)
        elif not _same(cell, before[plain(name)]) and not column.put(data, "" if cell is None else cell):
            unread.append(name)
    return data, unread, ignored


def _same(cell: Any, before: str) -> bool:
    """Spreadsheets rewrite the ends of lines, and trim."""
    said = "" if cell is None else cell
    return isinstance(said, str) and values.clean(said) == values.clean(before)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# ── Words ────────────────────────────────────────────────────────────────────────────────────────


def _show_text(field: str, lang: str, data: Data) -> str:
    found = [text["value"] for text in data.get(field, ()) if text.get("lang", "und") == lang]
    if field != "keywords":
        return found[0] if found else ""
    joined = "; ".join(found)
    return joined if several(joined) == found else _json(found)


def _put_text(field: str, lang: str, data: Data, cell: Any) -> bool:
    """In the place of the first text of this language, so that the order of the others stays."""
    said = several(unpacked(cell)) if field == "keywords" else [cell] if cell else []
    if not all(isinstance(value, str) for value in said):
        return False
    there = data.pop(field, [])
    at = next((index for index, text in enumerate(there) if text.get("lang", "und") == lang), len(there))
    kept = [text for text in there[at:] if text.get("lang", "und") != lang or field != "keywords"]
    if field != "keywords" and at < len(there):
        kept = there[at + 1 :]
    _set(data, field, [*there[:at], *({"value": value, "lang": lang} for value in said), *kept])
    return True


def _show_others(field: str, data: Data) -> str:
    """Texts that no column of a language shows."""
    found = _others(field, data.get(field, []))
    return _json(found) if found else ""


def _others(field: str, texts: list[Data]) -> list[Data]:
    seen: set[str] = set()
    found = []
    for text in texts:
        lang = text.get("lang", "und")
        if lang not in _LANGUAGES or (field != "keywords" and lang in seen):
            found.append(text)
        seen.add(lang)
    return found


def _put_others(field: str, data: Data, cell: Any) -> bool:
    said = unpacked(cell) if cell else []
    if isinstance(said, str):
        said = [{"value": said, "lang": "und"}]
    if not isinstance(said, list):
        return False
    there = data.pop(field, [])
    old = _others(field, there)
    _set(data, field, [*(text for text in there if not any(text is one for one in old)), *said])
    return True


def _set(data: Data, field: str, value: Any) -> None:
    if value in ("", [], {}, None):
        data.pop(field, None)
    else:
        data[field] = value


# ── Access ───────────────────────────────────────────────────────────────────────────────────────


def _show_access(member: str, data: Data) -> str:
    access = data.get("access", {})
    return str(access.get(member, "open" if member == "kind" else "") or "")


def _put_access(member: str, data: Data, cell: Any) -> bool:
    if not isinstance(cell, str):
        return False
    access = dict(data.pop("access", {}))
    access.pop(member, None)
    if cell.strip():
        access[member] = cell.strip().lower()
    _set(data, "access", access)
    return True


# ── Everything else ──────────────────────────────────────────────────────────────────────────────


def _show(field: str, data: Data) -> str:
    value = data.get(field)
    if value is None:
        return ""
    simple = _simple(field, value)
    return simple if simple and _read(field, simple) == value else _json(value)


def _simple(field: str, value: Any) -> str:
    """How people write it, whatever that may lose."""
    match value:
        case str():
            return value
        case [*parts] if all(isinstance(part, str) for part in parts):
            return "; ".join(parts)
        case [*parts] if field in {"creators", "identifiers"}:
            return "; ".join(str(part.get("value" if field == "identifiers" else "name", "")) for part in parts)
        case {"name": str(name)} if field == "publisher":
            return name
        case {"minimum": int(low), "maximum": int(high)}:
            return f"{low}-{high}"
        case {"minimum": int(low)} if field == "age_range":
            return f"{low}+"
        case _:
            return ""


def _put(field: str, data: Data, cell: Any) -> bool:
    if cell in ([], {}) or (isinstance(cell, str) and not cell.strip()):
        data.pop(field, None)
        return True
    value = _read(field, cell)
    if value is None:
        return False
    data[field] = value
    return True


def _read(field: str, cell: Any) -> Any:
    """The cell's value as a record has it; None where there is no reading it."""
    if isinstance(cell, str) and cell.startswith(("[", "{", '"')):
        value, problems = reading.load(cell.encode("utf-8", "surrogatepass"))
        if not problems and (not value or isinstance(value, str)):
            return value
        cell = cell if problems else value
    found, _ = columns.record_of({field: cell})
    if field in found:
        return found[field]
    return cell.strip() if field in _WORDS and isinstance(cell, str) else None


_WORDS = frozenset({"created", "issued", "modified", "licence", "rights_holder", "study_time", "play_time"})


def _columns() -> dict[str, _Column]:
    found: dict[str, _Column] = {}
    for field in Record.model_fields:
        if field in _TEXTS:
            for lang in _LANGUAGES:
                found[f"{field}_{lang}"] = _Column(partial(_show_text, field, lang), partial(_put_text, field, lang))
            found[field] = _Column(partial(_show_others, field), partial(_put_others, field))
        elif field == "access":
            for name, member in (("access", "kind"), ("until", "until")):
                found[name] = _Column(partial(_show_access, member), partial(_put_access, member))
        else:
            found[field] = _Column(partial(_show, field), partial(_put, field))
    return found


COLUMNS: Mapping[str, _Column] = _columns()
"""In the order of a record."""
