"""Reading files in a process apart, with bounds on time, memory and bytes."""

import json
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal

from oer.apart import running
from oer.apart.running import Bounds, Ended, Stopped
from oer.extraction import child, readers

__all__ = ["LARGEST", "Ended", "Extracted", "State", "Stopped", "extract", "is_readable", "languages"]

LARGEST = 256 << 20
"""Bytes of a file that is read. No text is longer; what is larger is pictures and films."""
_SECONDS = 90.0  # of a clock; the processor's time is bounded in the process itself
_BYTES = 4 * child.LONGEST + 4096  # of answer

State = Literal["text", "nothing", "failed"]


@dataclass(frozen=True, slots=True)
class Extracted:
    """``nothing``: the file has no words. ``failed``: it could not be read, within the bounds or at all.

    ``title`` and ``language`` are what the file says of itself, true or not.
    """

    state: State
    text: str = ""
    title: str = ""
    language: str = ""


def is_readable(media_type: str, name: str, size: int) -> bool:
    """Whether there is any use in trying."""
    return 0 < size <= LARGEST and readers.reader_for(media_type, name) is not None


def extract(
    chunks: Iterable[bytes], *, media_type: str, name: str, folder: Path | None = None, stop: Event | None = None
) -> Extracted:
    """The text of the file with these bytes, which are kept under ``folder`` meanwhile, without a name.

    Errors of ``chunks`` pass through; whatever is wrong with the file is an answer. Raises Stopped soon after ``stop``,
    and Ended.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        file.seek(0)
        return _extract(file.fileno(), media_type, name, stop or Event())


def languages(text: str, *, stop: Event | None = None) -> dict[str, float]:
    """Language (ISO 639-1) → share of the text, 0 to 1; nothing where it has no words, or nobody could tell.

    Raises Stopped soon after ``stop``.
    """
    with tempfile.TemporaryFile() as file:
        file.write(text[: child.LONGEST].encode("utf-8", "replace"))
        file.flush()
        file.seek(0)
        code, answer = 0, ""
        with suppress(Ended):
            code, answer = _ran(file.fileno(), [child.LANGUAGES, ""], stop or Event())
    if stop is not None and stop.is_set():
        raise Stopped
    try:
        told = json.loads(answer) if code == child.DONE else {}
        return {str(lang): float(share) for lang, share in told.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _extract(descriptor: int, media_type: str, name: str, stop: Event) -> Extracted:
    # A name may hold what no argument can (a null byte), and only its end counts.
    told = name.replace("\0", "")[-100:].encode("utf-8", "replace").decode()
    code, answer = _ran(descriptor, [media_type, told], stop)
    if code == child.DONE:
        return _taken(answer)
    return Extracted("nothing" if code == child.NO_READER else "failed")


def _ran(descriptor: int, arguments: list[str], stop: Event) -> tuple[int, str]:
    """Exit code and answer of the process."""
    found = bytearray()
    command = running.module("oer.extraction.child", *arguments)
    code = running.run(command, descriptor, found.extend, bounds=Bounds(_SECONDS, _BYTES), stop=stop)
    return code, found.decode("utf-8", "replace")


def _taken(answer: str) -> Extracted:
    text, _, trailer = answer.partition(child.TRAILER)
    try:
        told = json.loads(trailer)
        # Half of a surrogate pair, or a null byte, would be refused by the database.
        named = {name: child.plain(str(told[name])).strip() for name in ("title", "language")}
    except (ValueError, KeyError, TypeError):  # not what the reader writes: something has got the better of it
        return Extracted("failed")
    text = text.strip()
    return Extracted("text", text, **named) if any(letter.isalnum() for letter in text) else Extracted("nothing")
