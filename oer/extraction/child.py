"""The process that reads one file: ``python -I -m oer.extraction.child MEDIA_TYPE NAME``, the file as standard input,
text in UTF-8 as standard output. With :data:`LANGUAGES` in the place of the media type it tells of a text in which
languages it is written.

It knows no settings, no secrets and no network, writes no files and starts no processes, and has its own bounds:
whatever is wrong with a file ends here. The kernel does not hold root to the number of processes.
"""

import json
import os
import re
import sys
from collections.abc import Iterator

from oer.apart import bounds

MEMORY = 1 << 30  # bytes of addresses, of which libraries take a good part without using it
CPU = 60  # seconds
LONGEST = 1_000_000  # characters of text that are kept: a book of 500 pages

LANGUAGES = "--languages"
_LOOKED_AT = 60_000  # bytes of a text, to tell its languages
_PIECE = 500  # characters that are judged together

TRAILER = "\x1e"
"""Parts the text from what the file says of itself, in JSON; no text has it."""

_ROOM = re.compile(r"[\s\x00-\x1f]+")
_NAME = 500  # characters of a title

DONE, UNREADABLE, NO_READER = 0, 3, 4
"""Exit codes; any other is that of a process that was ended, by its bounds or by a defect of a library."""


def main() -> int:
    bounds.confine(memory=MEMORY, cpu=CPU)
    if sys.argv[1] == LANGUAGES:
        return _tell_languages()
    bounds.write(0)
    from oer.extraction import readers  # late: under the bounds
    from oer.extraction.told import Told

    reader = readers.reader_for(sys.argv[1], sys.argv[2])
    if reader is None:
        return NO_READER
    # A library that forks would have a process outlive this one; none needs to. Python itself has all it needs.
    bounds.start_nothing()
    try:
        told = Told()
        for piece in _bounded(reader(sys.stdin.buffer, told)):
            sys.stdout.buffer.write(piece.encode("utf-8", "replace"))
        trailer = json.dumps({"title": told.title[:_NAME], "language": told.language[:_NAME]})
        sys.stdout.buffer.write(f"{TRAILER}{trailer}".encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(DONE)  # enough was read
    except MemoryError:
        return UNREADABLE
    except Exception:  # noqa: BLE001 - anything may be wrong with a file, and any library may say so in its own way
        return UNREADABLE
    return DONE


def _tell_languages() -> int:
    """Language (ISO 639-1) → its share of the text, piece by piece: many a lesson is in two."""
    # Late: with its model 100 MB. Loading it looks for a folder that can be written to, and nothing else needs one.
    from py3langid.langid import classify

    classify("")
    bounds.write(0)
    text = sys.stdin.buffer.read(_LOOKED_AT).decode("utf-8", "ignore")
    pieces = [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]
    lengths: dict[str, int] = {}
    for piece in pieces:
        if letters := sum(letter.isalpha() for letter in piece):
            lang = classify(piece)[0]
            lengths[lang] = lengths.get(lang, 0) + letters
    whole = sum(lengths.values()) or 1
    json.dump({lang: round(length / whole, 3) for lang, length in lengths.items()}, sys.stdout)
    return DONE


def plain(text: str) -> str:
    """Without control characters, halves of pairs, and the room that markup leaves behind."""
    legal = text.encode("utf-8", "replace").decode()
    return _ROOM.sub(lambda room: "\n" if "\n" in room[0] else " ", legal)


def _bounded(pieces: Iterator[str]) -> Iterator[str]:
    """As much as is kept, without the room between words and lines that markup leaves behind."""
    left = LONGEST
    for wide in pieces:
        piece = plain(wide)
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


if __name__ == "__main__":
    sys.exit(main())
