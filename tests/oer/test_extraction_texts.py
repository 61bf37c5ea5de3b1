"""What files say is kept beside their bytes, found by the search, and forgotten with them; no file stops others."""

import threading
import time
from contextlib import suppress

import psutil
import pytest
import sqlalchemy as sa
from extracting import kept, read, zipped
from factories import Watch, act, published, record
from searching import hits, search
from sqlmodel import select

from oer import deposits, looking, publishing, working
from oer.db import reading, transaction
from oer.extraction import apart, texts
from oer.extraction.apart import Extracted, Stopped
from oer.installation import Installation
from oer.models import Blob, Clock, FileText, OaiRecord, VersionFile
from oer.search import following

# ── Files that go wrong ─────────────────────────────────────────────────────────────────────────


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

    monkeypatch.setattr(looking, "_BATCH", 2)
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
