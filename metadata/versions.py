"""The canonical form of a record, the digest of a version, and what changed between two records."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from metadata.record import Part, Record, Text

Kind = Literal["added", "removed", "changed", "moved"]


@dataclass(frozen=True)
class Change:
    """One difference. ``before`` and ``after`` are plain JSON values; None where there was or is nothing.

    ``field`` is a path like ``description[fr]``, ``access.until`` or ``creators[0].orcid``: a language in
    brackets for texts, a position (from 0) otherwise — of the newer list, or of the older one for what was
    removed. ``moved`` means that the same items stand in another order; it carries the whole list twice.
    """

    field: str
    kind: Kind
    before: Any = None
    after: Any = None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json", exclude_defaults=True) if isinstance(value, Part) else value


def canonical(record: Record) -> bytes:
    """The record as JSON in one way only: keys sorted, defaults left out, no spaces, UTF-8, no escapes but JSON's own.

    Lists keep their order, as order has meaning in most of them. A ``Record`` holds NFC text already, so two
    records are equal exactly when their canonical forms are, and reading the form back gives the same record.
    """
    return _json(_plain(record)).encode("utf-8", "surrogatepass")


def digest(record: Record, files: Iterable[tuple[str, str, str, str]] = ()) -> str:
    """What identifies a version: 64 lower-case hexadecimal digits.

    ``files`` are (name, SHA-256 in lower-case hexadecimal, role, language or "") in the order in which the version
    shows them.
    SHA-256 over these lines, each ended by LF, in UTF-8: the words ``oer-version 1``; the canonical record;
    for every file the JSON array ``[name,sha256,role,language]`` without spaces. No line holds a bare LF, as JSON
    escapes it, so no two versions share their lines.
    """
    hashed = hashlib.sha256(b"oer-version 1\n" + canonical(record) + b"\n")
    for entry in files:
        hashed.update(_json(list(entry)).encode("utf-8", "surrogatepass") + b"\n")
    return hashed.hexdigest()


# What makes two items of a list the same item, by its field: the first of these that is set. An item whose
# key is unchanged is shown as changed in place, not as one removed and one added.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "creators": ("orcid", "ror", "name"),
    "contributors": ("orcid", "ror", "name"),
    "affiliations": ("ror", "name"),
    "sources": ("identifier", "title"),
    "parts": ("identifier",),
    "part_of": ("identifier",),
    "alignments": ("target",),
    "funders": ("ror", "name"),
    "identifiers": ("value",),
}


def difference(before: Record, after: Record) -> list[Change]:
    """What an editor did from one record to the other, in the order of the record's fields; [] where they are equal."""
    return list(_parts("", before, after))


def _parts(path: str, before: Part, after: Part) -> Iterator[Change]:
    for field in type(after).model_fields:
        yield from _values(f"{path}.{field}" if path else field, field, getattr(before, field), getattr(after, field))


def _values(path: str, field: str, before: Any, after: Any) -> Iterator[Change]:
    if _plain_list(before) == _plain_list(after) and type(before) is type(after):
        return
    if isinstance(before, list) and isinstance(after, list):
        yield from _lists(path, field, before, after)
    elif isinstance(before, Part) and isinstance(after, Part):
        yield from _parts(path, before, after)
    else:
        yield _change(path, before, after)


def _plain_list(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, list) else _plain(value)


def _scalar(value: Any) -> Any:
    plain = _plain(value)
    return plain.isoformat() if hasattr(plain, "isoformat") else plain


def _change(path: str, before: Any, after: Any) -> Change:
    kind: Kind = "added" if before is None else "removed" if after is None else "changed"
    return Change(path, kind, _scalar(before), _scalar(after))


def _lists(path: str, field: str, before: list[Any], after: list[Any]) -> Iterator[Change]:
    key = _key(field)
    old, new = _numbered(before, key), _numbered(after, key)
    for name, (index, item) in old.items():
        if name not in new:
            yield Change(_place(path, item, index), "removed", _shown(item), None)
    for name, (index, item) in new.items():
        if name not in old:
            yield Change(_place(path, item, index), "added", None, _shown(item))
        elif isinstance(item, Text):
            if item != old[name][1]:
                yield Change(_place(path, item, index), "changed", old[name][1].value, item.value)
        elif isinstance(item, Part):
            yield from _values(_place(path, item, index), field, old[name][1], item)
    kept_before = [name for name in old if name in new]
    kept_after = [name for name in new if name in old]
    if kept_before != kept_after:
        yield Change(path, "moved", _plain_list(before), _plain_list(after))


def _key(field: str) -> Callable[[Any], str]:
    def key(item: Any) -> str:
        if isinstance(item, Text):
            return _json([item.lang, item.value]) if field == "keywords" else item.lang
        for attribute in _KEYS.get(field, ()):
            if getattr(item, attribute, None):
                return _json([attribute, getattr(item, attribute)])
        return _json(_plain(item))

    return key


def _numbered(items: Sequence[Any], key: Callable[[Any], str]) -> dict[tuple[str, int], tuple[int, Any]]:
    """Items by key and by how often the key came before, so that a draft's repeated items stay apart."""
    seen: dict[str, int] = {}
    found = {}
    for index, item in enumerate(items):
        name = key(item)
        found[name, seen.get(name, 0)] = (index, item)
        seen[name] = seen.get(name, 0) + 1
    return found


def _place(path: str, item: Any, index: int) -> str:
    return f"{path}[{item.lang if isinstance(item, Text) else index}]"


def _shown(item: Any) -> Any:
    return item.value if isinstance(item, Text) else _plain(item)
