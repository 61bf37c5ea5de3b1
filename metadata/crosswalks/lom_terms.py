"""Tables between our vocabularies and those of LOMv1.0 (IEEE 1484.12.1), for ``lom`` and ``lom_load``.

Where LOM has no word that is true, there is none here: a video is not a ``lecture``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from metadata import vocabularies
from metadata.crosswalks import wording
from metadata.record import Alignment, Classroom, Text

LOM = "LOMv1.0"

# 5.2: HCRT → LOM. Types that are missing have no word in LOM.
TYPES: Mapping[str, str] = {
    "assessment": "exam",
    "course": "lecture",
    "data": "table",
    "diagram": "diagram",
    "drill_and_practice": "exercise",
    "experiment": "experiment",
    "image": "figure",
    "index": "index",
    "map": "figure",
    "questionnaire": "questionnaire",
    "script": "narrative text",
    "simulation": "simulation",
    "slide": "slide",
    "text": "narrative text",
    "textbook": "narrative text",
    "worksheet": "exercise",
}

# 5.5: LRMI audience role → LOM.
ROLES: Mapping[str, str] = {
    "administrator": "manager",
    "generalPublic": "learner",
    "mentor": "teacher",
    "peerTutor": "teacher",
    "professional": "learner",
    "student": "learner",
    "teacher": "teacher",
}

# 5.6: ISCED 2011 level → LOM.
CONTEXTS: Mapping[str, str] = {
    **dict.fromkeys(("level_0", "level_1", "level_2", "level_3"), "school"),
    "level_4": "other",
    **dict.fromkeys(("level_5", "level_6", "level_7", "level_8", "level_A"), "higher education"),
    **dict.fromkeys(("level_B", "level_C"), "training"),
}

# 5.6 of IMS Learning Resource Meta-data 1.2 → ISCED 2011 level, where the words are nobody else's.
CYCLES: Mapping[str, str] = {
    "university first cycle": "level_6",
    "university second cycle": "level_7",
    "university postgrade": "level_A",
    "professional formation": "level_C",
    "continuous formation": "level_C",
}

# 2.3.1 on the way in: LOM role → MARC relator, where it is neither the author nor the publisher.
RELATORS: Mapping[str, str] = {
    "content provider": "ctb",
    "editor": "edt",
    "educational validator": "rev",
    "graphical designer": "dsr",
    "initiator": "pdr",
    "instructional designer": "ctb",
    "script writer": "aut",
    "subject matter expert": "exp",
    "technical implementer": "prg",
    "technical validator": "rev",
    "unknown": "ctb",
    "validator": "rev",
}

# 9.2.1: our schemes as the source of a taxon path. Names, since the taxon itself is a URI.
SOURCES: Mapping[str, str] = {
    "access-modes": "schema.org accessMode",
    "accessibility-controls": "schema.org accessibilityControl",
    "accessibility-features": "schema.org accessibilityFeature",
    "accessibility-hazards": "schema.org accessibilityHazard",
    "ict-cft": "UNESCO ICT Competency Framework for Teachers v3",
    "isced-f": "ISCED-F 2013",
    "isced-levels": "ISCED 2011",
    "sdg": "Sustainable Development Goals",
    "unesco-thesaurus": "UNESCO Thesaurus",
}

# 9.1 by the relation of an alignment (LRMI alignment type), then by its kind.
PURPOSES: Mapping[str, str] = {
    "prerequisite": "prerequisite",
    "educationalSubject": "discipline",
    "educationalLevel": "educational level",
}
KINDS: Mapping[str, str] = {
    "competency": "competency",
    "occupation": "competency",
    "curriculum": "educational objective",
    "sdg": "educational objective",
}

# 4.6: what a classroom needs. On a line by itself some devices need more words than in the middle of a sentence.
_ON_A_LINE: Mapping[str, Mapping[str, str]] = {
    "none": {"ar": "لا حاجة إلى أجهزة", "fr": "Aucun appareil nécessaire", "en": "No device needed"},
    "projector": {"ar": "جهاز عرض ضوئي"},
}
# In the order ar, fr, en.
INTERNET: Mapping[str, tuple[str, str, str]] = {
    "none": ("لا حاجة إلى الإنترنت", "Sans connexion à Internet", "No Internet connection needed"),
    "download-once": ("الإنترنت للتنزيل مرة واحدة", "Internet pour télécharger une fois", "Internet to download once"),
    "always": ("الإنترنت طوال الاستعمال", "Internet pendant toute l’utilisation", "Internet during all of the use"),
}

# 5.10: how many work together; the first that fits, by which ends are known.
GROUPS: Sequence[tuple[tuple[str, ...], tuple[str, str, str]]] = (
    (
        ("minimum", "maximum"),
        (
            "مجموعات من {minimum} إلى {maximum}",
            "Groupes de {minimum} à {maximum}",
            "Groups of {minimum} to {maximum}",
        ),
    ),
    (("minimum",), ("مجموعات من {minimum} على الأقل", "Groupes d’au moins {minimum}", "Groups of at least {minimum}")),
    (("maximum",), ("مجموعات من {maximum} على الأكثر", "Groupes d’au plus {maximum}", "Groups of at most {maximum}")),
)


def local(uri: str) -> str:
    """``video`` of ``https://w3id.org/kim/hcrt/video``."""
    return re.split("[/#]", uri)[-1]


def vocabulary(uri: str) -> str:
    """The URI of the vocabulary that a term belongs to, as the source of a value: the scheme, where it has an own."""
    base = uri[: len(uri) - len(local(uri))]
    return f"{base}scheme" if base.startswith("https://w3id.org/kim/") else base


def word(table: Mapping[str, str], uri: str) -> str | None:
    """LOM's word for a term of ours."""
    return table.get(local(uri))


def level(said: str) -> str | None:
    """The URI of the ISCED level that a context of IMS means."""
    code = CYCLES.get(" ".join(said.lower().split()))
    return vocabularies.canonical("isced-levels", code) if code else None


def purpose(alignment: Alignment) -> str:
    """9.1: what the framework says about the resource."""
    return PURPOSES.get(local(alignment.relation or ""), KINDS[alignment.kind])


def path(scheme: str, uri: str) -> list[vocabularies.Term]:
    """From the widest term down to this one, by the first broader term of each; empty for an unknown URI."""
    found: dict[str, vocabularies.Term] = {}
    term = vocabularies.term(scheme, uri)
    while term and term.uri not in found:
        found[term.uri] = term
        term = vocabularies.term(scheme, term.broader[0]) if term.broader else None
    return list(found.values())[::-1]


def needs(classroom: Classroom) -> Iterator[tuple[str, str, str]]:
    """Devices and network in ar, fr, en."""
    yield from (_device(device) for device in classroom.devices)
    if classroom.internet:
        yield INTERNET[classroom.internet]


def _device(code: str) -> tuple[str, str, str]:
    words = {**wording.DEVICES[code], **_ON_A_LINE.get(code, {})}
    arabic, french, english = (words[tag][:1].upper() + words[tag][1:] for tag in vocabularies.LANGUAGES)
    return arabic, french, english


def group(classroom: Classroom) -> list[Text]:
    """How many work together, in ar, fr, en; nothing where neither end is known."""
    ends = {"minimum": classroom.group_minimum, "maximum": classroom.group_maximum}
    for names, words in GROUPS:
        if all(ends[name] is not None for name in names):
            said = (template.format(**ends) for template in words)
            return [Text(value=value, lang=tag) for value, tag in zip(said, vocabularies.LANGUAGES, strict=True)]
    return []


@cache
def said_needs() -> Mapping[str, tuple[str, str]]:
    """A line of 4.6 as we write it → ``devices`` or ``internet``, and its code."""
    return {
        words: (field, code)
        for field, table in (("devices", {code: _device(code) for code in wording.DEVICES}), ("internet", INTERNET))
        for code, three in table.items()
        for words in three
    }


def said_group(text: str) -> dict[str, int]:
    """The ends of a group from one of our sentences: ``{"group_minimum": 2, "group_maximum": 30}``."""
    for names, words in GROUPS:
        for template in words:
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[0-9]{1,6})", re.escape(template))
            match = re.fullmatch(pattern, text)
            if match:
                return {f"group_{name}": int(match[name]) for name in names}
    return {}
