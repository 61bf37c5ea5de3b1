"""Pictures of water, land, moon and rain."""

from collections.abc import Callable, Mapping
from math import sin

from oer.demo.making.drawing import CLAY, INK, LEAF, NIGHT, PAPER, SAND, SKY, SUN, TEAL, Sheet, around

_SEA = "#3c8fb0"
_CLOUD = "#ffffff"

_CYCLE = {
    "ar": ("دورة الماء", "تبخّر", "تكاثف", "هطول", "جريان", "مياه جوفية", "بحر", "تسرّب"),
    "fr": ("Le cycle de l’eau", "évaporation", "condensation", "précipitations", "ruissellement", "eau souterraine",
           "mer", "infiltration"),
    "en": ("The water cycle", "evaporation", "condensation", "precipitation", "run-off", "groundwater", "sea",
           "infiltration"),
}  # fmt: skip


def _cloud(sheet: Sheet, x: float, y: float, size: float = 1.0) -> None:
    for right, down, radius in ((-52, 8, 30), (-16, -12, 42), (28, -4, 36), (58, 12, 24)):
        sheet.disc((x + right * size, y + down * size), radius * size, _CLOUD)
    sheet.box((x - 72 * size, y + 4 * size), (x + 76 * size, y + 36 * size), _CLOUD, radius=16 * size)


def _water_cycle(lang: str) -> Sheet:
    title, up, joined, down, runs, below, sea, into = _CYCLE[lang]
    sheet = Sheet(1000, 640, SKY, lang=lang)
    sheet.disc((880, 110), 58, SUN)
    sheet.shape([(0, 640), (0, 300), (120, 210), (230, 300), (330, 250), (560, 440), (560, 640)], "#8fae7a")
    sheet.shape([(0, 640), (0, 470), (300, 440), (560, 470), (600, 640)], CLAY)
    sheet.shape([(0, 640), (0, 560), (330, 540), (590, 560), (600, 640)], _SEA)
    sheet.shape([(540, 460), (1000, 460), (1000, 640), (590, 640)], _SEA)
    sheet.shape([(120, 210), (84, 238), (104, 244), (120, 234), (140, 246), (158, 238)], PAPER)
    _cloud(sheet, 250, 120, 1.25)
    _cloud(sheet, 560, 110, 1.05)
    for at in range(7):
        sheet.path([(190 + at * 24, 180), (180 + at * 24, 214)], _SEA, 4)
    for right in (700, 760, 820):
        sheet.arrow((right, 440), (right - 24, 250), TEAL, 5)
    sheet.arrow((690, 128), (640, 118), TEAL, 5)
    sheet.arrow((420, 116), (370, 118), TEAL, 5)
    sheet.arrow((330, 300), (500, 430), TEAL, 5)
    sheet.arrow((250, 350), (250, 500), TEAL, 5)
    sheet.arrow((420, 588), (560, 588), PAPER, 5)
    for place, said in (
        ((800, 345), up), ((560, 124), joined), ((245, 254), down), ((470, 345), runs), ((250, 590), below),
        ((800, 545), sea), ((160, 430), into),
    ):  # fmt: skip
        sheet.words(place, said, 27, PAPER if said in (below, sea, into) else INK, bold=True)
    sheet.words((500, 34), title, 32, TEAL, bold=True)
    return sheet


_MAP = {
    "ar": ("خريطة بلاد الواحات (بلاد متخيَّلة)", "المرفأ", "الهضبة", "واحة النخيل", "وادي السمر", "البحر", "كم"),
    "fr": ("Carte du Pays des oasis (pays imaginaire)", "Le Port", "Le Plateau", "Oasis du Palmier", "Oued Samar",
           "Mer", "km"),
    "en": ("Map of the Land of Oases (an invented land)", "Harbour", "Plateau", "Palm Oasis", "Wadi Samar",
           "Sea", "km"),
}  # fmt: skip


def _map(lang: str) -> Sheet:
    title, port, plateau, oasis, wadi, sea, unit = _MAP[lang]
    above = "م" if lang == "ar" else "m"
    sheet = Sheet(1000, 760, "#f3e7cd", lang=lang)
    sheet.shape([(0, 0), (1000, 0), (1000, 90), (760, 140), (610, 120), (420, 200), (240, 190), (0, 260)], "#a9d3e0")
    for ring, fill in ((150, "#ead3a4"), (112, "#dfbf86"), (76, "#d0a768"), (40, "#bd8e4f")):
        sheet.oval((320 - ring * 1.5, 470 - ring), (320 + ring * 1.5, 470 + ring), fill)
    for x, y in ((708, 590), (742, 606), (726, 566), (768, 580)):
        sheet.disc((x, y), 17, LEAF)
    river = [(360, 440), (420, 380), (480, 350), (540, 280), (600, 210), (612, 124)]
    sheet.path(river, _SEA, 6)
    sheet.path([(620, 150), (660, 300), (640, 420), (690, 520), (712, 560)], CLAY, 4)
    sheet.disc((620, 150), 11, NIGHT)
    sheet.words((700, 172), port, 26, NIGHT, bold=True)
    sheet.words((320, 470), f"{plateau}\n1240 {above}", 22, INK, bold=True)
    sheet.words((740, 648), oasis, 26, LEAF, bold=True)
    sheet.words((440, 300), wadi, 22, TEAL)
    sheet.words((220, 90), sea, 34, TEAL, bold=True)
    sheet.box((60, 690), (260, 702), INK)
    sheet.box((160, 690), (260, 702), PAPER, line=INK)
    sheet.words((160, 666), f"0 — 10 — 20 {unit}", 20)
    sheet.arrow((910, 330), (910, 230), INK, 7)
    sheet.words((910, 356), {"ar": "ش", "fr": "N", "en": "N"}[lang], 28, bold=True)
    sheet.box((250, 14), (750, 62), PAPER, radius=12)
    sheet.words((500, 38), title, 22, INK, bold=True)
    return sheet


_MOON = {
    "ar": ("أطوار القمر", ("محاق", "هلال", "تربيع أول", "أحدب متزايد", "بدر", "أحدب متناقص", "تربيع أخير", "هلال آخِر")),
    "fr": ("Les phases de la Lune", ("nouvelle lune", "premier croissant", "premier quartier", "gibbeuse croissante",
           "pleine lune", "gibbeuse décroissante", "dernier quartier", "dernier croissant")),
    "en": ("Phases of the Moon", ("new moon", "waxing crescent", "first quarter", "waxing gibbous", "full moon",
           "waning gibbous", "last quarter", "waning crescent")),
}  # fmt: skip


def _moon(lang: str) -> Sheet:
    """As seen from the northern half of the Earth: light grows from the right."""
    title, names = _MOON[lang]
    sheet = Sheet(1000, 560, NIGHT, lang=lang)
    for at in range(40):
        sheet.disc(((at * 257) % 1000, (at * 149) % 560), 1.5, "#6f7fa8")
    sheet.words((500, 46), title, 34, SUN, bold=True)
    for at, name in enumerate(names):
        column = at % 4 if lang != "ar" else 3 - at % 4
        centre = (140 + column * 240.0, 170 + at // 4 * 220.0)
        _phase(sheet, centre, 62, at)
        sheet.words((centre[0], centre[1] + 92), name, 21, PAPER)
    return sheet


def _phase(sheet: Sheet, centre: tuple[float, float], radius: float, at: int) -> None:
    dark, light = "#33426b", "#f6ecd0"
    x, y = centre
    sheet.disc(centre, radius, dark)
    if at == 0:
        return
    right = at <= 4
    sheet.slice(centre, radius, -90 if right else 90, 90 if right else 270, light)
    wide = radius * {1: 0.6, 2: 0.0, 3: 0.6, 4: 1.0, 5: 0.6, 6: 0.0, 7: 0.6}[at]
    sheet.oval((x - wide, y - radius), (x + wide, y + radius), light if at in (3, 4, 5) else dark)


_MONTHS = {
    "ar": ("معدّل المطر الشهري (بيانات اصطناعية، مم)", ("الساحل", "الهضبة", "الواحة")),
    "fr": ("Pluie moyenne par mois (données synthétiques, mm)", ("côte", "plateau", "oasis")),
    "en": ("Mean monthly rain (synthetic data, mm)", ("coast", "plateau", "oasis")),
}


def _rain(lang: str) -> Sheet:
    title, names = _MONTHS[lang]
    sheet = Sheet(1000, 560, PAPER, lang=lang)
    sheet.words((500, 40), title, 28, TEAL, bold=True)
    for line in range(0, 70, 10):
        y = 480 - line * 6
        sheet.path([(80, y), (960, y)], "#dcd6c8", 1)
        sheet.words((52, y), str(line), 17)
    for month in range(12):
        season = (1 + sin((month + 3) * 3.14159 / 6)) / 2
        for at, (most, fill) in enumerate(((62, _SEA), (33, CLAY), (9, SUN))):
            left = 96 + month * 73 + at * 19
            sheet.box((left, 480 - most * season * 6), (left + 16, 480), fill)
        sheet.words((122 + month * 73, 504), str(month + 1), 18)
    for at, (name, fill) in enumerate(zip(names, (_SEA, CLAY, SUN), strict=True)):
        sheet.disc((330 + at * 150, 538), 9, fill)
        sheet.words((390 + at * 150, 538), name, 19)
    return sheet


def _turtle(lang: str) -> Sheet:
    said = {"ar": "السلحفاة التي أرادت\nأن ترى البحر", "fr": "La tortue qui voulait\nvoir la mer"}.get(
        lang, "The tortoise who wanted\nto see the sea"
    )
    sheet = Sheet(600, 800, SAND, lang=lang)
    sheet.box((0, 0), (600, 430), SKY)
    sheet.disc((470, 110), 60, SUN)
    sheet.box((0, 380), (600, 450), _SEA)
    sheet.oval((-120, 400), (720, 1000), SAND)
    for degrees in (25, 65, 115, 155):
        sheet.disc(around((300, 560), 120, degrees), 30, LEAF)
    sheet.disc((440, 555), 38, LEAF)
    sheet.disc((452, 545), 6, INK)
    sheet.slice((300, 590), 140, 180, 360, CLAY)
    for x in (230, 300, 370):
        sheet.shape([(x, 470), (x + 34, 500), (x + 24, 548), (x - 24, 548), (x - 34, 500)], "#d08a4e")
    sheet.words((300, 240), said, 38, TEAL, bold=True)
    return sheet


PICTURES: Mapping[str, Callable[[str], Sheet]] = {
    "water-cycle": _water_cycle,
    "oases-map": _map,
    "moon-phases": _moon,
    "rain-chart": _rain,
    "cover-tortoise": _turtle,
}
