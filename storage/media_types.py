"""What a file is: its bytes decide the family, its name only chooses within the family.

A browser runs what it takes for HTML or SVG, so a name must never make a page of something else, nor the reverse: a
`lesson.pdf` full of HTML is HTML, to be treated as such.
"""

import codecs
import re
from collections.abc import Callable

from storage.zip_members import Members, Read, members_of

UNKNOWN = "application/octet-stream"

_HEAD = 16 << 10

_OFFICE = "application/vnd.openxmlformats-officedocument"
# What lies in a zip → its type; the first found counts.
_BY_MEMBER = (
    ("word/document.xml", f"{_OFFICE}.wordprocessingml.document"),
    ("ppt/presentation.xml", f"{_OFFICE}.presentationml.presentation"),
    ("xl/workbook.xml", f"{_OFFICE}.spreadsheetml.sheet"),
    ("AndroidManifest.xml", "application/vnd.android.package-archive"),
    ("META-INF/MANIFEST.MF", "application/java-archive"),
)
_MACROS = {
    f"{_OFFICE}.wordprocessingml.document": "application/vnd.ms-word.document.macroEnabled.12",
    f"{_OFFICE}.presentationml.presentation": "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
    f"{_OFFICE}.spreadsheetml.sheet": "application/vnd.ms-excel.sheet.macroEnabled.12",
}
# Open Document and EPUB say in a member what they are.
_SAYS_ITSELF = re.compile(r"application/(?:epub\+zip|vnd\.oasis\.opendocument\.[a-z\-]+)")
# Common Cartridge 1.0 to 1.3: https://www.imsglobal.org/cc/ccv1p3/imscc_Implementation-v1p3.html
_CARTRIDGE = re.compile(rb"imsccv(1p[0-3])/imscp|/imscc/ims(?:cp|md)_v(1p[0-3])|<schemaversion>\s*1\.([0-3])")

_TEXTS = {
    "md": "text/markdown",
    "markdown": "text/markdown",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
    "tex": "text/x-tex",
    "bib": "text/x-bibtex",
    "py": "text/x-python",
    "css": "text/css",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "json": "application/json",
    "jsonld": "application/ld+json",
    "ipynb": "application/x-ipynb+json",
    "html": "text/html",
    "htm": "text/html",
    "ics": "text/calendar",
    "rst": "text/x-rst",
    "yaml": "application/yaml",
    "yml": "application/yaml",
}
# Names that say "this is text about markup": such files may begin with a tag.
_MAY_BEGIN_WITH_TAG = frozenset({"md", "markdown", "csv", "tsv", "srt", "tex", "bib", "py", "css", "js", "mjs", "rst"})
_CERTAIN_HTML = re.compile(r"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
# https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type
_LIKELY_HTML = re.compile(
    r"<(?:head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|img|object|embed|form|!--)[\s>/]?",
    re.IGNORECASE,
)
_PROLOGUE = re.compile(r"\A(?:\s+|<\?.*?\?>|<!--.*?-->|<!doctype\s[^>\[]*(?:\[.*?\]\s*)?>)*", re.IGNORECASE | re.DOTALL)
_ROOT = re.compile(r"<(?:[\w.\-]+:)?([A-Za-z_][\w.\-]*)([^>]*)", re.DOTALL)
_XML_ROOTS = {
    "svg": "image/svg+xml",
    "tt": "application/ttml+xml",
    "math": "application/mathml+xml",
    "rss": "application/rss+xml",
    "feed": "application/atom+xml",
}
_RUNS = re.compile(r"^text/|xml|html|script")
_OLE = {"doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint"}
# Bytes at an offset → family, and what an extension may make of it. Containers whose content puremagic leaves open.
_BINARIES: tuple[tuple[int, bytes, str, dict[str, str]], ...] = (
    (0, b"%PDF-", "application/pdf", {}),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", _OLE),
    (0, b"\x1f\x8b", "application/gzip", {}),
    (0, b"{\\rtf", "application/rtf", {}),
    (4, b"ftypM4A", "audio/mp4", {}),
    (4, b"ftypM4B", "audio/mp4", {}),
    (4, b"ftypqt  ", "video/quicktime", {}),
    (4, b"ftypavif", "image/avif", {}),
    (4, b"ftypheic", "image/heic", {}),
    (4, b"ftypmif1", "image/heif", {"avif": "image/avif", "heic": "image/heic"}),
    (4, b"ftyp3g", "video/3gpp", {}),
    (4, b"ftyp", "video/mp4", {"m4a": "audio/mp4"}),
    (8, b"WAVE", "audio/wav", {}),
    (8, b"AVI ", "video/x-msvideo", {}),
    (8, b"WEBP", "image/webp", {}),
    (0, b"fLaC", "audio/flac", {}),
    (0, b"ID3", "audio/mpeg", {}),
    (0, b"GIF8", "image/gif", {}),
    (0, b"\x89PNG\r\n\x1a\n", "image/png", {}),
    (0, b"\xff\xd8\xff", "image/jpeg", {}),
)


def detect(read: Read, size: int, name: str) -> str:
    """The media type of a file of `size` bytes; never raises for what the bytes are, only for what `read` raises.

    `read(start, length)` gives the bytes of a range, all of them unless the file ends before; a few ranges of the
    beginning and the end are asked for, never the whole. Nothing is unpacked but two small members of a zip.
    """
    head = read(0, min(_HEAD, size)) if size else b""
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if not head:
        return _TEXTS.get(extension, "text/plain") if extension in _TEXTS or extension == "txt" else UNKNOWN
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(members_of(read, size))
    known = _known_binary(head, extension)
    if known:
        return known
    text = _decoded(head, whole=size <= len(head))
    if text is not None:
        return _text(text, extension)
    return _other_binary(head, extension)


def from_bytes(content: bytes) -> Callable[[int, int], bytes]:
    """A `read` for `detect` over bytes in memory."""
    return lambda start, length: content[start : start + length]


def _zipped(members: Members | None) -> str:
    if members is None:
        return "application/zip"
    says = members.text("mimetype", 100).decode("ascii", "replace").strip()
    if _SAYS_ITSELF.fullmatch(says):
        return says
    if "[Content_Types].xml" in members.names:
        for member, kind in _BY_MEMBER[:3]:
            if member in members.names:
                macros = any(each.endswith("/vbaProject.bin") for each in members.names)
                return _MACROS[kind] if macros else kind
    if "imsmanifest.xml" in members.names:
        return _learning_package(members.text("imsmanifest.xml", 8 << 10))
    return next((kind for member, kind in _BY_MEMBER[3:] if member in members.names), "application/zip")


def _learning_package(manifest: bytes) -> str:
    """Common Cartridge has types of its own by version; SCORM and plain content packages are zip files."""
    if b"Common Cartridge" not in manifest and b"/imscc" not in manifest:
        return "application/zip"
    found = _CARTRIDGE.search(manifest)
    if found is None:
        return "application/zip"
    version = (found[1] or found[2] or b"1p" + (found[3] or b"")).decode("ascii")
    return f"application/vnd.ims.imscc{'v' + version}+zip"


def _known_binary(head: bytes, extension: str) -> str | None:
    for offset, mark, kind, refined in _BINARIES:
        if head.startswith(mark, offset) and (offset != 8 or head.startswith(b"RIFF")):
            return refined.get(extension, kind)
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head.startswith(b"OggS"):
        return _ogg(head[:512])
    # MPEG audio has 11 bits for a mark: two frames' worth of valid header fields, or it is no MPEG.
    if len(head) > 3 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 and head[2] & 0xF0 != 0xF0:
        return "audio/mpeg" if _decoded(head, whole=False) is None and head[2] & 0x0C != 0x0C else None
    return None


def _ogg(start: bytes) -> str:
    if b"\x80theora" in start or b"BBCD" in start:
        return "video/ogg"
    return (
        "audio/ogg"
        if any(mark in start for mark in (b"\x01vorbis", b"OpusHead", b"Speex", b"FLAC"))
        else "application/ogg"
    )


def _decoded(head: bytes, *, whole: bool) -> str | None:
    """The beginning as text, or None where it is not: UTF-8, UTF-16 with its mark, or Windows' Arabic (cp1256)."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace")
    if any(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in head):
        return None
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head, final=whole)
    except UnicodeDecodeError:
        # Old Arabic and French texts: letters above 0x7F in a sea of plain spaces and line ends.
        plain = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in head)
        return (
            head.decode("cp1256", "replace") if b"\n" in head and plain * 5 > len(head) and 0x1B not in head else None
        )


def _text(text: str, extension: str) -> str:
    start = text.lstrip()
    if start.startswith("WEBVTT") and extension in ("vtt", "txt", ""):
        return "text/vtt"
    bare = _PROLOGUE.sub("", text, count=1)
    xml = _xml(start, bare, extension)
    if xml is not None:
        return xml
    if _CERTAIN_HTML.match(start) or _CERTAIN_HTML.match(bare):
        return "text/html"
    if _LIKELY_HTML.match(start) and extension not in _MAY_BEGIN_WITH_TAG:
        return "text/html"
    if start.startswith("%PDF"):
        return "text/plain"
    return _TEXTS.get(extension, "text/plain")


def _xml(start: str, bare: str, extension: str) -> str | None:
    """The type of an XML document by its root element, or None where the text is something else."""
    root = _ROOT.match(bare)
    declared = start.startswith("<?xml")
    if root is None:
        return "application/xml" if declared else None
    name, attributes = root[1].lower(), root[2]
    if name == "html":
        strict = declared or extension in ("xhtml", "xht")
        return "application/xhtml+xml" if strict and "http://www.w3.org/1999/xhtml" in attributes else None
    if name in _XML_ROOTS and (declared or "xmlns" in attributes or name in ("svg", "rss")):
        return _XML_ROOTS[name]
    if declared or ("xmlns" in attributes and extension not in _MAY_BEGIN_WITH_TAG):
        return "application/xml"
    return "application/xml" if extension == "xml" and not _LIKELY_HTML.match(bare) else None


def _other_binary(head: bytes, extension: str) -> str:
    """What puremagic makes of it, where at least four bytes at the beginning speak for it.

    Never a kind that a browser reads as text and may run: it would have been text.
    """
    import puremagic  # late: a megabyte of tables, and most processes never meet such a file

    try:
        matches = puremagic.magic_string(head)
    except puremagic.PureError:
        return UNKNOWN
    sure = [
        match
        for match in matches
        if match.offset >= 0 and len(match.byte_match) >= 4 and match.mime_type and not _RUNS.search(match.mime_type)
    ]
    if not sure:
        return UNKNOWN
    named = [match for match in sure if match.extension.lstrip(".") == extension]
    return str((named or sure)[0].mime_type)
