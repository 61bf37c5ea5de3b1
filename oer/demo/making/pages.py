"""PDF with Arabic as it is written, whose text can be found and read aloud."""

import re
from datetime import UTC, datetime
from importlib.resources import files
from io import BytesIO

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from oer.demo.making import pictures, texts
from oer.demo.making.texts import Block

FONTS = files("oer.demo") / "fonts"
_MADE = datetime(2025, 1, 1, tzinfo=UTC)
_INK, _ACCENT, _SOFT, _LINE = (38, 42, 48), (11, 94, 99), (236, 243, 241), (196, 208, 205)
_FOOT = {
    "ar": "عرض تجريبي: المؤسسة والأسماء من نسج الخيال",
    "fr": "Démonstration : l’institution et les noms sont imaginaires",
    "en": "Demonstration: the institution and the names are invented",
}
# Marks above and below letters are glyphs of their own, which readers of PDF take for lines of their own.
_MARKS = re.compile("[\u064b-\u0652\u0640]")
# The ligature of lam and alef: told as two letters, readers turn them round; as one sign, they get it right.
_LIGATURES = {(0x644, 0x627): 0xFEFB, (0x644, 0x623): 0xFEF7, (0x644, 0x625): 0xFEF9, (0x644, 0x622): 0xFEF5}


def printable(words: str, *, arabic: bool) -> str:
    """The words as they are printed. The font has no narrow space."""
    kept = _MARKS.sub("", words) if arabic else words
    return kept.replace("\u202f", "\u00a0")


def document(name: str) -> bytes:
    """A text on pages of A4."""
    sheet = _Sheet(name, landscape=False)
    sheet.add_page()
    for block in texts.blocks(name):
        sheet.put(block)
    return sheet.bytes()


def slides(name: str) -> bytes:
    """A text on wide pages, each of which begins with a heading."""
    sheet = _Sheet(name, landscape=True)
    for block in texts.blocks(name):
        if block.kind == "heading":
            sheet.add_page()
        sheet.put(block)
    return sheet.bytes()


class _Sheet(FPDF):
    """Pages that know their language."""

    def __init__(self, name: str, *, landscape: bool) -> None:
        super().__init__("landscape" if landscape else "portrait", format=(135, 240) if landscape else "A4")
        self.lang, self.arabic = texts.language(name), texts.is_arabic(name)
        self.size = 18.0 if landscape else 11.5
        self._striped = False
        for style, file in (("", "ReadexPro-regular.ttf"), ("B", "ReadexPro-bold.ttf")):
            self.add_font("readex", style, str(FONTS / file))
        self.set_title(texts.title(name))
        self.set_lang(self.lang)
        self.set_creation_date(_MADE)
        self.set_producer("oer seed demo")
        self.set_margins(16 if landscape else 20, 16 if landscape else 20)
        self.set_auto_page_break(auto=True, margin=16)
        script, language = ("arab", "ara") if self.arabic else ("latn", "fra" if self.lang == "fr" else "eng")
        self.set_text_shaping(
            use_shaping_engine=True, direction="rtl" if self.arabic else "ltr", script=script, language=language
        )

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font("readex", "", 7.5)
        self.set_text_color(120, 126, 130)
        self.cell(0, 5, _FOOT[self.lang], align="C")

    def put(self, block: Block) -> None:
        if block.kind != "row" and self._striped:
            self._striped = False
            self.ln(3)
        getattr(self, f"_{block.kind}")(block)

    def bytes(self) -> bytes:
        for font in self.fonts.values():
            for glyph, _ in font.subset.items():  # type: ignore[union-attr]  # noqa: PERF102 - it is no mapping
                if glyph is not None and glyph.unicode in _LIGATURES:
                    glyph.unicode = (_LIGATURES[glyph.unicode],)
        return bytes(self.output())

    def _say(self, words: str, *, size: float, style: str = "", indent: float = 0.0) -> None:
        self.set_font("readex", style, size)
        kept = printable(words, arabic=self.arabic)
        width = self.epw - indent
        self.set_x(self.l_margin if self.arabic else self.l_margin + indent)
        align = "R" if self.arabic else "L"
        self.multi_cell(width, size * 0.58, kept, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _heading(self, block: Block) -> None:
        top = block.level == 1
        if self.y > self.h - 50 and not top:
            self.add_page()
        self.ln(0 if top else 2.5)
        self.set_text_color(*_ACCENT)
        self._say(block.words, size=self.size + (9 if top else 3), style="B")
        if top:
            self.set_draw_color(*_ACCENT)
            self.set_line_width(0.6)
            start = self.w - self.r_margin - 30 if self.arabic else self.l_margin
            self.line(start, self.y + 1.5, start + 30, self.y + 1.5)
            self.ln(3)
        self.ln(1.5)

    def _text(self, block: Block) -> None:
        self.set_text_color(*_INK)
        self._say(block.words, size=self.size)
        self.ln(2)

    def _quote(self, block: Block) -> None:
        self.set_text_color(*_ACCENT)
        self._say(block.words, size=self.size, indent=6)
        self.ln(2)

    def _item(self, block: Block) -> None:
        self.set_text_color(*_INK)
        self._say(f"•\u00a0 {block.words}", size=self.size, indent=3)
        self.ln(0.8)

    def _number(self, block: Block) -> None:
        self.set_text_color(*_INK)
        self._say(f"{block.level}.\u00a0 {block.words}", size=self.size, indent=3)
        self.ln(0.8)

    def _row(self, block: Block) -> None:
        self.set_font("readex", "" if self._striped else "B", self.size - 1.5)
        self.set_text_color(*_INK)
        self.set_draw_color(*_LINE)
        self.set_line_width(0.2)
        self.set_fill_color(*_SOFT)
        width, height = self.epw / len(block.cells), 8.5
        for cell in reversed(block.cells) if self.arabic else block.cells:
            self.cell(width, height, printable(cell, arabic=self.arabic), border=1, align="C", fill=not self._striped)
        self.ln(height)
        self._striped = True

    def _picture(self, block: Block) -> None:
        drawn = pictures.picture(block.target)
        width = min(self.epw, 150)
        place = self.l_margin + (self.epw - width) / 2
        self.image(BytesIO(drawn), x=place, w=width, alt_text=block.words, title=block.words)
        self.ln(3)
