"""Previews that are made in tests: all that are wanted, and what is known of each file afterwards."""

import io
from collections.abc import Mapping

from PIL import Image
from sqlmodel import select

from oer import queries, working
from oer.db import reading
from oer.installation import Installation
from oer.models import Derivative, Previewed, VersionFile


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
