import dataclasses
import hashlib
from datetime import timedelta

import pytest
from factories import START, act, drafted, institution, published
from sqlmodel import select

from oer import blobs, deposits
from oer.blobs import Swept
from oer.db import reading, transaction
from oer.errors import Unavailable
from oer.models import Blob
from storage.memory import MemoryStore

DAY = timedelta(days=1)


@pytest.fixture
def home(home, watch):
    """The installation with a store whose clock is the test's."""
    return dataclasses.replace(home, store=MemoryStore(now=watch))


def sweep(home, *, wait=lambda: None, store=None, **named) -> Swept:
    return blobs.sweep(home.engine, store or home.store, now=home.now(), grace=DAY, wait=wait, **named)


def hold(home, stored) -> None:
    with transaction(home.engine) as session:
        blobs.hold(session, home.store, stored, now=home.now())


def rows(home) -> dict[str, Blob]:
    with reading(home.engine) as session:
        return {blob.key: blob for blob in session.exec(select(Blob))}


def keys(home) -> set[str]:
    return set(home.store.keys())


def key(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_held_bytes_have_one_row_however_often(home):
    stored = home.store.put([b"abc"])
    hold(home, stored)
    hold(home, stored)
    (row,) = rows(home).values()
    assert (row.key, row.size, row.marked) == (stored.key, 3, None)


def test_bytes_that_are_not_there_get_no_row(home):
    stored = home.store.put([b"abc"])
    home.store.delete(stored.key)
    with pytest.raises(Unavailable) as caught:
        hold(home, stored)
    assert caught.value.code == "blob.being-removed"
    assert rows(home) == {}


def test_marked_bytes_are_refused(home, watch):
    stored = home.store.put([b"abc"])
    hold(home, stored)
    watch.forward(days=2)

    def upload() -> None:
        with pytest.raises(Unavailable) as caught:
            hold(home, stored)
        assert (caught.value.code, caught.value.params) == ("blob.being-removed", {"key": stored.key})

    assert sweep(home, wait=upload).removed == 1


def test_the_mark_of_a_killed_sweep_is_lifted_and_a_late_sweep_sees_that(home, watch):
    stored = home.store.put([b"abc"])
    hold(home, stored)
    watch.forward(days=2)

    def killed() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(home, wait=killed)
    assert rows(home)[stored.key].marked is not None
    home.store.put([b"abc"])
    with pytest.raises(Unavailable):
        hold(home, stored)
    watch.forward(minutes=11)
    hold(home, stored)
    assert rows(home)[stored.key].marked is None

    # A sweep that is not dead but slow comes back after all, and finds its mark gone.
    watch.forward(days=2)

    def slow() -> None:
        watch.forward(minutes=11)
        home.store.put([b"abc"])
        hold(home, stored)

    assert sweep(home, wait=slow).removed == 0
    assert keys(home) == {stored.key}


def test_bytes_put_again_during_the_wait_are_kept_and_can_be_held(home, watch):
    stored = home.store.put([b"abc"])
    hold(home, stored)
    watch.forward(days=2)

    def upload() -> None:
        watch.forward(seconds=1)
        home.store.put([b"abc"])

    assert sweep(home, wait=upload) == Swept(marked=1, kept=1)
    assert rows(home)[stored.key].marked is None
    hold(home, stored)
    assert keys(home) == {stored.key}


def test_what_is_referred_to_is_never_removed(home, watch):
    published(home, files={"a.txt": b"version"})
    drafted(home, files={"b.txt": b"draft"})
    with transaction(home.engine) as session:
        logo = home.store.put([b"logo"])
        blobs.hold(session, home.store, logo, now=START)
        institution(session, "with-logo").logo = logo.key
    before = keys(home)
    watch.forward(days=1000)
    assert sweep(home) == Swept()
    assert keys(home) == before == set(rows(home))


def test_a_reference_made_during_the_wait_keeps_even_marked_bytes(home, watch):
    stored = home.store.put([b"abc"])
    hold(home, stored)
    watch.forward(days=2)

    def refer() -> None:  # past hold(), as by a transaction that the mark overtook
        with transaction(home.engine) as session:
            institution(session).logo = stored.key

    assert sweep(home, wait=refer) == Swept(marked=1, kept=1)
    assert keys(home) == {stored.key}
    assert rows(home)[stored.key].marked is None


def test_detached_and_discarded_files_go_after_the_grace_and_not_before(home, watch):
    public_id = drafted(home, files={"a.txt": b"aa", "b.txt": b"bbb"})
    act(home, deposits.detach, public_id, "a.txt")
    watch.forward(hours=23)
    assert sweep(home) == Swept()
    watch.forward(hours=2)
    assert sweep(home) == Swept(marked=1, removed=1, bytes=2)
    assert keys(home) == {key(b"bbb")}
    act(home, deposits.discard, public_id)
    assert sweep(home) == Swept(marked=1, removed=1, bytes=3)
    assert rows(home) == {}
    assert keys(home) == set()


def test_young_bytes_with_an_old_row_stay(home, watch):
    stored = home.store.put([b"abc"])
    hold(home, stored)
    watch.forward(days=2)
    home.store.put([b"abc"])  # an upload whose row comes next
    assert sweep(home) == Swept()
    hold(home, stored)


def test_bytes_without_a_row_are_collected_after_the_grace(home, watch):
    home.store.put([b"lost"])
    watch.forward(hours=23)
    assert sweep(home) == Swept()
    watch.forward(hours=2)
    home.store.put([b"young"])
    assert sweep(home) == Swept(marked=1, removed=1, bytes=4)
    assert keys(home) == {key(b"young")}


def test_more_than_one_batch(home, watch, monkeypatch):
    monkeypatch.setattr(blobs, "_BATCH", 2)
    for number in range(5):
        hold(home, home.store.put([b"row %d" % number]))
        home.store.put([b"bytes %d" % number])
    watch.forward(days=2)
    assert sweep(home).removed == 10
    assert keys(home) == set()


def test_a_dry_run_counts_and_touches_nothing(home, watch):
    stored = home.store.put([b"row"])
    hold(home, stored)
    home.store.put([b"bytes"])
    watch.forward(days=2)
    before = {one: row.model_dump() for one, row in rows(home).items()}

    def never() -> None:
        raise AssertionError("a dry run does not wait")

    assert sweep(home, wait=never, dry_run=True) == Swept(marked=2)
    assert {one: row.model_dump() for one, row in rows(home).items()} == before
    assert len(keys(home)) == 2
    hold(home, stored)


def test_a_dry_run_leaves_out_what_came_back_after_a_mark(home, watch):
    hold(home, home.store.put([b"abc"]))
    watch.forward(days=2)

    def killed() -> None:
        raise Kill

    with pytest.raises(Kill):
        sweep(home, wait=killed)
    watch.forward(minutes=1)
    home.store.put([b"abc"])
    assert sweep(home, dry_run=True) == Swept()
    assert sweep(home) == Swept(kept=1)


class Kill(BaseException):
    """The process ends here."""


def test_a_kill_between_mark_and_removal_is_made_good_by_the_next_sweep(home, watch):
    stored = home.store.put([b"abc"])
    hold(home, stored)
    home.store.put([b"without row"])
    watch.forward(days=2)

    def killed() -> None:
        raise Kill

    with pytest.raises(Kill):
        sweep(home, wait=killed)
    assert {row.marked for row in rows(home).values()} == {watch()}
    assert sweep(home, dry_run=True) == Swept(marked=2)
    assert sweep(home) == Swept(removed=2, bytes=3 + 11)
    assert rows(home) == {}


def test_a_kill_after_the_bytes_and_before_the_row_is_made_good_too(home, watch):
    stored = home.store.put([b"abc"])
    hold(home, stored)
    watch.forward(days=2)

    class Deadly(MemoryStore):
        def __getattribute__(self, name):
            if name == "delete":
                return deadly_delete
            return getattr(home.store, name)

    def deadly_delete(gone: str) -> None:
        home.store.delete(gone)
        raise Kill

    with pytest.raises(Kill):
        sweep(home, store=Deadly())
    assert keys(home) == set()
    assert rows(home)[stored.key].marked is not None
    assert sweep(home) == Swept(removed=1, bytes=3)
    assert rows(home) == {}
    hold(home, home.store.put([b"abc"]))


def test_a_row_whose_bytes_are_lost_is_removed_only_where_nothing_refers_to_it(home, watch):
    public_id = published(home, files={"a.txt": b"kept"})
    stored = home.store.put([b"unused"])
    hold(home, stored)
    for lost in (key(b"kept"), stored.key):
        home.store.delete(lost)
    watch.forward(days=2)
    assert sweep(home) == Swept(marked=1, removed=1, bytes=6)
    assert set(rows(home)) == {key(b"kept")}  # damage that fixity must report, not hide
    assert public_id


def test_bytes_that_come_back_after_a_mark_without_bytes_are_kept(home, watch):
    stored = home.store.put([b"abc"])
    hold(home, stored)
    home.store.delete(stored.key)
    watch.forward(days=2)
    assert sweep(home, wait=lambda: home.store.put([b"abc"]) and None) == Swept(marked=1, kept=1)
    assert keys(home) == {stored.key}


def test_two_sweeps_one_inside_the_other_remove_once(home, watch):
    hold(home, home.store.put([b"abc"]))
    watch.forward(days=2)
    inner = []
    outer = sweep(home, wait=lambda: inner.append(sweep(home)))
    assert inner == [Swept(removed=1, bytes=3)]
    assert outer == Swept(marked=1)
