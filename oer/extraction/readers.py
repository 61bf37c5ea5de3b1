"""Text out of files, by what they are. Runs in a process of its own (``child``): the standard library, and pdfium.

What a reader gives is for words to be found, not to be read: pieces in their order, without markup.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

from oer.extraction.archives import book, document, open_document, sheets, slides
from oer.extraction.markup import markup
from oer.extraction.packages import BY_SUFFIX, package
from oer.extraction.pdf import portable_document
from oer.extraction.plain import markdown, notebook, plain, subtitles
from oer.extraction.told import Reader

_OFFICE = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"

READERS: Mapping[str, Reader] = {
    "application/pdf": portable_document,
    f"{_OFFICE}.wordprocessingml.document": document,
    f"{_OFFICE}.presentationml.presentation": slides,
    f"{_OFFICE}.spreadsheetml.sheet": sheets,
    f"{_ODF}.text": open_document,
    f"{_ODF}.presentation": open_document,
    f"{_ODF}.spreadsheet": open_document,
    "application/epub+zip": book,
    "application/zip": package,
    "application/x-h5p+zip": package,
    "text/html": markup,
    "application/xhtml+xml": markup,
    "application/xml": markup,
    "image/svg+xml": markup,
    "text/markdown": markdown,
    "text/plain": plain,
    "text/csv": plain,
    "text/tab-separated-values": plain,
    "text/x-rst": plain,
    "text/x-tex": plain,
    "text/vtt": subtitles,
    "application/x-subrip": subtitles,
    "application/x-ipynb+json": notebook,
}
"""By media type. What is not here has no text, or none that a reader of lessons looks for."""

KINDS = (*READERS, "application/json")
"""Media types that may have a reader, and the beginning of others."""
CARTRIDGES = "application/vnd.ims.imscc"


def reader_for(media_type: str, name: str) -> Reader | None:
    """The reader of this media type; of a plain text by the end of its name, since all kinds of text look alike."""
    found = READERS.get(media_type)
    if media_type in ("text/plain", "application/xml", "application/json"):
        return BY_SUFFIX.get(PurePosixPath(name).suffix.lower(), found)
    if found is None and media_type.startswith(CARTRIDGES):
        return package
    return found
