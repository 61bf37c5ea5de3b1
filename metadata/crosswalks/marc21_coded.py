"""The leader and the control fields 001–008 of a MARC 21 record, for an online resource of any kind.

Source: MARC 21 Format for Bibliographic Data, Leader, 005–008. A fill character (``|``) says that nobody tried to
code a position, which is true of most that ask for a cataloguer with the work in hand.
"""

import re
from collections.abc import Iterator, Set
from dataclasses import replace
from datetime import UTC
from typing import NamedTuple

from metadata import values
from metadata.crosswalks import marc_languages, material, view
from metadata.crosswalks.marc21_field import Cataloguing
from metadata.crosswalks.material import Material
from metadata.record import Record

_PRESCHOOL, _PRIMARY, _PREADOLESCENT, _ADOLESCENT = (0, 5), (6, 8), (9, 13), (14, 17)
# Ages at ISCED levels, as their definitions give them.
_LEVEL_AGES = {"0": (0, 5), "1": (6, 11), "2": (12, 14), "3": (15, 17), "C": None}
_SPECIALISTS = frozenset(["administrator", "mentor", "professional", "teacher"])
_PLAYING = re.compile(r"P(?:(\d+)D)?T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?", re.ASCII)
_DECADE = re.compile(r"(\d{1,3})(X{1,3})", re.ASCII)


def leader(told: Cataloguing) -> str:
    """24 characters: a monograph in Unicode, abbreviated level, ISBD without punctuation."""
    status = "n" if told.described.version == 1 else "c"
    return f"00000{status}{material.main(told.described).record_type}m a22000003c 4500"


def control_fields(told: Cataloguing) -> Iterator[tuple[str, str]]:
    """Tag and value, in order."""
    described = told.described
    published = described.published.astimezone(UTC)
    main = material.main(described)
    others = {other.record_type: other for other in reversed(material.others(described))}
    yield "001", described.identifier
    yield "005", f"{published:%Y%m%d%H%M%S}.0"
    if main.record_type != "m":
        yield "006", "m" + _particulars(told.record, others.get("m", replace(main, record_type="m")))
    for record_type, other in sorted(others.items()):
        if record_type not in ("m", main.record_type):
            yield "006", record_type + _particulars(told.record, other)
    yield from (("007", value) for value in _physical({main, *others.values()}))
    issue = issued(told)
    language = next((code for tag in told.record.languages if (code := marc_languages.code(tag))), "und")
    dates = f"{published:%y%m%d}{issue.kind}{issue.first:4}{issue.second:4}"
    yield "008", f"{dates}xx {_particulars(told.record, main)}{language} d"


def _physical(materials: Set[Material]) -> Iterator[str]:
    """007 of an electronic resource, remote; and of a film or a recording in it."""
    yield "cr |n|||||||||"
    if material.AUDIO in materials:
        yield "sr |||||||||||"
    if material.VIDEO in materials:
        yield "vz |z||||"


def _particulars(record: Record, what: Material) -> str:
    """008/18-34, which are 006/01-17 too: 17 characters, ``o`` for online among them."""
    audience = _audience(record)
    match what.record_type:
        case "a":
            return f"||||{audience}o||||||||" + " ||"
        case "c":
            return f"||||{audience}o|||||||| | "
        case "i":
            return f"nnnn{audience}o|||||||| n "
        case "e":
            return "|||||| |  |o | ||"
        case "g":
            return f"{_minutes(record)} {audience}     |o   v|"
        case "k":
            return f"nnn {audience}     |o   kn"
        case _:
            return f"    {audience}o  {what.file_type} |      "


def playing_time(record: Record) -> str:
    """306 $a: ``hhmmss``; empty where the time is not known, or has years, months or weeks."""
    seconds = _seconds(record)
    if seconds is None or seconds >= 100 * 3600:
        return ""
    return f"{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}"


def _minutes(record: Record) -> str:
    """008/18-20 of visual materials: ``000`` for a thousand minutes and more, ``---`` for unknown."""
    seconds = _seconds(record)
    if seconds is None:
        return "---"
    minutes = max(1, (seconds + 30) // 60)
    return f"{minutes:03}" if minutes < 1000 else "000"


def _seconds(record: Record) -> int | None:
    match = _PLAYING.fullmatch(record.play_time or "")
    if not match:
        return None
    days, hours, minutes, seconds = (min(int(part or 0), 10**9) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _audience(record: Record) -> str:
    """008/22: by age, or by the ages of the levels; those who teach are a specialised audience."""
    roles = {uri.rpartition("/")[2] for uri in record.audience}
    if roles and roles <= _SPECIALISTS:
        return "f"
    ages = _ages(record)
    if ages is None:
        return "g" if "generalPublic" in roles else " "
    youngest, oldest = ages
    for code, (low, high) in zip("abcd", (_PRESCHOOL, _PRIMARY, _PREADOLESCENT, _ADOLESCENT), strict=True):
        if low <= youngest and oldest <= high:
            return code
    return "e" if youngest >= 18 else "j" if oldest <= 15 else " "


def _ages(record: Record) -> tuple[int, int] | None:
    if record.age_range and (record.age_range.minimum is not None or record.age_range.maximum is not None):
        youngest, oldest = record.age_range.minimum, record.age_range.maximum
        return (0 if youngest is None else youngest, 150 if oldest is None else oldest)
    levels = [uri.rpartition("/")[2].removeprefix("level_") for uri in record.levels]
    ages = [_LEVEL_AGES.get(level, (18, 150)) for level in levels]
    known = [found for found in ages if found]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


class Issue(NamedTuple):
    """008/06, 008/07-10, 008/11-14, and the date as 264 $c shows it."""

    kind: str
    first: str
    second: str
    shown: str


def issued(told: Cataloguing) -> Issue:
    """When the work was issued, as far as it is known; without that the day of this version."""
    said = told.record.issued or ""
    decade = _DECADE.fullmatch(said)
    if decade and len(said) == 4:
        return Issue("s", decade[1] + "u" * len(decade[2]), "", f"[{decade[1]}{'-' * len(decade[2])}?]")
    start, end = (values.w3cdtf(said.partition("/")[side]) for side in (0, 2))
    if start and end and start[:4] != end[:4]:
        return Issue("m", start[:4], end[:4], f"{start[:4]}-{end[:4]}")
    known = start or view.issued(told.described)
    shown = f"[{known}?]" if start and re.search("[?~%]", said) else known
    if len(known) == 4:
        return Issue("s", known, "", shown)
    return Issue("e", known[:4], known[5:].replace("-", ""), shown)
