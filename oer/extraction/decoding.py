"""Letters out of bytes."""

import codecs
import re
from contextlib import suppress
from typing import BinaryIO

from oer.extraction.told import Unreadable

MOST = 64 << 20
"""Bytes of one text, and of one member of an archive."""

_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?([\w.:-]{2,40})""", re.ASCII | re.IGNORECASE)
# Python's names of the encodings that texts come in. It knows others that are none, or take hours (punycode).
_KNOWN = re.compile(
    r"ascii|utf-(?:8|8-sig|16|16-[bl]e|32|32-[bl]e)|cp\d+|iso8859-\d+|koi8-.|kz1048|ptcp154|tis-620|mac-[a-z-]+"
    r"|big5\w*|gb\w+|hz|euc_\w+|shift_ji\w+|iso2022_\w+|johab"
)
_ARABIC = re.compile(r"[\u0621-\u064a]")


def decoded(content: bytes) -> str:
    """In the encoding that the text declares, else UTF-8, else one of those that were used before it for Arabic and
    French: with Arabic letters side by side it is Windows-1256.
    """
    if len(content) > MOST:
        raise Unreadable("too large")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    told = _DECLARED.search(content[:2000])
    if told:
        with suppress(LookupError, UnicodeError):  # there are such as refuse even to replace
            name = codecs.lookup(told[1].decode("ascii")).name
            if _KNOWN.fullmatch(name):
                return content.decode(name, "replace").encode("utf-8", "replace").decode()  # no halves of letters
    arabic = content.decode("cp1256", "replace")
    return arabic if len(_ARABIC.findall(arabic)) * 2 > len(content) // 2 else content.decode("cp1252", "replace")


def whole(content: bytes) -> bytes:
    """Without the half of a letter that a cut has left: it would make the rest no UTF-8."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and not content[: error.start].isascii():
            return content[: error.start]
    return content


def text_of(file: BinaryIO) -> str:
    """All that a file holds."""
    return decoded(file.read(MOST + 1))
