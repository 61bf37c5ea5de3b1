"""PDF, by pdfium."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from oer.extraction.told import Told, Unreadable

# Many fonts tell of the ligature لا, with or without hamza, as if its letters stood the other way round. At the
# beginning of a word that is never right; inside it may be.
_TURNED = re.compile(r"(?<![\u0621-\u064a])([وفبك]?)ا([اأإآ])ل(?=[\u0621-\u064a])")
_DROPPED = str.maketrans({"\x02": "", "\u200e": "", "\u200f": "", "\r": "", "\ufffe": "", "\x00": ""})
_MARKS_APART = re.compile(r"(?<=[\u0621-\u064a])\s+(?=[\u064b-\u0652])")


def portable_document(file: BinaryIO, told: Told) -> Iterator[str]:
    """PDF, page by page. A locked one cannot be read."""
    import pypdfium2  # late: no other format needs it

    try:
        pages = pypdfium2.PdfDocument(file.read(), autoclose=True)
    except pypdfium2.PdfiumError as error:
        raise Unreadable(str(error)) from None
    told.name(pages.get_metadata_value("Title"))
    for page in pages:
        text = page.get_textpage().get_text_bounded().translate(_DROPPED)
        yield _TURNED.sub(r"\1ال\2", _MARKS_APART.sub("", text)) + "\n"
        page.close()
