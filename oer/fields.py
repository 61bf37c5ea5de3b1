"""What institutions and people say of themselves: each field judged and brought into one form. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from metadata import findings, licences, rules, values, vocabularies
from metadata.findings import Findings, Problem
from oer import texts
from oer.errors import CODES, Invalid
from oer.settings import LANGUAGES
from oer.texts import Problems, Words, text
from oer.workflow import Role

NAME, DESCRIPTION = 300, 5_000  # characters
_ADDRESS = 2_000
_COLOUR = re.compile(r"#[0-9a-f]{6}")


def of_institution(
    given: Mapping[str, Any], *, before: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Any]:
    """These fields as they are stored. Raises Invalid with everything that is wrong, each with its field.

    ``names`` and ``descriptions`` change those of ``before`` in the languages that are given; None takes one away.
    None for any other field: the institution says nothing about it (``publish_role``: as at the beginning).
    """
    problems: Problems = []
    kept: dict[str, Any] = {}
    for name, value in given.items():
        if name in _TEXTS:
            kept[name] = _TEXTS[name]((before or {}).get(name, {}), value, problems)
        else:
            kept[name] = _FIELDS[name](value, problems)
    if problems:
        raise refused(problems)
    return kept


def of_person(given: Mapping[str, Any]) -> dict[str, Any]:
    """``email``, ``name`` and ``language`` as they are stored. Raises Invalid as :func:`of_institution`."""
    problems: Problems = []
    kept = {name: _PERSON[name](value, problems) for name, value in given.items()}
    if problems:
        raise refused(problems)
    return kept


def refused(problems: Problems) -> Invalid:
    """One problem is the error itself where errors have its code; several are told together."""
    first = problems[0]
    if len(problems) == 1 and first.code in CODES[Invalid]:
        return Invalid(first.code, problems, **first.params)
    return Invalid("request.invalid", problems, field=first.field)


def _names(before: Mapping[str, str], given: Words | None, problems: Problems) -> dict[str, str]:
    names = _by_language("names", before, given, problems, longest=NAME)
    if not names and not problems:
        problems.append(Problem("institution.name-missing", "names", {}))
    return names


def _descriptions(before: Mapping[str, str], given: Words | None, problems: Problems) -> dict[str, str]:
    return _by_language("descriptions", before, given, problems, longest=DESCRIPTION, lines=True)


def _by_language(
    field: str, before: Mapping[str, str], given: Words | None, problems: Problems, *, longest: int, lines: bool = False
) -> dict[str, str]:
    return {} if given is None else texts.by_language(before, given, field, problems, longest=longest, lines=lines)


def _kind(value: str | None, problems: Problems) -> str | None:
    if value is None:
        problems.append(Problem("field.missing", "kind", {}))
    elif value not in kinds():
        shown, known = findings.shown(value, 80), ", ".join(sorted(kinds()))
        problems.append(Problem("institution.kind-unknown", "kind", {"kind": shown, "known": known}))
    return value


def kinds() -> set[str]:
    """The notations of ``institution-kinds``."""
    return {term.notation for term in vocabularies.terms("institution-kinds").values() if term.notation}


def _country(value: str | None, problems: Problems) -> str | None:
    if value is None:
        return None
    upper = value.strip().upper()
    if not values.is_country(upper):
        shown = findings.shown(value, 80)
        problems.append(Problem("institution.country-unknown", "country", {"country": shown}))
    return upper


def _ror(value: str | None, problems: Problems) -> str | None:
    found = Findings()
    if value is not None:
        rules.ror(found, "ror", value, None)
    problems += found.all()
    return value


def _homepage(value: str | None, problems: Problems) -> str | None:
    if value is None:
        return None
    kept = text(value, "homepage", problems, longest=_ADDRESS)
    if not (kept.startswith(("https://", "http://")) and values.is_iri(kept)):
        problems.append(Problem("iri.invalid", "homepage", {"value": findings.shown(value)}))
    return kept


def _colour(value: str | None, problems: Problems) -> str | None:
    if value is None:
        return None
    lower = value.strip().lower()
    if not _COLOUR.fullmatch(lower):
        problems.append(Problem("institution.colour-invalid", "colour", {"value": findings.shown(value, 40)}))
    return lower


def _licence(value: str | None, problems: Problems) -> str | None:
    if value is None:
        return None
    canonical = licences.canonical(value)
    if canonical is None:
        problems.append(Problem("licence.unknown", "default_licence", {"value": findings.shown(value)}))
    return canonical


def _language(value: str | None, problems: Problems) -> str | None:
    if value is None:
        return None
    canonical = values.language(value)
    if canonical is None:
        problems.append(Problem("language.invalid", "default_language", {"value": findings.shown(value, 80)}))
    return canonical


def _publish_role(value: str | None, problems: Problems) -> str:
    word = value or Role.REVIEWER.word
    known = [role.word for role in Role if role is not Role.NONE]
    if word not in known:
        shown = findings.shown(word, 80)
        problems.append(Problem("role.unknown", "publish_role", {"role": shown, "known": ", ".join(known)}))
    return word


def _email(value: str, problems: Problems) -> str:
    """Lower case, without the invisible marks that come along from right-to-left text."""
    address = values.clean(value).lower()
    name, _, domain = address.rpartition("@")
    bad = "@" in name or any(c.isspace() or not c.isprintable() or c in '<>,;"\\' for c in address)
    if not name or not domain or len(address) > 254 or bad:
        problems.append(Problem("person.email-invalid", "email", {"email": findings.shown(address, 254)}))
    return address


def _person_name(value: str | None, problems: Problems) -> str:
    shown = text(value or "", "name", problems, longest=NAME)
    if not shown:
        problems.append(Problem("person.name-missing", "name", {}))
    return shown


def _person_language(value: str | None, problems: Problems) -> str:
    if value not in LANGUAGES:
        problems.append(Problem("person.language-unknown", "language", {"value": findings.shown(value or "", 40)}))
    return value or ""


_PERSON: Mapping[str, Callable[[Any, Problems], str]] = {
    "email": _email,
    "name": _person_name,
    "language": _person_language,
}

_TEXTS: Mapping[str, Callable[[Mapping[str, str], Any, Problems], dict[str, str]]] = {
    "names": _names,
    "descriptions": _descriptions,
}
_FIELDS: Mapping[str, Callable[[Any, Problems], str | None]] = {
    "kind": _kind,
    "country": _country,
    "ror": _ror,
    "homepage": _homepage,
    "colour": _colour,
    "default_licence": _licence,
    "default_language": _language,
    "publish_role": _publish_role,
}
INSTITUTION = (*_TEXTS, *_FIELDS)
"""Everything that an institution says of itself; its slug, its parent and its logo have verbs of their own."""
