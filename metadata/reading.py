"""From bytes or JSON values to a ``Record``, with every mistake of form as a problem instead of an exception."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from metadata import values
from metadata.findings import Findings, Problem, choices, path, shown
from metadata.record import Record, Text

_SURROGATE = re.compile("[\ud800-\udfff]")

MAX_BYTES = 1_000_000
MAX_DEPTH = 12
MAX_VALUES = 50_000
MAX_ITEMS = 1_000
MAX_NUMBER = 2**53 - 1
"""What a JSON reader in a browser still reads exactly (RFC 8259, section 6)."""

_EXPECTED: Mapping[str, str] = {
    "string": "text",
    "list": "list",
    "model": "object",
    "dict": "object",
    "int": "integer",
    "date": "date",
}
# Fields that hold words in several languages, which newcomers give as one text.
_TEXTS = frozenset(name for name, field in Record.model_fields.items() if field.annotation == list[Text])


class _Repeated(ValueError):
    """A JSON object that names a key twice: readers disagree on which one counts (RFC 8259, section 4)."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Repeated(key)
        found[key] = value
    return found


def _integer(digits: str) -> int:
    # int() of thousands of digits is slow, and past 4,300 it raises.
    return int(digits) if len(digits) < 20 else MAX_NUMBER + 1


def load(body: bytes, limit: int = MAX_BYTES) -> tuple[object, list[Problem]]:
    """The JSON value of a UTF-8 body (RFC 8259), or None and why not.

    Codes: ``json.too-large`` (``limit`` in bytes), ``json.encoding``, ``json.invalid`` with line and column,
    ``json.duplicate-key``, ``json.too-deep``. A byte order mark is passed over. NaN and Infinity become floats,
    which :func:`parse` refuses by field.
    """
    if len(body) > limit:
        return None, [Problem("json.too-large", "", {"size": len(body), "limit": limit})]
    try:
        return json.loads(body.decode("utf-8-sig"), object_pairs_hook=_object, parse_int=_integer), []
    except UnicodeDecodeError as error:
        return None, [Problem("json.encoding", "", {"position": error.start + 1})]
    except json.JSONDecodeError as error:
        return None, [Problem("json.invalid", "", {"line": error.lineno, "column": error.colno})]
    except _Repeated as error:
        return None, [Problem("json.duplicate-key", "", {"key": shown(error.args[0], 80)})]
    except RecursionError:
        return None, [Problem("json.too-deep", "", {"limit": MAX_DEPTH})]


def merged(target: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The target with a merge patch applied (RFC 7396). However deep the patch is, this does not recurse."""
    result = dict(target)
    stack = [(result, patch)]
    while stack:
        into, changes = stack.pop()
        for name, value in changes.items():
            if value is None:
                into.pop(name, None)
            elif isinstance(value, dict):
                inside = into.get(name)
                into[name] = dict(inside) if isinstance(inside, dict) else {}
                stack.append((into[name], value))
            else:
                into[name] = value
    return result


def parse(data: object) -> tuple[Record | None, list[Problem]]:
    """The record that a JSON value describes, or None and every mistake of form in it. Never raises.

    What pydantic would let through and later trip over is refused here: lone surrogates, numbers beyond
    :data:`MAX_NUMBER`, NaN, and structures deeper or longer than any record.
    """
    findings = Findings()
    if not isinstance(data, dict):
        return None, [Problem("json.not-object")]
    sound = _walk(data, findings)
    if sound:
        try:
            record = Record.model_validate(data)
        except ValidationError as error:
            _translate(error, findings)
        else:
            if not findings.all():
                return record, []
    return None, findings.all()


def _walk(data: dict[Any, Any], findings: Findings) -> bool:
    """Whether pydantic may see the data; surrogates alone do not forbid it, so that all problems come at once."""
    sound = True
    stack: list[tuple[tuple[int | str, ...], Any]] = [((), data)]
    seen = 0
    while stack:
        where, value = stack.pop()
        seen += 1
        if seen > MAX_VALUES:
            findings.add("json.too-many", "", limit=MAX_VALUES)
            return False
        if len(where) > MAX_DEPTH:
            findings.add("json.too-deep", path(where), limit=MAX_DEPTH)
            return False
        if isinstance(value, str):
            if _SURROGATE.search(value):
                _refuse_surrogates(value, path(where), findings)
        elif isinstance(value, dict | list | tuple):
            inside, fits = _inside(where, value, findings)
            stack.extend(reversed(inside))
            sound = sound and fits
        elif isinstance(value, int | float):
            sound = _fits(value, path(where), findings) and sound
    return sound


def _inside(
    where: tuple[int | str, ...], value: dict[Any, Any] | list[Any] | tuple[Any, ...], findings: Findings
) -> tuple[list[tuple[tuple[int | str, ...], Any]], bool]:
    if len(value) > MAX_ITEMS:
        findings.add("list.too-long", path(where), limit=MAX_ITEMS, length=len(value))
        return [], False
    if not isinstance(value, dict):
        return [((*where, index), item) for index, item in enumerate(value)], True
    found: list[tuple[tuple[int | str, ...], Any]] = []
    fits = True
    for key, item in value.items():
        if isinstance(key, str) and not values.illegal_characters(key):
            found.append(((*where, key), item))
        else:
            fits = False
            findings.add("field.unknown", path((*where, str(key))), name=shown(str(key), 80))
    return found, fits


def _refuse_surrogates(text: str, where: str, findings: Findings) -> None:
    lone = [(index, code) for index, code in values.illegal_characters(text) if "\ud800" <= text[index] <= "\udfff"]
    if lone:
        findings.spoil("text.illegal-character", where, character=lone[0][1], position=lone[0][0] + 1, count=len(lone))


def _fits(number: float, where: str, findings: Findings) -> bool:
    if isinstance(number, float) and not math.isfinite(number):
        findings.add("number.invalid", where)
        return False
    if abs(number) > MAX_NUMBER:
        findings.add("number.too-large", where, limit=MAX_NUMBER)
        return False
    return True


def _translate(error: ValidationError, findings: Findings) -> None:
    for problem in _problems(error):
        if problem.field not in findings.spoiled:
            findings.add(problem.code, problem.field, **problem.params)


def _problems(error: ValidationError) -> Iterator[Problem]:
    for detail in error.errors(include_url=False, include_input=False):
        kind, where = detail["type"], path(detail["loc"])
        if kind == "extra_forbidden":
            yield Problem("field.unknown", where, {"name": shown(str(detail["loc"][-1]), 80)})
        elif kind == "missing":
            yield Problem("field.missing", where)
        elif kind == "literal_error":
            yield Problem("field.choice", where, {"choices": choices(detail["ctx"]["expected"])})
        else:
            texts = kind == "list_type" and where in _TEXTS
            expected = "texts" if texts else _EXPECTED.get(kind.partition("_")[0], "text")
            yield Problem("field.type", where, {"expected": expected})
