from dataclasses import replace

import pytest
from formats import FILES, around
from marc import marc, mistakes, read, values

from metadata import vocabularies
from metadata.crosswalks import FileLink, marc21, marc_languages
from metadata.record import AgeRange, Record, Reference, Text

dump = marc21.dump
HCRT = "https://w3id.org/kim/hcrt/"


@pytest.mark.parametrize(
    ("resource_type", "leader", "computer", "content"),
    [
        ("textbook", "a", "d", "txt"),
        ("slide", "a", "d", "txt"),
        ("video", "g", "c", "tdi"),
        ("audio", "i", "h", "spw"),
        ("image", "k", "c", "sti"),
        ("diagram", "k", "c", "sti"),
        ("map", "e", "c", "cri"),
        ("sheet_music", "c", "d", "ntm"),
        ("application", "m", "b", "cop"),
        ("educational_game", "m", "g", "cop"),
        ("simulation", "m", "i", "cop"),
        ("data", "m", "a", "cod"),
        ("portal", "m", "j", "txt"),
        ("course", "a", "d", "txt"),
    ],
)
def test_each_type_has_its_record_type_and_its_type_of_computer_file(
    resource_type: str, leader: str, computer: str, content: str
) -> None:
    found = marc(Record(resource_type=HCRT + resource_type))
    assert found.leader[6] == leader
    coded = found.one("008") if leader == "m" else "m" + " " * 17 + found.one("006")[1:]
    assert coded[26] == computer
    assert found.fields("336")[0].get("b") == [content]
    assert ("007", "cr |n|||||||||") in found.control


def test_every_type_of_the_vocabulary_gives_a_right_record() -> None:
    for uri in vocabularies.terms("hcrt"):
        assert list(mistakes(marc(Record(resource_type=uri), FILES))) == []


@pytest.mark.parametrize(
    ("names", "leader", "more"),
    [
        (("a.pdf",), "a", "m"),
        (("a.mp4", "b.pdf"), "g", "ma"),
        (("a.h5p", "b.mp4"), "m", "g"),
        (("a.pdf", "b.mp4", "c.mp3", "d.png", "e.xlsx"), "a", "mgik"),
        (("a.zip.tar", "b.vtt"), "a", "m"),
    ],
)
def test_without_a_telling_type_the_files_decide_and_each_further_kind_has_006(
    names: tuple[str, ...], leader: str, more: str
) -> None:
    made = [FileLink(f"https://x.org/{name}", name, "application/octet-stream", 1, "0" * 64) for name in names]
    found = marc(Record(resource_type=f"{HCRT}course"), tuple(made))
    assert (found.leader[6], "".join(value[0] for tag, value in found.control if tag == "006")) == (leader, more)
    assert list(mistakes(found)) == []


def test_films_and_recordings_have_a_007_of_their_own() -> None:
    found = marc(Record(resource_type=f"{HCRT}video"))
    assert [value for tag, value in found.control if tag == "007"] == ["cr |n|||||||||", "vz |z||||"]
    found = marc(Record(resource_type=f"{HCRT}audio"))
    assert [value for tag, value in found.control if tag == "007"] == ["cr |n|||||||||", "sr |||||||||||"]


@pytest.mark.parametrize(
    ("issued", "coded", "shown"),
    [
        ("2024-02-05", "e20240205", "2024-02-05"),
        ("2024-02", "e202402  ", "2024-02"),
        ("2024", "s2024    ", "2024"),
        ("2022~", "s2022    ", "[2022?]"),
        ("156X", "s156u    ", "[156-?]"),
        ("2020/2021", "m20202021", "2020-2021"),
        ("2020-01/2020-06", "e202001  ", "2020-01"),
        ("2024-21", "s2024    ", "2024"),
        ("../1950", "e20240301", "2024-03-01"),
        (None, "e20240301", "2024-03-01"),
    ],
)
def test_the_date_of_issue_is_coded_and_shown(issued: str | None, coded: str, shown: str) -> None:
    found = marc(Record(issued=issued))
    assert found.one("008")[6:15] == coded
    assert found.fields("264")[0].get("c") == [shown]


@pytest.mark.parametrize(
    ("time", "minutes", "playing"),
    [
        ("PT9M58S", "010", "000958"),
        ("PT20S", "001", "000020"),
        ("PT1H30M", "090", "013000"),
        ("P1DT1H", "000", "250000"),
        ("PT1000M", "000", "164000"),
        ("P2W", "---", None),
        (None, "---", None),
    ],
)
def test_playing_time_is_in_minutes_and_in_full(time: str | None, minutes: str, playing: str | None) -> None:
    found = marc(Record(resource_type=f"{HCRT}video", play_time=time))
    assert found.one("008")[18:21] == minutes
    assert [field.get("a") for field in found.fields("306")] == ([[playing]] if playing else [])


@pytest.mark.parametrize(
    ("ages", "levels", "roles", "code"),
    [
        (None, [], [], " "),
        (AgeRange(minimum=3, maximum=5), [], [], "a"),
        (AgeRange(minimum=7, maximum=8), [], [], "b"),
        (AgeRange(minimum=10, maximum=12), [], [], "c"),
        (AgeRange(minimum=15, maximum=17), [], [], "d"),
        (AgeRange(minimum=18), [], [], "e"),
        (AgeRange(minimum=6, maximum=15), [], [], "j"),
        (AgeRange(minimum=6), [], [], " "),
        (None, ["level_1"], ["student"], "j"),
        (None, ["level_3"], [], "d"),
        (None, ["level_6", "level_7"], [], "e"),
        (None, ["level_C"], [], " "),
        (None, ["level_2"], ["teacher"], "f"),
        (None, [], ["generalPublic", "teacher"], "g"),
    ],
)
def test_the_target_audience_is_coded_by_age(
    ages: AgeRange | None, levels: list[str], roles: list[str], code: str
) -> None:
    record = Record(
        age_range=ages,
        levels=[f"https://w3id.org/kim/educationalLevel/{level}" for level in levels],
        audience=[f"http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/{role}" for role in roles],
    )
    assert marc(record).one("008")[22] == code


def test_a_later_version_is_a_corrected_record() -> None:
    later = replace(around(Record()), version=3)
    assert read(dump(later)).leader[5] == "c"
    assert read(dump(later)).fields("250")[0].get("a") == ["Version 3"]


# ── Languages ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("ar", "ara"),
        ("ar-TN", "ara"),
        ("aeb", "ara"),
        ("fr", "fre"),
        ("de", "ger"),
        ("zh-Hant", "chi"),
        ("fa", "per"),
        ("zgh", "ber"),
        ("ber", "ber"),
        ("zxx", "zxx"),
        ("und", None),
        ("gsg", None),
        ("not a tag", None),
        ("", None),
    ],
)
def test_languages_have_the_codes_of_the_marc_list(tag: str, code: str | None) -> None:
    assert marc_languages.code(tag) == code


@pytest.mark.parametrize(
    ("languages", "translated", "written", "first"),
    [
        (["ar"], False, [("  ", "$a ara")], "ara"),
        (["fr", "ar"], True, [("1 ", "$a fre $a ara")], "fre"),
        (["ar-TN"], False, [("  ", "$a ara"), (" 7", "$a ar-TN $2 rfc5646")], "ara"),
        (["gsg"], False, [(" 7", "$a gsg $2 rfc5646")], "und"),
        ([], False, [], "und"),
    ],
)
def test_languages_of_the_content(
    languages: list[str], translated: bool, written: list[tuple[str, str]], first: str
) -> None:
    original = Reference(identifier="https://x.org/1") if translated else None
    record = Record(languages=languages, translation_of=original)
    assert values(record, "041") == written
    assert marc(record).one("008")[35:38] == first


def test_what_is_spoken_in_a_recording_is_041_d() -> None:
    assert values(Record(languages=["ar"], resource_type=f"{HCRT}audio"), "041") == [("  ", "$d ara")]


@pytest.mark.parametrize(
    ("title", "language"), [("ar", "ara"), ("fr-CA", "fre"), ("en", "eng"), ("de", "eng"), ("und", "eng")]
)
def test_the_language_of_cataloguing_is_that_of_the_title(title: str, language: str) -> None:
    assert marc(Record(title=[Text(value="x", lang=title)])).fields("040")[0].get("b") == [language]
