"""``/styleguide``: every part that pages are made of, each beside the others, in every state that it has."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from api import render
from api.pages import cards, frame
from api.pages.cards import Card
from api.pages.places import Place
from api.pages.shelves import Shown
from api.pages.steps import Step
from metadata.record import Text

_COLOURS = (
    "paper",
    "card",
    "sunk",
    "ink",
    "quiet",
    "line",
    "edge",
    "accent",
    "tint",
    "warm",
    "warm-tint",
    "stop",
    "mark",
)
_SPACES = ("s1", "s2", "s3", "s4", "s5", "s6", "s7")


@dataclass(frozen=True, slots=True)
class StylesPage:
    colours: Sequence[str]
    spaces: Sequence[str]
    icons: Sequence[str]
    cards: Sequence[Card]
    shown: Shown
    place: Place
    trail: Sequence[Step]


def show(request: Request) -> Response:
    arabic = Text(value="دورة الماء في الطبيعة: درس وتمارين للصف الخامس", lang="ar")
    french = Text(value="Le cycle de l’eau : leçon et exercices", lang="fr")
    school = Text(value="مدرسة النخيل", lang="ar")
    card = Card(
        id="0000000000",
        path="/styleguide",
        title=arabic,
        description=french,
        creators=("سلمى بن يوسف", "Jean Dupont", "A. Writer", "Another Writer"),
        kind="Text",
        icon="text",
        tint=1,
        levels=("ISCED 1",),
        languages=("ar",),
        licence="CC BY 4.0",
        access="open",
        open=True,
        format="PDF",
        size=1_234_567,
        institution=school,
        published=date(2026, 1, 31),
        cover=None,
    )
    kinds = [replace(card, icon=sign, tint=at % 6 + 1, kind=sign) for at, sign in enumerate(cards.ICONS)]
    closed = replace(card, title=french, access="embargoed", open=False, icon="video", tint=3)
    page = StylesPage(
        colours=_COLOURS,
        spaces=_SPACES,
        icons=_SIGNS,
        cards=[card, closed, *kinds],
        shown=Shown("/styleguide", french, arabic, school, 11, 2, None),
        place=Place("school", "/styleguide", school, "School", "Tunisia", None, 3),
        trail=[Step("/institutions", code="site.institutions"), Step("/styleguide", school)],
    )
    return frame.sent(request, render.html(request, "styleguide.html", page), render.spoken(request))


_SIGNS = (
    *cards.ICONS,
    *("search", "download", "copy", "check", "close", "forward", "institution", "collection", "feed", "people"),
    *("settings", "lock", "star", "flag", "share", "eye", "menu"),
)
