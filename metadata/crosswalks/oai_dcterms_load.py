"""Qualified Dublin Core of partners, read into a record: the terms that DCMI added to the fifteen elements.

In ``oai_dcterms:dcterms``, in DSpace's ``qdc:qualifieddc`` or any other container. Elements of the older fifteen are
read as ``metadata.crosswalks.oai_dc_load`` does. What a term says of another resource in words alone is left: a record
knows other resources by address.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date

from metadata import rules, vocabularies
from metadata.crosswalks import oai_dc_load, understood, wording
from metadata.crosswalks.described import Loaded
from metadata.crosswalks.gathering import Gathering
from metadata.crosswalks.oai_dc_load import Reader, Statement
from metadata.crosswalks.oai_dcterms import AGES, INTERNET, STUDY_TIME
from metadata.record import AgeRange, Alignment, Reference, Text
from metadata.rules import LIMITS
from metadata.xml import Element

_AGES = re.compile(r"(\d{1,3})\s*(?:\+|[-–—]\s*(\d{1,3}))")
_OLDEST = 150  # as metadata.validate


def load(root: Element) -> Loaded:
    """The description in any container of DCMI Metadata Terms."""
    return oai_dc_load.read(root, READERS)


def _texts(field: str, joined: str = "") -> Reader:
    def reader(gathering: Gathering, statement: Statement) -> None:
        gathering.text(field, statement.name, statement.said, statement.lang, joined=joined)

    return reader


def _single(field: str, understand: Callable[[str], object]) -> Reader:
    def reader(gathering: Gathering, statement: Statement) -> None:
        gathering.set(field, understand(statement.said), statement.name, statement.said)

    return reader


def _reference(field: str) -> Reader:
    def reader(gathering: Gathering, statement: Statement) -> None:
        found = Reference(identifier=statement.said) if understood.is_iri(statement.said) else None
        gathering.add(field, found, statement.name, statement.said)

    return reader


def _available(gathering: Gathering, statement: Statement) -> None:
    """The end of an embargo, if access turns out to be closed; a day, since an embargo ends on one."""
    edtf = understood.date(statement.said) or ""
    day = date.fromisoformat(edtf) if re.fullmatch(r"\d{4}-\d\d-\d\d", edtf) else None
    gathering.set("available", day, statement.name, statement.said)


def _extent(gathering: Gathering, statement: Statement) -> None:
    """ISO 8601 durations: of the resource, and of its study where that is said as we say it."""
    said = statement.said
    label = next((label for label in STUDY_TIME.values() if said.startswith(label.strip())), "")
    duration = understood.duration(said.removeprefix(label.strip()).strip())
    gathering.set("study_time" if label else "play_time", duration, statement.name, said)


def _conforms_to(gathering: Gathering, statement: Statement) -> None:
    """A term by its URI; else ``Framework — code — name``, or what names a standard by itself."""
    known = oai_dc_load.alignment(statement.said) if "://" in statement.said else None
    gathering.add("alignments", known or _standard(statement), statement.name, statement.said)


def _standard(statement: Statement) -> Alignment | None:
    text = understood.text(" ".join(statement.said.split()), statement.lang)
    parts = text.value.split(wording.SEPARATOR) if text else []
    if not text or len(parts) > 3 or not all(0 < len(part) <= LIMITS["*.name"] for part in parts):
        return None
    framework = parts[0] if len(parts) > 1 else None
    target = parts[1] if len(parts) > 1 else parts[0]
    name = [Text(value=parts[2], lang=text.lang)] if len(parts) == 3 else []
    made = Alignment(kind="curriculum", target=target, framework=framework, name=name)
    return made if understood.sound(rules.target, target, made) else None


def _requires(gathering: Gathering, statement: Statement) -> None:
    """Devices that we name, a lasting connection, other equipment in words; another resource is left."""
    said = statement.said
    device = next((code for code, words in wording.DEVICES.items() if said in words.values()), "none")
    if device != "none":
        gathering.add("classroom.devices", device, statement.name, said)
    elif said in INTERNET.values():
        gathering.set("classroom.internet", "always", statement.name, said)
    elif "://" in said or re.match(r"[a-z]+:\S", said):
        gathering.leave(statement.name, said)
    else:
        gathering.text("classroom.equipment", statement.name, said, statement.lang, joined="\n")


def _audience(gathering: Gathering, statement: Statement) -> None:
    ages = _ages(statement.said)
    role, level = understood.audience(statement.said), understood.level(statement.said)
    if ages:
        gathering.set("age_range", ages, statement.name, statement.said)
    elif role:
        gathering.add("audience", role, statement.name, statement.said)
    else:
        gathering.add("levels", level, statement.name, statement.said)


def _ages(said: str) -> AgeRange | None:
    label = next((label for label in AGES.values() if said.startswith(label.strip())), None)
    match = _AGES.fullmatch(said.removeprefix(label.strip()).strip()) if label else None
    if not match:
        return None
    least, most = int(match[1]), int(match[2]) if match[2] else None
    sound = least <= (_OLDEST if most is None else most) <= _OLDEST
    return AgeRange(minimum=least, maximum=most) if sound else None


def _education_level(gathering: Gathering, statement: Statement) -> None:
    gathering.add("levels", understood.level(statement.said), statement.name, statement.said)


def _instructional_method(gathering: Gathering, statement: Statement) -> None:
    use = vocabularies.canonical("educational-use", statement.said)
    interactivity = vocabularies.canonical("interactivity", statement.said)
    if use:
        gathering.add("educational_use", use, statement.name, statement.said)
    else:
        gathering.set("interactivity", interactivity, statement.name, statement.said)


def _rights_holder(said: str) -> str | None:
    text = understood.text(" ".join(said.split()), None)
    return text.value if text and len(text.value) <= LIMITS["*"] else None


READERS: Mapping[str, Reader] = {
    **oai_dc_load.READERS,
    "alternative": _texts("alternative"),
    "abstract": oai_dc_load.READERS["description"],
    "bibliographicCitation": _texts("citation_note", "\n"),
    "created": _single("created", understood.date),
    "issued": _single("issued", understood.date),
    "modified": _single("modified", understood.date),
    "available": _available,
    "extent": _extent,
    "isPartOf": _reference("part_of"),
    "hasPart": _reference("parts"),
    "conformsTo": _conforms_to,
    "requires": _requires,
    "spatial": oai_dc_load.READERS["coverage"],
    "temporal": _single("coverage.period", understood.date),
    "audience": _audience,
    "educationLevel": _education_level,
    "instructionalMethod": _instructional_method,
    "accessRights": oai_dc_load.READERS["rights"],
    "license": oai_dc_load.READERS["rights"],
    "rightsHolder": _single("rights_holder", _rights_holder),
}
"""Left, beside what ``oai_dc`` leaves: isVersionOf (an edition or a translation?), hasVersion, provenance (a history of
owners with most repositories), other dates and relations."""
