"""What became of each row of an import, as lines of JSON: codes and what fills their sentences, no words."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.engine import Engine

from metadata import findings, values
from metadata.findings import Problem
from metadata.versions import Change
from oer import queries
from oer.db import reading
from storage.store import Store

Status = Literal["created", "updated", "unchanged", "failed"]
STATUSES: tuple[Status, ...] = ("created", "updated", "unchanged", "failed")
_PAGE = 1000
_IGNORED = 200  # names of columns that a summary holds


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one row. ``problems`` of severity error only where it failed.

    ``changes`` are what an update does to the record, or would do.
    """

    number: int
    item: str
    status: Status
    id: str | None = None
    problems: tuple[Problem, ...] = ()
    ignored: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


def row(result: Result) -> dict[str, Any]:
    """The result as plain JSON, without any character that no answer could carry."""
    return {
        "row": result.number,
        "item": _sound(result.item),
        "status": result.status,
        "id": result.id,
        "problems": [_problem(problem) for problem in result.problems],
        "ignored": [_sound(name) for name in result.ignored],
        "changes": [
            {"field": change.field, "kind": change.kind, "before": change.before, "after": change.after}
            for change in result.changes
        ],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "field": problem.field,
        "severity": problem.severity,
        "params": {name: _plain(value) for name, value in problem.params.items()},
    }


def _plain(value: object) -> object:
    return value if isinstance(value, int | float) or value is None else _sound(str(value))


def _sound(text: str) -> str:
    return findings.shown(text, 500) if values.illegal_characters(text) else text


def line(result: Result) -> str:
    return json.dumps(row(result), ensure_ascii=False, separators=(",", ":"))


def dumped(told: Mapping[str, Any]) -> bytes:
    """A row as a line of JSON."""
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def summed(before: Mapping[str, Any] | None, results: Iterable[Result]) -> dict[str, Any]:
    """The sums of a job with these results added: ``counts`` by status, ``warnings``, ``ignored_columns``, ``problems``
    of the table as a whole.
    """
    counts = dict((before or {}).get("counts", dict.fromkeys(STATUSES, 0)))
    warnings = (before or {}).get("warnings", 0)
    ignored = set((before or {}).get("ignored_columns", ()))
    for result in results:
        counts[result.status] += 1
        warnings += sum(problem.severity == "warning" for problem in result.problems)
        ignored.update(_sound(name)[:200] for name in result.ignored)
    problems = (before or {}).get("problems", [])
    sums = {"counts": counts, "warnings": warnings, "ignored_columns": sorted(ignored)[:_IGNORED]}
    return {**sums, "problems": problems}


NO_ROWS = Problem("import.no-rows", "", {}, "warning")


def concluded(sums: Mapping[str, Any] | None, total: int | None) -> dict[str, Any]:
    """The sums at the end; a table without rows is no mistake, and hardly what anybody meant."""
    found = summed(sums, ())
    if total == 0 and not found["problems"]:
        found |= {"warnings": found["warnings"] + 1, "problems": [_problem(NO_ROWS)]}
    return found


def kept(store: Store, key: str) -> Iterator[dict[str, Any]]:
    """The rows of a report that is whole."""
    rest = b""
    pieces: Any = store.open(key)
    with closing(pieces):
        for piece in pieces:
            *lines, rest = (rest + piece).split(b"\n")
            yield from map(json.loads, lines)


def so_far(engine: Engine, job_id: int) -> Iterator[dict[str, Any]]:
    """The rows of a job that has not ended well, or not yet."""
    return (json.loads(content) for content in _contents(engine, job_id))


def bytes_of(engine: Engine, job_id: int) -> Iterator[bytes]:
    """The report as it is to be kept."""
    for content in _contents(engine, job_id):
        yield content.encode() + b"\n"


def _contents(engine: Engine, job_id: int) -> Iterator[str]:
    after = -1
    while True:
        with reading(engine) as session:
            found: Sequence[Any] = queries.jobs.rows(session, job_id=job_id, after=after, limit=_PAGE)
        yield from (one.content for one in found)
        if len(found) < _PAGE:
            return
        after = found[-1].number
