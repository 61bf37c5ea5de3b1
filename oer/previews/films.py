"""Film and sound by FFmpeg: what they are, a picture, and light variants for slow lines."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from oer.apart import running
from oer.apart.running import Bounds

POSTER, SOUND, SMALL = "poster.png", "sound.mp3", "small.mp4"
LONGEST = 20 * 60.0
"""Seconds of a film of which a small variant is made: with one processor it takes some minutes."""

_DEMUXERS = (
    "aac,aiff,amr,asf,avi,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpeg,mpegts,mpegvideo,ogg,wav"  # no lists
)
_WIDE = 1280
_MEMORY, _WRITTEN, _SAID = 2 << 30, 2 << 30, 256 << 10  # bytes
_LOOK = Bounds(30.0, _SAID, _MEMORY, 20, _WRITTEN)
_DRAW = Bounds(90.0, _SAID, _MEMORY, 60, _WRITTEN)
_HEAR = Bounds(600.0, _SAID, _MEMORY, 300, _WRITTEN)
_SHRINK = Bounds(1500.0, _SAID, _MEMORY, 1200, _WRITTEN)

_DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", re.MULTILINE)
_PICTURES = re.compile(
    r"^  Stream #0:\d[^\n]*: Video: (?![^\n]*attached pic)[^\n]*?, (\d{2,5})x(\d{2,5})", re.MULTILINE
)
_VOICES = re.compile(r"^  Stream #0:\d[^\n]*: Audio: ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Film:
    """Seconds where they are told, pixels where there are pictures, and whether there is sound."""

    duration: float | None
    pixels: tuple[int, int] | None
    sound: bool


@dataclass(frozen=True, slots=True)
class Studio:
    """FFmpeg with one file, and a folder to write in. Each of its works raises Stopped and Ended."""

    ffmpeg: str
    descriptor: int
    folder: Path
    stop: Event

    def look(self) -> Film | None:
        """None for what is neither film nor sound."""
        code, said = self._run(_LOOK)
        if code not in (0, 1):  # 1: nothing to do was named, which is meant
            return None
        seen = _PICTURES.search(said)
        film = Film(_seconds(said), (int(seen[1]), int(seen[2])) if seen else None, bool(_VOICES.search(said)))
        return film if film.pixels or film.sound else None

    def draw(self, duration: float | None) -> Path | None:
        """A picture from the first part of the film, of many the one that is most like the others."""
        since = str(min((duration or 0.0) * 0.1, 60.0))
        chosen = f"scale='min({_WIDE},iw)':-2,thumbnail=40"
        return self._make(POSTER, _DRAW, "-map", "0:v:0", "-vf", chosen, "-frames:v", "1", "-an", since=since)

    def hear(self) -> Path | None:
        """The sound alone, as speech needs it: some 21 MB an hour."""
        voice = ("-ac", "1", "-ar", "24000", "-c:a", "libmp3lame", "-b:a", "48k")
        return self._make(SOUND, _HEAR, "-map", "0:a:0", "-vn", "-sn", "-dn", *voice)

    def shrink(self) -> Path | None:
        """The film with 360 lines at most."""
        seen = ("-map", "0:v:0", "-vf", "scale=-2:'trunc(min(360,ih)/2)*2'", "-pix_fmt", "yuv420p")
        coded = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "28", "-r", "25")
        heard = ("-map", "0:a:0?", "-c:a", "aac", "-ac", "1", "-b:a", "48k", "-movflags", "+faststart")
        return self._make(SMALL, _SHRINK, *seen, *coded, *heard)

    def _make(self, name: str, bounds: Bounds, *arguments: str, since: str = "0") -> Path | None:
        """What was made, None where it could not be."""
        plain = ("-map_metadata", "-1", "-map_chapters", "-1", "-threads", "1")
        code, _ = self._run(bounds, *arguments, *plain, "-y", str(self.folder / name), since=since)
        made = self.folder / name
        return made if code == 0 and made.is_file() and made.stat().st_size else None

    def _run(self, bounds: Bounds, *arguments: str, since: str = "0") -> tuple[int, str]:
        safely = ("-protocol_whitelist", "file,pipe", "-format_whitelist", _DEMUXERS)
        given = ("-hide_banner", "-nostdin", "-threads", "1", *safely, "-ss", since, "-i", "file:/dev/stdin")
        said = bytearray()
        command = running.program(self.ffmpeg, *given, *arguments, bounds=bounds)
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        code = running.run(
            command, self.descriptor, said.extend, bounds=bounds, stop=self.stop, folder=self.folder, errors=True
        )
        return code, said.decode("utf-8", "replace")


def _seconds(said: str) -> float | None:
    found = _DURATION.search(said)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else None
