"""Programs of the machine that some previews need. Without them the others are made all the same."""

import shutil
from dataclasses import dataclass

from oer.apart import network


@dataclass(frozen=True, slots=True)
class Tools:
    """Where FFmpeg and LibreOffice are, None where they are not."""

    ffmpeg: str | None = None
    office: str | None = None


def found() -> Tools:
    """As they are now. On a machine where the network cannot be taken from them there are none."""
    if not can_be_bounded():
        return Tools()
    return Tools(ffmpeg=shutil.which("ffmpeg"), office=shutil.which("soffice") or shutil.which("libreoffice"))


def can_be_bounded() -> bool:
    """Whether programs may be run here at all."""
    return network.can_close()
