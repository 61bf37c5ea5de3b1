from hypothesis import given, settings
from record_strategies import record_shaped

from metadata import reading
from metadata.crosswalks.described import Loaded
from metadata.crosswalks.fitting import fitted
from metadata.record import Access, Agent, Identifier, Part, Record, Reference, Text
from metadata.validate import problems


def sound(record: Part) -> bool:
    assert isinstance(record, Record)
    return all(problem.severity == "warning" for problem in problems(record, "draft"))


def test_a_sound_record_stays_as_it_is() -> None:
    loaded = Loaded(Record(title=[Text(value="درس", lang="ar")]), ("x: y",))
    assert fitted(loaded) == loaded


def test_the_smallest_part_that_can_go_goes() -> None:
    record = Record(
        creators=[Agent(name="A", orcid="nonsense", ror="05dxps055"), Agent(name=""), Agent(name="C")],
        identifiers=[Identifier(scheme="doi", value="no doi")],
        part_of=[Reference(identifier="no iri", title="T"), Reference(identifier="https://x.org/1")],
        issued="no date",
        access=Access(kind="embargoed"),
    )
    found = fitted(Loaded(record))
    assert sound(found.record)
    assert [(agent.name, agent.orcid, agent.ror) for agent in found.record.creators] == [
        ("A", None, "05dxps055"),
        ("C", None, None),
    ]
    assert [reference.identifier for reference in found.record.part_of] == ["https://x.org/1"]
    assert (found.record.identifiers, found.record.issued, found.record.access.kind) == ([], None, "open")
    assert set(found.unmapped) == {
        "creators: nonsense",
        "creators: person",
        "identifiers: doi no doi",
        "part_of: no iri T",
        "issued: no date",
        "access: embargoed",
    }


def test_second_texts_of_a_language_and_what_is_too_much_go() -> None:
    record = Record(
        title=[Text(value="one", lang="en"), Text(value="two", lang="en")],
        keywords=[Text(value=f"word {number}", lang="en") for number in range(103)],
    )
    found = fitted(Loaded(record))
    assert sound(found.record)
    assert [text.value for text in found.record.title] == ["one"]
    assert len(found.record.keywords) == 100
    assert "title: two en" in found.unmapped
    assert "keywords: word 102 en" in found.unmapped


@settings(max_examples=100, deadline=None)
@given(data=record_shaped())
def test_any_record_can_be_made_to_fit(data: dict[str, object]) -> None:
    record, _ = reading.parse(data)
    if record is not None:
        assert sound(fitted(Loaded(record)).record)
