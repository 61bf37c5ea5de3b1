"""Pictures made smaller, by Pillow; runs in the process apart. What they say of place, camera and time is left out."""

import io
import struct
from contextlib import suppress
from typing import BinaryIO

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from oer.extraction.told import Unreadable
from oer.previews import frames, worth

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "AVIF")
COVER, MIDDLE, LIGHT = (400, 600), (1200, 2400), (1600, 3200)
"""Pixels, width and height, that a picture fits into."""
POSTER = (1280, 1280)

_PIXELS = (
    80_000_000  # of a picture that is unfolded: a telephone's best; four bytes of memory each, and again for a copy
)
_QUALITY = 75


def picture(file: BinaryIO, out: BinaryIO, size: int) -> None:
    """Cover, middle size, and a light variant of a heavy file, unless it moves. Raises Unreadable."""
    image, moves = opened(file, LIGHT)
    for kind, box in (("cover", COVER), ("middle", MIDDLE)):
        content, pixels = webp(image, box)
        frames.write(out, kind, content, pixels=pixels)
    if worth.is_heavy(size) and not moves:
        content, pixels = webp(image, LIGHT)
        if worth.is_light(len(content), of=size):
            frames.write(out, "light", content, pixels=pixels)


def cover(file: BinaryIO, out: BinaryIO) -> None:
    """The cover alone. Raises Unreadable."""
    image, _ = opened(file, COVER)
    content, pixels = webp(image, COVER)
    frames.write(out, "cover", content, pixels=pixels)


def poster(file: BinaryIO, out: BinaryIO) -> None:
    """Of a picture that was taken from a film: poster and cover. Raises Unreadable."""
    image, _ = opened(file, POSTER)
    for kind, box in (("poster", POSTER), ("cover", COVER)):
        content, pixels = webp(image, box)
        frames.write(out, kind, content, pixels=pixels)


def opened(file: BinaryIO, box: tuple[int, int]) -> tuple[Image.Image, bool]:
    """The picture, upright and in sRGB, as large as ``box`` where it is; whether it moves. Raises Unreadable."""
    try:
        image = Image.open(file, formats=FORMATS)
        if image.width * image.height > _PIXELS:
            raise Unreadable("too many pixels")
        moves = getattr(image, "is_animated", False)
        image.draft("RGB", box)  # JPEG is unfolded at a half, a quarter or an eighth where that is enough
        image.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise Unreadable(str(error)) from None
    with suppress(ValueError, TypeError, KeyError, SyntaxError, OSError, ZeroDivisionError, struct.error):
        ImageOps.exif_transpose(image, in_place=True)
    return _coloured(image), moves


def _coloured(image: Image.Image) -> Image.Image:
    """RGB, or RGBA where something shines through; colours of another profile as sRGB has them."""
    clear = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if image.mode.startswith("I"):  # 16 bits of grey, of which no screen shows more than eight
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            wanted = "RGBA" if image.mode == "RGBA" else "RGB"
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            image = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=wanted) or image
    mode = "RGBA" if clear else "RGB"
    return image if image.mode == mode else image.convert(mode)


def webp(image: Image.Image, box: tuple[int, int], *, quality: int = _QUALITY) -> tuple[bytes, tuple[int, int]]:
    """The picture as WebP, never larger than ``box`` or than it is, with nothing beside it; and its pixels."""
    small = image.copy() if image.width <= box[0] and image.height <= box[1] else _fitting(image, box)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=quality, method=4, exif=b"", icc_profile=b"", xmp=b"")
    return out.getvalue(), small.size


def _fitting(image: Image.Image, box: tuple[int, int]) -> Image.Image:
    share = min(box[0] / image.width, box[1] / image.height)
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
