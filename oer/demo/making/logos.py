"""Signs of the invented institutions: a few plain shapes on a round ground."""

from collections.abc import Callable, Mapping
from math import sin

from oer.demo.making.drawing import LEAF, PAPER, SAND, SKY, SUN, Sheet, around, star

_SIZE = 320
_MIDDLE = (_SIZE / 2, _SIZE / 2)


def logo(name: str, colour: str) -> bytes:
    """A square PNG."""
    sheet = Sheet(_SIZE, _SIZE, "#ffffff")
    sheet.disc(_MIDDLE, 156, colour)
    _SIGNS[name](sheet, colour)
    return sheet.png()


def _branches(sheet: Sheet, _colour: str) -> None:
    for degrees, fill in ((-90, SUN), (-150, SAND), (-30, SAND), (150, SKY), (30, SKY)):
        x, y = around(_MIDDLE, 78, degrees)
        sheet.path([_MIDDLE, (x, y)], PAPER, 9)
        sheet.disc((x, y), 30, fill)
    sheet.path([_MIDDLE, (160, 262)], PAPER, 12)


def _gate(sheet: Sheet, colour: str) -> None:
    sheet.box((78, 92), (242, 246), PAPER, radius=10)
    sheet.disc((160, 168), 48, colour)
    sheet.box((112, 168), (208, 248), colour)
    sheet.shape(star((160, 178), 8, 27, 17), SUN)


def _palm(sheet: Sheet, _colour: str) -> None:
    sheet.shape([(148, 262), (172, 262), (166, 130), (156, 130)], SAND)
    for degrees in (-170, -130, -90, -50, -10):
        tip = around((161, 130), 92, degrees)
        side = around((161, 130), 52, degrees + 16)
        other = around((161, 130), 52, degrees - 16)
        sheet.shape([(161, 130), side, tip, other], PAPER if degrees in (-130, -50) else LEAF)
    sheet.disc((148, 146), 11, SUN)
    sheet.disc((174, 146), 11, SUN)


def _lighthouse(sheet: Sheet, colour: str) -> None:
    sheet.shape([(168, 108), (290, 70), (290, 140)], SUN)
    sheet.shape([(128, 258), (192, 258), (178, 124), (142, 124)], PAPER)
    sheet.shape([(134, 212), (186, 212), (183, 184), (137, 184)], colour)
    sheet.box((140, 92), (180, 126), SAND, radius=4)
    sheet.shape([(134, 94), (186, 94), (160, 62)], PAPER)


def _telescope(sheet: Sheet, _colour: str) -> None:
    for centre, size in (((94, 92), 14), ((226, 78), 20), ((248, 150), 10), ((74, 168), 9)):
        sheet.shape(star(centre, 4, size, size * 0.35, -90), SUN)
    sheet.shape([(104, 214), (118, 238), (226, 166), (206, 132)], PAPER)
    sheet.path([(160, 200), (128, 276)], SAND, 8)
    sheet.path([(160, 200), (196, 276)], SAND, 8)


def _tools(sheet: Sheet, _colour: str) -> None:
    sheet.shape([(98, 110), (122, 86), (240, 216), (222, 234)], SAND)
    sheet.box((66, 66), (146, 112), PAPER, radius=8)
    sheet.shape([(222, 86), (244, 108), (116, 240), (92, 244), (98, 218)], SUN)


def _wave(sheet: Sheet, _colour: str) -> None:
    sheet.disc((160, 122), 44, SUN)
    for at, fill in enumerate((SKY, PAPER, LEAF)):
        y = 158 + at * 32
        crest = [(66 + step * 4, y + 9 * sin(step * 0.53)) for step in range(48)]
        sheet.path(crest, fill, 13)


def _drop(sheet: Sheet, colour: str) -> None:
    sheet.disc((160, 186), 68, SKY)
    sheet.shape([(160, 58), (101, 156), (219, 156)], SKY)
    sheet.path([(112, 204), (136, 190), (160, 204), (184, 190), (208, 204)], colour, 9)


def _mountain(sheet: Sheet, colour: str) -> None:
    sheet.disc((214, 106), 28, SUN)
    sheet.shape([(52, 238), (138, 96), (224, 238)], PAPER)
    sheet.shape([(128, 238), (204, 136), (272, 238)], SAND)
    sheet.shape([(138, 96), (116, 132), (138, 124), (160, 132)], colour)


def _sail(sheet: Sheet, _colour: str) -> None:
    sheet.shape([(164, 62), (164, 206), (258, 206)], PAPER)
    sheet.shape([(150, 96), (150, 206), (82, 206)], SUN)
    sheet.shape([(70, 218), (252, 218), (220, 258), (102, 258)], SAND)


_SIGNS: Mapping[str, Callable[[Sheet, str], None]] = {
    "branches": _branches,
    "gate": _gate,
    "palm": _palm,
    "lighthouse": _lighthouse,
    "telescope": _telescope,
    "tools": _tools,
    "wave": _wave,
    "drop": _drop,
    "mountain": _mountain,
    "sail": _sail,
}
