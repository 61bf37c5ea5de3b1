"""Codes, where they are raised, and the sentences that doors make of them: three lists that must agree."""

import ast
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from metadata.findings import Problem
from oer import errors
from oer.errors import CODES, Invalid, OerError

ROOT = Path(__file__).resolve().parents[2]
CLASSES = {class_.__name__: class_ for class_ in CODES}


@dataclass(frozen=True)
class Raised:
    """One call of an error class: ``given`` are the names of its values, None where they come from elsewhere."""

    where: str
    class_: type[OerError]
    codes: frozenset[str]
    given: frozenset[str] | None


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, ast.AST]]:
    """Calls of error classes, each with the innermost function around it."""
    around: dict[ast.AST, ast.AST] = {}
    for node in ast.walk(tree):  # breadth first: inner functions come later and win
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            around.update(dict.fromkeys(ast.walk(node), node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in CLASSES and _may_be_ours(node):
                yield node, around[node]


def _may_be_ours(call: ast.Call) -> bool:
    """Stores have errors of the same names, without codes: ``Full()``, ``Unavailable("reason")``."""
    first = call.args[0] if call.args else None
    return first is not None and (not isinstance(first, ast.Constant) or "." in str(first.value))


def _constants(node: ast.AST) -> set[str]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def _raised() -> Iterator[Raised]:
    for package in ("oer", "api", "harvest"):
        for file in sorted((ROOT / package).rglob("*.py")):
            source = file.read_text("utf-8")
            if "oer.errors" not in source and "import errors" not in source:
                continue
            for call, function in _calls(ast.parse(source)):
                name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id
                class_ = CLASSES[name]
                first = call.args[0]
                if isinstance(first, ast.Constant):
                    codes = frozenset({str(first.value)})
                else:  # a variable: whatever the function can put into it
                    codes = frozenset(_constants(function) & CODES[class_])
                named = [keyword.arg for keyword in call.keywords]
                given = None if None in named else frozenset(str(one) for one in named) - {"problems"}
                yield Raised(f"{file.relative_to(ROOT)}:{call.lineno}", class_, codes, given)


def _told() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Codes that problems and findings bear instead of an error: (where, code, names of its values)."""
    known = {code for codes in CODES.values() for code in codes}
    for file in sorted((ROOT / "oer").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Problem", "Finding"}:
                keys = {key.value for one in node.args if isinstance(one, ast.Dict) for key in one.keys}
                for code in {one.value for one in node.args if isinstance(one, ast.Constant)} & known:
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", code, frozenset(keys)


RAISED = list(_raised())
TOLD = list(_told())
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def _sentences(locale: str) -> dict[str, str]:
    """All messages of a language, plural forms in one text."""
    found = {}
    for file in (ROOT / "api" / "locale" / locale).glob("*.po"):
        for message in read_po(io.BytesIO(file.read_bytes()), locale=locale):
            key, text = (part[0] if isinstance(part, tuple) else part for part in (message.id, message.string))
            found[key] = " ".join(message.string) if isinstance(message.string, tuple) else text
    return found


def test_the_walk_finds_what_is_there():
    assert len(RAISED) > 100
    assert any(len(raised.codes) > 1 for raised in RAISED)  # a code in a variable is found too


def test_every_class_has_codes_and_every_code_one_class():
    classes = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, OerError)}
    assert set(CODES) == classes - {OerError}
    owners = defaultdict(list)
    for class_, codes in CODES.items():
        assert codes
        for code in codes:
            owners[code].append(class_.__name__)
    assert {code: names for code, names in owners.items() if len(names) > 1} == {}


def test_every_raised_code_is_registered_with_its_class():
    assert [(one.where, sorted(one.codes)) for one in RAISED if not one.codes <= CODES[one.class_]] == []


def test_every_registered_code_is_raised_or_told_somewhere():
    raised = {code for one in RAISED for code in one.codes} | {code for _, code, _ in TOLD}
    assert sorted({code for codes in CODES.values() for code in codes} - raised) == []


@pytest.mark.parametrize("locale", ["ar", "fr", "en"])
def test_every_sentence_asks_only_for_values_that_the_error_bears(locale):
    sentences = _sentences(locale)
    wrong = []
    for one in RAISED:
        for code in one.codes:
            wanted = set(PLACEHOLDER.findall(sentences.get(code, "")))
            if one.given is not None and not wanted <= one.given:
                wrong.append((one.where, code, sorted(wanted - one.given)))
    for where, code, given in TOLD:
        if missing := set(PLACEHOLDER.findall(sentences.get(code, ""))) - given:
            wrong.append((where, code, sorted(missing)))
    assert wrong == []


@pytest.mark.parametrize("locale", ["ar", "fr", "en"])
def test_every_code_has_a_sentence(locale):
    known = {code for codes in CODES.values() for code in codes}
    sentences = _sentences(locale)
    assert sorted(code for code in known if not sentences.get(code)) == []


def test_an_error_is_its_code_with_its_values():
    error = errors.Conflict("version.unchanged", number=3)
    assert (error.code, error.params, str(error)) == (
        "version.unchanged",
        {"number": 3},
        "version.unchanged (number=3)",
    )
    assert str(errors.Conflict("draft.exists")) == "draft.exists"


def test_invalid_input_carries_its_problems():
    problems = [Problem("title.missing", "title")]
    error = Invalid("record.invalid", problems, count=1)
    assert error.problems == tuple(problems)
    assert error.params == {"count": 1}
