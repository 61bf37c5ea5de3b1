from datetime import date

import pytest

from metadata.crosswalks.gathering import Gathering, parted
from metadata.record import Access, Classroom, Coverage, Record, Text
from metadata.validate import problems


def test_nothing_said_is_an_empty_record() -> None:
    gathering = Gathering()
    gathering.leave("dc:title", " \n ")
    gathering.text("title", "dc:title", " ", "ar")
    assert gathering.loaded().record == Record()
    assert gathering.loaded().unmapped == ()


def test_single_values_keep_the_first_and_tell_another() -> None:
    gathering = Gathering()
    for year in ("2021", "2021", "2022"):
        gathering.set("issued", year, "dc:date", f"in {year}")
    assert gathering.get("issued") == "2021"
    gathering.put("issued", "2020")
    assert gathering.loaded().record.issued == "2020"
    assert gathering.loaded().unmapped == ("dc:date: in 2022",)


def test_the_first_value_is_the_one_and_its_equal_too() -> None:
    gathering = Gathering()
    assert [gathering.first("issued", year) for year in ("2024", "2025", "2024")] == [True, False, True]
    assert gathering.loaded().record.issued == "2024"
    assert gathering.loaded().unmapped == ()


def test_what_was_not_understood_is_left() -> None:
    gathering = Gathering()
    gathering.set("issued", None, "dc:date", "some day")
    gathering.add("subjects", None, "dc:subject", "x")
    assert (gathering.get("issued"), list(gathering.listed("subjects"))) == (None, [])
    assert gathering.loaded().record == Record()
    assert gathering.loaded().unmapped == ("dc:date: some day", "dc:subject: x")


def test_what_is_taken_is_in_no_record() -> None:
    gathering = Gathering()
    gathering.put("until", "x")
    assert (gathering.take("until"), gathering.take("until")) == ("x", None)
    assert gathering.loaded().record == Record()


def test_lists_hold_each_value_once_and_no_more_than_they_may() -> None:
    gathering = Gathering()
    for number in [*range(102), 0]:
        gathering.add("subjects", f"s{number}", "dc:subject", f"said {number}")
    assert gathering.loaded().record.subjects == [f"s{number}" for number in range(100)]
    assert gathering.loaded().unmapped == ("dc:subject: said 100", "dc:subject: said 101")


def test_texts_are_one_per_language_joined_where_that_is_asked() -> None:
    gathering = Gathering()
    gathering.text("title", "dc:title", "a", "en")
    gathering.text("title", "dc:title", "b", "en")
    assert (gathering.speaks("title", "en"), gathering.speaks("title", "fr")) == (True, False)
    for note in ("x", "y", "x"):
        gathering.text("rights_note", "dc:rights", note, "en", joined="\n")
    gathering.text("description", "dc:description", "z" * 20_001, None)
    found = gathering.loaded()
    assert found.record.title == [Text(value="a", lang="en")]
    assert found.record.rights_note == [Text(value="x\ny", lang="en")]
    assert found.record.description[0].value == "z" * 19_999 + "…"
    assert [told[:20] for told in found.unmapped] == ["dc:title: b", "dc:description: zzzz"]
    assert not [problem for problem in problems(found.record, "draft") if problem.severity == "error"]


def test_parts_come_together_from_their_fields() -> None:
    gathering = Gathering()
    gathering.add("coverage.countries", "TN", "x", "TN")
    gathering.text("coverage.places", "x", "Gabès", "fr")
    gathering.add("classroom.devices", "printer", "x", "printer")
    record = gathering.loaded().record
    assert record.coverage == Coverage(countries=["TN"], places=[Text(value="Gabès", lang="fr")])
    assert record.classroom == Classroom(devices=["printer"])


@pytest.mark.parametrize(
    ("access", "end", "available", "expected", "told"),
    [
        ("metadata-only", "2027-01-31", None, ("embargoed", "2027-01-31"), ()),
        ("metadata-only", None, "2027-02-28", ("embargoed", "2027-02-28"), ()),
        ("institution", "2027-01-31", "2027-02-28", ("embargoed", "2027-01-31"), ("available: 2027-02-28",)),
        (None, "2027-01-31", None, ("embargoed", "2027-01-31"), ()),
        (None, None, "2027-02-28", ("open", None), ("available: 2027-02-28",)),
        ("open", "2027-01-31", None, ("open", None), ("end of embargo: 2027-01-31",)),
    ],
)
def test_an_embargo_ends_on_a_day_beside_what_is_not_open(
    access: str | None, end: str | None, available: str | None, expected: tuple[str, str | None], told: tuple[str, ...]
) -> None:
    gathering = Gathering()
    if access:
        gathering.put("access", Access.model_validate({"kind": access}))
    for field, day in (("until", end), ("available", available)):
        if day:
            gathering.put(field, date.fromisoformat(day))
    gathering.embargo()
    found = gathering.loaded()
    until = found.record.access.until
    assert (found.record.access.kind, until.isoformat() if until else None) == expected
    assert found.unmapped == told


def test_keywords_have_a_length() -> None:
    gathering = Gathering()
    gathering.keyword("dc:subject", "x" * 100, "en")
    gathering.keyword("dc:subject", "y" * 101, "en")
    assert [len(text.value) for text in gathering.loaded().record.keywords] == [100]
    assert len(gathering.loaded().unmapped) == 1


def test_statements_are_parted_at_any_mark_to_a_point() -> None:
    assert parted(" a;b؛ ; c", ";؛") == ["a", "b", "c"]
    assert len(parted("a;" * 5_000, ";")) == 1_001
