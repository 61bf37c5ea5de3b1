"""LOM written: each decision of the crosswalk."""

import pytest
from formats import EMPTY, NAMES, around, golden_record
from lom_elements import HCRT, LEVEL, LOM, RELATORS, at, strings, texts, written
from lxml import etree

from metadata import vocabularies
from metadata.crosswalks import lom, lom_terms
from metadata.record import Agent, Classroom, Contributor, Coverage, Funder, Identifier, Record, Text


def test_the_strict_schema_refuses_nothing_but_our_own_terms(strict: etree.XMLSchema) -> None:
    plain = lom.dump(around(Record(title=[Text(value="a", lang="en")], levels=[f"{LEVEL}level_6"])))
    strict.assertValid(etree.fromstring(plain))
    with pytest.raises(etree.DocumentInvalid, match="hcrt/scheme"):
        strict.assertValid(written(resource_type=f"{HCRT}video"))


def test_an_empty_record_still_says_where_it_is() -> None:
    root = etree.fromstring(lom.dump(EMPTY))
    assert [etree.QName(node).localname for node in root] == [
        "general",
        "lifeCycle",
        "metaMetadata",
        "technical",
        "rights",
    ]
    assert texts(root, "technical/location") == ["https://x.org/1"]
    assert texts(root, "lifeCycle/contribute/date/dateTime") == ["2024-03-01"]


# ── 1 General ────────────────────────────────────────────────────────────────────────────────────


def test_identifiers_have_their_catalogues_and_nothing_twice() -> None:
    identifiers = [
        ("doi", "https://doi.org/10.1234/x"),
        ("isbn", "978-3-16-148410-0"),
        ("issn", "2049-3630"),
        ("handle", "20.500.1/2"),
        ("url", "https://oer.example.org/resources/k7m2p9qd"),
        ("urn", "urn:nbn:de:101:1-2019"),
        ("other", "Cote 12 ب"),
    ]
    root = written(identifiers=[Identifier(scheme=scheme, value=value) for scheme, value in identifiers])  # type: ignore[arg-type]
    found = [(node.findtext(f"{LOM}catalog"), node.findtext(f"{LOM}entry")) for node in at(root, "general/identifier")]
    assert found == [
        ("oai", "oai:oer.example.org:k7m2p9qd"),
        ("URI", "https://oer.example.org/resources/k7m2p9qd"),
        ("DOI", "10.1234/x"),
        ("ISBN", "978-3-16-148410-0"),
        ("ISSN", "2049-3630"),
        ("HDL", "20.500.1/2"),
        ("URI", "urn:nbn:de:101:1-2019"),
        (None, "Cote 12 ب"),
    ]


def test_titles_stand_in_one_element_before_other_titles() -> None:
    title = [Text(value="درس", lang="ar"), Text(value="Cours", lang="fr")]
    root = written(title=title, alternative=[Text(value="الدرس", lang="ar"), Text(value="x")])
    assert len(at(root, "general/title")) == 1
    assert strings(root, "general/title") == [("درس", "ar"), ("Cours", "fr"), ("الدرس", "ar"), ("x", "und")]


def test_each_keyword_is_an_element_and_translations_of_a_description_share_one() -> None:
    several = [Text(value="ضوء", lang="ar"), Text(value="lumière", lang="fr")]
    root = written(keywords=several, description=several)
    assert len(at(root, "general/keyword")) == 2
    assert len(at(root, "general/description")) == 1


def test_coverage_is_places_country_codes_and_period() -> None:
    coverage = Coverage(countries=["TN", "DZ"], places=[Text(value="Gabès", lang="fr")], period="1990/2020")
    assert strings(written(coverage=coverage), "general/coverage") == [
        ("Gabès", "fr"),
        ("TN", "x-none"),
        ("DZ", "x-none"),
        ("1990/2020", "x-none"),
    ]


# ── 2 Life cycle ─────────────────────────────────────────────────────────────────────────────────


def contributions(root: etree._Element) -> dict[str | None, list[str]]:
    """LOM role → names of the cards, in order."""
    return {
        node.findtext(f"{LOM}role/{LOM}value"): [
            line.removeprefix("FN:")
            for card in node.findall(f"{LOM}entity")
            for line in (card.text or "").split("\n")
            if line.startswith("FN:")
        ]
        for node in at(root, "lifeCycle/contribute")
    }


def test_contributions_are_grouped_by_role_and_keep_the_marc_relator_in_the_card() -> None:
    root = written(
        creators=[Agent(name="ليلى"), Agent(name="Hédi")],
        publisher=Agent(kind="organisation", name="Sud"),
        contributors=[
            Contributor(name="Nour", role=f"{RELATORS}trl"),
            Contributor(name="Sami", role=f"{RELATORS}ill"),
            Contributor(name="Rim", role=f"{RELATORS}nrt"),
        ],
        funders=[Funder(name="Fonds", award="A-1")],
    )
    assert contributions(root) == {
        "author": ["ليلى", "Hédi"],
        "publisher": ["Sud", "جامعة المثال"],
        "content provider": ["Nour", "Rim"],
        "graphical designer": ["Sami"],
        "initiator": ["Fonds"],
    }
    cards = "\n".join(node.text or "" for node in at(root, "lifeCycle/contribute/entity"))
    for line in ("ROLE:Host institution", "ROLE:Translator", "ROLE:Illustrator", "ROLE:Funder", "NOTE:A-1"):
        assert line in cards.split("\n")


def test_every_marc_relator_has_a_role_of_lom(strict: etree.XMLSchema) -> None:
    uris = vocabularies.terms("contributor-roles")
    root = written(contributors=[Contributor(name=uri, role=uri) for uri in uris])
    strict.assertValid(root)
    assert len(at(root, "lifeCycle/contribute/entity")) == len(uris) + 1  # and the institution


@pytest.mark.parametrize(
    ("edtf", "plain", "words"),
    [
        ("2024-05-17", ["2024-05-17"], []),
        ("2022~", ["2022"], [("2022~", "x-none")]),
        ("2020/2021", ["2020"], [("2020/2021", "x-none")]),
        ("156X", [], [("156X", "x-none")]),
        ("0000", [], [("0000", "x-none")]),
    ],
)
def test_dates_that_lom_cannot_hold_stand_beside_what_it_can(
    edtf: str, plain: list[str], words: list[tuple[str, str]], strict: etree.XMLSchema
) -> None:
    root = written(created=edtf)
    strict.assertValid(root)
    author = at(root, "lifeCycle/contribute")[0]
    assert texts(author, "date/dateTime") == plain
    assert strings(author, "date/description")[:1] == words


def test_created_issued_and_modified_are_dates_of_author_publisher_and_editor() -> None:
    root = written(created="2021", issued="2022", modified="2023")
    found = [
        (node.findtext(f"{LOM}role/{LOM}value"), node.findtext(f"{LOM}date/{LOM}dateTime"))
        for node in at(root, "lifeCycle/contribute")
    ]
    assert found == [("author", "2021"), ("publisher", "2022"), ("editor", "2023")]
    assert ("modified", "en") in strings(root, "lifeCycle/contribute/date/description")


# ── 3 to 5 Description, technical, educational ───────────────────────────────────────────────────


def test_the_language_of_the_metadata_is_that_of_the_first_title() -> None:
    root = written(title=[Text(value="x"), Text(value="Cours", lang="fr")], languages=["ar"])
    assert texts(root, "metaMetadata/language") == ["fr"]
    assert texts(root, "metaMetadata/metadataSchema") == ["LOMv1.0"]
    assert not at(written(), "metaMetadata/language")


def test_the_landing_page_goes_before_the_files_and_sizes_add_up() -> None:
    root = written()
    assert texts(root, "technical/location")[0] == "https://oer.example.org/resources/k7m2p9qd"
    assert len(at(root, "technical/location")) == 3
    assert texts(root, "technical/size") == ["3"]
    assert texts(root, "technical/format") == ["application/pdf", "video/mp4"]


@pytest.mark.parametrize(
    ("value", "duration", "words"),
    [("PT45M", ["PT45M"], []), ("P2W", ["P14D"], []), ("P1W2DT3H", ["P9DT3H"], []), ("PT0.5H", [], ["PT0.5H"])],
)
def test_durations_are_written_without_weeks_and_broken_hours(
    value: str, duration: list[str], words: list[str], strict: etree.XMLSchema
) -> None:
    root = written(study_time=value, play_time=value)
    strict.assertValid(root)
    for path in ("technical/duration", "educational/typicalLearningTime"):
        assert texts(root, f"{path}/duration") == duration
        assert [text for text, _ in strings(root, f"{path}/description")] == words


def test_what_a_classroom_needs_is_said_in_three_languages() -> None:
    needs = Classroom(devices=["projector", "printer"], internet="none", equipment=[Text(value="Spiegel", lang="de")])
    assert strings(written(classroom=needs), "technical/otherPlatformRequirements") == [
        ("جهاز عرض ضوئي\nطابعة\nلا حاجة إلى الإنترنت", "ar"),
        ("Vidéoprojecteur\nImprimante\nSans connexion à Internet", "fr"),
        ("Projector\nPrinter\nNo Internet connection needed", "en"),
        ("Spiegel", "de"),
    ]


def test_every_network_need_has_words() -> None:
    assert set(lom_terms.INTERNET) == {"none", "download-once", "always"}


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (2, 30, "Groups of 2 to 30"),
        (2, None, "Groups of at least 2"),
        (None, 9, "Groups of at most 9"),
        (None, None, None),
    ],
)
def test_how_many_work_together_is_told_in_words(low: int | None, high: int | None, said: str | None) -> None:
    root = written(classroom=Classroom(group_minimum=low, group_maximum=high))
    english = [text for text, tag in strings(root, "educational/description") if tag == "en"]
    assert english == ([said] if said else [])


def test_golden_records_exercise_every_category_but_annotations() -> None:
    seen = {
        etree.QName(node).localname
        for name in NAMES
        for node in etree.fromstring(lom.dump(around(golden_record(name))))
    }
    categories = "general lifeCycle metaMetadata technical educational rights relation classification"
    assert seen == set(categories.split())
