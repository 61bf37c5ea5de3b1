"""The process that makes pictures of one file: ``python -I -m oer.previews.child KIND SIZE``, the file as standard
input, what is made of it (``frames``) as standard output.

It knows no settings, no secrets and no network, writes no files and starts no processes, and has its own bounds:
whatever is wrong with a file ends here. Only here are the libraries of pictures loaded.
"""

import os
import sys
from collections.abc import Callable
from typing import BinaryIO

from oer.apart import bounds

MEMORY = 1 << 30  # bytes of addresses
CPU = 60  # seconds

DONE, UNREADABLE = 0, 3
"""Exit codes; any other is that of a process that was ended, by its bounds or by a defect of a library."""

PICTURE, DOCUMENT, POSTER, LISTING, BOOK = "picture", "document", "poster", "listing", "book"


def main() -> int:
    bounds.confine(memory=MEMORY, cpu=CPU)
    bounds.write(0)
    make = _maker(sys.argv[1], int(sys.argv[2]))
    # A library that forks would have a process outlive this one; none needs to. Python itself has all it needs.
    bounds.start_nothing()
    try:
        make(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        os._exit(DONE)  # enough was made
    except MemoryError:
        return UNREADABLE
    except Exception:  # noqa: BLE001 - anything may be wrong with a file, and any library may say so in its own way
        return UNREADABLE
    return DONE


def _maker(kind: str, size: int) -> Callable[[BinaryIO, BinaryIO], None]:
    """Late: under the bounds, and no more than is needed."""
    if kind == DOCUMENT:
        from oer.previews import pages

        return lambda file, out: pages.document(file, out, size)
    if kind in (LISTING, BOOK):
        from oer.previews import listings

        return listings.listing if kind == LISTING else listings.book
    from oer.previews import pictures

    return pictures.poster if kind == POSTER else lambda file, out: pictures.picture(file, out, size)


if __name__ == "__main__":
    sys.exit(main())
