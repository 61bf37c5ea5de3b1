"""Documents of office programs as PDF, by LibreOffice: no macro runs, and nothing is fetched (no network)."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from threading import Event

from oer.apart import running
from oer.apart.running import Bounds

_OFFICE = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"

SUFFIXES: Mapping[str, str] = {
    f"{_OFFICE}.wordprocessingml.document": "docx",
    f"{_OFFICE}.presentationml.presentation": "pptx",
    f"{_OFFICE}.spreadsheetml.sheet": "xlsx",
    f"{_ODF}.text": "odt",
    f"{_ODF}.presentation": "odp",
    f"{_ODF}.spreadsheet": "ods",
    "application/msword": "doc",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.ms-excel": "xls",
    "application/rtf": "rtf",
}
"""Media type → the end of the name by which LibreOffice knows it. Those with macros are left out."""

_BOUNDS = Bounds(seconds=180.0, answer=256 << 10, memory=4 << 30, cpu=150, written=256 << 20)


def printed(office: str, descriptor: int, *, media_type: str, folder: Path, stop: Event) -> Path | None:
    """The document as PDF, None where it cannot be read. Raises Stopped and Ended."""
    given = folder / f"document.{SUFFIXES[media_type]}"
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), "rb") as source, given.open("wb") as copy:
        shutil.copyfileobj(source, copy)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    quiet = ("--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo")
    wanted = ("--convert-to", "pdf", "--outdir", str(folder), str(given))
    command = running.program(office, profile, *quiet, *wanted, bounds=_BOUNDS)
    empty = os.open(os.devnull, os.O_RDONLY)
    try:
        code = running.run(command, empty, lambda _: None, bounds=_BOUNDS, stop=stop, folder=folder)
    finally:
        os.close(empty)
    made = folder / "document.pdf"
    return made if code == 0 and made.is_file() and made.stat().st_size else None
