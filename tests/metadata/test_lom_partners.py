"""LOM as partners write it, and that nothing of it is lost without a trace."""

import zipfile
from pathlib import Path

import pytest
from lom_elements import AUDIENCE, CC_BY, HCRT, LEVEL, RELATORS, contribute, errors, loaded, record, term

from metadata import xml
from metadata.crosswalks import lom_load

RECORDED = "meresco-harvester/LOMExampleListRecords.xml"


def test_a_real_record_of_ims_meta_data_is_read(shared: Path) -> None:
    root = xml.parse((shared / "recorded" / RECORDED).read_bytes())
    node = next(one for one in root.iter() if str(one.tag).endswith("}lom"))
    found = lom_load.load(node)
    read = found.record
    assert errors(read) == []
    assert [(text.value, text.lang) for text in read.title] == [("a title", "en")]
    assert read.resource_type == f"{HCRT}experiment"
    assert [(one.name, one.family, one.given) for one in read.creators] == [("John W. Smith", "Smith", "John W.")]
    assert read.creators[0].affiliations[0].name == "Athabasca University"
    assert (read.created, read.issued) == ("2005-01-10", "2005-05-12")
    assert read.publisher
    assert (read.publisher.name, read.publisher.affiliations[0].name) == (
        "Frank Dawson",
        "Lotus Development Corporation",
    )
    assert [(one.name, one.role) for one in read.contributors] == [("Tim Howes", f"{RELATORS}prg")]
    assert [text.value for text in read.rights_note] == ["Rights description"]
    assert [one.title for one in read.sources] == ["Based on article description"]
    assert found.unmapped == (
        "lom:lifecycle/contribute[technical implementer]/date/datetime: 2005-03-02",
        "lom:technical/format: text/html",
        "lom:relation[references]/resource/description/langstring: A referenced article description",
    )


def test_the_example_of_the_loose_schema_is_read(shared: Path) -> None:
    root = xml.parse((shared / "xsd" / "samples" / "lom.valid.xml").read_bytes())
    read = lom_load.load(next(one for one in root.iter() if str(one.tag).endswith("}lom"))).record
    assert [text.lang for text in read.title] == ["ar", "en"]
    assert (read.resource_type, read.licence, read.study_time) == (f"{HCRT}worksheet", CC_BY, "PT45M")
    assert read.levels == [f"{LEVEL}level_A"]


def test_packages_carry_lom_in_their_own_namespaces(shared: Path) -> None:
    with zipfile.ZipFile(shared / "samples" / "ar" / "story-0110.imscc") as package:
        found = lom_load.load(xml.parse(package.read("imsmanifest.xml")))
    assert [text.lang for text in found.record.title] == ["ar"]
    assert found.record.licence == CC_BY
    assert "metadata/schemaversion: 1.3.0" in found.unmapped


def test_hs_oer_lom_is_read_with_nested_and_plain_strings() -> None:
    body = """<metadata xmlns="https://www.oerbw.de/hsoerlom"><lom>
      <general><identifier>8dee40f6</identifier><title><langstring>Differenzen</langstring></title>
        <catalogentry><catalog>Handle.Net</catalog><entry><langstring>10900.3/OER_x</langstring></entry></catalogentry>
        <language>de</language></general>
      <metametadata><language>de</language></metametadata>
      <technical><location type="URI">https://oer.example.org/r/1</location>
        <otherplatformrequirements>Ein Videoplayer.</otherplatformrequirements>
        <duration><datetime>00:31:33</datetime></duration></technical>
      <educational><learningResourceType>
        <source><langstring xml:lang="x-none">https://w3id.org/dini-ag-kim/hcrt/scheme</langstring></source>
        <id>https://w3id.org/dini-ag-kim/hcrt/lesson_plan</id>
        <entry><langstring xml:lang="de">Unterrichtsplanung</langstring></entry></learningResourceType></educational>
      <rights><description><langstring xml:lang="x-t-cc-url">
          https://creativecommons.org/licenses/by-sa/4.0 </langstring></description></rights>
      <classification><purpose><value><langstring>Discipline</langstring></value></purpose>
        <taxonpath><source><langstring xml:lang="x-none">DDC</langstring></source>
          <taxon><id>300</id><entry><langstring>Sozialwissenschaften</langstring></entry>
            <taxon><id>370</id><entry><langstring>Bildung</langstring></entry></taxon></taxon></taxonpath>
      </classification></lom></metadata>"""
    found = lom_load.load(xml.parse(body.encode()))
    read = found.record
    assert errors(read) == []
    assert [(text.value, text.lang) for text in read.title] == [("Differenzen", "de")]
    assert [(one.scheme, one.value) for one in read.identifiers] == [
        ("other", "8dee40f6"),
        ("handle", "10900.3/OER_x"),
        ("url", "https://oer.example.org/r/1"),
    ]
    assert (read.resource_type, read.play_time) == (f"{HCRT}lesson_plan", "PT0H31M33S")
    assert read.licence == "https://creativecommons.org/licenses/by-sa/4.0/"
    assert read.rights_note == []
    assert read.classroom
    assert [text.value for text in read.classroom.equipment] == ["Ein Videoplayer."]
    assert [text.value for text in read.keywords] == ["Bildung"]
    assert "lom:classification[discipline]/taxonpath/source/langstring: DDC" in found.unmapped
    assert "lom:classification[discipline]/taxonpath/taxon/id: 300" in found.unmapped


def test_an_ilox_description_is_read_with_all_its_loms_and_its_location() -> None:
    body = """<work xmlns="http://www.imsglobal.org/xsd/imslorsltitm_v1p0" xmlns:lom="http://ltsc.ieee.org/xsd/LOM">
      <description><metadata><lom:lom><lom:general>
        <lom:title><lom:string language="en">Light</lom:string></lom:title></lom:general></lom:lom></metadata>
      </description>
      <expression><description><metadata><lom:lom><lom:general>
        <lom:title><lom:string language="en">Light</lom:string><lom:string language="ar">ضوء</lom:string></lom:title>
        </lom:general></lom:lom></metadata></description><manifestation><item><location>
          <uri>https://example.org/light</uri></location></item></manifestation></expression></work>"""
    read = lom_load.load(xml.parse(body.encode())).record
    assert [(text.value, text.lang) for text in read.title] == [("Light", "en"), ("ضوء", "ar")]
    assert read.alternative == []
    assert [one.value for one in read.identifiers] == ["https://example.org/light"]


def test_strings_without_a_language_are_in_that_of_the_metadata() -> None:
    read = record(
        "<general><title><string>Cours</string></title><description>Texte</description></general>"
        "<metaMetadata><language>fr</language></metaMetadata>"
    )
    assert [(text.value, text.lang) for text in (*read.title, *read.description)] == [("Cours", "fr"), ("Texte", "fr")]


def test_descriptions_in_one_language_are_paragraphs() -> None:
    strings = "".join(f'<description><string language="en">{one}</string></description>' for one in ("A.", "B.", "A."))
    assert [text.value for text in record(f"<general>{strings}</general>").description] == ["A.\n\nB."]


def test_what_a_list_cannot_hold_is_told_with_its_place() -> None:
    words = "".join(f'<keyword><string language="en">word {number}</string></keyword>' for number in range(103))
    found = loaded(f"<general>{words}</general>")
    assert len(found.record.keywords) == 100
    assert found.unmapped == tuple(f"lom:general/keyword: word {number}" for number in (100, 101, 102))


def test_a_second_title_is_an_alternative_and_a_third_is_told() -> None:
    titles = "".join(f'<string language="fr">{one}</string>' for one in ("A", "A", "B", "B", "C"))
    found = loaded(f"<general><title>{titles}</title></general>")
    assert [text.value for text in (*found.record.title, *found.record.alternative)] == ["A", "B"]
    assert found.unmapped == ("lom:general/title: C",)


@pytest.mark.parametrize(
    ("role", "card", "field", "relator"),
    [
        ("author", "FN:Ana", "creators", None),
        ("Author", "FN:Ana\nROLE:Teacher", "creators", None),
        ("author", "FN:Ana\nROLE:Adapter", "contributors", "adp"),
        ("editor", "FN:Ana", "contributors", "edt"),
        ("Technical  Implementer", "FN:Ana", "contributors", "prg"),
        ("content provider", "FN:Ana\nROLE:Translator", "contributors", "trl"),
        ("translator", "FN:Ana", "contributors", "trl"),
        ("instructional designer", "FN:Ana", "contributors", "ctb"),
        ("initiator", "FN:Ana\nROLE:Funder", "funders", None),
    ],
)
def test_roles_find_their_field(role: str, card: str, field: str, relator: str | None) -> None:
    read = record(f"<lifeCycle>{contribute(role, card)}</lifeCycle>")
    found = getattr(read, field)
    assert [one.name for one in found] == ["Ana"]
    if relator:
        assert found[0].role == f"{RELATORS}{relator}"


def test_a_role_that_nobody_knows_is_told_and_its_bearer_kept() -> None:
    found = loaded(f"<lifeCycle>{contribute('terminator', 'FN:Ana')}</lifeCycle>")
    assert found.record.contributors[0].role == f"{RELATORS}ctb"
    assert found.unmapped == ("lom:lifeCycle/contribute/role: terminator (Ana)",)


def test_a_second_publisher_is_a_contributor() -> None:
    read = record(f"<lifeCycle>{contribute('publisher', 'FN:A', '2024')}{contribute('publisher', 'FN:B')}</lifeCycle>")
    assert read.publisher
    assert (read.publisher.name, read.issued) == ("A", "2024")
    assert [(one.name, one.role) for one in read.contributors] == [("B", f"{RELATORS}pbl")]


def test_telephone_numbers_and_addresses_go_nowhere() -> None:
    private = "TEL:+216 71 000 000\nEMAIL:ana@example.org\nADR:;;1 rue X;Tunis;;;TN"
    cards = contribute("author", f"FN:Ana\n{private}") + contribute("editor", private)
    comment = (
        f"<annotation><entity>begin:vcard\n{private}\nend:vcard</entity><description>Good.</description></annotation>"
    )
    found = loaded(f"<lifeCycle>{cards}</lifeCycle>{comment}")
    assert [one.name for one in found.record.creators] == ["Ana"]
    assert found.record.contributors == []
    assert found.unmapped == ("lom:annotation/description: Good.",)


def test_a_licence_may_stand_in_an_element_of_its_own() -> None:
    assert record(f"<rights><url>{CC_BY}</url></rights>").licence == CC_BY
    assert record(f"<rights>{term('copyrightAndOtherRestrictions', 'CC BY 4.0')}</rights>").licence == CC_BY
    assert loaded("<rights><url>https://example.org/terms</url></rights>").unmapped == (
        "lom:rights/url: https://example.org/terms",
    )


@pytest.mark.parametrize(
    ("said", "ages"),
    [
        ("7-9", (7, 9)),
        ("18-", (18, None)),
        ("12-U", (12, None)),
        ("12+", (12, None)),
        ("15", (15, 15)),
        ("٦-٩", (6, 9)),
        ("9-7", None),
        ("adults only", None),
    ],
)
def test_age_ranges_are_read_or_told(said: str, ages: tuple[int, int | None] | None) -> None:
    found = loaded(f"<educational><typicalAgeRange><string>{said}</string></typicalAgeRange></educational>")
    ends = found.record.age_range
    assert ((ends.minimum, ends.maximum) if ends else None) == ages
    assert bool(found.unmapped) == (ages is None)


@pytest.mark.parametrize(
    ("inside", "value"),
    [
        ("<duration>PT1H30M</duration>", "PT1H30M"),
        ("<datetime>01:30</datetime>", "PT1H30M0S"),
        ("<description><string>PT0.5H</string></description>", "PT0.5H"),
        ("P2W", "P2W"),
        ("<duration>00:00:00</duration>", None),
        ("<duration>two hours</duration>", None),
    ],
)
def test_durations_are_read_or_told(inside: str, value: str | None) -> None:
    found = loaded(f"<educational><typicalLearningTime>{inside}</typicalLearningTime></educational>")
    assert found.record.study_time == value
    assert bool(found.unmapped) == (value is None)


def test_words_of_lom_count_where_nothing_says_more() -> None:
    plain = record(
        "<educational>"
        + term("learningResourceType", "simulation")
        + term("intendedEndUserRole", "learner", "teacher")
        + term("context", "higher education")
        + term("interactivityType", "active")
        + "</educational>"
    )
    assert plain.resource_type == f"{HCRT}simulation"
    assert plain.audience == [f"{AUDIENCE}student", f"{AUDIENCE}teacher"]
    assert plain.levels == [f"{LEVEL}level_A"]
    assert plain.interactivity == "http://purl.org/dcx/lrmi-vocabs/interactivityType/active"


def test_words_of_lom_are_passed_over_where_a_term_says_it_exactly() -> None:
    level = f"<taxonPath><taxon><id>{LEVEL}level_7</id></taxon></taxonPath>"
    found = loaded(
        "<educational>"
        + term("learningResourceType", "narrative text", f"{HCRT}textbook")
        + term("intendedEndUserRole", "learner", f"{AUDIENCE}generalPublic")
        + term("context", "higher education", "school")
        + f"</educational><classification>{term('purpose', 'educational level')}{level}</classification>"
    )
    assert found.record.resource_type == f"{HCRT}textbook"
    assert found.record.audience == [f"{AUDIENCE}generalPublic"]
    assert found.record.levels == [f"{LEVEL}level_7"]
    assert found.unmapped == ("lom:educational/context/value: school",)


@pytest.mark.parametrize(
    ("description", "licence", "notes"),
    [
        (f'<string language="x-t-cc-url">{CC_BY}</string>', CC_BY, []),
        ("<string>http://creativecommons.org/licenses/by/4.0/deed.fr</string>", CC_BY, []),
        (
            '<string language="en">Shared under CC BY 4.0 by the school.</string>',
            CC_BY,
            ["Shared under CC BY 4.0 by the school."],
        ),
        ('<string language="fr">Tous droits réservés</string>', None, ["Tous droits réservés"]),
    ],
)
def test_licences_are_found_in_what_is_said_of_rights(description: str, licence: str | None, notes: list[str]) -> None:
    found = loaded(
        f"<rights>{term('copyrightAndOtherRestrictions', 'yes')}<description>{description}</description></rights>"
    )
    assert found.record.licence == licence
    assert [text.value for text in found.record.rights_note] == notes
    assert bool(found.unmapped) == (licence is None)


def test_parts_wholes_and_sources_are_read_and_other_kinds_told() -> None:
    def relation(kind: str, entry: str) -> str:
        resource = f"<identifier><catalog>URI</catalog><entry>{entry}</entry></identifier><description>T</description>"
        return f"<relation>{term('kind', kind)}<resource>{resource}</resource></relation>"

    found = loaded(
        relation("IsPartOf", "https://x.org/1")
        + relation("has part", "urn:x:2")
        + relation("isbasedon", "https://x.org/3")
        + relation("ispartof", "not an iri")
        + relation("requires", "https://x.org/5")
    )
    read = found.record
    assert [(one.identifier, one.title) for one in read.part_of] == [("https://x.org/1", "T")]
    assert [one.identifier for one in read.parts] == ["urn:x:2"]
    assert [(one.identifier, one.title) for one in read.sources] == [("https://x.org/3", "T")]
    assert "lom:relation[ispartof]/resource/identifier/entry: not an iri" in found.unmapped
    assert "lom:relation[requires]/resource/identifier/entry: https://x.org/5" in found.unmapped


@pytest.mark.parametrize(
    ("purpose", "taxon", "field", "expected"),
    [
        ("discipline", "<id>http://data.europa.eu/snb/isced-f/0533</id>", "subjects", "http://data.europa.eu/snb/isced-f/0533"),
        ("Discipline", "<entry><string>Photosynthesis</string></entry>", "subjects", "http://vocabularies.unesco.org/thesaurus/concept11172"),
        ("educational level", "<entry><string>Primary education</string></entry>", "levels", f"{LEVEL}level_1"),
    ],
)  # fmt: skip
def test_classifications_find_terms_by_address_or_name(purpose: str, taxon: str, field: str, expected: str) -> None:
    path = f"<taxonPath><taxon>{taxon}</taxon></taxonPath>"
    read = record(f"<classification>{term('purpose', purpose)}{path}</classification>")
    assert getattr(read, field) == [expected]


@pytest.mark.parametrize(
    ("purpose", "identifier", "kind", "framework"),
    [
        ("competency", "C1", "competency", "DigComp"),
        ("competency", "https://unesdoc.unesco.org/ark:/48223/pf0000265721#ict-cft-v3-1-1", "competency", "ict-cft"),
        ("educational objective", "http://metadata.un.org/sdg/4.7", "sdg", None),
        ("educational objective", "8.3", "curriculum", "DigComp"),
        ("competency", "http://data.europa.eu/esco/isco/C2", "occupation", "DigComp"),
    ],
)
def test_competencies_and_objectives_are_alignments(
    purpose: str, identifier: str, kind: str, framework: str | None
) -> None:
    source = "<source><string>DigComp</string></source>"
    path = f"<taxonPath>{source}<taxon><id>{identifier}</id></taxon></taxonPath>"
    read = record(f"<classification>{term('purpose', purpose)}{path}</classification>")
    assert [(one.kind, one.target, one.framework) for one in read.alignments] == [(kind, identifier, framework)]
