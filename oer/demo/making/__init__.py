"""The files of the demonstration, made where it is planted: the same bytes each time, and nothing fetched."""

from collections.abc import Callable, Mapping

from oer.demo import content
from oer.demo.making import books, pages, pictures, sounds, tables


def made(kind: str, of: str) -> bytes:
    """The bytes of a file; ``kind`` is one of :data:`MAKERS`, ``of`` what its maker is told to make."""
    return MAKERS[kind](of)


def _markdown(of: str) -> bytes:
    return content.text(of).encode()


MAKERS: Mapping[str, Callable[[str], bytes]] = {
    "text": _markdown,
    "pdf": pages.document,
    "slides": pages.slides,
    "html": books.page,
    "epub": books.book,
    "zip": books.packed,
    "picture": pictures.picture,
    "sound": sounds.sound,
    "table": tables.table,
}
"""Kind → maker. ``text``, ``pdf``, ``slides``, ``html`` and ``epub`` take the name of a text; the others a name of
their own, with ``:ar`` or ``:fr`` for the language of the words in it.
"""
