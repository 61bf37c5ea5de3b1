"""Files that are read in tests: archives to read, and what is known of each file afterwards."""

import io
import zipfile

from searching import index
from sqlmodel import select

from oer import working
from oer.db import reading
from oer.installation import Installation
from oer.models import FileText, VersionFile


def read(home: Installation) -> None:
    """Everything that is to be read, and then the index."""
    work = working.reading_of(home)
    while work.turn():
        pass
    index(home)


def kept(home: Installation) -> dict[str, tuple[str, bool]]:
    """Name of the file → what is known of it, and whether it has words."""
    with reading(home.engine) as session:
        rows = session.exec(
            select(VersionFile.name, FileText.state, FileText.text).join(FileText, FileText.key == VersionFile.key)
        )  # type: ignore[arg-type]
        return {name: (state, text is not None) for name, state, text in rows}


def zipped(**members: str | bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()
