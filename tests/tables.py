"""Tables to import with their files, and what is read of them."""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from oer.errors import OerError
from oer.transfer import sources
from oer.transfer.sources import Row

TITLES = '[{"title": "الماء", "path": "ماء.txt"}, {"title": "Feu", "path": "feu.txt"}]'


def rows(path: Path, *, most: int = 1000, **options: Any) -> list[Row]:
    with sources.opened(path, most=most, **options) as opened:
        found = list(opened.rows)
        assert opened.count == len(found)
        return found


def refusal(path: Path, *, most: int = 1000, **options: Any) -> OerError:
    with pytest.raises(OerError) as refused, sources.opened(path, most=most, **options):
        pass
    return refused.value


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zipped(path: Path, members: Iterable[tuple[str | zipfile.ZipInfo, str | bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def content(path: Path, name: str, **options: Any) -> bytes:
    with sources.opened(path, most=1000, **options) as opened:
        return b"".join(opened.folder.chunks(name))
