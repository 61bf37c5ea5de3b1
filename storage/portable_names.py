"""Names of files that every system takes: sticks in FAT and exFAT, Windows, macOS, Linux."""

import re
import unicodedata

from storage import file_names

# Bytes of UTF-8. Windows refuses whole paths from 260 letters on, and people unpack deep inside of folders.
LONGEST = 100

# Devices of Windows, whatever extension follows them: a file of that name cannot be made, or goes to a printer.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?=\s*(?:\.|$))", re.IGNORECASE)
_EXTENSION = re.compile(r"(?:\.tar)?\.[^.\s]{1,16}$")


def portable(name: str, taken: set[str]) -> str:
    """The name for a file in a folder where ``taken`` is in use, which it is added to.

    At most 100 bytes of UTF-8, and no other one ignoring case and form: what FAT, NTFS and macOS hold for one name
    is one here. The extension stays, where it is one of 16 letters at most.
    """
    safe = file_names.safe_name(name)
    if _DEVICES.match(safe):
        safe = f"_{safe}"
    found = _EXTENSION.search(safe)
    extension = found.group() if found and found.start() else ""
    stem = safe[: len(safe) - len(extension)]
    number = 1
    while True:
        mark = f" ({number})" if number > 1 else ""
        chosen = _cut(stem, LONGEST - len((mark + extension).encode())) + mark + extension
        key = folded(chosen)
        if key not in taken:
            taken.add(key)
            return chosen
        number += 1


def folded(name: str) -> str:
    """Equal for names that some system holds for the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _cut(stem: str, longest: int) -> str:
    return stem.encode()[:longest].decode(errors="ignore").rstrip(". ") or "file"
