import pytest
from formats import FILES, golden_record
from marc import marc, values

from metadata.crosswalks.marc21_description import nonfiling
from metadata.record import (
    Access,
    Agent,
    Alignment,
    Contributor,
    Coverage,
    Funder,
    Identifier,
    Record,
    Reference,
    Source,
    Text,
)

RELATORS = "http://id.loc.gov/vocabulary/relators/"
HCRT = "https://w3id.org/kim/hcrt/"


# ── Titles and names ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("title", "lang", "skipped"),
    [
        ("الضوء", "ar", 2),
        ("ٱلضوء", "ar-TN", 2),
        ("اَلضَّوْء", "ar", 3),
        ("«الضوء» والماء", "ar", 3),
        ("التزام", "ar", 0),
        ("الله", "ar", 0),
        ("الالتزام", "ar", 2),
        ("ضوء", "ar", 0),
        ("The Sun", "en", 4),
        ("A lesson", "en-GB", 2),
        ("Theory", "en", 0),
        ("A", "en", 0),
        ("“The Sun”", "en", 5),
        ("L’eau", "fr", 2),
        ("l'eau", "fr", 2),
        ("Les eaux", "fr", 4),
        ("Lettres", "fr", 0),
        ("Un, deux", "fr", 0),
        ("The Sun", "fr", 0),
        ("The Sun", "und", 0),
        ("…………………………The Sun", "en", 0),
        ("?!", "en", 0),
    ],
)
def test_nonfiling_characters_are_the_article_and_what_stands_before_it(title: str, lang: str, skipped: int) -> None:
    assert nonfiling(Text(value=title, lang=lang)) == skipped
    assert marc(Record(title=[Text(value=title, lang=lang)])).fields("245")[0].indicators == f"0{skipped}"


@pytest.mark.parametrize(
    ("title", "subfields"),
    [
        ("الضوء: درس", "$a الضوء $b درس"),
        ("L’eau : module : suite", "$a L’eau $b module : suite"),
        ("At 12:30", "$a At 12:30"),
        (": x", "$a : x"),
        ("Two\nlines", "$a Two lines"),
    ],
)
def test_titles_are_parted_at_the_first_colon(title: str, subfields: str) -> None:
    assert [written for _, written in values(Record(title=[Text(value=title, lang="fr")]), "245")] == [subfields]


def test_titles_in_other_languages_are_parallel_or_made_for_the_description() -> None:
    titles = [Text(value="Course", lang="en"), Text(value="الماء", lang="ar"), Text(value="L’eau", lang="fr")]
    record = Record(title=titles, languages=["fr", "ar"], alternative=[Text(value="Eau", lang="fr")])
    assert values(record, "245") == [("02", "$a الماء")]
    assert values(record, "246") == [("31", "$a L’eau"), ("33", "$a Eau")]
    assert values(record, "242") == [("10", "$a Course $y eng")]


def test_the_statement_of_responsibility_names_three_at_most() -> None:
    people = [Agent(name=name) for name in "ABCD"]
    title = [Text(value="Light", lang="en")]
    assert values(Record(title=title, creators=people[:3]), "245") == [("10", "$a Light $c A, B, C")]
    assert values(Record(title=title, creators=people), "245") == [("10", "$a Light $c A [et al.]")]
    assert len(marc(Record(title=title, creators=people)).fields("700")) == 3


def test_names_are_entries_with_relators_and_addresses() -> None:
    record = Record(
        title=[Text(value="Light", lang="en")],
        creators=[
            Agent(name="Rim Haddad", given="Rim", family="Haddad", orcid="0000-0002-1825-0097"),
            Agent(name="Amina Yusuf"),
            Agent(kind="organisation", name="Club", ror="05dxps055"),
        ],
        contributors=[Contributor(name="O’Brien, T.", role=f"{RELATORS}ill"), Contributor(name="Z", role="x:y")],
        publisher=Agent(kind="organisation", name="Press", ror="https://ror.org/03yrm5c26"),
        funders=[Funder(name="Fund", ror="05dxps055", award="A-1"), Funder(name="Other")],
    )
    assert values(record, "100") == [
        ("1 ", "$a Haddad, Rim $e creator $4 cre $1 https://orcid.org/0000-0002-1825-0097")
    ]
    assert values(record, "700") == [
        ("0 ", "$a Amina Yusuf $e creator $4 cre"),
        ("1 ", "$a O’Brien, T. $e illustrator $4 ill"),
        ("0 ", "$a Z $4 x:y"),
    ]
    assert values(record, "710") == [
        ("2 ", "$a Club $e creator $4 cre $1 https://ror.org/05dxps055"),
        ("2 ", "$a Press $e publisher $4 pbl $1 https://ror.org/03yrm5c26"),
        ("2 ", "$a جامعة المثال $e host institution $4 his"),
        ("2 ", "$a Fund $e funder $4 fnd $1 https://ror.org/05dxps055"),
    ]
    assert values(record, "264") == [(" 1", "$b Press $c 2024-03-01")]
    assert values(record, "536") == [("  ", "$a Fund $c A-1"), ("  ", "$a Other")]


# ── The rest ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("scheme", "value", "tag", "written"),
    [
        ("isbn", "978-3-16-148410-0", "020", ("  ", "$a 9783161484100")),
        ("isbn", "12", "020", ("  ", "$z 12")),
        ("issn", "2049-3630", "022", ("  ", "$a 2049-3630")),
        ("doi", "https://doi.org/10.1234/x", "024", ("7 ", "$a 10.1234/x $2 doi")),
        ("handle", "20.500.1/2", "024", ("7 ", "$a 20.500.1/2 $2 hdl")),
        ("urn", "urn:nbn:de:101:1-2019", "024", ("7 ", "$a urn:nbn:de:101:1-2019 $2 urn")),
        ("url", "https://x.org/1", "024", ("7 ", "$a https://x.org/1 $2 uri")),
        ("other", "Cote 12 ب", "024", ("8 ", "$a Cote 12 ب")),
    ],
)
def test_identifiers_have_their_fields_and_sources(scheme: str, value: str, tag: str, written: tuple[str, str]) -> None:
    identifier = Identifier(scheme=scheme, value=value)  # type: ignore[arg-type]
    assert values(Record(identifiers=[identifier]), tag)[-1] == written


@pytest.mark.parametrize(
    ("access", "written", "status"),
    [
        ({"kind": "open"}, ("0 ", "$a Open access $f Unrestricted online access $2 star"), "0"),
        (
            {"kind": "embargoed", "until": "2030-09-01"},
            ("1 ", "$a Under embargo until 2030-09-01 $f No online access $g 20300901 $2 star"),
            "1",
        ),
        (
            {"kind": "institution"},
            ("1 ", "$a For members of the institution $f Online access with authorization $2 star"),
            "1",
        ),
        ({"kind": "metadata-only"}, ("1 ", "$a Files not available $f No online access $2 star"), "1"),
    ],
)
def test_access_is_said_in_standard_terms(access: dict[str, str], written: tuple[str, str], status: str) -> None:
    record = Record(access=Access.model_validate(access))
    assert values(record, "506") == [written]
    assert [field.get("7") for field in marc(record, FILES).fields("856")] == [[], [status], [status]]


@pytest.mark.parametrize(
    ("licence", "written"),
    [
        (
            "https://creativecommons.org/licenses/by/4.0/",
            "$a Attribution 4.0 International $f CC BY 4.0 $u https://creativecommons.org/licenses/by/4.0/ $2 cc",
        ),
        ("https://spdx.org/licenses/MIT.html", None),
        ("https://x.org/own", "$a https://x.org/own $u https://x.org/own"),
    ],
)
def test_only_licences_of_creative_commons_have_a_source_code(licence: str, written: str | None) -> None:
    ((_, found),) = values(Record(licence=licence), "540")
    assert found == written if written else "$2" not in found and "$f" not in found


def test_terms_are_given_in_three_languages_with_one_address() -> None:
    uri = "http://vocabularies.unesco.org/thesaurus/concept132"
    assert values(Record(subjects=[uri]), "650") == [
        (" 7", f"$a فيزياء $0 {uri} $2 unescot/ara"),
        (" 7", f"$a Physique $0 {uri} $2 unescot/fre"),
        (" 7", f"$a Physics $0 {uri} $2 unescot"),
    ]
    uri = f"{HCRT}worksheet"
    assert values(Record(resource_type=uri), "655")[-1] == (" 7", f"$a Worksheet $0 {uri} $2 local")


@pytest.mark.parametrize(
    ("period", "field", "written"),
    [
        ("1990/2020", "045", ("2 ", "$b d1990 $b d2020")),
        ("1987-03", "045", ("0 ", "$b d198703")),
        ("../1950", "653", (" 4", "$a ../1950")),
        ("156X", "653", (" 4", "$a 156X")),
    ],
)
def test_the_period_is_coded_where_it_is_plain(period: str, field: str, written: tuple[str, str]) -> None:
    record = Record(coverage=Coverage(period=period, countries=["TN", "DZ"], places=[Text(value="Gabès", lang="fr")]))
    assert values(record, field) == [written]
    assert len(values(record, "045")) + len(values(record, "653")) == 1
    assert values(record, "043") == [("  ", "$c tn $c dz")]
    assert values(record, "651") == [(" 4", "$a Gabès")]


@pytest.mark.parametrize(
    ("created", "modified", "written"),
    [
        ("2023-11", None, ["$k 2023-11 $2 edtf"]),
        ("2020/2021", "2024-01-15", ["$j 2024-01-15 $k 2020 $l 2021 $2 edtf"]),
        ("../1950", None, ["$l 1950 $2 edtf"]),
        (None, None, []),
    ],
)
def test_other_dates_are_coded_as_edtf(created: str | None, modified: str | None, written: list[str]) -> None:
    assert [said for _, said in values(Record(created=created, modified=modified), "046")] == written


def test_alignments_are_objectives_of_a_curriculum() -> None:
    name = [Text(value="Light", lang="en")]
    record = Record(
        alignments=[
            Alignment(kind="curriculum", target="8.3", name=name, framework="Programme"),
            Alignment(kind="sdg", target="http://metadata.un.org/sdg/4", name=[]),
        ]
    )
    assert values(record, "658") == [
        ("  ", "$a Programme $b Light $c 8.3 $2 local"),
        ("  ", "$a Quality education $c http://metadata.un.org/sdg/4 $2 local"),
    ]


def test_linked_works_have_the_fields_of_their_relations() -> None:
    source = Source(
        identifier="https://x.org/4",
        title="Atlas",
        creator="R. H.",
        licence="http://creativecommons.org/licenses/by/4.0",
        changes=[Text(value="Shortened.", lang="en")],
    )
    record = Record(
        translation_of=Reference(identifier="https://x.org/1", title="Original"),
        part_of=[Reference(identifier="https://x.org/2", title="Whole")],
        parts=[Reference(identifier="https://x.org/3")],
        sources=[source],
    )
    assert values(record, "765") == [("0 ", "$t Original $o https://x.org/1")]
    assert values(record, "773") == [("0 ", "$t Whole $o https://x.org/2")]
    assert values(record, "774") == [("0 ", "$o https://x.org/3")]
    licence = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"
    said = f"$i Adapted from: $a R. H. $t Atlas $n Changes: Shortened. $n Licence: {licence} $o https://x.org/4"
    assert values(record, "786") == [("08", said)]


def test_features_stand_with_the_access_mode_that_they_help() -> None:
    base = "https://www.w3.org/2021/a11y-discov-vocab/latest/#"
    record = Record.model_validate(
        {
            "accessibility": {
                "modes": [f"{base}auditory"],
                "features": [f"{base}{name}" for name in ("signLanguage", "closedCaptions", "alternativeText")],
                "hazards": [f"{base}flashing"],
                "sufficient": [[f"{base}ams-textual", f"{base}ams-visual"]],
                "controls": [f"{base}fullKeyboardControl"],
                "summary": [{"value": "Good.", "lang": "en"}],
            }
        }
    )
    assert values(record, "341") == [
        ("0 ", "$a auditory $b closedCaptions $c signLanguage $2 sapdv"),
        ("0 ", "$a visual $b alternativeText $2 sapdv"),
    ]
    assert values(record, "532") == [
        ("1 ", "$a sign language; closed captions; alternative text; full keyboard control"),
        ("8 ", "$a text is enough + sight is enough"),
        ("8 ", "$a Hazards: flashing"),
        ("8 ", "$a Good."),
    ]


def test_what_a_classroom_needs_is_in_notes() -> None:
    record = golden_record("fr").model_copy(
        update={"classroom": golden_record("ar").classroom, "study_time": "P2WT90M", "interactivity": None}
    )
    assert [said for _, said in values(record, "500")] == [
        "$a Durée d’apprentissage : 2 sem. 90 min",
        "$a Taille du groupe : 2-30",
        "$a Matériel : مرآة مستوية وكأس ماء لكل مجموعة",
    ]
    assert [said for _, said in values(record, "538")] == [
        "$a Appareils : vidéoprojecteur",
        "$a Aucune connexion à Internet nécessaire",
    ]


def test_files_are_located_with_type_size_and_name() -> None:
    page, first, _ = (field.subfields for field in marc(golden_record("en"), FILES).fields("856"))
    assert page == (("u", "https://oer.example.org/resources/k7m2p9qd"), ("y", "Page of the resource"))
    assert first == (
        ("u", FILES[0].url),
        ("q", "application/pdf"),
        ("s", "1 bytes"),
        ("y", "درس.pdf"),
        ("7", "0"),
    )


def test_every_script_stands_in_the_regular_fields() -> None:
    assert [field.tag for field in marc(golden_record("ar")).data if field.tag in ("066", "880")] == []
