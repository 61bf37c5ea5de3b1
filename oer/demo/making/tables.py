"""Tables in CSV. What looks measured was drawn from a fixed seed, and says so."""

import csv
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import StringIO
from math import cos, pi, sqrt

from oer.demo import content

Row = Sequence[object]

_STATIONS = (("coast", 62.0), ("plateau", 38.0), ("oasis", 9.0))  # millimetres in January


def table(name: str) -> bytes:
    """A table of this module, or a list that stands beside the texts (``name.csv``)."""
    rows = _TABLES[name]() if name in _TABLES else _list(name)
    written = StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode()


def _rainfall() -> Iterator[Row]:
    """Thirty years of months at three stations that never were; a dry trend at one, for learners to find."""
    draw = random.Random(1991)  # noqa: S311 - for variety, not for secrets
    yield ("station", "year", "month", "rain_mm", "origin")
    for station, wettest in _STATIONS:
        for year in range(1991, 2021):
            drier = 1 - 0.009 * (year - 1991) if station == "plateau" else 1.0
            for month in range(1, 13):
                season = (1 + cos(2 * pi * (month - 1) / 12)) / 2
                rain = wettest * drier * season * draw.gammavariate(2.2, 1 / 2.2)
                yield (station, year, month, f"{rain:.1f}", "synthetic")


def _pendulum() -> Iterator[Row]:
    """Ten swings of a pendulum, with the errors of a hand at a stopwatch."""
    draw = random.Random(981)  # noqa: S311
    yield ("length_m", "trial", "ten_periods_s", "origin")
    for length in (0.20, 0.40, 0.60, 0.80, 1.00):
        for trial in (1, 2, 3):
            yield (f"{length:.2f}", trial, f"{20 * pi * sqrt(length / 9.81) + draw.gauss(0, 0.09):.2f}", "synthetic")


def _list(name: str) -> Iterator[Row]:
    """Lines of a text whose cells are parted by ``|``."""
    for line in content.text(name).splitlines():
        yield [cell.strip() for cell in line.split("|")]


_TABLES: Mapping[str, Callable[[], Iterator[Row]]] = {"rainfall": _rainfall, "pendulum": _pendulum}
