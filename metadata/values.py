"""Plain values that occur in metadata: text without traps, languages, dates, durations.

Every function takes a value and returns a value; none reads a clock, a file or a setting.
"""

import re
import unicodedata
from datetime import date
from functools import lru_cache

import babel

# Invisible marks that editors leave behind, or that hide words from the reader, and that mean nothing once every
# value carries its own direction: the traps of storage.file_names but for those that are illegal here. Tag
# characters stay where they make the flag of a region.
_MARKS = "\u00ad\u061c\u180e\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
_DROPPED = re.compile(f"(\U0001f3f4[\U000e0030-\U000e007a]{{3,6}}\U000e007f)|[{_MARKS}]")

# Nothing to see: white space, the blank of Braille, and what Unicode calls default ignorable (ZWNJ, ZWJ, fillers
# of Hangul, variation selectors …).
_UNSEEN = re.compile(
    r"[\s\u2800\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0f\ufeff"
    r"\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*"
)

# Embeddings, overrides and isolates reorder what the reader sees (a file "exe.pdf" that ends in .exe);
# the rest cannot stand in XML 1.0 (https://www.w3.org/TR/xml/#charsets) or are controls without meaning.
_ILLEGAL = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(chr(plane * 0x10000 + low) for plane in range(1, 17) for low in (0xFFFE, 0xFFFF))
    + "]"
)

# Arabic letters as old fonts stored them. ﷺ and ﷻ are words of their own that people write on purpose.
_FORMS = "\ufb50-\ufdcf\ufdf0-\ufdf9\ufdfc\ufe70-\ufefc"
_PRESENTATION = re.compile(f"[{_FORMS}]")

_LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029]")
# Most texts have none of these, which one look tells.
_UNTIDY = re.compile(f"[\r\u2028\u2029{_MARKS}{_FORMS}]")

_DURATION = re.compile(
    r"^P(?!$)(?:\d+(?:\.\d+)?Y)?(?:\d+(?:\.\d+)?M)?(?:\d+(?:\.\d+)?W)?(?:\d+(?:\.\d+)?D)?"
    r"(?:T(?=\d)(?:\d+(?:\.\d+)?H)?(?:\d+(?:\.\d+)?M)?(?:\d+(?:\.\d+)?S)?)?$",
    re.ASCII,
)


_PLAIN_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?", re.ASCII)
_DATE = re.compile(
    r"[?~%]?(\d{4})(?:[?~%]?-[?~%]?(0[1-9]|1[0-2])(?:[?~%]?-[?~%]?(0[1-9]|[12]\d|3[01]))?)?(?=$|[?~%/T-])", re.ASCII
)

# RFC 3987, section 2.2, without IP literals. The complete grammar of rfc3987-syntax takes 0.3 ms for each character:
# a record of a thousand links would keep a worker busy for minutes. The tests hold this pattern against it.
_UCS = "\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef" + "".join(
    f"{chr(plane * 0x10000 + (0x1000 if plane == 14 else 0))}-{chr(plane * 0x10000 + 0xFFFD)}" for plane in range(1, 15)
)
_CHAR = rf"(?:[A-Za-z0-9\-._~!$&'()*+,;={_UCS}]|%[0-9A-Fa-f]{{2}})"
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_IRI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*:"
    rf"(?://(?:(?:{_CHAR}|:)*@)?{_CHAR}*(?::\d*)?(?:/(?:{_CHAR}|[:@])*)*|(?!//)(?:{_CHAR}|[:@/])*)"
    rf"(?:\?(?:{_CHAR}|[:@/?{_PRIVATE}])*)?(?:#(?:{_CHAR}|[:@/?])*)?",
    re.ASCII,
)


def clean(text: str) -> str:
    """The text as it is stored: NFC, presentation forms as letters, no invisible marks, LF line ends, trimmed.

    Tashkeel, tatweel, ZWNJ and ZWJ stay: they belong to what the author wrote; alone they are no text. Illegal
    characters stay as well, so that :func:`illegal_characters` can name them instead of hiding them.
    """
    if _UNTIDY.search(text):
        kept = _DROPPED.sub(r"\1", text)
        folded = _PRESENTATION.sub(lambda match: unicodedata.normalize("NFKC", match.group()), kept)
        text = _LINE_ENDS.sub("\n", folded)
    cleaned = unicodedata.normalize("NFC", text).strip()
    return "" if _UNSEEN.fullmatch(cleaned) else cleaned


def illegal_characters(text: str) -> list[tuple[int, str]]:
    """Positions (from 0) and names like ``U+202E`` of characters that no value may hold."""
    return [(match.start(), f"U+{ord(match.group()):04X}") for match in _ILLEGAL.finditer(text)]


@lru_cache(maxsize=4096)
def language(tag: str) -> str | None:
    """The canonical BCP 47 tag (``ara`` → ``ar``, ``fr_FR`` → ``fr-FR``), or None where the tag is not valid.

    ``langcodes.tag_is_valid`` alone accepts ``en-UK``-like mistakes only after standardising; hence the order.
    Source: BCP 47 (RFC 5646), IANA subtag registry as carried by langcodes.
    """
    import langcodes  # late: its tables take 3 MB of every process and 30 ms of every start

    try:
        standard = langcodes.standardize_tag(tag)
    except ValueError:
        return None
    return standard if langcodes.tag_is_valid(standard) else None


def _is_plain_date(value: str) -> bool:
    """A year from 1 to 9999, with a month, with a day of the calendar: EDTF level 0, section "Date"."""
    if not _PLAIN_DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(f"{value}-01-01"[:10] if len(value) < 10 else value)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def is_edtf(value: str) -> bool:
    """Whether the value is an Extended Date/Time Format string (ISO 8601-2, EDTF level 0 to 2)."""
    if not value or len(value) > 60:
        return False
    if _is_plain_date(value):  # nearly all of them; the grammar takes 20 ms for one
        return True
    from edtf import EDTFParseException, parse_edtf  # builds its grammar on import: 0.3 s that most commands never need
    from edtf.parser import parser_classes

    vars(parser_classes)["print"] = lambda *_: None  # edtf 5.0.2 tells standard output where it trips over "2024-1X"
    try:
        parse_edtf(value)
    except (EDTFParseException, ValueError, OverflowError, AttributeError, TypeError):
        return False
    return True


def w3cdtf(value: str) -> str | None:
    """The EDTF value as a W3CDTF date (``2024``, ``2024-05``, ``2024-05-17``) for formats that know no more.

    Uncertainty marks are dropped, an interval gives its start, seasons and unspecified digits what is known before
    them (``2024-05-XX`` gives ``2024-05``); None where no year is known.
    """
    match = _DATE.match(value)
    return "-".join(part for part in match.groups() if part) if match else None


def is_duration(value: str) -> bool:
    """Whether the value is an ISO 8601 duration such as ``PT45M`` or ``P2W``."""
    return bool(_DURATION.match(value))


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    codes = [str(code) for code in babel.Locale("en").territories]
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NOT_COUNTRIES


# CLDR's two-letter codes that ISO 3166-1 does not assign: groups, exceptional reservations and test codes.
_NOT_COUNTRIES = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"})


def is_country(code: str) -> bool:
    """Whether the code is an assigned ISO 3166-1 alpha-2 code (list: CLDR's territories)."""
    return code in _countries()


def is_iri(value: str) -> bool:
    """Whether the value is an absolute IRI (RFC 3987) that names its host, if it has one, by a name or IPv4."""
    return bool(_IRI.fullmatch(value))
