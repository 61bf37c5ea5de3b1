"""What a language tag (BCP 47) says about how its text runs, and what the language is called."""

from functools import cache
from typing import Literal

from babel import Locale, UnknownLocaleError

Direction = Literal["ltr", "rtl", "auto"]

_RTL_SCRIPTS = frozenset(["Adlm", "Arab", "Aran", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"])


@cache
def direction(language: str) -> Direction:
    """The direction of a language tag, by its script subtag or else by CLDR; ``auto`` where nobody knows."""
    subtags = language.replace("_", "-").split("-")
    script = next((part.title() for part in subtags[1:3] if len(part) == 4 and part.isalpha()), None)
    if script:
        return "rtl" if script in _RTL_SCRIPTS else "ltr"
    try:
        found = Locale.parse(subtags[0].lower()).text_direction
    except (ValueError, UnknownLocaleError):
        return "auto"
    return "auto" if subtags[0].lower() == "und" else "rtl" if found == "rtl" else "ltr"


def name(language: str, shown: str) -> str | None:
    """What the language is called in the language ``shown``: ``ar``, ``fr`` → ``arabe``. None where CLDR is silent."""
    try:
        return Locale.parse(language.replace("-", "_")).get_display_name(shown)
    except (ValueError, UnknownLocaleError):
        return None
