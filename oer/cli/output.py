"""How commands speak: sentences for people, JSON for programs, and an exit code that says what happened."""

import json
import locale
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api import i18n
from metadata.findings import Problem
from oer import errors
from oer.errors import Invalid, OerError
from storage.errors import StoreError

# What a shell script can act on; docs/cli.md has the table.
OK, INCOMPLETE, USAGE, INVALID, NOT_FOUND, REFUSED, UNAVAILABLE, MISCONFIGURED = range(8)
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
_SHORT = 80  # characters of a value beside a change

_EXITS: Mapping[type[OerError], int] = {
    errors.Invalid: INVALID,
    errors.TooLarge: INVALID,
    errors.NotFound: NOT_FOUND,
    errors.Gone: NOT_FOUND,
    errors.Forbidden: REFUSED,
    errors.Unauthenticated: REFUSED,
    errors.Conflict: REFUSED,
    errors.Stale: REFUSED,
    errors.TooMany: REFUSED,
    errors.Full: UNAVAILABLE,
    errors.Unavailable: UNAVAILABLE,
    errors.Misconfigured: MISCONFIGURED,
}


def language() -> i18n.Language:
    """The language of the operator's own environment; English where it is none of ours."""
    name = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return i18n.supported(locale.normalize(name).partition("_")[0].lower(), default="en")


def say(line: str) -> None:
    """A line on standard output."""
    typer.echo(line)


def note(line: str) -> None:
    """A line on standard error: for the person, and out of the way of what a program reads."""
    print(line, file=sys.stderr)  # noqa: T201 - the terminal is this module's business


def emit(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=str))


def sentence(code: str, /, **params: object) -> str:
    """The catalogue's words in the operator's language."""
    return i18n.message(code, language(), **params)


def problem_lines(problems: Iterable[Problem]) -> Iterator[str]:
    """Field path and sentence. The path stays as it is: it is what one looks for in the file."""
    for problem in problems:
        place = f"{problem.field}: " if problem.field else ""
        mark = "" if problem.severity == "error" else f"({sentence('cli.warning')}) "
        yield f"{mark}{place}{sentence(problem.code, **problem.params)}"


def problem_json(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "field": problem.field,
        "severity": problem.severity,
        "message": sentence(problem.code, **problem.params),
    }


def row_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a report (``oer.transfer.reports.row``) with sentences."""
    problems = [
        {name: problem[name] for name in ("code", "field", "severity")}
        | {"message": sentence(problem["code"], **problem["params"])}
        for problem in row["problems"]
    ]
    return {**row, "problems": problems}


def row_lines(row: Mapping[str, Any]) -> Iterator[str]:
    """The same for people: what became of the row; why, where it failed; what an update has changed."""
    words = sentence("cli.row", number=row["row"]), sentence(f"cli.{row['status']}")
    yield "  ".join([*words, *filter(None, [row["id"], row["item"] if row["item"] != row["id"] else None])])
    if row["status"] == "failed":
        told = [Problem(one["code"], one["field"], one["params"], one["severity"]) for one in row["problems"]]
        yield from (f"    {line}" for line in problem_lines(told))
        return
    for change in row["changes"]:
        yield f"    {change_line(change)}"


def change_line(change: Mapping[str, Any]) -> str:
    """A difference between two records (``metadata.versions.Change``) for people."""
    sides = [_short(change[side]) for side in ("before", "after") if change[side] is not None]
    return f"{change['field']}: {sentence('cli.change.' + change['kind'])}  {' → '.join(sides)}"


def _short(value: Any) -> str:
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(said.split()) if len(said) <= _SHORT else f"{' '.join(said[:_SHORT].split())}…"


def error_json(error: OerError | StoreError) -> dict[str, Any]:
    problems = error.problems if isinstance(error, Invalid) else ()
    return {
        "code": error.code,
        "message": sentence(error.code, **error.params),
        "problems": [problem_json(found) for found in problems],
    }


def fail(error: OerError | StoreError, *, as_json: bool = False) -> NoReturn:
    """Say what went wrong, on standard error or as JSON on standard output, and leave with its exit code."""
    if as_json:
        emit({"error": error_json(error)})
    else:
        explain(error)
    raise typer.Exit(exit_code(error))


def explain(error: OerError | StoreError) -> None:
    """What went wrong, on standard error."""
    mark = typer.style("✗ ", fg="red", bold=True) if sys.stderr.isatty() else ""
    note(f"{mark}{sentence(error.code, **error.params)}")
    problems = error.problems if isinstance(error, Invalid) else ()
    if [found.code for found in problems] == [error.code]:
        return  # it has been said
    for line in problem_lines(problems):
        note(f"  {line}")


def exit_code(error: OerError | StoreError) -> int:
    if isinstance(error, StoreError):
        return UNAVAILABLE
    return next((code for kind, code in _EXITS.items() if isinstance(error, kind)), INCOMPLETE)


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, silence anywhere else; what it gives is called with how much is done."""
    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns,
        console=console,
        disable=not console.is_terminal,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # a report that goes to a file must not end on the bar's terminal
    ) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)
