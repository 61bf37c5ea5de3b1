"""Previews that programs of the machine make, FFmpeg and LibreOffice: how they are called, and what they give."""

import shutil
from pathlib import Path

import pytest
from previewing import DOCX, drawn, make

from oer.previews import films, offices, tools
from oer.previews.making import Told
from oer.previews.tools import Tools

LOOKED = """Input #0, matroska,webm, from 'file:/dev/stdin':
  Metadata:
    title           : Duration: 99:99:99.99
  Duration: 00:{minutes}:07.80, start: 0.000000, bitrate: 340 kb/s
  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p, 640x360 [SAR 1:1], 25 fps
  Stream #0:1: Audio: vorbis, 44100 Hz, mono, fltp (default)
At least one output file must be specified
"""


def fake(folder: Path, name: str, body: str) -> str:
    """A program that notes how it was called, and does what ``body`` says."""
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "$@" >> {folder}/{name}.log\nfor last; do :; done\n{body}\n')
    path.chmod(0o755)
    return str(path)


def fake_ffmpeg(folder: Path, *, minutes: str = "01", light: int = 1000) -> str:
    (folder / "looked").write_text(LOOKED.format(minutes=minutes))
    (folder / "poster.png").write_bytes(drawn(1280, 720))
    return fake(
        folder,
        "ffmpeg",
        f'case "$last" in\n  */poster.png) cp {folder}/poster.png "$last";;\n'
        f'  */*.mp3|*/*.mp4) head -c {light} /dev/zero > "$last";;\n'
        f"  *) cat {folder}/looked >&2; exit 1;;\nesac",
    )


needs_programs = pytest.mark.skipif(not tools.can_be_bounded(), reason="no program is run on this machine")


@needs_programs
def test_a_film_has_a_poster_its_sound_and_a_small_variant(tmp_path: Path) -> None:
    ffmpeg = fake_ffmpeg(tmp_path)
    told, kept = make(bytes(400_000), "video/mp4", tmp_path, found=Tools(ffmpeg=ffmpeg))
    assert told == Told("made", duration=67.8)
    assert set(kept) == {("cover", 1), ("poster", 1), ("audio", 1), ("light", 1)}
    assert kept.picture("poster").size == (1280, 720)
    assert (kept.things["light"].media_type, kept.things["light"].pixels) == ("video/mp4", (640, 360))
    assert kept.things["audio"].media_type == "audio/mpeg"
    for line in (tmp_path / "ffmpeg.log").read_text().splitlines():
        assert "-nostdin" in line
        assert f"-protocol_whitelist file,pipe -format_whitelist {films._DEMUXERS}" in line
        assert "hls" not in line
        assert "-i file:/dev/stdin" in line


@needs_programs
def test_variants_that_are_no_lighter_are_not_kept(tmp_path: Path) -> None:
    ffmpeg = fake_ffmpeg(tmp_path, light=300_000)
    _, kept = make(bytes(400_000), "video/mp4", tmp_path, found=Tools(ffmpeg=ffmpeg))
    assert set(kept) == {("cover", 1), ("poster", 1)}


@needs_programs
def test_a_long_film_is_not_made_small(tmp_path: Path) -> None:
    ffmpeg = fake_ffmpeg(tmp_path, minutes="21")
    _, kept = make(bytes(400_000), "video/mp4", tmp_path, found=Tools(ffmpeg=ffmpeg))
    assert set(kept) == {("cover", 1), ("poster", 1), ("audio", 1)}


@needs_programs
def test_sound_has_a_duration_and_a_light_variant(tmp_path: Path) -> None:
    found = Tools(ffmpeg=fake_ffmpeg(tmp_path))
    told, kept = make(bytes(400_000), "audio/mpeg", tmp_path, found=found)
    assert (told, set(kept)) == (Told("made", duration=67.8), {("light", 1)})
    told, kept = make(bytes(200_000), "audio/mpeg", tmp_path, found=found)
    assert (told, set(kept)) == (Told("made", duration=67.8), set())


@needs_programs
def test_what_ffmpeg_cannot_read_is_told_so(tmp_path: Path) -> None:
    found = Tools(ffmpeg=fake(tmp_path, "ffmpeg", "exit 183"))
    assert make(b"no film", "video/mp4", tmp_path, found=found) == (Told("failed"), {})


@needs_programs
def test_an_office_document_has_the_pages_of_its_pdf(tmp_path: Path, shared: Path) -> None:
    printed = shared / "samples/en/libreoffice-writer.pdf"
    office = fake(tmp_path, "soffice", f'cp {printed} "$(dirname "$last")/document.pdf"')
    told, kept = make(b"PK word", DOCX, tmp_path, found=Tools(office=office))
    assert told == Told("made", pages=1)
    assert set(kept) == {("cover", 1), ("page", 1)}
    line = (tmp_path / "soffice.log").read_text()
    assert "-env:UserInstallation=file://" in line
    assert "--headless" in line
    assert "--convert-to pdf --outdir " in line
    assert line.split()[-1].endswith(f"/document.{offices.SUFFIXES[DOCX]}")


@needs_programs
def test_an_office_document_that_cannot_be_printed_is_told_so(tmp_path: Path) -> None:
    found = Tools(office=fake(tmp_path, "soffice", "exit 0"))
    assert make(b"PK word", DOCX, tmp_path, found=found) == (Told("failed"), {})


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="FFmpeg is not on this machine")
def test_a_real_film_is_shown_by_the_real_ffmpeg(tmp_path: Path, shared: Path) -> None:
    for name in ("rabbit320.mp4", "rabbit320.webm"):
        content = (shared / "samples/en" / name).read_bytes()
        told, kept = make(content, "video/" + name[-3:], tmp_path, found=tools.found())
        assert told.duration == pytest.approx(7.8, abs=0.2)
        assert kept.picture("poster").size == (320, 240)
        assert kept["light", 1][4:8] == b"ftyp"
        assert len(kept["audio", 1]) < 60_000


@pytest.mark.skipif(tools.found().office is None, reason="LibreOffice is not on this machine")
def test_a_real_document_is_shown_by_the_real_libreoffice(tmp_path: Path, shared: Path) -> None:
    content = (shared / "samples/ar/owasp-asvs-3.0.1-ar.docx").read_bytes()
    told, kept = make(content, DOCX, tmp_path, found=tools.found())
    assert told.pages is not None
    assert told.pages > 10
    assert ("page", 12) in kept
