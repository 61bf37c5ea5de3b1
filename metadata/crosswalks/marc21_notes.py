"""The notes of a MARC 21 record: fields 5XX."""

import re
from collections.abc import Iterator

from metadata import licences
from metadata.crosswalks import marc_languages, wording
from metadata.crosswalks.marc21_field import Cataloguing, Field, field
from metadata.crosswalks.marc21_words import LANGUAGES
from metadata.record import AgeRange

# Standardized terminology for access restriction (DLF/OCLC Registry of Digital Masters).
_STAR = {
    "open": "Unrestricted online access",
    "embargoed": "No online access",
    "institution": "Online access with authorization",
    "metadata-only": "No online access",
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([YMWDHS])|(T)", re.ASCII)


def fields(told: Cataloguing) -> Iterator[Field]:
    record = told.record
    yield from _education(told)
    yield _access(told)
    yield from (field("520", "  ", ("a", text.value)) for text in record.description)
    if record.age_range:
        yield field("521", "1 ", ("a", ages(record.age_range)))
    for uri in record.levels:
        yield field("521", "2 ", ("a", told.label("isced-levels", uri)), ("b", "ISCED 2011"))
    yield from (field("524", "  ", ("a", text.value)) for text in record.citation_note)
    yield from _accessibility(told)
    yield from (field("536", "  ", ("a", funder.name), ("c", funder.award)) for funder in record.funders)
    yield from _system(told)
    yield from _use(told)
    yield field("542", "  ", ("d", record.rights_holder))
    yield from _languages(told)


def ages(said: AgeRange) -> str:
    """``13-14``, ``13-``, ``-14``."""
    low, high = ("" if end is None else str(end) for end in (said.minimum, said.maximum))
    return low if low == high else f"{low}-{high}"


def _education(told: Cataloguing) -> Iterator[Field]:
    """500: what MARC has no field for."""
    record, classroom = told.record, told.record.classroom
    if record.educational_use:
        yield _note(told, "use", told.labels("educational-use", record.educational_use))
    if record.interactivity:
        yield _note(told, "interactivity", told.label("interactivity", record.interactivity))
    if record.study_time:
        yield _note(told, "time", _duration(told, record.study_time))
    if classroom:
        yield _note(told, "group", ages(AgeRange(minimum=classroom.group_minimum, maximum=classroom.group_maximum)))
        yield from (_note(told, "equipment", text.value) for text in classroom.equipment)


def _note(told: Cataloguing, key: str, value: str) -> Field:
    return field("500", "  ", ("a", told.word(key, value) if value else ""))


def _duration(told: Cataloguing, said: str) -> str:
    """``1 h 30 min``; as it stands where it is no ISO 8601 duration."""
    time, parts = "", []
    for number, unit, starts in _DURATION.findall(said):
        time = time or starts
        if unit:
            parts.append(f"{number} {told.word(time + unit if unit in 'HS' or (time and unit == 'M') else unit)}")
    return " ".join(parts) if said.startswith("P") and parts else said


def _access(told: Cataloguing) -> Field:
    access = told.record.access
    until = access.until.isoformat() if access.until else ""
    return field(
        "506",
        "0 " if access.kind == "open" else "1 ",
        ("a", told.word(access.kind, until) if until or access.kind != "embargoed" else ""),
        ("f", _STAR[access.kind]),
        ("g", until.replace("-", "")),
        ("2", "star"),
    )


def _accessibility(told: Cataloguing) -> Iterator[Field]:
    accessibility = told.record.accessibility
    if accessibility is None:
        return
    features = (
        told.labels("accessibility-features", accessibility.features),
        told.labels("accessibility-controls", accessibility.controls),
    )
    yield field("532", "1 ", ("a", "; ".join(said for said in features if said)))
    sets = [" + ".join(told.label("access-modes-sufficient", uri) for uri in one) for one in accessibility.sufficient]
    yield field("532", "8 ", ("a", "; ".join(said for said in sets if said)))
    if accessibility.hazards:
        hazards = told.labels("accessibility-hazards", accessibility.hazards)
        yield field("532", "8 ", ("a", told.word("hazards", hazards)))
    yield from (field("532", "8 ", ("a", text.value)) for text in accessibility.summary)


def _system(told: Cataloguing) -> Iterator[Field]:
    classroom = told.record.classroom
    if classroom and classroom.devices:
        devices = (wording.DEVICES[device][told.language] for device in classroom.devices)
        yield field("538", "  ", ("a", told.word("devices", "; ".join(devices))))
    if classroom and classroom.internet:
        yield field("538", "  ", ("a", told.word(f"internet.{classroom.internet}")))


def _use(told: Cataloguing) -> Iterator[Field]:
    """540: the licence, under its short name where it is one of Creative Commons, then what else is said of rights."""
    uri = told.record.licence
    if uri:
        known = licences.get(uri)
        yield field(
            "540",
            "  ",
            ("a", (known.labels.get(told.language) or known.labels.get("en") or known.short) if known else uri),
            ("f", known.short if known and known.creative_commons else ""),
            ("u", known.uri if known else uri),
            ("2", "cc" if known and known.creative_commons else ""),
        )
    yield from (field("540", "  ", ("a", text.value)) for text in told.record.rights_note)


def _languages(told: Cataloguing) -> Iterator[Field]:
    names = LANGUAGES[told.language]
    said = [_language(names.get(marc_languages.code(tag) or ""), tag) for tag in told.record.languages]
    if said:
        yield field("546", "  ", ("a", told.word("language", "; ".join(dict.fromkeys(said)))))


def _language(name: str | None, tag: str) -> str:
    """``Arabic``, ``Arabic (ar-TN)``, the tag where we have no name."""
    return f"{name} ({tag})" if name and "-" in tag else name or tag
