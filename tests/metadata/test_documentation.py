"""What the guide says of the record is what the code does."""

import json
import re

from conftest import ROOT

from metadata import validate, vocabularies
from metadata.record import Record

GUIDE = (ROOT / "docs" / "metadata.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")


def _rows() -> dict[str, bool]:
    """Field → whether the table marks it as needed."""
    found = {}
    for line in GUIDE.partition("## Licences")[0].splitlines():
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


def test_the_words_that_the_guide_shows_are_accepted() -> None:
    shown = re.findall(r"\| `(\w+)` \| `([\w-]+)`, such as (.*) \|", GUIDE)
    assert {field for field, _, _ in shown} == {"resource_type", "levels", "audience"}
    for _, scheme, words in shown:
        for word in re.findall("`(.+?)`", words):
            assert vocabularies.canonical(scheme, word), word
    assert vocabularies.canonical("isced-levels", "التعليم الابتدائي")


def test_the_guide_says_where_every_vocabulary_of_a_rule_stands() -> None:
    section = GUIDE.partition("### Where all accepted words stand")[2]
    for scheme in ("hcrt", "isced-levels", "audience", "educational-use", "interactivity", *vocabularies.SUBJECTS):
        assert f"`{scheme}`" in section
        assert scheme in vocabularies.schemes()


def test_the_label_in_the_guide_that_an_operator_brings_is_taken_beside_ours() -> None:
    (example,) = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", GUIDE, flags=re.DOTALL)]
    (uri,) = example
    try:
        vocabularies.override(example)
        for word in (example[uri]["ar"], "التعليم الابتدائي"):
            assert vocabularies.canonical("isced-levels", word) == uri
    finally:
        vocabularies.override({})
