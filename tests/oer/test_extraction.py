"""What files say: read apart and within bounds, kept beside the bytes, found by the search."""

import io
import threading
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from factories import Watch, act, published, record
from searching import hits, index, search
from sqlmodel import select

from oer import deposits, publishing, working
from oer.db import reading, transaction
from oer.extraction import apart, child, texts
from oer.extraction.apart import Extracted, Stopped
from oer.installation import Installation
from oer.models import Blob, Clock, FileText, OaiRecord, VersionFile
from oer.search import following

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


def read(home: Installation) -> None:
    """Everything that is to be read, and then the index."""
    work = working.reading_of(home)
    while work.turn():
        pass
    index(home)


def extracted(content: bytes, media_type: str, name: str = "file") -> Extracted:
    return apart.extract([content], media_type=media_type, name=name)


def kept(home: Installation) -> dict[str, tuple[str, bool]]:
    """Name of the file → what is known of it, and whether it has words."""
    with reading(home.engine) as session:
        rows = session.exec(
            select(VersionFile.name, FileText.state, FileText.text).join(FileText, FileText.key == VersionFile.key)
        )  # type: ignore[arg-type]
        return {name: (state, text is not None) for name, state, text in rows}


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


def zipped(**members: str | bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


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


@pytest.mark.parametrize("title", ["a \\ud800 b", "a \\u0000 b", "\\u202e"])
def test_what_a_file_says_of_itself_cannot_stop_the_reading(home: Installation, title: str) -> None:
    published(home, files={"bad.zip": zipped(**{"h5p.json": f'{{"title": "{title}"}}', "a.txt": "cardamom"})})
    good = published(home, files={"good.txt": b"ginger"})
    read(home)
    assert hits(home, "ginger") == [good]
    assert {state for state, _ in kept(home).values()} == {"text"}


def test_a_file_that_defeats_its_reader_does_not_stop_the_others(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(home, files={"bad.txt": b"bad"})
    good = published(home, files={"good.txt": b"ginger"})
    extract = apart.extract

    def defeated(*what: object, **named: object) -> Extracted:
        if named["name"] == "bad.txt":
            raise RuntimeError("never seen before")
        return extract(*what, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(apart, "extract", defeated)
    read(home)
    assert hits(home, "ginger") == [good]
    assert kept(home) == {"bad.txt": ("failed", False), "good.txt": ("text", True)}


def test_whoever_is_ended_from_outside_has_said_nothing_of_the_file(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = published(home, files={"a.html": b"<p>cardamom" + b"<p>" * 1_000_000})

    def end() -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    if "oer.extraction.child" in process.cmdline():
                        process.terminate()
                        return

    ending = threading.Thread(target=end)
    ending.start()
    work = working.reading_of(home)
    while work.turn():
        pass
    ending.join()
    assert kept(home) == {}
    read(home)
    assert hits(home, "cardamom") == [public_id]


def test_one_bad_member_of_a_package_does_not_hide_the_others(home: Installation) -> None:
    sound = {"a.txt": "cardamom"}
    for number, bad in enumerate(
        ({"b.pdf": b"%PDF-1.7 broken"}, {"h5p.json": "[]"}, {"c.json": "[" * 100_000}, {"imsmanifest.xml": b"\xff\xfe"})
    ):
        published(home, described=record(f"حزمة {number}"), files={"p.zip": zipped(**bad, **sound)})
    read(home)
    assert search(home, "cardamom").total == 4


def test_the_same_bytes_have_words_under_a_name_that_has_a_reader(home: Installation) -> None:
    content = b"cardamom { color: red }"
    published(home, files={"data.css": content})
    read(home)
    assert hits(home, "cardamom") == []
    public_id = published(home, files={"data.txt": content})
    read(home)
    assert public_id in hits(home, "cardamom")


def test_books_are_indexed_some_at_a_time_and_none_is_lost(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_LETTERS", 30)
    ids = [published(home, files={f"{number}.txt": f"cardamom {'x' * 20} {number}".encode()}) for number in range(5)]
    read(home)
    assert sorted(hits(home, "cardamom")) == sorted(ids)
    following.rebuild(home.engine, home.search.folder, progress=lambda _: None)
    assert sorted(hits(home, "cardamom")) == sorted(ids)


# ── What is kept, and what follows ──────────────────────────────────────────────────────────────


def test_only_what_everybody_may_download_is_read(home: Installation, watch: Watch) -> None:
    secret = {"secret.txt": "كلمة زنجبيل".encode()}
    published(home, described=record(access={"kind": "institution"}), files=secret)
    later = published(
        home,
        described=record(access={"kind": "embargoed", "until": "2026-03-05"}),
        files={"later.txt": b"cardamom"},
    )
    read(home)
    assert hits(home, "زنجبيل") == hits(home, "cardamom") == []
    assert kept(home) == {}
    watch.forward(days=10)
    with transaction(home.engine) as session:
        publishing.lift_embargoes(session, repository_id=home.repository_id, now=home.now())
    read(home)
    assert hits(home, "cardamom") == [later]
    assert hits(home, "زنجبيل") == []


def test_the_same_bytes_are_read_once_and_found_in_all_that_have_them(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [published(home, files={f"{name}.txt": b"cardamom tea"}) for name in "abc"]
    asked = []
    extract = apart.extract
    monkeypatch.setattr(apart, "extract", lambda *what, **named: asked.append(1) or extract(*what, **named))
    read(home)
    assert sorted(hits(home, "cardamom")) == sorted(ids)
    ids.append(published(home, files={"d.txt": b"cardamom tea"}))
    read(home)
    assert sorted(hits(home, '"cardamom tea"')) == sorted(ids)
    assert len(asked) == 1


def test_a_file_that_has_gone_from_the_version_is_found_no_more(home: Installation) -> None:
    public_id = published(home, files={"old.txt": b"cardamom"})
    read(home)
    assert hits(home, "file:cardamom") == [public_id]
    act(home, deposits.revise, public_id)
    act(home, deposits.detach, public_id, "old.txt")
    stored = home.store.put([b"ginger"])
    act(
        home,
        deposits.attach,
        public_id,
        home.store,
        stored,
        name="new.txt",
        media_type="text/plain",
        limits=home.settings,
    )
    act(home, publishing.publish, public_id, repository_id=home.repository_id)
    read(home)
    assert hits(home, "cardamom") == []
    assert hits(home, "ginger") == [public_id]


def test_harvesters_see_nothing_of_it(home: Installation) -> None:
    published(home, files={"a.txt": b"cardamom"})
    with reading(home.engine) as session:
        before = session.exec(select(OaiRecord)).one()
        clock = session.exec(select(Clock)).one()
    read(home)
    with reading(home.engine) as session:
        after = session.exec(select(OaiRecord)).one()
        assert (after.change, after.stamp, after.header) == (before.change, before.stamp, before.header)
        assert after.revision == before.revision + 1
        now = session.exec(select(Clock)).one()
        assert (now.change, now.stamp, now.revision) == (clock.change, clock.stamp, clock.revision + 1)


def test_what_is_said_in_the_title_stands_above_what_is_said_in_a_file(home: Installation) -> None:
    inside = published(home, described=record("الطبخ"), files={"a.txt": ("القهوة " * 50).encode()})
    title = published(home, described=record("القهوة"), files={"b.txt": b"x"})
    read(home)
    assert hits(home, "قهوة") == [title, inside]
    assert hits(home, "الطبخ قهوة") == [inside]  # one word here, one there
    assert hits(home, "file:قهوة") == [inside]
    assert hits(home, "title:قهوة") == [title]


def test_a_new_release_of_the_readers_reads_everything_anew(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = published(home, files={"a.txt": b"cardamom"})
    with monkeypatch.context() as old:
        old.setattr(apart, "extract", lambda *_what, **_named: Extracted("text", "nutmeg"))
        read(home)
    assert hits(home, "nutmeg") == [public_id]
    monkeypatch.setattr(texts, "REVISION", texts.REVISION + 1)
    read(home)
    assert hits(home, "nutmeg") == []
    assert hits(home, "cardamom") == [public_id]


def test_what_was_not_kept_is_read_at_the_next_start(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    published(home, files={f"{number}.txt": f"word{number}".encode() for number in range(5)})
    stop = threading.Event()
    extract = apart.extract

    def slow(*what: object, **named: object) -> Extracted:
        if len(kept(home)) == 2:
            stop.set()
            raise Stopped
        return extract(*what, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(texts, "_BATCH", 2)
    monkeypatch.setattr(apart, "extract", slow)
    work = working.reading_of(home)
    work.turn(stop)
    with pytest.raises(Stopped):
        work.turn(stop)
    assert len(kept(home)) == 2
    monkeypatch.setattr(apart, "extract", extract)
    read(home)
    assert len(kept(home)) == 5
    assert search(home, "word4").total == 1


def test_the_text_goes_with_the_bytes(home: Installation) -> None:
    published(home, files={"a.txt": b"cardamom"})
    read(home)
    with transaction(home.engine) as session:
        session.connection().execute(sa.delete(VersionFile))
        session.connection().execute(sa.delete(Blob))
    with reading(home.engine) as session:
        assert session.exec(select(FileText)).all() == []


def test_the_thread_reads_what_is_published_and_ends_when_told(home: Installation) -> None:
    thread = texts.Extractor(working.reading_of(home))
    thread.start()
    try:
        published(home, files={"a.txt": b"cardamom"})
        until = time.monotonic() + 20
        while not kept(home):
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        began = time.monotonic()
        thread.stop()
    assert time.monotonic() - began < 5
