"""How the maker hands over what it has made: a line of JSON with the size, then the bytes, one behind the other."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import BinaryIO

_LINE = 500  # bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """One thing made: pixels where it is a picture, and its bytes. Of kind ``pages`` it is only a ``number``."""

    kind: str
    number: int
    size: int
    width: int | None = None
    height: int | None = None


PAGES = "pages"
"""The kind that tells how many pages there are."""


def write(out: BinaryIO, kind: str, content: bytes, *, number: int = 1, pixels: tuple[int, int] | None = None) -> None:
    width, height = pixels or (None, None)
    frame = Frame(kind, number, len(content), width, height)
    out.write(json.dumps(asdict(frame)).encode() + b"\n" + content)
    out.flush()


def read(file: BinaryIO) -> Iterator[tuple[Frame, int]]:
    """Each thing that is there whole, and where in the file its bytes begin. What is no frame ends the reading."""
    end = file.seek(0, 2)
    at = 0
    while at < end:
        file.seek(at)
        line = file.readline(_LINE)
        frame = _frame(line)
        begin = at + len(line)
        if frame is None or begin + frame.size > end:
            return
        yield frame, begin
        at = begin + frame.size


def _frame(line: bytes) -> Frame | None:
    try:
        told = json.loads(line) if line.endswith(b"\n") else None
        frame = Frame(**told) if isinstance(told, dict) else None
    except (ValueError, TypeError):
        return None
    if frame is None or not isinstance(frame.kind, str):
        return None
    numbers = (frame.number, frame.size, frame.width or 0, frame.height or 0)
    return frame if all(type(number) is int and 0 <= number < 1 << 31 for number in numbers) else None
