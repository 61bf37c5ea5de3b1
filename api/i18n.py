"""Words at the edge: sentences for codes, plurals, numbers, sizes and dates in Arabic, French and English.

Catalogues are gettext files, ``locale/<language>/*.po``, merged per language and read once; nothing is compiled
beforehand. A message id is a code (``title.missing``, ``field.title``), never a sentence, so a missing one shows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from babel import Locale, dates, numbers, units
from babel.messages.pofile import read_po

from metadata import analysis, arabic, vocabularies

Language = Literal["ar", "fr", "en"]

LANGUAGES: tuple[Language, ...] = ("ar", "fr", "en")

_LOCALE = Path(__file__).resolve().parent / "locale"

_BETWEEN = {"ar": "؛ ", "fr": "\u202f; "}  # terms of a list in a sentence
# The order in which msgstr[0], msgstr[1]… stand in the catalogues: CLDR's categories. French "many" (whole
# millions) reads like "other" in what we say.
FORMS: Mapping[Language, tuple[str, ...]] = {
    "ar": ("zero", "one", "two", "few", "many", "other"),
    "fr": ("one", "other"),
    "en": ("one", "other"),
}

# Parameters that are codes themselves: shown in words where the catalogue has them.
_WORDS: Mapping[str, str] = {
    "expected": "type.",
    "scheme": "scheme.",
    "action": "action.",
    "step": "action.",
    "state": "state.",
    "needed": "role.",
}

# Sentences that name terms of a vocabulary: of this one, or of the parameter ``scheme``.
_OF_TERMS: Mapping[str, str] = {"term.unknown": "", "licence.unknown": "licences"}

_LARGEST = 10**18  # of numbers that are grouped: Babel fails beyond the digits of its decimals

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|%)")
_RTL_LETTERS = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Message:
    """One entry: its texts in the order of :data:`FORMS` (one text where it has no plural)."""

    texts: tuple[str, ...]
    plural: bool
    fuzzy: bool


@cache
def catalogue(language: Language) -> Mapping[str, Message]:
    """Every message of a language by its code. Raises ValueError where two files define the same code."""
    found: dict[str, Message] = {}
    for file in sorted((_LOCALE / language).glob("*.po")):
        with file.open("rb") as lines:
            entries = read_po(lines, locale=language, abort_invalid=True)
        for entry in entries:
            if not entry.id:
                continue
            code = entry.id[0] if isinstance(entry.id, list | tuple) else entry.id
            if code in found:
                raise ValueError(f"{file.name} ({language}) defines {code} a second time")
            texts = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
            found[code] = Message(texts, entry.pluralizable, entry.fuzzy)
    return MappingProxyType(found)


def heading(code: str, status: int, language: Language) -> str:
    """The title of a refusal: its own where it has one, else that of its status."""
    own = f"heading.{code}"
    return message(own if own in catalogue(language) else f"status.{status}", language)


def load() -> None:
    """Read every catalogue now, so that a broken one stops the start and not the first reader."""
    for language in LANGUAGES:
        catalogue(language)


def supported(language: str | None, default: Language = "ar") -> Language:
    """The catalogue language for a tag (``fr-CA`` → ``fr``), ``default`` where there is none."""
    primary = (language or "").replace("_", "-").partition("-")[0].lower()
    return next((known for known in LANGUAGES if known == primary), default)


def message(code: str, language: str, /, **params: object) -> str:
    """The sentence for a code in a language; the code itself where no catalogue has it. Never raises.

    Placeholders are named, ``%(limit)s``; a parameter that is not given shows as ``…``. Whole numbers are
    written as the language writes them. Text is wrapped in isolates (U+2068 … U+2069) where its direction could
    disturb the sentence: always in Arabic, elsewhere when it holds right-to-left letters; direction controls
    inside it are taken out first. The result is plain text: HTML escaping is the template's.
    A message with plural forms takes its number from the parameter ``count``. A parameter ``allowed`` names a second
    sentence, ``allowed.…``: what would be right instead.
    """
    codes = [code, f"allowed.{params['allowed']}"] if "allowed" in params else [code]
    return " ".join(_sentence(one, language, params) for one in codes)


def _sentence(code: str, language: str, params: Mapping[str, object]) -> str:
    spoken = supported(language, "en")
    entry = catalogue(spoken).get(code)
    if entry is None:
        return code
    if code in _OF_TERMS:
        scheme = _OF_TERMS[code] or str(params.get("scheme", ""))
        params = {**params, "terms": _terms(scheme, str(params.get("value", "")), spoken)}
    if not entry.plural:
        return _filled(entry.texts[0] or code, spoken, params)
    count = params.get("count")
    number = count if isinstance(count, int | float) else 0
    return _filled(_form(entry, spoken, number) or code, spoken, params)


def _terms(scheme: str, value: str, language: Language) -> str:
    """A sentence with the terms that may have been meant, each with its address: the label alone does for imports."""
    if scheme not in (*vocabularies.schemes(), "subjects"):
        return ""
    schemes = vocabularies.SUBJECTS if scheme == "subjects" else (scheme,)
    meant = [uri for one in schemes if (uri := vocabularies.canonical(one, value))]
    if meant:
        return _sentence("terms.meant", language, {"uri": meant[0]})
    found = vocabularies.suggested(scheme, value)
    if not found:
        return _sentence("terms.none", language, {})
    shown = [f"{vocabularies.label(one.scheme, one.uri, language)} ({_isolated(one.uri, language)})" for one in found]
    everything = len(found) == sum(term.offered for one in schemes for term in vocabularies.terms(one).values())
    sentence = catalogue(language)["terms.all" if everything else "terms.nearest"].texts[0]
    return sentence.replace("%(terms)s", _BETWEEN.get(language, "; ").join(shown))


def _form(entry: Message, language: Language, count: float) -> str:
    category = Locale.parse(language).plural_form(abs(count))
    forms = FORMS[language]
    index = forms.index(category) if category in forms else len(forms) - 1
    return entry.texts[min(index, len(entry.texts) - 1)]


def _filled(text: str, language: Language, params: Mapping[str, object]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "%"
        return _shown(name, params[name], language) if name in params else "…"

    return _PLACEHOLDER.sub(value, text)


def _shown(name: str, value: object, language: Language) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST:
        return number(value, language)
    if name == "terms":
        return str(value)  # a sentence of ours
    text = _BIDI_CONTROLS.sub("", str(value))
    if name == "language":
        return language_name(text, language)
    words = catalogue(language).get(_WORDS[name] + text) if name in _WORDS else None
    if words:
        return words.texts[0]
    return _isolated(text, language)


def _isolated(text: str, language: Language) -> str:
    return f"\u2068{text}\u2069" if language == "ar" or _RTL_LETTERS.search(text) else text


def field(path: str, language: str) -> str:
    """A field path in words: ``creators[1].orcid`` → ``Authors 2: ORCID iD``, ``title[fr]`` → ``Title (French)``."""
    shown = []
    for name, key in re.findall(r"([^.\[\]]+)(?:\[([^\]]*)\])?", path):
        label = message(f"field.{name}", language)
        label = name if label == f"field.{name}" else label
        if key.isascii() and key.isdigit():
            label = f"{label} {number(int(key) + 1, language)}"
        elif key:
            label = f"{label} ({language_name(key, language)})"
        shown.append(label)
    return ": ".join(shown)


def language_name(tag: str, language: str) -> str:
    """What a language is called in another one (``fr`` in Arabic: ``الفرنسية``); the tag where CLDR has no name."""
    names = Locale.parse(supported(language, "en")).languages
    return names.get(tag.replace("-", "_")) or names.get(tag.partition("-")[0]) or tag


def negotiate(accept_language: str | None, default: Language = "ar") -> Language:
    """The language for an ``Accept-Language`` header (RFC 9110, section 12.5.4), ``default`` where none fits.

    A range fits by its first subtag (``ar-TN`` → Arabic); equal weights keep their order; ``q=0`` excludes;
    ``*`` means the default, unless it is excluded. Whatever cannot be read is passed over.
    """
    weights: dict[str, float] = {}
    for part in (accept_language or "")[:1000].split(",")[:50]:
        tag, _, rest = part.partition(";")
        name = tag.strip().lower().partition("-")[0]
        weight = _weight(rest)
        if weight is not None and name in ("*", *LANGUAGES):
            weights[name] = max(weight, weights.get(name, 0.0))
    named = [name for name in weights if weights[name] > 0]
    ranked = sorted(named, key=lambda name: -weights[name])
    refused = {name for name in weights if not weights[name]}
    for name in ranked:
        if name != "*":
            return supported(name, default)
        anything = [language for language in (default, *LANGUAGES) if language not in weights]
        if anything:
            return anything[0]
    left = [language for language in (default, *LANGUAGES) if language not in refused]
    return left[0] if left else default


def _weight(parameters: str) -> float | None:
    """The q of a range: 1 where it is missing, None where it is not one (RFC 9110, section 12.4.2)."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            match = re.fullmatch(r"\s*([01](?:\.\d{0,3})?)\s*", value, re.ASCII)
            return min(float(match[1]), 1.0) if match else None
    return 1.0


def number(value: float, language: str) -> str:
    """A number as the language groups it. European digits in Arabic too: the Maghreb reads no others."""
    return numbers.format_decimal(value, locale=supported(language, "en"))


_SIZES = ("byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte")


def file_size(size: int, language: str) -> str:
    """Bytes in the largest unit that gives at least 1, one decimal: ``1.5 MB``, ``1,5 Mo`` (1 kB = 1,000 bytes)."""
    value, step = float(size), 0
    while round(value, 1) >= 1000 and step < len(_SIZES) - 1:
        value, step = value / 1000, step + 1
    spoken = supported(language, "en")
    # CLDR has no Arabic long form for bytes, and its English short one is "3 byte".
    length: Literal["short", "long"] = "long" if spoken == "en" and not step else "short"
    amount = round(value, 1) if step else size
    return units.format_unit(amount, f"digital-{_SIZES[step]}", length=length, locale=spoken)


def day(value: date, language: str) -> str:
    """A day in words: ``17 mai 2024``."""
    written = dates.format_date(value, "long", locale=supported(language, "en"))
    return f"1er {written[2:]}" if value.day == 1 and supported(language, "en") == "fr" else written


_DURATION = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,5})S)?)?",
    re.ASCII,
)
_PARTS = ("year", "month", "week", "day", "hour", "minute", "second")


def duration(value: str, language: str) -> str:
    """An ISO 8601 duration in words (``PT1H30M``: ``1 heure, 30 minutes``); as it is where it is written otherwise."""
    found = _DURATION.fullmatch(value)
    spoken = supported(language, "en")
    told = [
        message(f"duration.{part}", spoken, count=int(number))  # CLDR of Babel has no Arabic months and days
        for number, part in zip(found.groups() if found else (), _PARTS, strict=False)
        if number
    ]
    return ("، " if spoken == "ar" else ", ").join(told) or value


def alphabetical(name: str) -> str:
    """What a short list is sorted by: letters without accents and marks, names without the Arabic article."""
    return analysis.fold(arabic.title_key(name))
