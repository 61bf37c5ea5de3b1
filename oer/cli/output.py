"""How commands speak: sentences for people, JSON for programs, and an exit code that says what happened."""

import json
import locale
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
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

_EXITS: Mapping[type[OerError], int] = {
    errors.Invalid: INVALID,
    errors.TooLarge: INVALID,
    errors.NotFound: NOT_FOUND,
    errors.Gone: NOT_FOUND,
    errors.Forbidden: REFUSED,
    errors.Unauthenticated: REFUSED,
    errors.Conflict: REFUSED,
    errors.Stale: REFUSED,
    errors.Full: UNAVAILABLE,
    errors.Unavailable: UNAVAILABLE,
    errors.Misconfigured: MISCONFIGURED,
}

console = Console(stderr=True, highlight=False)  # colour and bars only where standard error is a terminal


def language() -> i18n.Language:
    """The language of the operator's own environment; English where it is none of ours."""
    name = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return i18n.supported(locale.normalize(name).partition("_")[0].lower(), default="en")


def say(line: str) -> None:
    typer.echo(line)


def emit(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=str))


def sentence(code: str, params: Mapping[str, object]) -> str:
    return i18n.message(code, language(), **params)


def problem_lines(problems: Iterable[Problem]) -> Iterator[str]:
    for problem in problems:
        place = f"{problem.field}: " if problem.field else ""
        mark = "" if problem.severity == "error" else f"({problem.severity}) "
        yield f"{mark}{place}{sentence(problem.code, problem.params)}"


def problem_json(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "field": problem.field,
        "severity": problem.severity,
        "message": sentence(problem.code, problem.params),
    }


def fail(error: OerError | StoreError, *, as_json: bool = False) -> NoReturn:
    """Say what went wrong, on standard error, and leave with the exit code of its kind."""
    problems = error.problems if isinstance(error, Invalid) else ()
    code = error.code
    message = sentence(code, error.params)
    if as_json:
        emit({"error": {"code": code, "message": message, "problems": [problem_json(found) for found in problems]}})
    else:
        console.print(f"[bold red]✗[/] {message}", markup=True) if console.is_terminal else _plain(message)
        for line in problem_lines(problems):
            _plain(f"  {line}")
    exit_code = UNAVAILABLE if isinstance(error, StoreError) else _exit_of(error)
    raise typer.Exit(exit_code)


def _plain(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - the terminal is this module's business


def _exit_of(error: OerError) -> int:
    return next((code for kind, code in _EXITS.items() if isinstance(error, kind)), INCOMPLETE)


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Progress]:
    """A bar on a terminal, silence anywhere else. Advance task 0."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        bar.add_task(label, total=total)
        yield bar
