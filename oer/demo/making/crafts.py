"""Pictures of shapes, games, circuits and first aid."""

from collections.abc import Callable, Mapping

from oer.demo.making.drawing import (
    CLAY,
    INK,
    LEAF,
    PAPER,
    ROSE,
    SAND,
    SKY,
    SUN,
    TEAL,
    Sheet,
    around,
    star,
)

_LEMON = {
    "ar": ("بطارية من ليمونتين", "نحاس +", "زنك −", "سلك", "مصباح LED"),
    "fr": ("Une pile de deux citrons", "cuivre +", "zinc −", "fil", "DEL"),
    "en": ("A battery of two lemons", "copper +", "zinc −", "wire", "LED"),
}


def _lemon(lang: str) -> Sheet:
    title, copper, zinc, wire, lamp = _LEMON[lang]
    sheet = Sheet(1000, 600, PAPER, lang=lang)
    sheet.words((500, 44), title, 34, TEAL, bold=True)
    for x in (300, 700):
        sheet.oval((x - 150, 330), (x + 150, 520), "#f4d03f")
        sheet.oval((x + 128, 408), (x + 176, 442), "#e0b92f")
        sheet.box((x - 76, 270), (x - 56, 420), CLAY)
        sheet.box((x + 50, 270), (x + 70, 420), "#8b949c")
        sheet.words((x - 96, 548), copper, 24, CLAY, bold=True)
        sheet.words((x + 92, 548), zinc, 24, "#5d666e", bold=True)
    sheet.path([(360, 274), (360, 220), (634, 220), (634, 274)], INK, 5)
    sheet.words((497, 196), wire, 22)
    sheet.path([(234, 274), (234, 140), (460, 140)], ROSE, 5)
    sheet.path([(760, 274), (760, 140), (540, 140)], INK, 5)
    sheet.disc((500, 134), 34, SUN, line=INK)
    for degrees in (-150, -120, -90, -60, -30):
        sheet.path([around((500, 134), 44, degrees), around((500, 134), 58, degrees)], SUN, 4)
    sheet.words((500, 250), lamp, 22)
    return sheet


def _eight(lang: str) -> Sheet:
    """Eight-pointed stars, each two squares, with crosses between them."""
    sheet = Sheet(800, 800, TEAL, lang=lang)
    step = 160
    for row in range(-1, 6):
        for column in range(-1, 6):
            centre = (column * step + 80.0, row * step + 80.0)
            for turned in (0, 45):
                square = [around(centre, 80, turned + 90 * at) for at in range(4)]
                sheet.shape(square, SAND)
            sheet.shape(star(centre, 8, 80, 61.2), SAND, line=PAPER, width=4)
            sheet.shape(star(centre, 8, 40, 30.6), CLAY if (row + column) % 2 else ROSE, line=PAPER, width=3)
            sheet.disc(centre, 9, SUN)
    return sheet


def _steps(lang: str) -> Sheet:
    """How the star is drawn, in four steps."""
    said = {
        "ar": ("دائرة", "مربّع", "مربّع مائل", "نجمة"),
        "fr": ("un cercle", "un carré", "un carré tourné", "l’étoile"),
        "en": ("a circle", "a square", "a turned square", "the star"),
    }[lang]
    sheet = Sheet(1000, 330, PAPER, lang=lang)
    for at, words in enumerate(said):
        centre = (130 + (3 - at if lang == "ar" else at) * 246.0, 140.0)
        sheet.disc(centre, 100, PAPER, line="#9aa5a3")
        for turned in (45, 0)[: max(0, min(at, 2))]:
            sheet.shape([around(centre, 100, turned + 90 * side) for side in range(4)], None, line=TEAL, width=3)
        if at == 3:
            sheet.shape(star(centre, 8, 100, 76.5), SAND, line=ROSE, width=4)
        sheet.words((centre[0], 282), words, 24, INK, bold=True)
    return sheet


_SHAPES = {
    "ar": ("دائرة", "مربّع", "مثلّث", "نجمة", "مستطيل", "هلال"),
    "fr": ("cercle", "carré", "triangle", "étoile", "rectangle", "croissant"),
    "en": ("circle", "square", "triangle", "star", "rectangle", "crescent"),
}


def _shapes(lang: str) -> Sheet:
    sheet = Sheet(960, 700, SKY, lang=lang)
    for at, name in enumerate(_SHAPES[lang]):
        column = 2 - at % 3 if lang == "ar" else at % 3
        x, y = 170 + column * 310.0, 165 + at // 3 * 340.0
        sheet.box((x - 140, y - 145), (x + 140, y + 165), PAPER, radius=24)
        _shape(sheet, at, (x, y - 15))
        sheet.words((x, y + 125), name, 32, INK, bold=True)
    return sheet


def _shape(sheet: Sheet, at: int, centre: tuple[float, float]) -> None:
    x, y = centre
    if at == 0:
        sheet.disc(centre, 85, ROSE)
    elif at == 1:
        sheet.box((x - 78, y - 78), (x + 78, y + 78), TEAL, radius=4)
    elif at == 2:
        sheet.shape([(x, y - 85), (x - 95, y + 78), (x + 95, y + 78)], SUN)
    elif at == 3:
        sheet.shape(star(centre, 5, 95, 40, -90), CLAY)
    elif at == 4:
        sheet.box((x - 105, y - 55), (x + 105, y + 55), LEAF, radius=4)
    else:
        sheet.disc(centre, 85, SUN)
        sheet.disc((x - 34, y - 12), 72, PAPER)


_BURN = {
    "ar": (
        "حرق بسيط؟ تصرّف هكذا",
        (
            "ماء جارٍ فاتر\n20 دقيقة",
            "انزع الخواتم\nوالملابس القريبة",
            "غطِّ بقماش\nنظيف غير لاصق",
            "حرق كبير أو في الوجه:\nاطلب الإسعاف",
        ),
        "لا ثلج · لا معجون أسنان · لا زيت",
    ),
    "fr": (
        "Une brûlure légère ?",
        (
            "eau courante fraîche\n20 minutes",
            "retirer bagues\net habits proches",
            "couvrir d’un tissu\npropre",
            "grave ou au visage :\nappeler les secours",
        ),
        "ni glace · ni dentifrice · ni huile",
    ),
    "en": (
        "A minor burn?",
        (
            "cool running water\n20 minutes",
            "take off rings\nand clothes nearby",
            "cover with a\nclean cloth",
            "large, or in the face:\ncall for help",
        ),
        "no ice · no toothpaste · no oil",
    ),
}


def _burns(lang: str) -> Sheet:
    title, steps, never = _BURN[lang]
    sheet = Sheet(800, 1100, PAPER, lang=lang)
    sheet.box((0, 0), (800, 150), ROSE)
    sheet.words((400, 78), title, 46, PAPER, bold=True)
    for at, (words, fill) in enumerate(zip(steps, (SKY, SAND, "#dfe9d8", "#f3d5db"), strict=True)):
        y = 260 + at * 190.0
        sheet.box((50, y - 80), (750, y + 80), fill, radius=24)
        x = 670 if lang == "ar" else 130
        sheet.disc((x, y), 48, TEAL)
        sheet.words((x, y - 2), str(at + 1), 42, PAPER, bold=True)
        sheet.words((350 if lang == "ar" else 450, y), words, 32, INK, bold=True)
    sheet.box((50, 950), (750, 1050), PAPER, radius=24, line=ROSE)
    sheet.words((400, 1000), never, 30, ROSE, bold=True)
    return sheet


def _caravan(lang: str) -> Sheet:
    """A board of thirty fields that winds from the bottom to the oasis at the top."""
    start, end = {"ar": ("انطلاق", "الواحة"), "fr": ("départ", "oasis")}.get(lang, ("start", "oasis"))
    sheet = Sheet(1000, 800, SAND, lang=lang)
    for at in range(30):
        row, column = divmod(at, 6)
        column = 5 - column if row % 2 else column
        x, y = 110 + column * 156.0, 700 - row * 145.0
        well, sand = at in (4, 11, 19, 25), at in (7, 15, 22)
        sheet.box((x - 64, y - 58), (x + 64, y + 58), SKY if well else CLAY if sand else PAPER, radius=18, line=TEAL)
        if at in (0, 29):
            sheet.words((x, y), start if at == 0 else end, 26, ROSE, bold=True)
        else:
            sheet.words((x, y), str(at), 36, PAPER if sand else INK, bold=True)
    return sheet


def _dates(lang: str) -> Sheet:
    """Twelve dates, a quarter of them taken."""
    sheet = Sheet(1000, 380, "#f6efe0", lang=lang)
    for at in range(12):
        column, row = at % 4, at // 4
        x, y = 130 + column * 246.0, 80 + row * 110.0
        taken = column == 0
        sheet.oval((x - 70, y - 36), (x + 70, y + 36), "#e3d9c4" if taken else "#7a3e1d")
        if not taken:
            sheet.oval((x - 40, y - 22), (x - 4, y - 8), "#a8683f")
    return sheet


def _beats(lang: str) -> Sheet:
    """Three rhythms as rows of eight: a large disc is a deep stroke, a small one a bright stroke."""
    title, names, deep, bright = {
        "ar": ("إيقاعات اليد", ("مقسوم", "أيوب", "ملفوف"), "دُم", "تَك"),
        "fr": ("Rythmes de la main", ("maqsoum", "ayoub", "malfouf"), "doum", "tak"),
    }.get(lang, ("Rhythms of the hand", ("maqsum", "ayyub", "malfuf"), "dum", "tak"))
    sheet = Sheet(1000, 560, PAPER, lang=lang)
    sheet.words((500, 44), title, 34, TEAL, bold=True)
    for row, (name, told) in enumerate(zip(names, ("Dt.tD.t.", "D..tD.t.", "D..t..t."), strict=True)):
        y = 150 + row * 130.0
        sheet.words((900 if lang == "ar" else 100, y), name, 28, INK, bold=True)
        for at, sign in enumerate(told):
            x = 790 - at * 92.0 if lang == "ar" else 210 + at * 92.0
            sheet.disc((x, y), 6, "#c9c2b2")
            if sign != ".":
                sheet.disc((x, y), 36 if sign == "D" else 20, ROSE if sign == "D" else SUN)
    for x, radius, fill, words in ((330, 24, ROSE, deep), (620, 15, SUN, bright)):
        sheet.disc((x, 515), radius, fill)
        sheet.words((x + 70, 515), words, 26, INK)
    return sheet


PICTURES: Mapping[str, Callable[[str], Sheet]] = {
    "lemon-battery": _lemon,
    "eight-star": _eight,
    "star-steps": _steps,
    "shapes": _shapes,
    "burns": _burns,
    "caravan-board": _caravan,
    "dates": _dates,
    "beats": _beats,
}
