"""Records that are judged, and what is found in them."""

from typing import Any

from metadata.record import Record
from metadata.validate import Problem, problems


def judged(stage: Any = "draft", **fields: Any) -> list[Problem]:
    return problems(Record.model_validate(fields), stage)


def codes(found: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.code, problem.field) for problem in found]
