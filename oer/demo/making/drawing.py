"""A sheet to draw on: twice as large as it will be, so that edges are smooth, with words in either direction."""

from collections.abc import Sequence
from importlib.resources import files
from io import BytesIO
from math import cos, pi, sin

from PIL import Image, ImageDraw, ImageFont, features

_FONTS = files("oer.demo") / "fonts"
_SCALE = 2

Point = tuple[float, float]

INK, PAPER, TEAL, SAND, SUN, SKY, LEAF, CLAY, ROSE, NIGHT = (
    "#262a30",
    "#fbf8f1",
    "#0b5e63",
    "#e7cf9f",
    "#f2a93b",
    "#cfe6ee",
    "#4f8a4c",
    "#b5652e",
    "#b83b5e",
    "#1c2a4a",
)


def words_in(lang: str) -> str:
    """The language that words can be drawn in: Arabic needs a layout that joins letters, which not every Pillow has."""
    return lang if lang != "ar" or features.check("raqm") else "fr"


class Sheet:
    """Measures are pixels of the finished picture."""

    def __init__(self, width: int, height: int, paper: str = PAPER, *, lang: str = "en") -> None:
        self.size = width, height
        self.lang = lang
        self._image = Image.new("RGB", (width * _SCALE, height * _SCALE), paper)
        self._draw = ImageDraw.Draw(self._image)

    def box(self, corner: Point, opposite: Point, fill: str, *, radius: float = 0, line: str | None = None) -> None:
        spots = [*_scaled(corner), *_scaled(opposite)]
        self._draw.rounded_rectangle(spots, radius * _SCALE, fill=fill, outline=line, width=2 * _SCALE)

    def disc(self, centre: Point, radius: float, fill: str, *, line: str | None = None, width: float = 2) -> None:
        x, y = centre
        spots = [*_scaled((x - radius, y - radius)), *_scaled((x + radius, y + radius))]
        self._draw.ellipse(spots, fill=fill, outline=line, width=int(width * _SCALE))

    def oval(self, corner: Point, opposite: Point, fill: str) -> None:
        self._draw.ellipse([*_scaled(corner), *_scaled(opposite)], fill=fill)

    def slice(self, centre: Point, radius: float, start: float, end: float, fill: str) -> None:
        """Part of a disc; degrees from the right, clockwise."""
        x, y = centre
        spots = [*_scaled((x - radius, y - radius)), *_scaled((x + radius, y + radius))]
        self._draw.pieslice(spots, start, end, fill=fill)

    def shape(self, points: Sequence[Point], fill: str | None, *, line: str | None = None, width: float = 2) -> None:
        spots = [_scaled(point) for point in points]
        if fill:
            self._draw.polygon(spots, fill=fill)
        if line:
            self._draw.line([*spots, spots[0]], fill=line, width=int(width * _SCALE), joint="curve")

    def path(self, points: Sequence[Point], colour: str, width: float = 3) -> None:
        self._draw.line([_scaled(point) for point in points], fill=colour, width=int(width * _SCALE), joint="curve")

    def arrow(self, start: Point, end: Point, colour: str, width: float = 4) -> None:
        (x, y), (to_x, to_y) = start, end
        length = max(((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5, 1)
        along_x, along_y = (to_x - x) / length, (to_y - y) / length
        back = (to_x - along_x * width * 3.2, to_y - along_y * width * 3.2)
        wide = width * 1.9
        self.path([start, back], colour, width)
        left = (back[0] - along_y * wide, back[1] + along_x * wide)
        right = (back[0] + along_y * wide, back[1] - along_x * wide)
        self.shape([end, left, right], colour)

    def words(self, place: Point, said: str, size: float = 22, colour: str = INK, *, bold: bool = False) -> None:
        """Words around a point; lines are parted by a newline."""
        font = _font(size, bold=bold)
        lines = said.split("\n")
        x, y = _scaled(place)
        step = size * 1.5 * _SCALE
        for at, line in enumerate(lines):
            spot = (x, y + (at - (len(lines) - 1) / 2) * step)
            direction, language = ("rtl", "ar") if self.lang == "ar" else (None, None)
            self._draw.text(spot, line, fill=colour, font=font, anchor="mm", direction=direction, language=language)

    def png(self) -> bytes:
        """Few colours are enough for drawings, and make small files."""
        made = BytesIO()
        small = self._image.resize(self.size, Image.Resampling.LANCZOS)
        small.quantize(96, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
        return made.getvalue()

    def jpeg(self) -> bytes:
        made = BytesIO()
        self._image.resize(self.size, Image.Resampling.LANCZOS).save(made, "JPEG", quality=82, optimize=True)
        return made.getvalue()


def _scaled(point: Point) -> Point:
    return point[0] * _SCALE, point[1] * _SCALE


def _font(size: float, *, bold: bool) -> ImageFont.FreeTypeFont:
    engine = ImageFont.Layout.RAQM if features.check("raqm") else ImageFont.Layout.BASIC
    name = "ReadexPro-bold.ttf" if bold else "ReadexPro-regular.ttf"
    return ImageFont.truetype(str(_FONTS / name), int(size * _SCALE), layout_engine=engine)


def around(centre: Point, radius: float, degrees: float) -> Point:
    """A point on a circle; degrees from the right, clockwise."""
    turned = degrees * pi / 180
    return centre[0] + radius * cos(turned), centre[1] + radius * sin(turned)


def star(centre: Point, points: int, outer: float, inner: float, turned: float = 0) -> list[Point]:
    """The corners of a star."""
    half = 180 / points
    return [around(centre, inner if at % 2 else outer, turned + at * half) for at in range(points * 2)]
