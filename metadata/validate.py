"""Judging a record: ``problems(record, stage)`` says everything that is wrong with it, at once, as codes.

Two stages: *draft* asks for the right shape (texts, lengths, languages, dates, identifiers, vocabulary terms),
*publish* for what readers and partners need as well. Codes and their parameters: :data:`PARAMS`; the sentences
live at the doors. Getting from JSON to a record: :func:`parse`, :func:`parse_json`.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from metadata import licences, reading, rules, values
from metadata.findings import CODES, MOST, PARAMS, Findings, Problem, Severity, path
from metadata.reading import load
from metadata.record import Access, Part, Record, Text
from metadata.rules import LIMITS, LISTS

__all__ = [
    "CODES",
    "LIMITS",
    "LISTS",
    "PARAMS",
    "Problem",
    "Severity",
    "Stage",
    "load",
    "parse",
    "parse_json",
    "problems",
]

Stage = Literal["draft", "publish"]

MAX_AGE = 150
MAX_GROUP = 10_000


class _Node(NamedTuple):
    """One value inside a record: where it is, the pattern of that place, and the part that holds it."""

    path: str
    pattern: str
    value: Any
    part: Part


def parse(data: object) -> tuple[Record | None, list[Problem]]:
    """As ``metadata.reading.parse``; where some fields have the wrong form, the others are judged all the same.

    A field is left out of that with everything in it: rules say nothing of what could not be read.
    """
    record, found = reading.parse(data)
    if record is not None or not isinstance(data, dict) or len(found) > MOST:
        return record, found
    wrong = {_field(problem.field) for problem in found}
    rest, _ = reading.parse({name: value for name, value in data.items() if path((str(name),)) not in wrong})
    judged = problems(rest, "draft") if rest is not None else []
    findings = Findings()
    for problem in [*found, *(one for one in judged if _field(one.field) not in wrong)]:
        tell = findings.add if problem.severity == "error" else findings.warn
        tell(problem.code, problem.field, **problem.params)
    return None, findings.all()


def _field(place: str) -> str:
    """``creators`` for ``creators[1].orcid``."""
    return re.split(r"[.\[]", place, maxsplit=1)[0]


def parse_json(body: bytes) -> tuple[Record | None, list[Problem]]:
    """:func:`load`, then :func:`parse`."""
    data, found = load(body)
    return (None, found) if found else parse(data)


def problems(record: Record, stage: Stage) -> list[Problem]:
    """What keeps the record from the stage, in the order of its fields; errors block, warnings do not.

    Never raises and never logs. One mistake gives one problem: a value with an illegal character is not also
    called a wrong identifier. At most :data:`metadata.findings.MOST`, the rest counted in ``problems.more``.
    """
    findings = Findings()
    for node in _nodes(record, findings):
        if isinstance(node.value, str):
            _text(findings, node)
        elif isinstance(node.value, list):
            _list(findings, node)
        elif isinstance(node.value, Part):
            _part(findings, node)
    if stage == "publish":
        _complete(findings, record)
    _remix(findings, record)
    return findings.all()


def _nodes(record: Record, findings: Findings) -> Iterator[_Node]:
    """Every value of the record, parents before children, lists only as far as they may be long."""
    stack: list[_Node] = [_Node("", "", record, record)]
    while stack:
        node = stack.pop()
        if node.path:
            yield node
        inside: list[_Node] = []
        if isinstance(node.value, Part):
            for name in type(node.value).model_fields:
                value = getattr(node.value, name)
                if value is None or value == []:  # most of them, and no rule has anything to say
                    continue
                place = f"{node.path}.{name}" if node.path else name
                pattern = f"{node.pattern}.{name}" if node.pattern else name
                inside.append(_Node(place, pattern, value, node.value))
        elif isinstance(node.value, list) and node.path not in findings.spoiled:
            inside = [
                _Node(f"{node.path}[{index}]", node.pattern, item, node.part) for index, item in enumerate(node.value)
            ]
        stack.extend(reversed(inside))


def _text(findings: Findings, node: _Node) -> None:
    illegal = values.illegal_characters(node.value)
    limit = rules.by_pattern(LIMITS, node.pattern)
    if illegal:
        position, character = illegal[0]
        findings.spoil(
            "text.illegal-character", node.path, character=character, position=position + 1, count=len(illegal)
        )
    elif not node.value.strip():
        findings.spoil("text.empty", node.path)
    elif limit is not None and len(node.value) > limit:
        findings.spoil("text.too-long", node.path, limit=limit, length=len(node.value))
    else:
        rule = rules.by_pattern(rules.RULES, node.pattern) or rules.one_script
        rule(findings, node.path, node.value, node.part)


def _list(findings: Findings, node: _Node) -> None:
    limit = rules.by_pattern(LISTS, node.pattern)
    if limit is not None and len(node.value) > limit:
        findings.spoil("list.too-long", node.path, limit=limit, length=len(node.value))
        return
    one_per_language = node.pattern != "keywords"
    seen: dict[str, int] = {}
    for index, item in enumerate(node.value):
        by_language = isinstance(item, Text) and one_per_language
        key = item.lang if by_language else _key(item)
        if key not in seen:
            seen[key] = index
        elif by_language:
            findings.add("text.language-repeated", f"{node.path}[{index}].lang", language=item.lang[:35])
        else:
            findings.add("list.repeated", f"{node.path}[{index}]", first=seen[key] + 1)


def _key(item: Any) -> str:
    plain = item.model_dump(mode="json") if isinstance(item, Part) else item
    return json.dumps(plain, sort_keys=True)


def _part(findings: Findings, node: _Node) -> None:
    if isinstance(node.value, Access):
        _access(findings, node.path, node.value)
    elif node.pattern == "age_range":
        _range(findings, node, "minimum", "maximum", MAX_AGE)
    elif node.pattern == "classroom":
        _range(findings, node, "group_minimum", "group_maximum", MAX_GROUP)


def _access(findings: Findings, path: str, access: Access) -> None:
    if access.kind == "embargoed" and access.until is None:
        findings.add("access.until-missing", f"{path}.until")
    elif access.kind != "embargoed" and access.until is not None:
        findings.add("access.until-unexpected", f"{path}.until")


def _range(findings: Findings, node: _Node, low: str, high: str, limit: int) -> None:
    minimum, maximum = getattr(node.value, low), getattr(node.value, high)
    sound = True
    for name, number in ((low, minimum), (high, maximum)):
        if number is not None and number < 0:
            findings.add("range.negative", f"{node.path}.{name}", value=number)
            sound = False
        elif number is not None and number > limit:
            findings.add("range.too-large", f"{node.path}.{name}", value=min(number, 2**53), limit=limit)
            sound = False
    if sound and minimum is not None and maximum is not None and minimum > maximum:
        findings.add("range.reversed", node.path, minimum=minimum, maximum=maximum)


_NEEDED = ("title", "description", "languages", "resource_type", "subjects", "levels", "creators", "licence")


def _complete(findings: Findings, record: Record) -> None:
    """The fields that readers and partners need (``levels`` may be given as ``audience`` instead)."""
    for name in _NEEDED:
        if not getattr(record, name) and not (name == "levels" and record.audience):
            findings.add(f"{name}.missing", name)
    for name in ("title", "description"):
        for index, text in enumerate(getattr(record, name)):
            if text.lang == "und":
                findings.add("text.language-missing", f"{name}[{index}].lang")


def _remix(findings: Findings, record: Record) -> None:
    """Warn where the sources' licences do not allow this licence for an adaptation. Advice, not law."""
    named = dict.fromkeys(source.licence for source in record.sources if source.licence)
    # Conflicts are sought pair by pair: fifty different licences would take seconds, and nobody remixes so many.
    sources = [licence for licence in list(named)[:20] if licences.get(licence)]
    if not sources or not record.licence or licences.get(record.licence) is None:
        return
    if not licences.remix(sources, record.licence).allowed:
        findings.warn("licence.remix-conflict", "licence")
