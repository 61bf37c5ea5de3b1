"""BibTeX, RIS and CSL-JSON: read back by small strict readers of what the specifications allow."""

import json
import os
import re
from typing import Any

import jsonschema_rs
import pytest
from formats import GOLDEN, NAMES, PUBLISHED, around, golden_record
from hypothesis import given, settings
from hypothesis import strategies as st
from record_strategies import described

from metadata import vocabularies
from metadata.crosswalks import FORMATS, Described, bibtex, citation, csl, exports, ris
from metadata.crosswalks.exports import EVERY, EXPORTS
from metadata.record import Agent, Contributor, Identifier, Record, Reference, Text

LANGUAGES = vocabularies.LANGUAGES
CITATIONS = ("bibtex", "csl", "ris")
RELATORS = "http://id.loc.gov/vocabulary/relators/"
HCRT = "https://w3id.org/kim/hcrt/"

# ── readers ──────────────────────────────────────────────────────────────────────────────────────

ENTRY = re.compile(r"@(book|misc)\{(oer-[A-Za-z0-9]*)((?:,\n  [a-z]+ = .+)*)\n\}\n")
COMMANDS = {"textbackslash": "\\", "textbraceleft": "{", "textbraceright": "}", "textasciitilde": "~"} | {
    "textasciicircum": "^", "textless": "<", "textgreater": ">", "textbar": "|"
}  # fmt: skip


def entry(content: bytes) -> tuple[str, str, dict[str, str]]:
    """Type, key and fields as BibTeX reads them: braces are counted, whatever stands before them."""
    found = ENTRY.fullmatch(content.decode())
    assert found is not None, content.decode()
    fields: dict[str, str] = {}
    for line in found[3].split(",\n  ")[1:]:
        name, _, value = line.partition(" = ")
        assert name not in fields
        if name == "month":
            assert value in bibtex._MONTHS
        else:
            assert (value[0], value[-1]) == ("{", "}"), value
            depths = depth_of(value)
            assert depths[-1] == 0
            assert min(depths[:-1]) > 0, value
        fields[name] = value.removeprefix("{").removesuffix("}")
    return found[1], found[2], fields


def depth_of(value: str) -> list[int]:
    depths, depth = [], 0
    for letter in value:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        depths.append(depth)
    return depths


def read(value: str) -> str:
    """What TeX sets: commands as their letters, without braces."""
    found = re.sub(r"\{\\(text[a-z]+)\}", lambda match: f"\0{ord(COMMANDS[match[1]])}\0", value)
    assert not re.search(r"(?<!\\)[&%$#_~^]|\\(?![&%$#_])", found), value
    found = re.sub(r"\\([&%$#_])", r"\1", found).replace("{", "").replace("}", "")
    return re.sub("\0([0-9]+)\0", lambda match: chr(int(match[1])), found)


def people(value: str) -> list[str]:
    """The names of a field: "and" parts them outside of braces only."""
    depths, found, start = depth_of(value), [], 0
    for match in re.finditer(" and ", value):
        if depths[match.start()] == 0:
            found.append(value[start : match.start()])
            start = match.end()
    return [*found, value[start:]] if value else []


def tags(content: bytes) -> list[tuple[str, str]]:
    """Tags and values of one RIS record."""
    text = content.decode()
    lines = text.split("\r\n")
    assert lines.pop() == ""
    assert not re.search("[\x00-\x1f\x7f\x85\u2028\u2029]", "".join(lines))
    found = [re.fullmatch(r"([A-Z][A-Z0-9])  - (.*)", line) for line in lines]
    pairs = [(match[1], match[2]) for match in found if match]
    assert len(pairs) == len(lines)
    assert (pairs[0][0], pairs[-1]) == ("TY", ("ER", ""))
    assert all(value for _, value in pairs[:-1])
    return pairs


def values_of(content: bytes, tag: str) -> list[str]:
    return [value for name, value in tags(content) if name == tag]


WORDS = {"type": "string"}
NAME = {
    "type": "object",
    "properties": {"family": WORDS, "given": WORDS, "literal": WORDS},
    "additionalProperties": False,
    "oneOf": [{"required": ["literal"], "maxProperties": 1}, {"required": ["family", "given"]}],
}
PARTS = {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3}
DATE = {
    "type": "object",
    "properties": {
        "date-parts": {"type": "array", "items": PARTS, "minItems": 1, "maxItems": 2},
        "circa": {"type": ["string", "number", "boolean"]},
    },
    "additionalProperties": False,
}
# The rules of csl-data.json (CSL 1.0.2), with those of its types and variables that we have a use for.
TYPES = "book dataset document graphic map motion_picture musical_score software song speech webpage"
NAMES_OF = "author editor translator compiler illustrator director producer performer composer"
WORDS_OF = "id title container-title publisher version genre language original-title ISBN ISSN DOI URL keyword abstract"
CSL = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "type": {"enum": TYPES.split()},
            "issued": DATE,
            "note": WORDS,
            "custom": {"type": "object"},
            **{name: {"type": "array", "items": NAME} for name in NAMES_OF.split()},
            **dict.fromkeys(WORDS_OF.split(), WORDS),
        },
        "required": ["type", "id"],
        "additionalProperties": False,
    },
}
JUDGE = jsonschema_rs.Draft7Validator(CSL)


def item(content: bytes) -> dict[str, Any]:
    found = json.loads(content)
    assert [error.message for error in JUDGE.iter_errors(found)] == []
    assert len(found) == 1
    made: dict[str, Any] = found[0]
    return made


def of(name: str, language: str = "ar", **fields: Any) -> bytes:
    return EXPORTS[name].dump(around(Record(**fields), ()), language)


# ── whole documents ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", CITATIONS)
def test_rich_records_are_written_as_the_golden_files_say(form: str, name: str, language: str) -> None:
    content = EXPORTS[form].dump(around(golden_record(name)), language)
    file = GOLDEN / form / f"{name}-{language}.{EXPORTS[form].suffix}"
    if os.environ.get("OER_WRITE_GOLDEN"):
        file.write_bytes(content)
    assert content == file.read_bytes()


@settings(max_examples=80)
@given(made=described() | described(complete=False), language=st.sampled_from(LANGUAGES))
def test_every_legal_record_gives_citations_that_can_be_read(made: Described, language: str) -> None:
    first, second, third = (EXPORTS[form].dump(made, language) for form in CITATIONS)
    assert (first, second, third) == tuple(EXPORTS[form].dump(made, language) for form in CITATIONS)
    _, key, fields = entry(first)
    found = item(second)
    pairs = dict(tags(third))
    title = citation.text(made.record.title, language)
    assert read(fields.get("title", "")) == found.get("title", "") == pairs.get("TI", "") == title
    assert key == found["id"] == "oer-k7m2p9qd"
    assert len(people(fields.get("author", ""))) == len(found.get("author", [])) == len(values_of(third, "AU"))
    assert int(fields["year"]) == found["issued"]["date-parts"][0][0] == int(pairs["PY"])
    assert read(fields.get("abstract", "")) == found.get("abstract", "") == pairs.get("AB", "")


def test_an_empty_record_can_be_cited() -> None:
    empty = Described("oai:x.org:1", "https://x.org/1", Record(), (), PUBLISHED)
    tex, told, lines = (EXPORTS[form].dump(empty, "fr") for form in CITATIONS)
    fields = {"year": "2024", "month": "mar", "version": "1", "url": "https://x.org/1"}
    assert entry(tex) == ("misc", "oer-1", fields)
    issued = {"date-parts": [[2024, 3, 1]]}
    assert item(told) == {
        "id": "oer-1", "type": "document", "issued": issued, "version": "1", "URL": "https://x.org/1"
    }  # fmt: skip
    assert [tag for tag, _ in tags(lines)] == ["TY", "ID", "PY", "DA", "ET", "UR", "ER"]


@pytest.mark.parametrize("form", CITATIONS)
def test_illegal_text_that_slipped_in_breaks_no_line(form: str) -> None:
    content = of(form, title=[Text(value="a\x00\ud800b\r\nTY  - BOOK\u2028c", lang="not a tag")])
    assert "a\ufffd\ufffdb TY - BOOK c" in content.decode().replace("{", "").replace("}", "")


def test_the_readers_can_tell_what_is_wrong() -> None:
    for wrong in (b"@misc{oer-1,\n  title = {a}b}\n}\n", b"@misc{oer-1,\n  title = {a{b}\n}\n", b"@misc{1,\n}\n"):
        with pytest.raises(AssertionError):
            entry(wrong)
    for wrong in (
        b"TY  - GEN\nER  - \r\n",
        b"TY - GEN\r\nER  - \r\n",
        b"TY  - GEN\r\n",
        b"TY  - GEN\r\nTI  - \r\nER  - \r\n",
    ):
        with pytest.raises(AssertionError):
            tags(wrong)
    for told in (
        {"type": "lesson"},
        {"issued": "2024"},
        {"author": [{"literal": "a", "given": "b"}]},
        {"licence": "x"},
    ):
        assert not JUDGE.is_valid([{"id": "1", "type": "book"} | told])
    with pytest.raises(AssertionError):
        read("50% of a_b")


# ── what is cited ────────────────────────────────────────────────────────────────────────────────


def test_the_key_is_that_of_the_resource_whatever_its_record_says() -> None:
    for record in map(golden_record, NAMES):
        for version, language in ((1, "ar"), (2, "fr")):
            made = Described("oai:oer.example.org:7k3v9qm2xd", "https://x.org/1", record, (), PUBLISHED, version)
            assert entry(bibtex.dump(made, language))[1] == item(csl.dump(made, language))["id"] == "oer-7k3v9qm2xd"
            assert values_of(ris.dump(made, language), "ID") == ["7k3v9qm2xd"]


@pytest.mark.parametrize(
    ("hcrt", "isbn", "kinds"),
    [
        ("textbook", False, ("book", "book", "BOOK")),
        ("course", True, ("book", "book", "BOOK")),
        ("course", False, ("misc", "document", "GEN")),
        ("video", True, ("misc", "motion_picture", "VIDEO")),
        ("audio", False, ("misc", "song", "SOUND")),
        ("slide", False, ("misc", "speech", "SLIDE")),
        ("data", False, ("misc", "dataset", "DATA")),
        ("simulation", False, ("misc", "software", "COMP")),
        ("image", False, ("misc", "graphic", "FIGURE")),
        ("map", False, ("misc", "map", "MAP")),
        ("sheet_music", False, ("misc", "musical_score", "MUSIC")),
        ("web_page", False, ("misc", "webpage", "ELEC")),
        (None, False, ("misc", "document", "GEN")),
    ],
)
def test_a_type_is_what_each_format_calls_it(hcrt: str | None, isbn: bool, kinds: tuple[str, str, str]) -> None:
    fields: dict[str, Any] = {"resource_type": hcrt and HCRT + hcrt}
    if isbn:
        fields["identifiers"] = [Identifier(scheme="isbn", value="978-3-16-148410-0")]
    found = entry(of("bibtex", **fields))[0], item(of("csl", **fields))["type"], tags(of("ris", **fields))[0][1]
    assert found == kinds


def test_every_type_of_the_vocabulary_is_cited() -> None:
    for uri in vocabularies.terms("hcrt"):
        assert entry(of("bibtex", resource_type=uri))[2]["type"] == vocabularies.label("hcrt", uri, "ar")
        assert item(of("csl", "fr", resource_type=uri))["genre"] == vocabularies.label("hcrt", uri, "fr")


AGENTS = [
    (Agent(name="ليلى بن عمر", given="ليلى", family="بن عمر"), "بن عمر, ليلى", {"family": "بن عمر", "given": "ليلى"}),
    (Agent(name="Dr Amina Yusuf"), "{Dr Amina Yusuf}", {"literal": "Dr Amina Yusuf"}),
    (Agent(kind="organisation", name="Terre and Eau", given="x", family="y"), "{Terre and Eau}",
     {"literal": "Terre and Eau"}),
    (Agent(name="x", given="Jean and Marie", family="Roux, fils"), "{Roux, fils}, {Jean and Marie}",
     {"family": "Roux, fils", "given": "Jean and Marie"}),
    (Agent(name="A_B {c"), r"{A\_B {\textbraceleft}c}", {"literal": "A_B {c"}),
]  # fmt: skip


@pytest.mark.parametrize(("agent", "tex", "name"), AGENTS)
def test_names_stay_whole(agent: Agent, tex: str, name: dict[str, str]) -> None:
    assert people(entry(of("bibtex", creators=[agent]))[2]["author"]) == [tex]
    assert item(of("csl", creators=[agent]))["author"] == [name]


def test_a_name_in_ris_has_its_comma_where_its_parts_are_known() -> None:
    content = of("ris", creators=[agent for agent, _, _ in AGENTS[:4]])
    assert values_of(content, "AU") == ["بن عمر, ليلى", "Dr Amina Yusuf", "Terre and Eau", "Roux fils, Jean and Marie"]


def test_contributors_are_cited_in_their_roles() -> None:
    contributors = [
        Contributor(name=role, role=RELATORS + role) for role in ("aut", "edt", "trl", "ill", "fnd", "cph", "xyz")
    ]
    creators = [Agent(name="first")]
    fields = entry(of("bibtex", creators=creators, contributors=contributors))[2]
    assert (people(fields["author"]), fields["editor"], fields["translator"]) == (
        ["{first}", "{aut}"],
        "{edt}",
        "{trl}",
    )
    found = item(of("csl", creators=creators, contributors=contributors))
    assert {name: found[name] for name in ("author", "editor", "translator", "illustrator")} == {
        "author": [{"literal": "first"}, {"literal": "aut"}],
        "editor": [{"literal": "edt"}],
        "translator": [{"literal": "trl"}],
        "illustrator": [{"literal": "ill"}],
    }
    pairs = tags(of("ris", creators=creators, contributors=contributors))
    people_told = [pair for pair in pairs if pair[0] in ("AU", "ED", "A4")]
    assert people_told == [("AU", "first"), ("AU", "aut"), ("ED", "edt"), ("A4", "trl")]


@pytest.mark.parametrize(
    ("issued", "tex", "told", "day"),
    [
        ("2024-05-17", ("2024", "may"), {"date-parts": [[2024, 5, 17]]}, "2024/05/17/"),
        ("2024-05", ("2024", "may"), {"date-parts": [[2024, 5]]}, "2024/05//"),
        ("1999~", ("1999", None), {"date-parts": [[1999]], "circa": True}, "1999///"),
        ("156X~", ("2024", "mar"), {"date-parts": [[2024, 3, 1]]}, "2024/03/01/"),
        (None, ("2024", "mar"), {"date-parts": [[2024, 3, 1]]}, "2024/03/01/"),
    ],
)
def test_the_date_is_that_of_the_work_as_far_as_it_is_known(
    issued: str | None, tex: tuple[str, str | None], told: dict[str, Any], day: str
) -> None:
    fields = entry(of("bibtex", issued=issued))[2]
    assert (fields["year"], fields.get("month")) == tex
    assert item(of("csl", issued=issued))["issued"] == told
    assert (values_of(of("ris", issued=issued), "PY"), values_of(of("ris", issued=issued), "DA")) == ([tex[0]], [day])


@pytest.mark.parametrize(
    ("title", "written"),
    [
        (Text(value="From DNA to mRNA: a LaTeX guide", lang="en"), "From {DNA} to {mRNA}: a {LaTeX} guide"),
        (Text(value="Physik für Anfänger", lang="de"), "{Physik für Anfänger}"),
        (Text(value="50 % & more_{x}", lang="fr"), r"{50 \% \& more\_{\textbraceleft}x{\textbraceright}}"),
        (Text(value="C:\\a ~b^2"), r"{C:{\textbackslash}a {\textasciitilde}b{\textasciicircum}2}"),
        (Text(value="<c> |d $5 #1"), r"{{\textless}c{\textgreater} {\textbar}d \$5 \#1}"),
    ],
)
def test_titles_keep_their_letters_and_mean_no_command(title: Text, written: str) -> None:
    assert entry(of("bibtex", "en", title=[title]))[2]["title"] == written


def test_addresses_in_bibtex_are_as_they_are_and_end_no_field() -> None:
    made = Described("oai:x.org:1", "https://x.org/ض_%20a}b", Record(), (), PUBLISHED)
    assert entry(bibtex.dump(made, "ar"))[2]["url"] == "https://x.org/ض_%20a%7Db"
    doi = [Identifier(scheme="doi", value="https://doi.org/10.1234/a_b%{c")]
    assert entry(of("bibtex", identifiers=doi))[2]["doi"] == "10.1234/a_b%%7Bc"


def test_the_title_and_the_institution_are_in_the_language_of_the_reader() -> None:
    titles = [Text(value="درس", lang="ar"), Text(value="Cours", lang="fr")]
    told = [item(of("csl", language, title=titles)) for language in LANGUAGES]
    assert [one["title"] for one in told] == ["درس", "Cours", "درس"]
    assert [one["publisher"] for one in told] == ["جامعة المثال", "Université de l’Exemple", "جامعة المثال"]


def test_no_asterisk_stands_in_names_and_keywords_of_ris() -> None:
    content = of("ris", creators=[Agent(name="A* B")], keywords=[Text(value="c*", lang="ar")])
    assert (values_of(content, "AU"), values_of(content, "KW")) == (["A B"], ["c"])


def test_what_it_is_part_of_and_translated_from_is_told() -> None:
    told: dict[str, Any] = {
        "part_of": [Reference(identifier="https://x.org/a"), Reference(identifier="https://x.org/b", title="Series B")],
        "translation_of": Reference(identifier="https://x.org/c", title="Original"),
    }
    found = item(of("csl", **told))
    assert (found["container-title"], found["original-title"]) == ("Series B", "Original")
    assert entry(of("bibtex", **told))[2]["series"] == "Series B"
    assert values_of(of("ris", **told), "T2") == ["Series B"]


# ── the registry ─────────────────────────────────────────────────────────────────────────────────


def test_every_export_is_listed_under_its_name_and_every_oai_format_too() -> None:
    assert set(EXPORTS) == {"jsonld", "bibtex", "ris", "csl"}
    assert set(EVERY) == set(EXPORTS) | set(FORMATS)
    assert not set(EXPORTS) & set(FORMATS)
    for name, export in EVERY.items():
        assert export.name == name
        assert (export.media_type == exports.XML) == (name in FORMATS)
        assert re.fullmatch(r"[a-z0-9_]+(\.[a-z]+)?", export.suffix)
    assert len({export.suffix for export in EVERY.values()}) == len(EVERY)


@pytest.mark.parametrize("name", sorted(EVERY))
def test_only_what_says_so_depends_on_the_language(name: str) -> None:
    made = around(golden_record("fr"))
    versions = {EVERY[name].dump(made, language) for language in LANGUAGES}
    assert (len(versions) > 1) is EVERY[name].spoken


@pytest.mark.parametrize("prefix", sorted(FORMATS))
def test_an_oai_format_is_a_document_with_its_declaration(prefix: str) -> None:
    made = around(golden_record("ar"))
    content = EVERY[prefix].dump(made, "ar")
    assert content == b'<?xml version="1.0" encoding="UTF-8"?>\n' + FORMATS[prefix].dump(made) + b"\n"
