"""What people write beside records, and institutions of themselves: words cleaned and judged. Pure."""

from collections.abc import Mapping

from metadata import findings, values
from metadata.findings import Problem
from oer.errors import Invalid
from oer.settings import LANGUAGES

LONGEST = 5_000  # characters

Problems = list[Problem]
Words = Mapping[str, str | None]
"""Texts by language: ar, fr, en. None takes away what is there in a language."""


def text(value: str, field: str, problems: Problems, *, longest: int, lines: bool = False) -> str:
    """Somebody's words as they are stored, on one line unless ``lines``; what is wrong with them joins ``problems``."""
    cleaned = values.clean(value)
    illegal = values.illegal_characters(cleaned)
    if not lines:
        illegal += [(at, "U+000A") for at, letter in enumerate(cleaned) if letter == "\n"]
    if illegal:
        at, character = illegal[0]
        params: dict[str, object] = {"character": character, "position": at + 1, "count": len(illegal)}
        problems.append(Problem("text.illegal-character", field, params))
    elif len(cleaned) > longest:
        problems.append(Problem("text.too-long", field, {"limit": longest, "length": len(cleaned)}))
    return cleaned


def by_language(
    before: Mapping[str, str],
    given: Words,
    field: str,
    problems: Problems,
    *,
    longest: int,
    lines: bool = False,
) -> dict[str, str]:
    """What is there, changed in the languages that are given; nothing but blanks is no text."""
    kept = dict(before)
    for language_, words_ in given.items():
        if language_ in LANGUAGES:
            kept[language_] = text(words_ or "", f"{field}.{language_}", problems, longest=longest, lines=lines)
        else:
            name = findings.shown(language_, 80)
            problems.append(Problem("field.unknown", f"{field}.{name}", {"name": name}))
    return {language_: kept[language_] for language_ in LANGUAGES if kept.get(language_)}


def words(given: str, field: str) -> str:
    """The text as it is kept. Raises Invalid with the field for characters that no text may hold, and for length."""
    problems: Problems = []
    kept = text(given, field, problems, longest=LONGEST, lines=True)
    if problems:
        raise _invalid(problems[0])
    return kept


def language(tag: str | None, field: str = "language") -> str | None:
    """The canonical form of a language's tag. Raises Invalid for what is none."""
    known = values.language(tag) if tag else None
    if tag and known is None:
        raise _invalid(Problem("language.invalid", field, {"value": findings.shown(tag, 40)}))
    return known


def _invalid(problem: Problem) -> Invalid:
    return Invalid("request.invalid", problems=[problem], field=problem.field)
