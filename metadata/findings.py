"""Problems as data: the codes that reading and judging a record can give, and the list that collects them."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]

MOST = 200
"""A list of problems ends here, errors before warnings, with ``problems.more`` for the rest."""

PARAMS: Mapping[str, frozenset[str]] = {
    code: frozenset(names.split())
    for code, names in {
        "json.invalid": "line column",
        "json.encoding": "position",
        "json.too-large": "size limit",
        "json.too-deep": "limit",
        "json.too-many": "limit",
        "json.duplicate-key": "key",
        "json.not-object": "",
        "field.unknown": "name",
        "field.type": "expected",
        "field.missing": "",
        "field.choice": "choices",
        "number.invalid": "",
        "number.too-large": "limit",
        "text.illegal-character": "character position count",
        "text.too-long": "limit length",
        "text.empty": "",
        "text.language-repeated": "language",
        "text.language-missing": "",
        "text.mixed-script": "word",
        "list.too-long": "limit length",
        "list.repeated": "first",
        "language.invalid": "value",
        "date.invalid": "value",
        "date.reversed": "value",
        "duration.invalid": "value",
        "iri.invalid": "value",
        "iri.scheme": "value scheme",
        "term.unknown": "value scheme",
        "term.not-offered": "value scheme",
        "orcid.invalid": "value",
        "ror.invalid": "value",
        "doi.invalid": "value",
        "isbn.invalid": "value",
        "issn.invalid": "value",
        "handle.invalid": "value",
        "urn.invalid": "value",
        "country.invalid": "value",
        "range.reversed": "minimum maximum",
        "range.negative": "value",
        "range.too-large": "value limit",
        "access.until-missing": "",
        "access.until-unexpected": "",
        "licence.unknown": "value",
        "licence.not-canonical": "value uri",
        "licence.remix-conflict": "",
        "title.missing": "",
        "description.missing": "",
        "languages.missing": "",
        "resource_type.missing": "",
        "subjects.missing": "",
        "levels.missing": "",
        "creators.missing": "",
        "licence.missing": "",
        "problems.more": "count",
    }.items()
}
"""Every code with the names of its parameters. Positions, lines and columns count from 1, sizes are bytes,
lengths characters (code points)."""

CODES: frozenset[str] = frozenset(PARAMS)


@dataclass(frozen=True)
class Problem:
    """One finding: a code of :data:`CODES`, the field it is about (``creators[1].orcid``; "" for the whole) and values.

    Positions inside ``field`` count from 0, as in JSON paths. A warning never blocks.
    """

    code: str
    field: str = ""
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)
    severity: Severity = "error"


class Findings:
    """Collects problems in the order of finding; ``spoiled`` names fields that no second rule should look at."""

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self.spoiled: set[str] = set()

    def add(self, code: str, path: str, **params: object) -> None:
        self._found.append(Problem(code, path, params))

    def warn(self, code: str, path: str, **params: object) -> None:
        self._found.append(Problem(code, path, params, "warning"))

    def spoil(self, code: str, path: str, **params: object) -> None:
        """Add, and keep later rules off this value: one mistake gives one problem."""
        self.spoiled.add(path)
        self.add(code, path, **params)

    def all(self) -> list[Problem]:
        """What was found; when it is more than :data:`MOST`, errors first and a last one that counts the rest."""
        if len(self._found) <= MOST:
            return list(self._found)
        ranked = sorted(self._found, key=lambda problem: problem.severity == "warning")
        rest = ranked[MOST:]
        return [*ranked[:MOST], Problem("problems.more", "", {"count": len(rest)}, rest[0].severity)]


def shown(text: str, most: int = 200) -> str:
    """Somebody's text as a parameter: cut, and without characters that no answer could carry."""
    cut = text if len(text) <= most else text[:most] + "…"
    return "".join(character if character.isprintable() else "\ufffd" for character in cut)


def choices(expected: str) -> str:
    """The values that pydantic names as ``'a', 'b' or 'c'``, without its English."""
    return ", ".join(re.findall(r"'([^']*)'", expected)) or expected


def path(parts: tuple[int | str, ...]) -> str:
    """``("title", 0, "lang")`` → ``title[0].lang``."""
    written = ""
    for part in parts:
        name = f"[{part}]" if isinstance(part, int) else shown(part, 80)
        written += name if isinstance(part, int) or not written else f".{name}"
    return written
