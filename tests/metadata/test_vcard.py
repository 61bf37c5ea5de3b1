import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from record_strategies import agents

from metadata.crosswalks import vcard
from metadata.record import Affiliation, Agent, Text


def read(*lines: str) -> Agent:
    card = vcard.read("\n".join(("BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD")))
    assert card is not None
    return card.agent


def test_a_person_is_written_with_name_parts_school_and_orcid() -> None:
    agent = Agent(
        name="ليلى بن عمر",
        given="ليلى",
        family="بن عمر",
        orcid="https://orcid.org/0000-0002-1825-0097",
        affiliations=[Affiliation(name="مدرسة ابن الهيثم")],
    )
    assert vcard.write(agent, role="Teacher").split("\n") == [
        "BEGIN:VCARD",
        "VERSION:3.0",
        "FN:ليلى بن عمر",
        "N:بن عمر;ليلى;;;",
        "ORG:مدرسة ابن الهيثم",
        "UID:https://orcid.org/0000-0002-1825-0097",
        "URL:https://orcid.org/0000-0002-1825-0097",
        "ROLE:Teacher",
        "END:VCARD",
    ]


def test_an_organisation_has_no_name_parts_and_its_names_say_their_language() -> None:
    names = [Text(value="جامعة المثال", lang="ar"), Text(value="Université, l’Exemple", lang="fr"), Text(value="EU")]
    lines = vcard.write(Agent(kind="organisation", name="جامعة المثال"), names=names).split("\n")
    assert lines[2:-1] == [
        "FN:جامعة المثال",
        "N:;;;;",
        "ORG;LANGUAGE=ar:جامعة المثال",
        "ORG;LANGUAGE=fr:Université\\, l’Exemple",
        "ORG:EU",
    ]


def test_backslash_comma_semicolon_and_line_end_are_escaped() -> None:
    written = vcard.write(Agent(name="a\\b,c;d\ne"))
    assert "FN:a\\\\b\\,c\\;d\\ne\n" in written
    card = vcard.read(written)
    assert card
    assert card.agent.name == "a\\b,c;d e"


@settings(max_examples=200, deadline=None)
@given(agent=agents(), role=st.sampled_from(["", "Translator"]))
def test_what_is_written_is_read_back(agent: Agent, role: str) -> None:
    assume(re.search(r"\w", agent.name))  # a name without a letter or digit is taken for nobody's
    card = vcard.read(vcard.write(agent, role=role))
    assert card is not None
    assert card.role == role
    assert card.agent.name == " ".join(agent.name.split())
    for key in ("orcid", "ror"):
        written, found = getattr(agent, key), getattr(card.agent, key)
        assert (found or "") == (written or "").rpartition("/")[2]


@pytest.mark.parametrize(
    ("said", "name", "family", "given"),
    [
        ("BEGIN:vCard VERSION:3.0 FN:Ana Lopez N:Lopez;Ana END:vcard", "Ana Lopez", "Lopez", "Ana"),
        ("BEGIN:VCARD\\nFN:Ana Lopez\\nN:Lopez;Ana;M.\\nEND:VCARD", "Ana Lopez", "Lopez", "Ana M."),
        (
            "\n\t\tBEGIN:VCARD\n\t\tVERSION:3.0\n\t\tN:Lopez;Ana\n\t\tFN: Ana Lopez\n\t\tEND:VCARD",
            "Ana Lopez",
            "Lopez",
            "Ana",
        ),
        ("BEGIN:VCARD\r\nFN:Lopez\\, Ana\r\nN:Lopez;Ana\r\nEND:VCARD", "Ana Lopez", "Lopez", "Ana"),
        ("BEGIN:VCARD\nN:Lopez;Ana\nEND:VCARD", "Ana Lopez", "Lopez", "Ana"),
        ("begin:vcard\nfn:Ana Lo\n pez\nn:Lopez;Ana\nend:vcard", "Ana Lopez", "Lopez", "Ana"),
        ("BEGIN:VCARD\nitem1.FN;CHARSET=UTF-8:سامي الطرابلسي\nEND:VCARD", "سامي الطرابلسي", None, None),
        (
            "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D8=A8=D9=86;=D9=84=D9=8A=\n=D9=84=D9=89\nEND:VCARD",
            "ليلى بن",
            "بن",
            "ليلى",
        ),
        ("Lopez, Ana", "Ana Lopez", "Lopez", "Ana"),
        ("Ana Lopez", "Ana Lopez", None, None),
    ],
)
def test_cards_are_read_as_partners_write_them(said: str, name: str, family: str | None, given: str | None) -> None:
    card = vcard.read(said)
    assert card is not None
    assert (card.agent.kind, card.agent.name, card.agent.family, card.agent.given) == ("person", name, family, given)


def test_organisations_are_told_from_people() -> None:
    assert read("FN:PhET", "N:;;PhET", "ORG:PhET").kind == "organisation"
    assert read("KIND:org", "FN:Wikimedia").kind == "organisation"
    assert read("ORG:Open School;Physics").name == "Open School"
    assert read("FN:Ministry of Education").kind == "organisation"
    person = read("FN:Frank Dawson", "ORG:Lotus Development Corporation")
    assert (person.kind, [one.name for one in person.affiliations]) == ("person", ["Lotus Development Corporation"])


def test_names_in_other_languages_are_no_affiliations_of_an_organisation() -> None:
    found = read("FN:جامعة", "N:;;;;", "ORG;LANGUAGE=ar:جامعة", "ORG;LANGUAGE=fr:Université")
    assert (found.kind, found.affiliations) == ("organisation", [])


def test_identifiers_are_taken_where_their_check_digits_agree() -> None:
    assert read("FN:Ana Lopez", "URL:http://orcid.org/0000-0002-1825-0097").orcid == "0000-0002-1825-0097"
    assert read("FN:Ana Lopez", "X-ORCID:0000-0002-1825-0097").orcid == "0000-0002-1825-0097"
    assert read("FN:Ana Lopez", "URL:https://orcid.org/0000-0002-1825-0098").orcid is None
    assert read("FN:Uni", "ORG:Uni", "URL:https://ana.example.org", "URL:https://ror.org/03yrm5c26").ror == "03yrm5c26"


@pytest.mark.parametrize("said", ["", "  ", "BEGIN:VCARD\nEND:VCARD", "BEGIN:VCARD\nFN:\nN:;;\nEND:VCARD", "unknown"])
def test_a_card_without_a_name_is_nobody(said: str) -> None:
    assert vcard.read(said) is None


@settings(max_examples=300, deadline=None)
@given(
    said=st.text()
    | st.lists(
        st.sampled_from(
            [
                "FN:",
                "N:",
                ";",
                "ORG;X=",
                "\\",
                "=D8=",
                "\n ",
                "KIND:org",
                "UID:",
                ":",
                "N;ENCODING=QUOTED-PRINTABLE;CHARSET=x:",
            ]
        )
    ).map(lambda parts: "BEGIN:VCARD\n" + "".join(parts))
)
def test_no_text_makes_the_reader_raise(said: str) -> None:
    card = vcard.read(said)
    assert card is None or card.agent.name
