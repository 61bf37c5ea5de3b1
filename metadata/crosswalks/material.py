"""What a resource is made of, as libraries code it: from its type (HCRT), else from its files.

Sources: MARC 21 Format for Bibliographic Data, Leader/06, 006, 008; Term and Code List for RDA Content Types; RDA
File Type; the values of MODS ``typeOfResource``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from metadata import vocabularies
from metadata.crosswalks.described import Described


@dataclass(frozen=True, slots=True)
class Material:
    """``record_type`` is Leader/06, ``file_type`` 008/26 of computer files, ``content`` an RDA content type code.

    ``rda_file`` is an RDA file type in English, ``mods`` a value of ``typeOfResource``.
    """

    record_type: str
    file_type: str
    content: str
    rda_file: str
    mods: str


TEXT = Material("a", "d", "txt", "text file", "text")
IMAGE = Material("k", "c", "sti", "image file", "still image")
VIDEO = Material("g", "c", "tdi", "video file", "moving image")
AUDIO = Material("i", "h", "spw", "audio file", "sound recording-nonmusical")
MUSIC = Material("c", "d", "ntm", "text file", "notated music")
MAP = Material("e", "c", "cri", "image file", "cartographic")
PROGRAM = Material("m", "b", "cop", "program file", "software, multimedia")
GAME = Material("m", "g", "cop", "program file", "software, multimedia")
INTERACTIVE = Material("m", "i", "cop", "program file", "software, multimedia")
SERVICE = Material("m", "j", "txt", "text file", "software, multimedia")
DATA = Material("m", "a", "cod", "data file", "software, multimedia")

# Types of which the name says the form. Of a course, an exercise or an experiment only the files tell.
_TYPES = {
    "application": PROGRAM,
    "audio": AUDIO,
    "data": DATA,
    "diagram": IMAGE,
    "educational_game": GAME,
    "image": IMAGE,
    "index": TEXT,
    "lesson_plan": TEXT,
    "map": MAP,
    "portal": SERVICE,
    "questionnaire": TEXT,
    "script": TEXT,
    "sheet_music": MUSIC,
    "simulation": INTERACTIVE,
    "slide": TEXT,
    "text": TEXT,
    "textbook": TEXT,
    "video": VIDEO,
    "web_page": TEXT,
    "worksheet": TEXT,
}
# Subtitles belong to a film, and nobody knows what is in an archive: both are left out.
_GROUPS = {
    "audio": AUDIO,
    "data": DATA,
    "ebook": TEXT,
    "image": IMAGE,
    "interactive": INTERACTIVE,
    "map": MAP,
    "model3d": INTERACTIVE,
    "presentation": TEXT,
    "software": PROGRAM,
    "source_code": PROGRAM,
    "spreadsheet": DATA,
    "text_document": TEXT,
    "video": VIDEO,
    "web": TEXT,
}


def main(described: Described) -> Material:
    """What the resource is in the first place; text where neither type nor files tell."""
    term = vocabularies.term("hcrt", described.record.resource_type or "")
    return (_TYPES.get(term.notation) if term else None) or next(_files(described), TEXT)


def others(described: Described) -> list[Material]:
    """What its files are besides, each once, in their order."""
    first = main(described)
    return [material for material in dict.fromkeys(_files(described)) if material != first]


def _files(described: Described) -> Iterator[Material]:
    for file in described.files:
        if file.group.notation in _GROUPS:
            yield _GROUPS[file.group.notation]
