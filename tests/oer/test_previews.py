"""What is made of files to be shown beside them, kind by kind, and of files that mean no good."""

import io
import json
import struct
import time
import zipfile
import zlib
from pathlib import Path

import pypdfium2
import pytest
from extracting import zipped
from PIL import Image
from previewing import DOCX, PDF, drawn, make, noisy, pdf, scan

from oer.previews import making, pages
from oer.previews.making import Told
from oer.previews.tools import Tools

# ── Pictures ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("form", "media_type"), [(one.partition("/")[2].upper(), one) for one in making._PICTURES])
def test_a_picture_has_a_cover_and_a_middle_size(tmp_path: Path, form: str, media_type: str) -> None:
    told, kept = make(drawn(1600, 800, form), media_type, tmp_path)
    assert told == Told("made")
    assert set(kept) - {("light", 1)} == {("cover", 1), ("middle", 1)}  # BMP packs nothing, and is heavy
    assert kept.picture("cover").size == (400, 200)
    middle = kept.picture("middle")
    assert middle.size == (1200, 600)
    left, right = (middle.convert("RGB").getpixel((x, 300)) for x in (100, 1100))
    assert left[0] > 200 > 60 > left[2]  # type: ignore[index]
    assert right[2] > 200 > 60 > right[0]  # type: ignore[index]


def test_a_small_picture_stays_as_small_as_it_is(tmp_path: Path) -> None:
    _, kept = make(drawn(64, 32), "image/png", tmp_path)
    assert kept.picture("middle").size == kept.picture("cover").size == (64, 32)


def test_a_heavy_picture_has_a_light_variant_only_if_that_is_lighter(tmp_path: Path) -> None:
    content = noisy(2400, 1600, "PNG")
    _, kept = make(content, "image/png", tmp_path)
    assert kept.picture("light").size == (1600, 1067)
    assert len(kept["light", 1]) <= 0.7 * len(content)
    _, kept = make(noisy(300, 200, "PNG"), "image/png", tmp_path)
    assert ("light", 1) not in kept
    packed = noisy(1600, 1200, "WEBP", quality=60)
    assert len(packed) > 300_000
    _, kept = make(packed, "image/webp", tmp_path)
    assert ("light", 1) not in kept
    padded = packed + bytes(2 * len(packed))  # heavy by what is no picture
    assert ("light", 1) in make(padded, "image/webp", tmp_path)[1]


def test_pictures_stand_upright_and_say_nothing_of_place_and_camera(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter to the right
    exif[0x010F] = "Camera of Amina"
    exif.get_ifd(0x8825)[2] = (36.0, 48.0, 23.0)
    content = drawn(1000, 500, "JPEG", exif=exif)
    assert b"Amina" in content
    _, kept = make(content, "image/jpeg", tmp_path)
    middle = kept.picture("middle")
    assert middle.size == (500, 1000)
    assert middle.convert("RGB").getpixel((250, 100))[0] > 200  # type: ignore[index]
    for one in kept.values():
        assert b"Amina" not in one
        assert not {b"EXIF", b"XMP ", b"ICCP"} & {one[at : at + 4] for at in range(len(one) - 4)}


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "I;16", "1"])
def test_pictures_of_every_mode_are_shown(tmp_path: Path, mode: str) -> None:
    out = io.BytesIO()
    if mode == "I;16":
        Image.frombytes("I;16", (200, 100), struct.pack("<H", 60_000) * 20_000).save(out, "PNG")
    else:
        Image.new("RGBA", (200, 100), (250, 250, 250, 0)).convert(mode).save(out, "PNG")
    _, kept = make(out.getvalue(), "image/png", tmp_path)
    cover = kept.picture("cover")
    if mode in ("RGBA", "LA"):
        assert cover.convert("RGBA").getpixel((50, 50))[3] == 0  # type: ignore[index]
    else:
        assert cover.convert("L").getpixel((50, 50)) > 200  # type: ignore[operator]


def test_colours_for_print_are_shown(tmp_path: Path) -> None:
    _, kept = make(drawn(300, 300, "JPEG", "CMYK"), "image/jpeg", tmp_path)
    assert kept.picture("cover").convert("RGB").getpixel((20, 20))[0] > 150  # type: ignore[index]


def test_of_a_picture_that_moves_the_first_is_shown_and_no_light_variant_stands_still(tmp_path: Path) -> None:
    many = [Image.effect_noise((600, 400), 80 + number).convert("P") for number in range(4)]
    out = io.BytesIO()
    many[0].save(out, "GIF", save_all=True, append_images=many[1:], duration=100)
    assert len(out.getvalue()) > 300_000
    _, kept = make(out.getvalue(), "image/gif", tmp_path)
    assert set(kept) == {("cover", 1), ("middle", 1)}
    assert not getattr(kept.picture("middle"), "is_animated", False)


def bomb(width: int, height: int) -> bytes:
    """A PNG of some hundred bytes that says it is as large as this."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (bomb(50_000, 50_000), "image/png"),
        (bomb(9_000, 9_000), "image/png"),  # below the bound of Pillow, above ours
        (drawn(900, 600, "JPEG")[:2000], "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n nothing follows", "image/png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png"),
        (drawn(64, 64, "TIFF"), "image/png"),  # a format that is not read at all
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "image/png"),
        (b"%PDF-1.7 nothing follows", PDF),
        (b"PK\x03\x04 no archive", "application/zip"),
        (b"", PDF),
    ],
)
def test_what_cannot_be_read_is_told_so(tmp_path: Path, content: bytes, media_type: str) -> None:
    assert make(content, media_type, tmp_path) == (Told("failed"), {})


def test_what_has_no_maker_has_nothing(tmp_path: Path) -> None:
    for media_type in ("image/svg+xml", "text/plain", "text/html", "image/heic", "video/mp4", DOCX):
        assert make(b"<svg/>", media_type, tmp_path) == (Told("nothing"), {})
        assert not making.is_makeable(media_type, 100, Tools())
    assert making.is_makeable("video/mp4", 100, Tools(ffmpeg="/bin/ffmpeg"))
    assert making.is_makeable(DOCX, 100, Tools(office="/bin/soffice"))
    assert not making.is_makeable("image/png", 0, Tools())
    assert not making.is_makeable("image/png", 1 << 30, Tools())


# ── Pages ───────────────────────────────────────────────────────────────────────────────────────


def test_a_document_has_pages_and_a_cover(tmp_path: Path, shared: Path) -> None:
    content = (shared / "samples/ar/free-culture-guide.pdf").read_bytes()
    told, kept = make(content, PDF, tmp_path)
    assert told == Told("made", pages=37)
    assert set(kept) == {("cover", 1), *(("page", number) for number in range(1, 13))}
    assert {kept.picture("page", number).width for number in range(1, 13)} == {900}
    assert kept.picture("cover").size == (400, 567)
    written = kept.picture("page", 9).convert("L")
    assert written.getextrema()[0] < 60  # type: ignore[operator]
    assert max(len(one) for one in kept.values()) < 100_000


def test_ten_thousand_pages_are_counted_and_twelve_are_shown(tmp_path: Path) -> None:
    told, kept = make(pdf([(300, 400)] * 10_000), PDF, tmp_path)
    assert told == Told("made", pages=10_000)
    assert len(kept) == 1 + pages.PAGES


def test_however_large_a_page_says_it_is_its_picture_fits(tmp_path: Path) -> None:
    told, kept = make(pdf([(10_000_000, 10), (10, 10_000_000), (1e-3, 1e-3), (14_400, 14_400)]), PDF, tmp_path)
    assert told.pages == 4
    for kind, number in kept:
        picture = kept.picture(kind, number)
        assert picture.width <= 900
        assert picture.height <= 2700


def test_a_scan_has_a_light_variant_whose_pages_are_as_large_as_they_were(tmp_path: Path) -> None:
    content = scan(2)
    told, kept = make(content, PDF, tmp_path)
    assert told == Told("made", pages=2)
    light = kept["light", 1]
    assert len(light) <= 0.7 * len(content)
    before, after = (pypdfium2.PdfDocument(one) for one in (content, light))
    assert [pytest.approx(before.get_page_size(at), abs=0.5) for at in (0, 1)] == [
        after.get_page_size(at) for at in (0, 1)
    ]
    seen = after[0].render(scale=1).to_pil().convert("L").getextrema()
    assert seen[1] - seen[0] > 50  # type: ignore[operator]
    assert kept.things["light"].media_type == PDF


def test_what_has_letters_has_no_light_variant(tmp_path: Path, shared: Path) -> None:
    _, kept = make((shared / "samples/de/geotopo.pdf").read_bytes(), PDF, tmp_path)
    assert ("light", 1) not in kept


# ── Archives ────────────────────────────────────────────────────────────────────────────────────


def test_an_archive_has_a_listing(tmp_path: Path) -> None:
    content = zipped(**{"درس.txt": "سلام", "unit__b.txt": b"12345"})
    told, kept = make(content, "application/zip", tmp_path)
    assert told == Told("made")
    assert json.loads(kept["listing", 1]) == {
        "total": 2,
        "bytes": 13,
        "entries": [{"name": "درس.txt", "size": 8}, {"name": "unit/b.txt", "size": 5}],
    }


def test_two_hundred_members_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    content = zipped(**{f"{number}.txt": "x" for number in range(500)})
    _, kept = make(content, "application/x-h5p+zip", tmp_path)
    told = json.loads(kept["listing", 1])
    assert (told["total"], told["bytes"], len(told["entries"])) == (500, 500, 200)


def test_names_that_lead_elsewhere_are_words_and_never_places(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    names = ["../outside.txt", "/etc/passwd", "..\\up.txt", "a\u202egnp.exe", "line\nline", "x" * 5000]
    _, kept = make(zipped(**dict.fromkeys(names, b"1")), "application/zip", inside)
    listed = [one["name"] for one in json.loads(kept["listing", 1])["entries"]]
    assert listed[:3] == ["../outside.txt", "/etc/passwd", "..\\up.txt"]
    assert listed[3:5] == ["agnp.exe", "line line"]
    assert len(listed[5]) == 300
    assert sorted(tmp_path.rglob("*")) == [inside]


def test_an_archive_of_too_many_members_is_not_listed(tmp_path: Path) -> None:
    content = zipped(**{f"{number}": "" for number in range(10_001)})
    assert make(content, "application/zip", tmp_path) == (Told("failed"), {})


@pytest.mark.parametrize(
    ("sample", "size"), [("fr/sous-le-vent.epub", (377, 600)), ("ar/regime-anticancer-arabic.epub", (400, 579))]
)
def test_a_book_has_its_cover_and_a_listing(tmp_path: Path, shared: Path, sample: str, size: tuple[int, int]) -> None:
    _, kept = make((shared / "samples" / sample).read_bytes(), "application/epub+zip", tmp_path)
    assert set(kept) == {("cover", 1), ("listing", 1)}
    assert kept.picture("cover").size == size


def test_a_book_whose_cover_is_none_has_a_listing(tmp_path: Path) -> None:
    package = '<manifest><item id="c" properties="cover-image" href="c.png"/></manifest>'
    book = {"META-INF__container.xml": '<rootfile full-path="p.opf"/>', "p.opf": package, "c.png": b"no picture"}
    told, kept = make(zipped(**book), "application/epub+zip", tmp_path)
    assert (told, set(kept)) == (Told("made"), {("listing", 1)})


def test_a_zip_that_says_little_and_holds_much_is_listed_without_being_unpacked(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(200 << 20))
    began = time.monotonic()
    _, kept = make(out.getvalue(), "application/zip", tmp_path)
    assert json.loads(kept["listing", 1])["entries"] == [{"name": "bomb", "size": 200 << 20}]
    assert time.monotonic() - began < 10
