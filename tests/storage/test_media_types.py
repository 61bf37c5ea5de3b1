"""What a file is."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.media_types import detect, from_bytes

ODF = "application/vnd.oasis.opendocument"
OOXML = "application/vnd.openxmlformats-officedocument"
HTML = b"<!DOCTYPE html>\n<html lang=ar><script>alert(1)</script></html>"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"


def kind(content: bytes, name: str = "") -> str:
    return detect(from_bytes(content), len(content), name)


def zipped(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return target.getvalue()


def test_every_real_file_is_what_its_list_says(shared: Path) -> None:
    entries = json.loads((shared / "samples" / "index.json").read_text())
    assert len(entries) == 49
    found = {}
    for entry in entries:
        content = (shared / "samples" / entry["path"]).read_bytes()
        found[entry["path"]] = kind(content, Path(entry["path"]).name)
    assert found == {entry["path"]: entry["media_type"] for entry in entries}


def test_no_real_file_is_read_whole(shared: Path) -> None:
    path = shared / "samples" / "de" / "geotopo.pdf"
    asked = []

    def read(start: int, length: int) -> bytes:
        asked.append(length)
        return path.read_bytes()[start : start + length]

    detect(read, path.stat().st_size, path.name)
    assert sum(asked) < 100_000


@pytest.mark.parametrize("name", ["lesson.pdf", "lesson.txt", "lesson.md", "lesson.png", "lesson", "lesson.svg"])
def test_a_page_is_a_page_whatever_its_name(name: str) -> None:
    assert kind(HTML, name) == "text/html"
    assert kind(b"\xef\xbb\xbf \n<!-- x --> " + HTML, name) == "text/html"
    assert kind(HTML.decode().encode("utf-16"), name) == "text/html"


@pytest.mark.parametrize("name", ["lesson.html", "lesson.svg", "lesson.docx", "lesson"])
def test_a_pdf_is_a_pdf_whatever_its_name(name: str) -> None:
    assert kind(PDF, name) == "application/pdf"


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"<script>alert(1)</script>", "lesson.pdf", "text/html"),
        (b"<div>markdown may begin so</div>", "lesson.md", "text/markdown"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "lesson.png", "image/svg+xml"),
        (b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", "a.xml", "image/svg+xml"),
        (b"<s:svg xmlns:s='http://www.w3.org/2000/svg'/>", "lesson.txt", "image/svg+xml"),
        (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", "a.xhtml", "application/xhtml+xml"),
        (b"<?xml version='1.0'?><tt xmlns='http://www.w3.org/ns/ttml'/>", "a.ttml", "application/ttml+xml"),
        (b"<?xml version='1.0'?><record/>", "a.pdf", "application/xml"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nx", "a.vtt", "text/vtt"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nx\n", "a.srt", "application/x-subrip"),
        (b"a,b\n1,2\n", "a.csv", "text/csv"),
        (b"\\documentclass{book}", "a.tex", "text/x-tex"),
        (b"print(1)\n", "a.py", "text/x-python"),
        (b"plain words\n", "a.pdf", "text/plain"),
        ("كلمات".encode() * 9000, "a", "text/plain"),
        (("سطر من نص قديم\n" * 20).encode("cp1256"), "a.txt", "text/plain"),
        (b"{\\rtf1\\ansi x}", "a.doc", "application/rtf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.doc", "application/msword"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.html", "application/x-ole-storage"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "a.wav", "audio/wav"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "a.jpg", "image/webp"),
        (b"ID3\x04\0\0\0\0\0\0", "a.mp3", "audio/mpeg"),
        (b"\0\0\0\x20ftypisom\0\0\2\0", "a.m4a", "audio/mp4"),
        (b"\0\0\0\x20ftypisom\0\0\2\0", "a.pdf", "video/mp4"),
        (b"7z\xbc\xaf\x27\x1c\0\4" + bytes(30), "a.7z", "application/x-7z-compressed"),
        (bytes(range(256)), "a.pdf", "application/octet-stream"),
        (b"", "a.md", "text/markdown"),
        (b"", "a.pdf", "application/octet-stream"),
    ],
)
def test_the_name_chooses_only_within_the_family(content: bytes, name: str, expected: str) -> None:
    assert kind(content, name) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"mimetype": b"application/epub+zip"}, "application/epub+zip"),
        ({"mimetype": f"{ODF}.presentation".encode()}, f"{ODF}.presentation"),
        ({"mimetype": b"text/html"}, "application/zip"),
        ({"[Content_Types].xml": b"", "xl__workbook.xml": b""}, f"{OOXML}.spreadsheetml.sheet"),
        (
            {"[Content_Types].xml": b"", "word__document.xml": b"", "word__vbaProject.bin": b""},
            "application/vnd.ms-word.document.macroEnabled.12",
        ),
        ({"word__document.xml": b""}, "application/zip"),
        (
            {"imsmanifest.xml": b"<manifest><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion>"},
            "application/zip",
        ),
        (
            {"imsmanifest.xml": b"<schema>IMS Common Cartridge</schema><schemaversion>1.1.0</schemaversion>"},
            "application/vnd.ims.imsccv1p1+zip",
        ),
        ({"h5p.json": b"{}"}, "application/zip"),
        ({}, "application/zip"),
    ],
)
def test_a_package_is_what_lies_in_it(members: dict[str, bytes], expected: str) -> None:
    for name in ("a.zip", "a.epub", "a.docx", "a.imscc", "a.html", ""):
        assert kind(zipped(**members), name) == expected


def test_a_zip_with_a_lying_or_huge_directory_is_just_a_zip() -> None:
    huge = io.BytesIO()
    with zipfile.ZipFile(huge, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number:060d}", b"")
    assert kind(huge.getvalue(), "a.epub") == "application/zip"
    bomb = zipped(mimetype=b"application/epub+zip" + b" " * 50_000_000)
    assert kind(bomb, "a.epub") in ("application/zip", "application/epub+zip")


REAL = zipped(mimetype=b"application/epub+zip", content__x=b"x" * 100)


@given(st.data())
def test_truncated_and_garbled_packages_raise_nothing(data: st.DataObject) -> None:
    content = bytearray(REAL[: data.draw(st.integers(0, len(REAL)))])
    for at in data.draw(st.lists(st.integers(0, max(0, len(content) - 1)), max_size=6)):
        if content:
            content[at] = data.draw(st.integers(0, 255))
    assert "/" in kind(bytes(content), "a.epub")


@given(st.binary(max_size=400), st.sampled_from(["a.pdf", "a.html", "a.zip", "a", "", ".", "a.md"]))
def test_no_bytes_raise_and_none_are_pdf_without_saying_so(content: bytes, name: str) -> None:
    found = kind(content, name)
    assert "/" in found
    assert (found == "application/pdf") == content.startswith(b"%PDF-")


@given(st.text(max_size=60), st.sampled_from(["", "<?xml version='1.0'?>", "<!doctype x [", "<!--", "<svg ", "<?"]))
def test_no_text_raises(text: str, before: str) -> None:
    assert "/" in kind((before + text).encode("utf-8", "surrogatepass"), "a.xml")
