"""An institution's own colour on its pages, always with enough contrast: lightness is moved until words can be read.

Contrast is that of WCAG 2.2 (success criterion 1.4.3): at least 4.5 to 1 for words.
"""

from collections.abc import Sequence
from functools import lru_cache

Rgb = tuple[float, float, float]

_LEAST = 4.6  # a little more than 4.5: what is rounded stays right
_STEPS = 100
_LIGHT = ((0xFD, 0xFB, 0xF6), (0xFF, 0xFF, 0xFF))  # paper and cards of site.css
_DARK = ((0x16, 0x16, 0x13), (0x20, 0x1F, 0x1C))
_WHITE, _BLACK = (255.0, 255.0, 255.0), (13.0, 17.0, 16.0)


@lru_cache(maxsize=1024)
def stylesheet(colour: str) -> str:
    """The accent of a page, light and dark, for a colour ``#rrggbb``."""
    light = _rules(colour, _LIGHT, _BLACK, tint=0.92)
    dark = _rules(colour, _DARK, _WHITE, tint=0.82)
    return (
        f":root{{{light}}}\n[data-theme=dark]{{{dark}}}\n"
        f"@media (prefers-color-scheme: dark){{[data-theme=auto]{{{dark}}}}}\n"
    )


def _rules(colour: str, grounds: Sequence[Rgb], towards: Rgb, *, tint: float) -> str:
    given = parsed(colour)
    washed = _mixed(given, grounds[0], tint)
    accent = readable(given, (*grounds, washed), towards)
    ink = _WHITE if contrast(accent, _WHITE) >= contrast(accent, _BLACK) else _BLACK
    return f"--accent:{_written(accent)};--accent-ink:{_written(ink)};--tint:{_written(washed)}"


def readable(colour: Rgb, grounds: Sequence[Rgb], towards: Rgb) -> Rgb:
    """The nearest to ``colour``, on the way to ``towards``, that can be read on all of these grounds."""
    for step in range(_STEPS + 1):
        found = _mixed(colour, towards, step / _STEPS)
        rounded = parsed(_written(found))
        if all(contrast(rounded, ground) >= _LEAST for ground in grounds):
            return rounded
    return towards


def parsed(colour: str) -> Rgb:
    """``#rrggbb`` as red, green and blue, 0 to 255."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return float(red), float(green), float(blue)


def _written(colour: Rgb) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in colour)


def _mixed(one: Rgb, other: Rgb, part: float) -> Rgb:
    red, green, blue = (first + (second - first) * part for first, second in zip(one, other, strict=True))
    return red, green, blue


def contrast(one: Rgb, other: Rgb) -> float:
    """1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Rgb) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (c / 255 for c in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
