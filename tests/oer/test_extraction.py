"""What files say: read apart and within bounds."""

import io
import threading
import time
import zipfile
from pathlib import Path

import psutil
import pytest
from extracting import kept, read, zipped
from factories import published, record
from searching import hits

from oer.extraction import apart, child
from oer.extraction.apart import Extracted, Stopped
from oer.installation import Installation

# Of each sample that has words, some that stand side by side in it, and in its language.
INSIDE = {
    "ar/free-culture-guide.pdf": "الفصل الثاني العتاد المفتوح المصدر",
    "ar/free-culture-guide.odt": "المواد التعليمية المحاضرات",
    "ar/6licenses-ar-flat.pdf": "بموجب قانون حقوق الطبع والنشر",
    "ar/publicdomain-ar-flat.pdf": "منظمة المشاع الإبداعي",
    "ar/habibi.pdf": "habibi",
    "ar/story-0052-ar.md": "أبي لم يعد يحبني",
    "ar/story-0095-ar.md": "الكريهة للصابونة الزرقاء",
    "ar/story-0110-ar.md": "غابات كينيا الجميلة",
    "ar/story-0156-ar.md": "يجوع مرة أخرى",
    "ar/story-0312-aeb.md": "il-Ɍràb l'il-wèd",
    "ar/iot-predict-plant-growth.md": "قياس درجة الحرارة المحيطة",
    "fr/iot-predict-plant-growth.md": "les serres et les tunnels",
    "en/iot-predict-plant-growth.md": "to get the fastest growth",
    "ar/free-courses-ar.md": "Best Flutter Course For Beginner",
    "fr/free-courses-fr.md": "Générative AI pour Débutants",
    "ar/owasp-asvs-3.0.1-ar.docx": "متوافق مع المتطلبات عالية المستوى",
    "fr/owasp-asvs-4.0.3-fr.docx": "accepte une identité de média social",
    "fr/owasp-asvs-4.0.3-fr.pdf": "contrôle du code source est utilisé",
    "ar/regime-anticancer-arabic.epub": "الخلية الواحدة تنتج خليتين",
    "fr/sous-le-vent.epub": "les noms ne voulaient rien",
    "en/childrens-literature.epub": "their uniform was red and blue",
    "en/cole-voyage-of-life.epub": "basking in warm sunshine",
    "en/pythonlearn-02-expressions.pptx": "lack of mathematical symbols",
    "en/pythonlearn-10-tuples.pptx": "method in dictionaries returns a list",
    "en/pythonlearn-10-tuples.pdf": "sorted version of a dictionary",
    "en/accessibility-assessment-files.zip": "Condos and coffee shops",
    "en/factfile.pdf": "if it were a real factfile",
    "en/project-brief.pdf": "Curabitur vulputate viverra pede",
    "de/geotopo.pdf": "zusammenhängender Graph heißt Baum",
    "en/crazyones-pdfa.pdf": "they push the human race forward",
    "en/google-doc.pdf": "refuse the temptation to guess",
    "en/with-attachment.pdf": "Stet clita kasd gubergren",
    "en/libreoffice-writer.pdf": "no sea takimata sanctus",
    "en/scorm-singlesco_scorm12.zip": "each officially posted round",
    "en/scorm-runtimebasiccalls_scorm20043rdedition.zip": "the course rating and the slope rating",
    "en/scorm-runtimeminimumcalls_scorm12-mini.zip": "B will play the second shot",
    "en/openstax-m56252.cnxml": "unit price of one t-shirt",
    "en/openstax-m81241.cnxml": "include calculating sales tax",
    "en/openstax-prealgebra-2e.collection.xml": "The Properties of Real Numbers",
    "ar/story-0110.imscc": "شغفت ونقاري بالدراسة",
    "ar/story-0110.h5p": "زاد شغفها بالتعلم",
}


def extracted(content: bytes, media_type: str, name: str = "file") -> Extracted:
    return apart.extract([content], media_type=media_type, name=name)


def test_each_sample_is_found_by_words_from_inside_in_its_language(home: Installation, shared: Path) -> None:
    folder = shared / "samples"
    ids = {
        path: published(
            home,
            described=record(f"مورد رقم {number}", languages=[Path(path).parts[0]]),
            files={Path(path).name: (folder / path).read_bytes()},
        )
        for number, path in enumerate(INSIDE)
    }
    read(home)
    states = kept(home)
    assert [name for name, (state, _) in states.items() if state == "failed"] == []
    wrong = {}
    for path, phrase in INSIDE.items():
        found = hits(home, f'"{phrase}"', limit=100)
        twins = [other for other in INSIDE if ids[other] in found]
        if path not in twins or len(found) > 3:
            wrong[path] = twins
    assert wrong == {}
    silent = [path for path in ("en/rabbit320.mp4", "en/iot-amqp.png", "en/star.svg") if (folder / path).is_file()]
    for path in silent:
        published(home, files={Path(path).name: (folder / path).read_bytes()})
    read(home)
    assert {kept(home).get(Path(path).name, ("nothing", False)) for path in silent} == {("nothing", False)}


# ── Formats ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "media_type", "name", "text"),
    [
        (
            b"<p>Un<b>fold</b>ed &amp; two</p><script>no()</script><p>next",
            "text/html",
            "a.html",
            "Unfolded & two\nnext",
        ),
        ('<img alt="شجرة">'.encode(), "text/html", "a.html", "شجرة"),
        ("درس قديم عن الماء والهواء".encode("cp1256"), "text/plain", "a.txt", "درس قديم عن الماء والهواء"),
        ("Les élèves français".encode("cp1252"), "text/plain", "a.txt", "Les élèves français"),
        ("درس".encode("utf-16"), "text/plain", "a.txt", "درس"),
        (b"[water](https://example.org/secret) <b>cycle</b>", "text/markdown", "a.md", "[water cycle"),
        (
            b"1\n00:00:01,000 --> 00:00:02,000\n<i>Salut</i>\n\n2\n00:00:03,000 --> 00:00:04,000\nle monde\n",
            "application/x-subrip",
            "a.srt",
            "Salut\nle monde",
        ),
        (b"WEBVTT - x\n\n00:01.000 --> 00:02.000 align:left\n<v Ann>Bonjour\n", "text/vtt", "a.vtt", "Bonjour"),
        (b"<x><![CDATA[inner]]><metadata>no</metadata></x>", "application/xml", "a.xml", "inner"),
        (
            b'{"cells": [{"cell_type": "markdown", "source": ["# Wa", "ter"], "outputs": ["no"]}]}',
            "application/x-ipynb+json",
            "a.ipynb",
            "# Water",
        ),
        (
            zipped(**{"a.html": "<p>deux", "b.txt": "un", "c.png": b"\x89PNG"}),
            "application/zip",
            "a.zip",
            "deux\nun",
        ),
    ],
)
def test_words_are_read_without_what_surrounds_them(content: bytes, media_type: str, name: str, text: str) -> None:
    found = extracted(content, media_type, name)
    assert (found.state, " ".join(found.text.split())) == ("text", " ".join(text.split()))


def test_what_has_no_reader_or_no_words_has_nothing(tmp_path: Path) -> None:
    assert extracted(b"\x00\x01", "video/mp4") == Extracted("nothing")
    assert extracted(b" .,- ", "text/plain") == Extracted("nothing")
    assert not apart.is_readable("video/mp4", "a.mp4", 10)
    assert not apart.is_readable("text/plain", "a.txt", 0)
    assert not apart.is_readable("application/pdf", "a.pdf", apart.LARGEST + 1)


# ── Hostile files ───────────────────────────────────────────────────────────────────────────────


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as member:
        for _ in range(100):
            member.write(b" " * (1 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"%PDF-1.7 nothing follows", "application/pdf"),
        (b"PK\x03\x04 no archive", "application/epub+zip"),
        (zipped(a="b"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (bomb(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"[" * 100_000, "application/x-ipynb+json"),
    ],
)
def test_what_cannot_be_read_is_told_so(content: bytes, media_type: str) -> None:
    assert extracted(content, media_type) == Extracted("failed")


def test_a_long_text_is_read_up_to_its_bound() -> None:
    found = extracted("كلمة ".encode() * 400_000, "text/plain", "a.txt")
    assert found.state == "text"
    assert child.LONGEST - 10 <= len(found.text) <= child.LONGEST


def test_what_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_SECONDS", 0.0)
    began = time.monotonic()
    assert extracted(b"<" * 30_000_000, "text/html") == Extracted("failed")
    assert time.monotonic() - began < 20


def test_whoever_stops_waits_for_no_file() -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(Stopped):
        apart.extract([b"<!--" * 10_000_000], media_type="text/html", name="a.html", stop=stop)


def test_the_reader_can_write_and_start_nothing_and_knows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OER_SECRET_FOR_TEST", "sesame")
    seen: list[tuple[dict[str, str], dict[int, object]]] = []

    def look() -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until and not seen:
            for process in psutil.Process().children(recursive=True):
                try:
                    if "oer.extraction.child" in process.cmdline():
                        bounds = {one: process.rlimit(one) for one in (psutil.RLIMIT_FSIZE, psutil.RLIMIT_NPROC)}
                        if bounds[psutil.RLIMIT_NPROC] == (0, 0):
                            seen.append((process.environ(), bounds))
                except psutil.Error:
                    continue

    watching = threading.Thread(target=look)
    watching.start()
    extracted(b"<p>" * 2_000_000, "text/html")
    watching.join()
    [(environment, bounds)] = seen
    assert "sesame" not in str(environment)
    assert bounds[psutil.RLIMIT_FSIZE] == (0, 0)
