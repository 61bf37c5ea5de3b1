"""The index follows what is published: while somebody reads, after kills, rebuilt, damaged, of other releases."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import factories
import pytest
from factories import published, record
from searching import hits, index, revised, search

from oer.errors import Unavailable
from oer.installation import Installation
from oer.search import following, schema
from oer.search import index as search_index
from oer.search.following import Follower
from oer.search.index import Home


@pytest.fixture
def followed(home: Installation) -> Iterator[Installation]:
    follower = Follower(home.engine, home.search.folder)
    follower.start()
    yield home
    follower.stop()


def becomes(true: Callable[[], bool], *, seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(Unavailable):
            if true():
                return True
        time.sleep(0.01)
    return False


def soon(home: Installation, text: str) -> list[str]:
    """What is found, once anything is."""
    return hits(home, text) if becomes(lambda: bool(hits(home, text))) else []


def rebuild(home: Installation) -> None:
    following.rebuild(home.engine, home.search.folder, progress=lambda _: None, pause=0.01)


def current(home: Installation) -> Path:
    found = Home(home.search.folder).current()
    assert found is not None
    return found


def indexed(home: Installation) -> Path:
    """The index of one resource about water."""
    published(home, described=record("الماء"))
    index(home)
    return current(home)


def folders(home: Installation) -> list[Path]:
    return [path for path in home.search.folder.iterdir() if path.is_dir()]


def test_a_publication_is_found_soon_by_whoever_reads(followed: Installation) -> None:
    first = published(followed, described=record("الماء"))
    assert soon(followed, "ماء") == [first]
    second = published(followed, described=record("الهواء"))
    assert soon(followed, "هواء") == [second]
    assert set(hits(followed)) == {first, second}


def test_one_process_of_a_node_writes(followed: Installation) -> None:
    published(followed, described=record("الماء"))
    assert soon(followed, "ماء")
    assert following.catch_up_here(followed.engine, followed.search.folder) is False
    # What came behind the publication comes too.
    assert becomes(lambda: following.lag(followed.engine, followed.search.folder) == 0)


def test_a_rebuild_is_made_by_the_process_that_writes_and_nothing_is_missed_meanwhile(followed: Installation) -> None:
    first = published(followed, described=record("الماء"))
    assert soon(followed, "ماء") == [first]
    before = current(followed)
    stop, failures = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            if hits(followed, "ماء") != [first]:
                failures.append("a moment without it")

    reader = threading.Thread(target=read)
    reader.start()
    rebuild(followed)
    stop.set()
    reader.join()
    assert failures == []
    assert current(followed) != before
    # Who waited for the switch may look before the writer has swept.
    assert becomes(lambda: folders(followed) == [current(followed)])


def test_a_build_that_was_cut_goes_on_and_doubles_nothing(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [published(home, described=record("الماء")) for _ in range(7)]
    monkeypatch.setattr(following, "_BATCH", 2)
    monkeypatch.setattr(following, "_BETWEEN_COMMITS", 3)
    place = Home(home.search.folder)
    cut = place.building()
    steps = following.build(home.engine, cut)
    for _ in range(3):
        next(steps)
    assert 0 < cut.progress < 7
    del cut, steps
    revised(home, ids[0], "الهواء")
    with pytest.raises(Unavailable):
        search(home)
    index(home)
    assert len(hits(home, "ماء")) == 6
    assert search(home).total == 7
    assert len(folders(home)) == 1


def test_documents_whose_progress_was_not_told_any_more_are_not_doubled(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = {published(home, described=record("الماء")) for _ in range(3)}

    def killed(path: Path, text: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(search_index, "_write", killed)
        with pytest.raises(KeyboardInterrupt):
            index(home)
    index(home)
    assert sorted(hits(home, "ماء")) == sorted(ids)
    assert search(home).total == 3


def test_what_is_left_of_an_old_index_is_never_taken_for_a_new_one(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = indexed(home)
    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", lambda *_args, **_named: None)
        rebuild(home)
    assert old.exists()
    assert Home(home.search.folder).unfinished() is None
    rebuild(home)
    assert folders(home) == [current(home)]


@pytest.mark.parametrize("building", [False, True])
def test_a_damaged_index_is_built_anew(home: Installation, building: bool) -> None:
    found = indexed(home)
    if building:
        found = found.rename(found.with_name(f"building-{found.name}"))
    for file in found.glob("*.term"):
        file.write_bytes(b"")
    (found / "meta.json").write_text("{")
    published(home, described=record("الهواء"))
    index(home)
    assert search(home).total == 2


def test_an_index_that_is_ahead_of_the_database_is_built_anew(home: Installation) -> None:
    before = indexed(home)
    (before / "progress").write_text("99")  # the database was restored since
    index(home)
    assert hits(home, "ماء")
    assert current(home) != before
    assert following.lag(home.engine, home.search.folder) == 0


def test_databases_have_indexes_of_their_own(home: Installation, tmp_path: Path) -> None:
    with factories.opened(tmp_path / "other", data=home.settings.data) as other:
        assert other.search.folder.parent == home.search.folder.parent
        assert other.search.folder != home.search.folder


def test_a_folder_that_is_removed_is_made_again_while_somebody_follows(followed: Installation, tmp_path: Path) -> None:
    first = published(followed, described=record("الماء"))
    assert soon(followed, "ماء") == [first]
    removed = followed.search.folder.rename(tmp_path / "removed")  # at one stroke: its follower may be writing in it
    shutil.rmtree(removed)
    assert becomes(lambda: hits(followed, "ماء") == [first], seconds=30)


def test_two_rebuilds_at_a_time_both_end(home: Installation) -> None:
    indexed(home)
    asking = [threading.Thread(target=rebuild, args=(home,)) for _ in range(2)]
    for one in asking:
        one.start()
    for one in asking:
        one.join(20)
    assert not any(one.is_alive() for one in asking)
    assert not Home(home.search.folder).asked
    assert hits(home, "ماء")


def test_a_rebuild_that_fails_once_is_tried_again(followed: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    published(followed, described=record("الماء"))
    assert soon(followed, "ماء")
    build, failed = following.build, []

    def once(*given: object) -> Iterator[int]:
        if not failed:
            failed.append(True)
            raise RuntimeError("the database hiccups")
        yield from build(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(following, "build", once)
    monkeypatch.setattr(following, "_PATIENCE", 0.05)
    rebuild(followed)
    assert failed
    assert hits(followed, "ماء")


def test_an_index_of_another_release_is_not_read_and_goes_when_the_new_one_is_there(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = indexed(home)
    monkeypatch.setattr(schema, "REVISION", schema.REVISION + 1)
    assert Home(home.search.folder).current() is None
    index(home)
    assert hits(home, "ماء")
    assert not old.exists()
