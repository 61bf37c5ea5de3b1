"""Names that people see on files: kept in their own script, without traps."""

import re
import unicodedata

# Bytes of UTF-8: below the 255 that file systems allow, with room for " (2)" and the like.
LONGEST = 200

_NAMELESS = "file"

# Controls, line and paragraph separators, marks and overrides of direction (a name ending in "fdp.exe" must not
# look like "exe.pdf"), invisible joins of words, soft hyphens, byte order marks, tags, lone surrogates, noncharacters.
# ZWNJ and ZWJ (U+200C, U+200D) stay: Arabic script needs them.
_TRAPS = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)
# What one of the usual systems refuses in a name; "/" and "\" are dealt with before.
_REFUSED = re.compile(r'[<>:"|?*]')
_EXTENSION = re.compile(r"(?:\.tar)?\.[^.\s]{1,16}$")


def safe_name(name: str) -> str:
    """The name to store and to show: NFC, one path part, no traps, at most 200 bytes of UTF-8, never empty.

    The extension survives the shortening. Applying it twice changes nothing.
    """
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    text = unicodedata.normalize("NFC", _TRAPS.sub("", last))
    text = " ".join(_REFUSED.sub("_", text).split())
    text = text.lstrip(". ").rstrip(". ")
    return _shortened(text) or _NAMELESS


def _shortened(text: str) -> str:
    if len(text.encode()) <= LONGEST:
        return text
    found = _EXTENSION.search(text)
    extension = found.group() if found else ""
    stem = text[: len(text) - len(extension)].encode()[: LONGEST - len(extension.encode())].decode(errors="ignore")
    return unicodedata.normalize("NFC", stem).rstrip(". ") + extension
