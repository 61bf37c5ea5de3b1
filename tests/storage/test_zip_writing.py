import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import zip_writing
from storage.zip_writing import Member

MOMENT = datetime(2026, 3, 1, 8, 0, 2, tzinfo=UTC)
PIECE = bytes(4 << 20)


def member(path: str, content: bytes) -> Member:
    return Member(path, len(content), MOMENT, lambda: (content[at : at + 7] for at in range(0, len(content), 7)))


def pieces(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield PIECE


@given(st.dictionaries(st.text("abدرس é/", min_size=1).filter(lambda path: path[0] != "/" != path[-1]), st.binary()))
def test_any_members_come_back_and_the_length_was_known(contents: dict[str, bytes]) -> None:
    contents = {"/".join(filter(None, path.split("/"))): content for path, content in contents.items()}
    contents.pop("", None)
    members = [member(path, content) for path, content in contents.items()]
    made = b"".join(zip_writing.stream(members))
    assert len(made) == zip_writing.length(members)
    with zipfile.ZipFile(io.BytesIO(made)) as found:
        assert {name: found.read(name) for name in found.namelist()} == contents


def test_the_same_members_make_the_same_bytes_at_any_time() -> None:
    members = [Member("index.html", 5, MOMENT, b"hello"), member("files/درس.txt", b"text")]
    first = b"".join(zip_writing.stream(members))
    assert first == b"".join(zip_writing.stream(members))
    entry = zipfile.ZipFile(io.BytesIO(first)).infolist()[1]
    assert (entry.filename, entry.date_time) == ("files/درس.txt", (2026, 3, 1, 8, 0, 2))
    assert (entry.external_attr >> 16) & 0o777 == 0o644
    assert entry.compress_type == zipfile.ZIP_STORED
    later = [Member("index.html", 5, MOMENT + timedelta(days=1), b"hello"), members[1]]
    assert first != b"".join(zip_writing.stream(later))


def test_what_is_larger_than_a_plain_zip_can_tell_is_told_by_zip64() -> None:
    """5 GiB of sparse members; nothing is written anywhere."""
    members = [
        Member("a", 4500 << 20, MOMENT, lambda: pieces(1125)),
        Member("b", 600 << 20, MOMENT, lambda: pieces(150)),
    ]
    size, tail = 0, b""
    for piece in zip_writing.stream(members):
        size += len(piece)
        tail = (tail + piece)[-400:]
    assert size == zip_writing.length(members) > 4 << 30
    assert b"PK\x06\x06" in tail  # the end of a central directory in 64 bits
    assert b"PK\x06\x07" in tail


def test_memory_stays_flat() -> None:
    members = [Member(str(number), 256 << 20, MOMENT, lambda: pieces(64)) for number in range(2)]
    tracemalloc.start()
    total = sum(len(piece) for piece in zip_writing.stream(members))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total > 512 << 20
    assert peak < 2 << 20


@pytest.mark.parametrize("content", [b"", b"four", b"longer than said"])
def test_a_member_of_another_size_breaks_the_zip_off(content: bytes) -> None:
    with pytest.raises(RuntimeError):
        list(zip_writing.stream([Member("a", 7, MOMENT, lambda: (one for one in [content]))]))


def test_a_member_is_opened_when_its_turn_comes_and_closed_when_it_is_left() -> None:
    told: list[str] = []

    def opened(name: str) -> Iterator[bytes]:
        told.append(f"{name} opened")
        try:
            yield b"ab"
            yield b"cd"
        finally:
            told.append(f"{name} closed")

    made = zip_writing.stream([Member(name, 4, MOMENT, lambda name=name: opened(name)) for name in "xy"])
    assert told == []
    while b"ab" not in next(made):
        pass
    assert told == ["x opened"]
    made.close()
    assert told == ["x opened", "x closed"]
