"""The process that reads one file: ``python -I -m oer.extraction.child MEDIA_TYPE NAME``, the file as standard input,
text in UTF-8 as standard output.

It knows no settings and no secrets, can write nothing and start nothing, and has its own bounds: whatever is wrong
with a file ends here.
"""

import os
import re
import resource
import sys
from collections.abc import Iterator

MEMORY = 1 << 30  # bytes of addresses, of which libraries take a good part without using it
CPU = 60  # seconds
LONGEST = 1_000_000  # characters of text that are kept: a book of 500 pages

_ROOM = re.compile(r"\s+")

DONE, UNREADABLE, NO_READER = 0, 3, 4
"""Exit codes; any other is that of a process that was ended, by its bounds or by a defect of a library."""


def main() -> int:
    for bound, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(bound, (most, most))
    from oer.extraction import readers  # late: under the bounds

    reader = readers.reader_for(sys.argv[1], sys.argv[2])
    if reader is None:
        return NO_READER
    # A library that forks would have a process outlive this one; none needs to. Python itself has all it needs.
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    try:
        for piece in _bounded(reader(sys.stdin.buffer)):
            sys.stdout.buffer.write(piece.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(DONE)  # enough was read
    except MemoryError:
        return UNREADABLE
    except Exception:  # noqa: BLE001 - anything may be wrong with a file, and any library may say so in its own way
        return UNREADABLE
    return DONE


def _bounded(pieces: Iterator[str]) -> Iterator[str]:
    """As much as is kept, without the room between words and lines that markup leaves behind."""
    left = LONGEST
    for wide in pieces:
        piece = _ROOM.sub(lambda room: "\n" if "\n" in room[0] else " ", wide)
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


if __name__ == "__main__":
    sys.exit(main())
