"""What is made of files is kept beside them, made once, and forgotten with them; no file stops others."""

import dataclasses
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from extracting import zipped
from factories import Watch, act, published, record
from previewing import content, drawn, known, made, noisy, picture, preview
from sqlmodel import select

from oer import blobs, deposits, looking, publishing, queries, working
from oer.apart import running
from oer.apart.running import Stopped
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import Blob, Derivative, OaiRecord, Previewed, VersionFile
from oer.previews import keeping, making
from oer.previews.keeping import Previewer
from oer.previews.making import Told
from storage.memory import MemoryStore

DAY = timedelta(days=1)


def derivatives(home: Installation) -> int:
    with reading(home.engine) as session:
        return len(session.exec(select(Derivative)).all())


# ── What is made ────────────────────────────────────────────────────────────────────────────────


def test_what_is_made_is_found_by_the_key_of_the_file(home: Installation, shared: Path) -> None:
    samples = shared / "samples"
    published(
        home,
        files={
            "guide.pdf": (samples / "ar/free-culture-guide.pdf").read_bytes(),
            "scorm.zip": (samples / "en/scorm-singlesco_scorm12.zip").read_bytes(),
            "picture.png": (samples / "en/iot-amqp.png").read_bytes(),
            "star.svg": (samples / "en/star.svg").read_bytes(),
            "story.md": (samples / "ar/story-0052-ar.md").read_bytes(),
        },
    )
    preview(home)
    states = known(home)
    assert {name: one.state for name, one in states.items()} == dict.fromkeys(
        ("guide.pdf", "scorm.zip", "picture.png"), "made"
    )
    assert states["guide.pdf"].pages == 37
    guide = made(home, "guide.pdf")
    assert list(guide) == [("cover", 1), *(("page", number) for number in range(1, 13))]
    first = guide["page", 1]
    assert (first.media_type, first.width, first.height) == ("image/webp", 900, 1275)
    assert picture(home, first).size == (900, 1275)
    assert len(content(home, first)) == first.size
    assert set(made(home, "scorm.zip")) == {("listing", 1)}
    assert set(made(home, "picture.png")) == {("cover", 1), ("middle", 1)}
    assert made(home, "star.svg") == made(home, "story.md") == {}


def test_nothing_is_asked_of_files_of_which_nobody_asks(home: Installation) -> None:
    with reading(home.engine) as session:
        assert queries.previews.of(session, keys=[]) == {}
        assert queries.previews.told(session, keys=[]) == {}


def test_the_same_bytes_are_looked_into_once(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    make = making.make
    monkeypatch.setattr(making, "make", lambda *what: asked.append(1) or make(*what))
    for title in ("أ", "ب"):
        published(home, described=record(title), files={f"{title}.png": drawn(20, 20)})
    preview(home)
    published(home, files={"again.png": drawn(20, 20)})
    preview(home)
    assert len(asked) == 1
    assert set(made(home, "again.png")) == {("cover", 1), ("middle", 1)}


def test_only_what_everybody_may_download_is_looked_into(home: Installation, watch: Watch) -> None:
    published(home, described=record(access={"kind": "institution"}), files={"a.png": drawn(20, 20)})
    published(home, described=record(access={"kind": "metadata-only"}), files={"b.png": drawn(21, 20)})
    later = record(access={"kind": "embargoed", "until": "2026-03-05"})
    published(home, described=later, files={"c.png": drawn(22, 20)})
    preview(home)
    assert known(home) == {}
    watch.forward(days=10)
    with transaction(home.engine) as session:
        publishing.lift_embargoes(session, repository_id=home.repository_id, now=home.now())
    preview(home)
    assert set(known(home)) == {"c.png"}


def test_harvesters_see_nothing_of_it(home: Installation) -> None:
    published(home, files={"a.png": drawn(20, 20)})
    with reading(home.engine) as session:
        before = session.exec(select(OaiRecord)).one().model_dump()
    preview(home)
    assert made(home, "a.png")
    with reading(home.engine) as session:
        assert session.exec(select(OaiRecord)).one().model_dump() == before


# ── Files that go wrong ─────────────────────────────────────────────────────────────────────────


def test_a_file_that_cannot_be_read_fails_once_and_is_in_nobodys_way(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(home, files={"bad.pdf": b"%PDF-1.7 broken"})
    published(home, files={"good.png": drawn(20, 20)})
    preview(home)
    assert {name: one.state for name, one in known(home).items()} == {"bad.pdf": "failed", "good.png": "made"}
    monkeypatch.setattr(making, "make", None)  # nobody is asked again
    preview(home)
    assert {name: one.state for name, one in known(home).items()} == {"bad.pdf": "failed", "good.png": "made"}


def test_a_file_that_defeats_its_maker_does_not_stop_the_others(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(home, files={"bad.png": drawn(30, 30)})
    published(home, files={"good.png": drawn(20, 20)})
    make = making.make

    def defeated(bench, found):
        if bench.size == len(drawn(30, 30)):
            raise RuntimeError("never seen before")
        return make(bench, found)

    monkeypatch.setattr(making, "make", defeated)
    preview(home)
    assert {name: one.state for name, one in known(home).items()} == {"bad.png": "failed", "good.png": "made"}


def test_a_file_that_is_too_large_has_nothing(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "_LARGEST", dict.fromkeys(("picture",), 10))
    published(home, files={"large.png": drawn(20, 20)})
    preview(home)
    assert known(home)["large.png"].state == "nothing"


def test_a_maker_that_is_ended_from_outside_has_said_nothing_of_the_file(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(home, files={"a.png": drawn(20, 20)})
    run = running.run
    ends = [sys.executable, "-I", "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    with monkeypatch.context() as outside:
        outside.setattr(running, "run", lambda _command, *rest, **named: run(ends, *rest, **named))
        preview(home)
    assert known(home) == {}
    preview(home)
    assert known(home)["a.png"].state == "made"


def test_where_there_is_no_room_nothing_is_made_until_there_is(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(home, files={"a.png": drawn(20, 20)})
    with monkeypatch.context() as full:
        full.setattr(keeping, "_ROOM", 1 << 60)
        preview(home)
    assert known(home) == {}
    preview(home)
    assert set(made(home, "a.png")) == {("cover", 1), ("middle", 1)}


def test_bytes_that_have_gone_meanwhile_leave_no_row(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    published(home, files={"a.png": drawn(20, 20)})
    make = making.make

    def gone(bench, found):
        told = make(bench, found)
        with transaction(home.engine) as session:
            session.connection().execute(sa.delete(VersionFile))
            session.connection().execute(sa.delete(Blob))
        return told

    monkeypatch.setattr(making, "make", gone)
    preview(home)
    assert derivatives(home) == 0


# ── A store without files of its own, and the sweeper ───────────────────────────────────────────


@pytest.fixture
def away(home: Installation, watch: Watch) -> Installation:
    """The installation with a store that has no files for others to open, and the test's clock."""
    return dataclasses.replace(home, store=MemoryStore(now=watch))


def sweep(home: Installation) -> blobs.Swept:
    return blobs.sweep(home.engine, home.store, now=home.now(), grace=DAY, wait=lambda: None)


def test_bytes_are_copied_from_a_store_that_has_no_files(away: Installation) -> None:
    published(away, files={"a.png": noisy(800, 600)})
    preview(away)
    assert set(made(away, "a.png")) >= {("cover", 1), ("middle", 1)}


def test_what_is_made_stays_as_long_as_its_file_and_goes_with_it(away: Installation, watch: Watch) -> None:
    published(away, files={"a.png": drawn(20, 20), "other.png": drawn(40, 20)})
    preview(away)
    keys = {one.key for name in ("a.png", "other.png") for one in made(away, name).values()}
    watch.forward(days=3)
    assert sweep(away).removed == 0
    assert keys <= set(away.store.keys())
    others = {one.key for one in made(away, "other.png").values()}
    with transaction(away.engine) as session:
        session.connection().execute(sa.delete(VersionFile).where(VersionFile.name == "a.png"))  # type: ignore[arg-type]
    assert sweep(away).removed == 1
    assert derivatives(away) == 2
    watch.forward(days=3)
    assert sweep(away).removed == len(keys - others)
    assert keys & set(away.store.keys()) == others
    assert set(made(away, "other.png")) == {("cover", 1), ("middle", 1)}


def test_what_is_made_of_itself_does_not_keep_itself(away: Installation, watch: Watch) -> None:
    published(away, files={"a.png": drawn(20, 20)})
    preview(away)
    with transaction(away.engine) as session:
        source = session.exec(select(VersionFile.key)).one()
        session.connection().execute(sa.update(Derivative).values(key=source))
        session.connection().execute(sa.delete(VersionFile))
    watch.forward(days=3)
    assert sweep(away).removed == 2
    assert derivatives(away) == 0
    assert set(away.store.keys()) == set()


def test_what_is_left_half_made_is_swept(away: Installation, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    published(away, files={"a.png": drawn(800, 400)})
    with monkeypatch.context() as killed:
        killed.setattr(keeping.Previewing, "_keep", lambda *_what: None)
        preview(away)
    assert known(away) == {}
    watch.forward(days=3)
    assert sweep(away).removed == 2
    preview(away)
    assert set(made(away, "a.png")) == {("cover", 1), ("middle", 1)}


# ── Revisions, workers ──────────────────────────────────────────────────────────────────────────


def test_a_new_release_of_the_makers_makes_everything_anew(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    published(home, files={"a.zip": zipped(a="b"), "b.pdf": b"%PDF-1.7 broken"})
    with monkeypatch.context() as old:
        old.setattr(making, "make", lambda *_what: Told("nothing"))
        preview(home)
    assert {one.state for one in known(home).values()} == {"nothing"}
    monkeypatch.setattr(keeping, "REVISION", keeping.REVISION + 1)
    preview(home)
    assert {name: one.state for name, one in known(home).items()} == {"a.zip": "made", "b.pdf": "failed"}
    before = made(home, "a.zip")["listing", 1]
    monkeypatch.setattr(keeping, "REVISION", keeping.REVISION + 1)
    with monkeypatch.context() as less:
        less.setattr(making, "make", lambda *_what: Told("nothing"))
        preview(home)
    assert before.size > 0
    assert made(home, "a.zip") == {}


def test_films_wait_for_ffmpeg_and_are_looked_into_when_it_comes(
    home: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shared: Path
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    published(home, files={"a.mp4": (shared / "samples/en/rabbit320.mp4").read_bytes()})
    work = working.previewing_of(home)
    while work.turn():
        pass
    assert known(home) == {}
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nexit 183\n")
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(program) if name == "ffmpeg" else None)
    work.start_over()
    while work.turn():
        pass
    assert known(home)["a.mp4"].state == "failed"


def test_folders_of_workers_that_were_killed_are_removed(home: Installation) -> None:
    old, new = (home.settings.data / f"{making.FOLDER}{name}" for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir()
        (folder / "file").write_bytes(b"x")
    os.utime(old, (time.time() - 2 * 86_400,) * 2)
    working.previewing_of(home).start_over()
    assert not old.exists()
    assert new.exists()


def test_what_was_not_kept_is_made_at_the_next_start(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    published(home, files={f"{number}.png": drawn(20 + number, 20) for number in range(5)})
    stop = threading.Event()
    make = making.make

    def slow(bench, found):
        if len(known(home)) == 2:
            stop.set()
            raise Stopped
        return make(bench, found)

    monkeypatch.setattr(looking, "_BATCH", 2)
    with monkeypatch.context() as stopping:
        stopping.setattr(making, "make", slow)
        work = working.previewing_of(home)
        work.turn(stop)
        with pytest.raises(Stopped):
            work.turn(stop)
    assert len(known(home)) == 2
    preview(home)
    assert len(known(home)) == 5


def test_the_thread_makes_what_is_published_and_ends_when_told(home: Installation) -> None:
    thread = Previewer(working.previewing_of(home))
    thread.start()
    try:
        published(home, files={"a.png": drawn(20, 20)})
        until = time.monotonic() + 20
        while not known(home):
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        began = time.monotonic()
        thread.stop()
    assert time.monotonic() - began < 5


def test_a_version_that_has_other_files_keeps_previews_of_both(home: Installation) -> None:
    public_id = published(home, files={"old.png": drawn(20, 20)})
    preview(home)
    act(home, deposits.revise, public_id)
    act(home, deposits.detach, public_id, "old.png")
    stored = home.store.put([drawn(30, 30)])
    kind = {"name": "new.png", "media_type": "image/png", "limits": home.settings}
    act(home, deposits.attach, public_id, home.store, stored, **kind)
    act(home, publishing.publish, public_id, repository_id=home.repository_id)
    preview(home)
    assert set(made(home, "old.png")) == set(made(home, "new.png")) == {("cover", 1), ("middle", 1)}


def test_the_maker_ends_with_a_worker_that_is_killed(tmp_path: Path) -> None:
    """Whatever it is at: the thread that has started it is gone, and nobody reads what it would say."""
    confined = "import time; from oer.apart import bounds; bounds.confine(memory=1 << 30, cpu=60)"
    nap = f"{confined}; print('up', flush=True); time.sleep(60)"
    start = f"""
import subprocess, sys, time
made = subprocess.Popen([sys.executable, "-I", "-c", {nap!r}], stdout=subprocess.PIPE, start_new_session=True)
made.stdout.readline()
print(made.pid, flush=True)
time.sleep(60)
"""
    worker = subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    with worker.stdout:
        number = int(worker.stdout.readline())
        worker.kill()
        worker.wait()
    until = time.monotonic() + 10
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(number).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_libraries_of_pictures_stay_out_of_the_worker_and_the_server() -> None:
    look = "import sys, oer.working, api.app; print([one for one in ('PIL', 'pypdfium2') if one in sys.modules])"
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_a_row_is_gone_with_its_bytes(home: Installation) -> None:
    published(home, files={"a.png": drawn(20, 20)})
    preview(home)
    with transaction(home.engine) as session:
        session.connection().execute(sa.delete(VersionFile))
        session.connection().execute(sa.delete(Blob).where(~sa.exists().where(Derivative.key == Blob.key)))  # type: ignore[arg-type]
    with reading(home.engine) as session:
        assert session.exec(select(Derivative)).all() == session.exec(select(Previewed)).all() == []
