"""What a reader has chosen for this site without an account: language, text size, colours, low data. In one cookie,
which says nothing else and stays here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args
from urllib.parse import parse_qsl, urlencode

from starlette.requests import HTTPConnection

from api.i18n import LANGUAGES, Language

Theme = Literal["auto", "light", "dark"]
Size = Literal["normal", "large", "larger"]

COOKIE = "preferences"
LASTS = 365 * 86400  # seconds
_LONGEST = 200  # characters of a cookie that are looked at


@dataclass(frozen=True, slots=True)
class Preferences:
    """``lang`` is None where the browser's own languages decide. ``low_data``: no fonts, pictures or previews."""

    lang: Language | None = None
    theme: Theme = "auto"
    size: Size = "normal"
    low_data: bool = False

    @property
    def written(self) -> str:
        """The value of the cookie."""
        told = {"lang": self.lang or "", "theme": self.theme, "size": self.size, "data": "low" if self.low_data else ""}
        return urlencode({name: value for name, value in told.items() if value})


def of(request: HTTPConnection) -> Preferences:
    """Those of the cookie; what it does not say is as usual. A browser that saves data by itself is believed."""
    given = request.cookies.get(COOKIE, "")[:_LONGEST]
    saving = request.headers.get("save-data", "").strip().lower() == "on"
    return chosen(dict(parse_qsl(given)), saving=saving and not given)


def chosen(given: Mapping[str, str], *, saving: bool = False) -> Preferences:
    """What a form or a cookie says; a value that is none counts as not said."""
    return Preferences(
        lang=cast("Language | None", _one(given, "lang", LANGUAGES, None)),
        theme=cast("Theme", _one(given, "theme", get_args(Theme), "auto")),
        size=cast("Size", _one(given, "size", get_args(Size), "normal")),
        low_data=saving or given.get("data") == "low",
    )


def _one(given: Mapping[str, str], name: str, known: tuple[str, ...], usual: str | None) -> str | None:
    value = given.get(name)
    return value if value in known else usual
