"""Pages of PDF as pictures, by pdfium; runs in the process apart.

A light variant is made of scans alone: files without one letter, whose pages are pictures anyway. Of others nothing
would stay text, or lie where it lay: pdfium writes the content of pages anew in words of its own.
"""

import io
from typing import Any, BinaryIO

import pypdfium2
from PIL import Image

from oer.extraction.told import Unreadable
from oer.previews import frames, pictures, worth

PAGES = 12
"""Pages that are shown."""
PAGE = (900, 2700)
"""Pixels that the picture of a page fits into."""

_QUALITY = 65
_SCANNED_PAGES = 300  # of a scan that is made lighter
_SCANNED = (1240, 3508)  # 150 to the inch of A4: what is legible on paper stays so
_SCAN_QUALITY = 55


def document(file: BinaryIO, out: BinaryIO, size: int) -> None:
    """How many pages there are, the first of them, a cover, and of a heavy scan a light variant. Raises Unreadable."""
    try:
        found = pypdfium2.PdfDocument(file)
        count = len(found)
        found.init_forms()
        frames.write(out, frames.PAGES, b"", number=count)
        for number in range(min(count, PAGES)):
            image = _drawn(found, number, PAGE)
            if number == 0:
                content, pixels = pictures.webp(image, pictures.COVER)
                frames.write(out, "cover", content, pixels=pixels)
            content, pixels = pictures.webp(image, PAGE, quality=_QUALITY)
            frames.write(out, "page", content, number=number + 1, pixels=pixels)
        if worth.is_heavy(size) and count <= _SCANNED_PAGES and _is_scan(found):
            light = _lighter(found)
            if worth.is_light(len(light), of=size):
                frames.write(out, "light", light)
    except pypdfium2.PdfiumError as error:
        raise Unreadable(str(error)) from None


def _drawn(found: Any, number: int, box: tuple[int, int]) -> Image.Image:
    """However large a page says it is, its picture fits."""
    page = found[number]
    try:
        width, height = page.get_size()
        if width <= 0 or height <= 0:
            raise Unreadable("no page")
        scale = min(box[0] / width, box[1] / height)
        image: Image.Image = page.render(scale=scale).to_pil().convert("RGB")
        return image
    finally:
        page.close()


def _is_scan(found: Any) -> bool:
    for page in found:
        letters = page.get_textpage().count_chars()
        page.close()
        if letters:
            return False
    return True


def _lighter(found: Any) -> bytes:
    """A document of the same pages, each one picture."""
    new = pypdfium2.PdfDocument.new()
    for number in range(len(found)):
        width, height = found.get_page_size(number)
        content = io.BytesIO()
        drawn = _drawn(found, number, _SCANNED)
        drawn.save(content, "JPEG", quality=_SCAN_QUALITY, optimize=True)
        picture = pypdfium2.PdfImage.new(new)
        picture.load_jpeg(content, inline=True)
        picture.set_matrix(pypdfium2.PdfMatrix().scale(width, height))
        page = new.new_page(width, height)
        page.insert_obj(picture)
        page.gen_content()
        page.close()
    out = io.BytesIO()
    new.save(out)
    return out.getvalue()
