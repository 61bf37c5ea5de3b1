"""Dates as partners write them, as EDTF; the door is ``metadata.crosswalks.understood``."""

import re
from collections.abc import Callable, Mapping
from datetime import date as day
from functools import cache

from babel import Locale

from metadata import arabic, rules, values
from metadata.findings import Findings

_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "0123456789" * 2)
_HIJRI = re.compile(r"هـ|ھ|هجري|\bA\.?H\b|\bhijri", re.IGNORECASE)
# Month names differ between Egypt, the Levant, Tunisia and Algeria, Morocco and Mauritania.
_LOCALES = ("en", "fr", "ar", "ar_LB", "ar_DZ", "ar_MA", "ar_MR")
_ABOUT = re.compile(r"(?:ca?\.|ca|circa|about|vers|env\.|environ|حوالي|نحو|قرابة)\s*(?=\d)", re.IGNORECASE)
_COPYRIGHT = re.compile(r"(?:©|\(c\)|c(?=\d{4}$)|cop\.)\s*", re.IGNORECASE)


def date(said: str) -> str | None:
    """EDTF for a date that can be read in one way only; None otherwise.

    Read: EDTF, W3CDTF (cut to the day), DCMI Period, ISO 8601 basic, spans of years, months named in Arabic, French
    or English, ``circa``, ``[1920?]``. Two numbers that may both be months (``03/05/2015``) and Hijri dates are not
    guessed at. An open end of a period is EDTF's ``..``.
    """
    text = values.clean(said).translate(_DIGITS)
    if len(text) > 200 or _HIJRI.search(text):
        return None
    text = re.sub(r"(?<=\d)\s*م\.?$", "", text)  # the Arabic mark of the common era
    for read in (_period, _written, _marked):
        found = read(text)
        if found:
            return found if _sound(found) else None
    return None


def _sound(value: str) -> bool:
    findings = Findings()
    rules.date(findings, "", value, None)
    return not findings.all() and not value.startswith("0000")


def _period(text: str) -> str | None:
    """DCMI Period Encoding Scheme: ``name=…; start=2011; end=2012; scheme=W3C-DTF;``."""
    parts = dict(re.findall(r"(?:^|;)\s*(\w+)\s*=\s*([^;]*)", text))
    ends = [date(parts[name]) if parts.get(name, "").strip() else None for name in ("start", "end")]
    unread = any(parts.get(name, "").strip() and not end for name, end in zip(("start", "end"), ends, strict=True))
    if unread or ends == [None, None] or any("/" in (end or "") for end in ends):
        return None
    return ends[0] if ends[0] == ends[1] else f"{ends[0] or '..'}/{ends[1] or '..'}"


def _marked(text: str) -> str | None:
    """With what cataloguers put around a date: brackets, a question mark, "circa", the sign of copyright."""
    bare = re.sub(r"^\[(.*)\]$|^\((.*)\)$", r"\1\2", text).strip()
    unsure = bare.endswith("?")
    about = bool(_ABOUT.match(bare))
    bare = _COPYRIGHT.sub("", _ABOUT.sub("", bare, count=1), count=1).removesuffix("?" if unsure else "").strip(" .")
    if bare == text:
        return None
    found = _written(bare)
    if not found:
        return None
    marked = found + ("%" if about and unsure else "~" if about else "?" if unsure else "")
    return marked if values.is_edtf(marked) else None


def _written(text: str) -> str | None:
    for pattern, made in _PATTERNS:
        match = pattern.fullmatch(text)
        if match:
            return made(match)
    if values.is_edtf(text):
        return text
    return _named(text)


def _exact(year: str, month: str, number: str) -> str | None:
    try:
        return day(int(year), int(month), int(number)).isoformat()
    except ValueError:
        return None


def _turned(match: re.Match[str]) -> str | None:
    """Day and month in either order: told apart where one is above twelve, or both are the same."""
    first, second, year = match.groups()
    if int(first) <= 12 and int(second) <= 12 and int(first) != int(second):
        return None
    return _exact(year, second, first) if int(second) <= 12 else _exact(year, first, second)


def _month(match: re.Match[str]) -> str | None:
    return f"{match[1]}-{int(match[2]):02}" if 1 <= int(match[2]) <= 12 else None


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]], ...] = (
    (re.compile(r"(\d{4}-\d\d-\d\d)[T ]\d\d?:.*"), lambda match: match[1]),
    (re.compile(r"(\d{4})-00(?:-00)?"), lambda match: match[1]),
    (re.compile(r"(\d{4}-\d\d)-00"), lambda match: match[1]),
    (re.compile(r"(\d{4})([-/.])(\d\d?)\2(\d\d?)"), lambda match: _exact(match[1], match[3], match[4])),
    (re.compile(r"(\d{4})(\d\d)(\d\d)"), lambda match: _exact(*match.groups())),
    (re.compile(r"(\d{4})-(\d)"), _month),
    (re.compile(r"(\d\d?)[-/.](\d\d?)[-/.](\d{4})"), _turned),
    (re.compile(r"(\d{4})\s*[-–—]\s*(\d{4})"), lambda match: f"{match[1]}/{match[2]}"),
)


def _named(text: str) -> str | None:
    """``13 May 2015``, ``May 13, 2015``, ``mai 2015``, ``Wed, 13 May 2015 10:00:00 GMT``, ``١٣ مايو ٢٠١٥``."""
    words = re.sub(r"\s+\d\d?:\d\d.*$", "", arabic.fold(text))
    words = re.sub(r"^[^\W\d]+[,،]\s*(?=\d)", "", words)  # the day of the week
    words = re.sub(r"(?<=\d)(?:st|nd|rd|th|er)\b", "", words)
    match = re.fullmatch(r"(?:(\d\d?)[\s.-]+)?([^\W\d][^\d,،]*?)[\s.,،-]+(?:(\d\d?)[\s,،]+)?(\d{4})", words)
    month = _months().get(match[2].removeprefix("de ")) if match else None
    if not match or not month or (match[1] and match[3]):
        return None
    number = match[1] or match[3]
    return _exact(match[4], month, number) if number else f"{match[4]}-{month}"


@cache
def _months() -> Mapping[str, str]:
    """Folded name → two digits; names that mean another month elsewhere are left out."""
    found: dict[str, set[str]] = {}
    for locale in _LOCALES:
        for form in ("wide", "abbreviated"):
            for number, name in Locale.parse(locale).months["format"][form].items():
                found.setdefault(arabic.fold(name).rstrip("."), set()).add(f"{number:02}")
    return {name: numbers.pop() for name, numbers in found.items() if len(numbers) == 1}
