"""Previews that are made in tests: all that are wanted, and what is known of each file afterwards."""

import io
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pypdfium2
from PIL import Image
from sqlmodel import select

from oer import queries, working
from oer.db import reading
from oer.installation import Installation
from oer.models import Derivative, Previewed, VersionFile
from oer.previews import making
from oer.previews.making import Bench, Thing, Told
from oer.previews.tools import Tools

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def preview(home: Installation) -> None:
    """All previews that are to be made."""
    work = working.previewing_of(home)
    while work.turn():
        pass


def known(home: Installation) -> dict[str, Previewed]:
    """Name of the file → how it went."""
    with reading(home.engine) as session:
        rows = session.exec(
            select(VersionFile.name, Previewed).join(Previewed, Previewed.key == VersionFile.key)  # type: ignore[arg-type]
        )
        return dict(rows.all())


def made(home: Installation, name: str) -> Mapping[tuple[str, int], Derivative]:
    """Of the file with this name: (kind, number) → what was made."""
    with reading(home.engine) as session:
        key = session.exec(select(VersionFile.key).where(VersionFile.name == name)).first()
        assert key is not None
        return {(one.kind, one.number): one for one in queries.previews.of(session, keys=[key]).get(key, [])}


def content(home: Installation, one: Derivative) -> bytes:
    return b"".join(home.store.open(one.key))


def picture(home: Installation, one: Derivative) -> Image.Image:
    found = Image.open(io.BytesIO(content(home, one)))
    found.load()
    return found


def drawn(width: int, height: int, form: str = "PNG", mode: str = "RGB", **options: object) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    out = io.BytesIO()
    image.convert(mode).save(out, form, **options)  # type: ignore[arg-type]
    return out.getvalue()


def noisy(width: int, height: int, form: str = "PNG", **options: object) -> bytes:
    """A picture that does not pack well."""
    small = Image.effect_noise((width // 4, height // 4), 90).convert("RGB")
    out = io.BytesIO()
    small.resize((width, height), Image.Resampling.BICUBIC).save(out, form, **options)  # type: ignore[arg-type]
    return out.getvalue()


class Kept(dict[tuple[str, int], bytes]):
    """What was made, and of which type and size it is said to be."""

    def __init__(self) -> None:
        super().__init__()
        self.things: dict[str, Thing] = {}

    def keep(self, thing: Thing, content: Iterator[bytes]) -> None:
        self[thing.kind, thing.number] = b"".join(content)
        self.things[thing.kind] = thing

    def picture(self, kind: str, number: int = 1) -> Image.Image:
        found = Image.open(io.BytesIO(self[kind, number]))
        assert (found.format, found.size) == ("WEBP", self.things[kind].pixels if kind != "page" else found.size)
        found.load()
        return found


def make(
    content: bytes, media_type: str, folder: Path, *, found: Tools | None = None, stop: threading.Event | None = None
) -> tuple[Told, Kept]:
    kept = Kept()
    file = folder / "file"
    file.write_bytes(content)
    with file.open("rb") as opened:
        bench = Bench(opened.fileno(), media_type, len(content), folder, kept.keep, stop or threading.Event())
        told = making.make(bench, found or Tools())
    file.unlink()
    assert list(folder.glob(f"{making.FOLDER}*")) == []
    return told, kept


def pdf(sizes: list[tuple[float, float]]) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for width, height in sizes:
        document.new_page(width, height)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def scan(count: int, quality: int = 95) -> bytes:
    """Pages that are pictures alone, as a telephone makes them."""
    pictures = [Image.open(io.BytesIO(noisy(2480, 3508, "JPEG", quality=quality))) for _ in range(count)]
    out = io.BytesIO()
    pictures[0].save(out, "PDF", save_all=True, append_images=pictures[1:], resolution=300, quality=quality)
    return out.getvalue()
