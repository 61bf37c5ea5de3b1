"""What the guide says of the record is what the code does."""

import json
import re

from conftest import ROOT

from metadata import validate
from metadata.record import Record

GUIDE = (ROOT / "docs" / "metadata.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")


def _rows() -> dict[str, bool]:
    """Field → whether the table marks it as needed."""
    found = {}
    for line in GUIDE.splitlines():
        cells = re.match(r"\| (★ )?((?:`\w+`(?:, )?)+) \|", line)
        if cells:
            found.update(dict.fromkeys(re.findall(r"`(\w+)`", cells[2]), bool(cells[1])))
    return found


def test_the_table_names_every_field_and_no_other() -> None:
    assert set(_rows()) == set(Record.model_fields)


def test_the_stars_are_what_publishing_asks_for() -> None:
    asked = {problem.field for problem in validate.problems(Record(), "publish")}
    assert {field for field, needed in _rows().items() if needed} - {"audience"} == asked - {"audience"}


def test_the_record_of_the_readme_can_be_published() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", README, flags=re.DOTALL)
    record, problems = validate.parse(json.loads(example))
    assert record is not None
    assert not problems
    assert not validate.problems(record, "publish")
