"""What a partner's description gave, fitted to the rules of a record: the last look before it is handed on."""

import re
from collections.abc import Iterator
from typing import Any

from metadata.crosswalks.described import Loaded
from metadata.findings import Problem
from metadata.record import Record, Text
from metadata.validate import problems

Place = tuple[str | int, ...]

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def fitted(loaded: Loaded) -> Loaded:
    """Without the smallest parts that ``problems(record, "draft")`` finds errors in; these are told instead."""
    record, told = loaded.record, list(loaded.unmapped)
    while wrong := _wrong(record):
        data = record.model_dump()
        # Backwards, so that what is inside goes before what holds it, and positions stay true.
        told += [_told(data, place) for place in sorted(wrong, reverse=True)]
        record = Record.model_validate(data)
    return Loaded(record, tuple(dict.fromkeys(told)))


def _wrong(record: Record) -> set[Place]:
    places: set[Place] = set()
    for problem in problems(record, "draft"):
        if problem.severity == "error" and problem.field:
            places.update(_spare(record, problem))
    return places


def _spare(record: Record, problem: Problem) -> Iterator[Place]:
    """What to take out for a problem: the value, or the nearest thing around it that may be missing."""
    place: Place = tuple(int(index) if index else name for index, name in _STEP.findall(problem.field))
    around: list[Any] = [record]
    for step in place:
        around.append(around[-1][step] if isinstance(step, int) else getattr(around[-1], str(step)))
    limit = problem.params.get("limit")
    if problem.code == "list.too-long" and isinstance(limit, int):
        yield from ((*place, index) for index in range(limit, len(around[-1])))
        return
    while not _optional(around[len(place) - 1], place[-1], around[len(place)]):
        place = place[:-1]
    yield place


def _optional(holder: Any, step: str | int, value: Any) -> bool:
    """Whether the holder stays whole without this: any item of a list, any field but those that its part must have."""
    if isinstance(step, int) or isinstance(holder, Record):
        return True
    needed = isinstance(holder, Text) or type(holder).model_fields[step].is_required()
    return not needed and value not in (None, [])


def _told(data: Any, place: Place) -> str:
    """What stood at the place, which is taken out of the data."""
    for step in place[:-1]:
        data = data[step]
    words = " ".join(_words(data.pop(place[-1])))
    return f"{place[0]}: {' '.join(words.split())}"


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inside in value:
            yield from _words(inside)
    elif value is not None:
        yield str(value)
