"""What people write beside records: notes, comments, reasons."""

from metadata import findings, values
from metadata.findings import Problem
from oer.errors import Invalid

LONGEST = 5_000  # characters


def words(text: str, field: str) -> str:
    """The text as it is kept. Raises Invalid with the field for characters that no text may hold, and for length."""
    kept = values.clean(text)
    illegal = values.illegal_characters(kept)
    if illegal:
        position, character = illegal[0]
        params: dict[str, object] = {"character": character, "position": position + 1, "count": len(illegal)}
        raise _invalid(Problem("text.illegal-character", field, params))
    if len(kept) > LONGEST:
        raise _invalid(Problem("text.too-long", field, {"limit": LONGEST, "length": len(kept)}))
    return kept


def language(tag: str | None, field: str = "language") -> str | None:
    """The canonical form of a language's tag. Raises Invalid for what is none."""
    known = values.language(tag) if tag else None
    if tag and known is None:
        raise _invalid(Problem("language.invalid", field, {"value": findings.shown(tag, 40)}))
    return known


def _invalid(problem: Problem) -> Invalid:
    return Invalid("request.invalid", problems=[problem], field=problem.field)
