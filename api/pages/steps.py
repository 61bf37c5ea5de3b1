"""The way from the start page to the one that is shown."""

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request

from api import render
from metadata.record import Text
from oer import institutions
from oer.models import Institution


@dataclass(frozen=True, slots=True)
class Step:
    """A page on the way: ``text`` are its words, or ``code`` is where the catalogue has them."""

    path: str
    text: Text | None = None
    code: str = ""


def to_institution(request: Request, above: Iterable[Institution]) -> list[Step]:
    """Over the directory and these institutions, the highest first."""
    spoken = render.spoken(request)
    steps = [Step("/institutions", code="site.institutions")]
    for one in above:
        name, lang = institutions.name_in(one, spoken)
        steps.append(Step(f"/institutions/{one.slug}", Text(value=name, lang=lang)))
    return steps
