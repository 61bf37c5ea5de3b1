"""Reading files in a process apart, with bounds on time, memory and bytes."""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Literal

from oer.extraction import child, readers

LARGEST = 256 << 20
"""Bytes of a file that is read. No text is longer; what is larger is pictures and films."""
_SECONDS = 90.0  # of a clock; the processor's time is bounded in the process itself
_BYTES = 4 * child.LONGEST + 4096  # of answer: more is not taken from a process that has lost its way
_BLOCK = 1 << 20
_LATE = 1000  # the code of a process that was ended here
_FROM_OUTSIDE = {-signal.SIGHUP, -signal.SIGINT, -signal.SIGTERM, -signal.SIGKILL}

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


class Stopped(Exception):
    """Whoever asked does not want to know any more."""


class Ended(Exception):
    """Somebody else ended the process: a machine that shuts down, or has no memory left. The file may be sound."""


def extract(
    chunks: Iterable[bytes], *, media_type: str, name: str, folder: Path | None = None, stop: Event | None = None
) -> Extracted:
    """The text of the file with these bytes, which are kept under ``folder`` meanwhile, without a name.

    Errors of ``chunks`` pass through; whatever is wrong with the file is an answer. Raises Stopped soon after ``stop``.
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
    if stop.is_set():
        raise Stopped
    if code in _FROM_OUTSIDE:
        raise Ended
    return Extracted("nothing" if code == child.NO_READER else "failed")


def _ran(descriptor: int, arguments: list[str], stop: Event) -> tuple[int, str]:
    """Exit code and answer of the process."""
    process = subprocess.Popen(  # noqa: S603 - no shell, and names are arguments
        [sys.executable, "-I", "-m", "oer.extraction.child", *arguments],
        stdin=descriptor,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        cwd="/",
        start_new_session=True,
    )
    began = time.monotonic()
    ended = Event()
    watch = Thread(target=_watch, args=(process, stop, ended), daemon=True)
    watch.start()
    found = bytearray()
    try:
        assert process.stdout is not None
        with process.stdout:
            while len(found) < _BYTES and (block := process.stdout.read(_BLOCK)):
                found += block
        late = len(found) >= _BYTES
        if late:
            process.kill()
        code = process.wait()
    finally:
        ended.set()
        watch.join()
    if code == -signal.SIGKILL and (late or time.monotonic() - began > _SECONDS):
        code = _LATE
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


def _watch(process: "subprocess.Popen[bytes]", stop: Event, ended: Event) -> None:
    until = time.monotonic() + _SECONDS
    while not ended.wait(0.1):
        if stop.is_set() or time.monotonic() > until:
            process.kill()
            return
