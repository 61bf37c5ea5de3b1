"""What is made of a file, by what it is: which process does it, and what it may hand over."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import BinaryIO, Literal

from oer.apart import running
from oer.apart.running import Bounds
from oer.extraction.readers import CARTRIDGES
from oer.previews import child, films, frames, offices, worth
from oer.previews.films import Film, Studio
from oer.previews.frames import Frame
from oer.previews.tools import Tools

State = Literal["made", "nothing", "failed"]
FOLDER = "previews-"
"""How the names of folders begin that a work needs; those that are left behind are of workers that were killed."""

_PDF = "application/pdf"
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/avif")
_ARCHIVES = ("application/zip", "application/x-h5p+zip")
_BOOK = "application/epub+zip"
_FILMS = ("video/", "audio/")

_DRAWN = Bounds(seconds=90.0, answer=128 << 20)
_BLOCK = 1 << 20
_LARGEST: Mapping[str, int] = {child.PICTURE: 256 << 20, child.DOCUMENT: 512 << 20, "office": 128 << 20}
_LARGEST_OF_OTHERS = 8 << 30  # bytes: films and archives are read in parts

# What a process may hand over, by its work: a server's own types, and how such bytes begin.
_WEBP = ("image/webp", b"RIFF")
_HANDED: Mapping[str, Mapping[str, tuple[str, bytes]]] = {
    child.PICTURE: {"cover": _WEBP, "middle": _WEBP, "light": _WEBP},
    child.DOCUMENT: {"cover": _WEBP, "page": _WEBP, "light": (_PDF, b"%PDF-")},
    child.POSTER: {"cover": _WEBP, "poster": _WEBP},
    child.LISTING: {"listing": ("application/json", b"{")},
    child.BOOK: {"listing": ("application/json", b"{"), "cover": _WEBP},
}


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing made; ``pixels`` where it has such."""

    kind: str
    media_type: str
    number: int = 1
    pixels: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """How it went, and what the file is."""

    state: State
    pages: int | None = None
    duration: float | None = None


Keep = Callable[[Thing, Iterator[bytes]], object]


@dataclass(frozen=True, slots=True)
class Bench:
    """One file, open at ``descriptor``, and where what is made of it goes. ``folder``: room for what is half made."""

    descriptor: int
    media_type: str
    size: int
    folder: Path
    keep: Keep
    stop: Event


def kinds(tools: Tools) -> tuple[list[str], list[str]]:
    """Media types that something is made of with these tools, and beginnings of others."""
    found = [_PDF, *_PICTURES, *_ARCHIVES, _BOOK, *(offices.SUFFIXES if tools.office else ())]
    return found, [CARTRIDGES, *(_FILMS if tools.ffmpeg else ())]


def is_makeable(media_type: str, size: int, tools: Tools) -> bool:
    """Whether there is any use in trying."""
    work = _work(media_type, tools)
    return work is not None and 0 < size <= _LARGEST.get(work, _LARGEST_OF_OTHERS)


def make(bench: Bench, tools: Tools) -> Told:
    """Make what can be made; a file that is wrong is an answer. Raises Stopped, Ended, and errors of ``keep``."""
    work = _work(bench.media_type, tools)
    if work is None:
        return Told("nothing")
    if work == "film" and tools.ffmpeg:
        return _film(bench, tools.ffmpeg)
    if work == "office" and tools.office:
        return _office(bench, tools.office)
    return _draw(bench, work, bench.descriptor, bench.size)


def _work(media_type: str, tools: Tools) -> str | None:
    if media_type in _PICTURES:
        return child.PICTURE
    if media_type in offices.SUFFIXES:
        return "office" if tools.office else None
    if media_type.startswith(_FILMS):
        return "film" if tools.ffmpeg else None
    if media_type in _ARCHIVES or media_type.startswith(CARTRIDGES):
        return child.LISTING
    return {_PDF: child.DOCUMENT, _BOOK: child.BOOK}.get(media_type)


def _draw(bench: Bench, work: str, descriptor: int, size: int) -> Told:
    """What the process apart makes. Of one that fails on the way, what it has made before is kept."""
    with tempfile.TemporaryFile(dir=bench.folder) as out:
        os.lseek(descriptor, 0, os.SEEK_SET)
        command = running.module("oer.previews.child", work, str(size))
        code = running.run(command, descriptor, out.write, bounds=_DRAWN, stop=bench.stop)
        pages, some = None, False
        for frame, begin in frames.read(out):
            if frame.kind == frames.PAGES:
                pages = frame.number
            elif _is_sound(out, frame, begin, work):
                media_type, _ = _HANDED[work][frame.kind]
                pixels = (frame.width, frame.height) if frame.width and frame.height else None
                bench.keep(Thing(frame.kind, media_type, frame.number, pixels), _part(out, begin, frame.size))
                some = True
    if some:
        return Told("made", pages)
    return Told("nothing" if code == child.DONE else "failed", pages)


def _is_sound(out: BinaryIO, frame: Frame, begin: int, work: str) -> bool:
    """Whether it is what this work hands over: a process that has lost its way may say anything."""
    kind = _HANDED[work].get(frame.kind)
    out.seek(begin)
    return kind is not None and out.read(len(kind[1])) == kind[1]


def _part(file: BinaryIO, begin: int, size: int) -> Iterator[bytes]:
    """The bytes; the place in the file is the reader's own."""
    while size > 0:
        file.seek(begin)
        block = file.read(min(size, _BLOCK))
        if not block:
            return
        yield block
        begin += len(block)
        size -= len(block)


def _film(bench: Bench, ffmpeg: str) -> Told:
    with tempfile.TemporaryDirectory(prefix=FOLDER, dir=bench.folder) as folder:
        studio = Studio(ffmpeg, bench.descriptor, Path(folder), bench.stop)
        film = studio.look()
        if film is None:
            return Told("failed")
        if bench.media_type.startswith("audio/"):
            _lighten(bench, studio.hear() if worth.is_heavy(bench.size) else None, Thing("light", "audio/mpeg"))
        else:
            _screen(bench, studio, film)
        return Told("made", duration=film.duration)


def _screen(bench: Bench, studio: Studio, film: Film) -> None:
    """A film's poster, and what is left of it for slow lines."""
    if film.pixels and (drawn := studio.draw(film.duration)):
        with drawn.open("rb") as picture:
            _draw(bench, child.POSTER, picture.fileno(), drawn.stat().st_size)
    if not worth.is_heavy(bench.size):
        return
    if film.sound:
        _lighten(bench, studio.hear(), Thing("audio", "audio/mpeg"))
    if film.pixels and film.duration is not None and film.duration <= films.LONGEST and (small := studio.shrink()):
        with small.open("rb") as made:
            seen = Studio(studio.ffmpeg, made.fileno(), studio.folder, studio.stop).look()
        if seen is not None:
            _lighten(bench, small, Thing("light", "video/mp4", pixels=seen.pixels))


def _lighten(bench: Bench, made: Path | None, thing: Thing) -> None:
    if made is not None and worth.is_light(made.stat().st_size, of=bench.size):
        with made.open("rb") as file:
            bench.keep(thing, iter(lambda: file.read(_BLOCK), b""))


def _office(bench: Bench, office: str) -> Told:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=FOLDER, dir=bench.folder)))
        made = offices.printed(office, bench.descriptor, media_type=bench.media_type, folder=folder, stop=bench.stop)
        if made is None:
            return Told("failed")
        pages = stack.enter_context(made.open("rb"))
        return _draw(bench, child.DOCUMENT, pages.fileno(), 0)
