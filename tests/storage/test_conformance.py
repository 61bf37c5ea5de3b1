"""What every store keeps to. A new backend joins by one line in conftest.BACKENDS."""

import hashlib
import os
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from storage_places import Place

from storage.errors import Busy, ChecksumMismatch, Damaged, Missing, StoreError, WrongOffset
from storage.store import Store, Stored

MIB = 1 << 20
ABSENT = "0" * 64
UNKNOWN = "0" * 32


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read(store: Store, key: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join(store.open(key, start, length))


# ── objects ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [0, 1, 6 * MIB - 1, 6 * MIB, 6 * MIB + 1, 13 * MIB])
def test_what_is_put_is_read_back_under_its_digest(store: Store, size: int) -> None:
    content = os.urandom(size)
    chunks = [content[at : at + 999_983] for at in range(0, size, 999_983)]
    assert store.put(chunks) == Stored(sha256(content), size)
    assert read(store, sha256(content)) == content
    assert store.stat(sha256(content)).size == size


def test_nothing_at_all_is_an_object_too(store: Store) -> None:
    assert store.put([]) == Stored(sha256(b""), 0)
    assert read(store, sha256(b"")) == b""
    assert list(store.open(sha256(b""), 0, 0)) == []


def test_a_new_store_on_the_same_place_finds_the_object(place: Place) -> None:
    key = place.open().put([b"one", b"two"]).key
    assert read(place.open(), key) == b"onetwo"


@given(data=st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_range_is_exactly_the_range(store: Store, data: st.DataObject) -> None:
    content = bytes(range(256)) * 20
    key = store.put([content]).key
    start = data.draw(st.integers(0, len(content)))
    length = data.draw(st.none() | st.integers(0, len(content) - start))
    end = len(content) if length is None else start + length
    assert read(store, key, start, length) == content[start:end]


@pytest.mark.parametrize(("start", "length"), [(0, 11), (5, 6), (11, None), (11, 0), (-1, 2), (3, -1)])
def test_a_range_beyond_the_object_is_refused_before_the_first_byte(
    store: Store, start: int, length: int | None
) -> None:
    key = store.put([b"0123456789"]).key
    with pytest.raises(Damaged):
        store.open(key, start, length)


@pytest.mark.parametrize("key", [ABSENT, "", "A" * 64, "../../etc/passwd", "0" * 63 + "\n", "0" * 63 + "/"])
def test_what_is_not_there_is_missing(store: Store, key: str) -> None:
    for act in (store.open, store.stat):
        with pytest.raises(Missing):
            act(key)
    store.delete(key)


def test_deleting_twice_is_no_error_and_the_object_is_gone(store: Store) -> None:
    key = store.put([b"x"]).key
    store.delete(key)
    store.delete(key)
    with pytest.raises(Missing):
        store.open(key)
    assert list(store.keys()) == []


def test_a_second_put_renews_the_object(place: Place) -> None:
    store = place.open()
    for content in (b"again", os.urandom(7 * MIB)):
        key = store.put([content]).key
        before = store.stat(key).modified
        time.sleep(place.tick)
        assert store.put([content]).key == key
        assert store.stat(key).modified > before
        assert before.tzinfo == UTC
        assert abs(before - datetime.now(UTC)) < timedelta(minutes=1)
        assert read(store, key) == content


def test_keys_are_those_of_the_finished_objects(store: Store) -> None:
    keys = {store.put([str(number).encode()]).key for number in range(12)}
    keys.add(store.put([bytes(7 * MIB)]).key)
    store.append(store.begin(), 0, [b"not finished"])
    assert sorted(store.keys()) == sorted(keys)


class Broken(OSError):
    """What a caller's own source may raise: on purpose of a kind that backends raise as well."""


@pytest.mark.parametrize("size", [0, 10, 13 * MIB])
def test_the_callers_error_passes_untouched_and_leaves_nothing(store: Store, size: int) -> None:
    fault = Broken(28, "No space left on device")

    def chunks() -> Iterator[bytes]:
        for _ in range(0, size, MIB):
            yield bytes(MIB)
        raise fault

    with pytest.raises(Broken) as raised:
        store.put(chunks())
    assert raised.value is fault
    assert list(store.keys()) == []
    assert list(store.uploads()) == []
    assert store.sweep_temporary(datetime.now(UTC) + timedelta(days=1)) == 0


def test_an_abandoned_reader_can_be_closed_at_any_point(store: Store) -> None:
    key = store.put([os.urandom(9 * MIB)]).key
    for steps in (0, 1, 2):
        with closing(store.open(key)) as reader:
            for _ in range(steps):
                next(reader)
    assert len(read(store, key)) == 9 * MIB


def test_an_object_deleted_while_read_is_whole_or_an_error(store: Store) -> None:
    content = os.urandom(20 * MIB)
    key = store.put([content]).key
    reader = store.open(key)
    got = next(reader)
    store.delete(key)
    try:
        got += b"".join(reader)
    except StoreError:
        return
    assert got == content


def test_many_writers_of_the_same_bytes_make_one_right_object(place: Place) -> None:
    content = os.urandom(7 * MIB)
    store = place.open()
    results: list[Stored] = []
    threads = [threading.Thread(target=lambda: results.append(store.put([content]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [Stored(sha256(content), len(content))] * 4
    assert read(store, sha256(content)) == content


# ── staging ──────────────────────────────────────────────────────────────────────────────────────


def test_an_upload_begins_empty_and_grows_by_what_is_acknowledged(store: Store) -> None:
    upload = store.begin()
    assert store.size(upload) == 0
    assert store.append(upload, 0, [b"abc", b"de"]) == 5 == store.size(upload)
    assert store.append(upload, 5, []) == 5
    assert store.append(upload, 5, [b"f"]) == 6
    assert store.finish(upload) == Stored(sha256(b"abcdef"), 6)
    assert read(store, sha256(b"abcdef")) == b"abcdef"


def test_an_empty_upload_can_be_finished(store: Store) -> None:
    assert store.finish(store.begin()) == Stored(sha256(b""), 0)
    assert read(store, sha256(b"")) == b""


def test_upload_ids_are_not_guessable(store: Store) -> None:
    ids = {store.begin() for _ in range(20)}
    assert len(ids) == 20
    assert all(len(bytes.fromhex(upload)) == 16 for upload in ids)


@pytest.mark.parametrize("upload", [UNKNOWN, "", "..", "../objects", "A" * 32, "0" * 31 + "\n"])
def test_an_unknown_upload_is_missing(store: Store, upload: str) -> None:
    for act in (store.size, store.finish, lambda name: store.append(name, 0, [b"x"])):
        with pytest.raises(Missing):
            act(upload)
    store.abort(upload)


def test_an_append_elsewhere_says_where_to_go_on(store: Store) -> None:
    upload = store.begin()
    store.append(upload, 0, [b"12345"])
    for offset in (0, 4, 6):
        with pytest.raises(WrongOffset) as raised:
            store.append(upload, offset, [b"!"])
        assert raised.value.expected == 5
    assert store.finish(upload).key == sha256(b"12345")


def test_what_arrived_before_the_callers_error_is_kept(store: Store) -> None:
    upload = store.begin()

    def chunks() -> Iterator[bytes]:
        yield b"a" * (7 * MIB)
        yield b"tail"
        raise Broken("the line went dead")

    with pytest.raises(Broken):
        store.append(upload, 0, chunks())
    assert store.size(upload) == 7 * MIB + 4
    assert store.finish(upload).key == sha256(b"a" * (7 * MIB) + b"tail")


def test_the_wrong_promise_is_refused_and_the_upload_stays(store: Store) -> None:
    upload = store.begin()
    store.append(upload, 0, [b"content"])
    with pytest.raises(ChecksumMismatch) as raised:
        store.finish(upload, expected=ABSENT)
    assert (raised.value.expected, raised.value.found) == (ABSENT, sha256(b"content"))
    assert list(store.keys()) == []
    assert store.finish(upload, expected=sha256(b"content")).size == 7


def test_finishing_again_gives_the_same_answer_until_the_receipt_is_taken(place: Place) -> None:
    store = place.open()
    upload = store.begin()
    store.append(upload, 0, [b"content"])
    stored = store.finish(upload)
    assert place.open().finish(upload) == stored
    assert place.open().size(upload) == 7
    with pytest.raises(ChecksumMismatch):
        store.finish(upload, expected=ABSENT)
    with pytest.raises(Missing):
        store.append(upload, 7, [b"more"])
    assert [name for name, _ in store.uploads()] == [upload]
    store.abort(upload)
    store.abort(upload)
    assert list(store.uploads()) == []
    assert read(store, stored.key) == b"content"


def test_a_receipt_of_an_object_that_is_gone_is_missing(store: Store) -> None:
    upload = store.begin()
    store.append(upload, 0, [b"content"])
    store.delete(store.finish(upload).key)
    with pytest.raises(Missing):
        store.finish(upload)


def test_an_aborted_upload_is_gone(store: Store) -> None:
    upload = store.begin()
    store.append(upload, 0, [b"x" * (7 * MIB)])
    store.abort(upload)
    with pytest.raises(Missing):
        store.size(upload)
    assert list(store.uploads()) == []


def test_uploads_tell_their_last_change(place: Place) -> None:
    store = place.open()
    quiet, busy = store.begin(), store.begin()
    before = dict(store.uploads())
    assert set(before) == {quiet, busy}
    time.sleep(place.tick)
    store.append(busy, 0, [b"x"])
    after = dict(store.uploads())
    assert after[quiet] == before[quiet]
    assert after[busy] > before[busy]


def test_finishing_known_bytes_renews_the_object(place: Place) -> None:
    store = place.open()
    key = store.put([b"known"]).key
    upload = store.begin()
    store.append(upload, 0, [b"known"])
    before = store.stat(key).modified
    time.sleep(place.tick)
    assert store.finish(upload).key == key
    assert store.stat(key).modified > before


pieces = st.lists(st.sampled_from([0, 1, 700, 5 * MIB - 1, 5 * MIB, 6 * MIB + 3]), max_size=5)


@given(sizes=pieces, restarts=st.sets(st.integers(0, 4)), seed=st.integers(0, 255))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_appends_and_restarts_give_the_acknowledged_bytes(
    place: Place, sizes: list[int], restarts: set[int], seed: int
) -> None:
    store = place.open()
    upload, content = store.begin(), b""
    for number, size in enumerate(sizes):
        if number in restarts:
            store = place.open()
        with pytest.raises(WrongOffset) as raised:
            store.append(upload, len(content) + 1, [b"?"])
        assert raised.value.expected == len(content)
        piece = bytes([(seed + number) % 256]) * size
        assert store.append(upload, len(content), [piece[:3], piece[3:]]) == len(content) + size
        content += piece
        assert place.open().size(upload) == len(content)
    assert place.open().finish(upload, expected=sha256(content)) == Stored(sha256(content), len(content))
    assert read(store, sha256(content)) == content
    store.abort(upload)


def test_two_appends_at_one_offset_never_mix(place: Place) -> None:
    """Each writes 13 MiB of its own letter; at most one is told that all went well, and then it did."""
    store = place.open()
    upload = store.begin()
    outcome: dict[bytes, int] = {}
    start = threading.Barrier(2)

    def write(letter: bytes) -> None:
        def chunks() -> Iterator[bytes]:
            with suppress(threading.BrokenBarrierError):
                start.wait(10)
            for _ in range(13):
                yield letter * MIB

        try:
            outcome[letter] = store.append(upload, 0, chunks())
        except (WrongOffset, Busy):
            start.abort()

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    size = store.size(upload)
    content = read(store, store.finish(upload).key)
    assert len(content) == size
    assert len(outcome) <= 1
    for letter, end in outcome.items():
        assert content[:end] == letter * end


# ── size ─────────────────────────────────────────────────────────────────────────────────────────


def test_memory_stays_flat_whatever_the_size(place: Place) -> None:
    if place.kind == "memory":
        pytest.skip("this one keeps everything in memory, on purpose")
    store = place.open()
    store.put([b"warm"])
    piece = os.urandom(MIB)
    tracemalloc.start()
    try:
        key = store.put(piece for _ in range(200)).key
        with closing(store.open(key)) as reader:
            assert sum(map(len, reader)) == 200 * MIB
        upload = store.begin()
        store.append(upload, 0, (piece for _ in range(100)))
        store.finish(upload)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 48 * MIB


def test_the_doctor_finds_a_working_place_well(place: Place) -> None:
    findings = place.open().check()
    if place.kind == "memory":
        assert [finding.code for finding in findings] == ["storage.lasting"]
        return
    assert findings
    assert all(finding.ok for finding in findings), findings
    assert list(place.open().keys()) == []
