"""Streams of bytes, in and out."""

import hashlib
from collections.abc import Generator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.bucket import Piece, grouped
from storage.chunks import exactly, gathered, range_end, verified
from storage.errors import Damaged


def stream(*chunks: bytes) -> Generator[bytes, None, None]:
    yield from chunks


@given(st.lists(st.binary(max_size=20)), st.integers(1, 9))
def test_gathering_keeps_the_bytes_and_fills_every_piece_but_the_last(chunks: list[bytes], size: int) -> None:
    pieces = list(gathered(chunks, size))
    assert b"".join(pieces) == b"".join(chunks)
    assert all(len(piece) == size for piece in pieces[:-1])
    assert all(0 < len(piece) <= size for piece in pieces[-1:])


@pytest.mark.parametrize(("keep", "left"), [(True, [b"abcd", b"e"]), (False, [b"abcd"])])
def test_what_came_before_an_error_is_yielded_only_when_it_is_to_be_kept(keep: bool, left: list[bytes]) -> None:
    def failing() -> Iterator[bytes]:
        yield b"abcde"
        raise OSError

    pieces = gathered(failing(), 4, keep=keep)
    assert [next(pieces) for _ in left] == left
    with pytest.raises(OSError):
        next(pieces)


@given(st.integers(0, 50), st.integers(-5, 60), st.none() | st.integers(-5, 60))
def test_a_range_ends_within_the_object_or_is_refused(size: int, start: int, length: int | None) -> None:
    possible = list(range(size + 1))
    end = size if length is None else start + length
    if start in possible and end in possible and start <= end:
        assert range_end("k", size, start, length) == end
    else:
        with pytest.raises(Damaged):
            range_end("k", size, start, length)


def test_a_stream_that_is_too_short_or_too_long_is_damaged() -> None:
    assert list(exactly("k", stream(b"ab", b"c"), 3)) == [b"ab", b"c"]
    for length in (2, 4):
        with pytest.raises(Damaged):
            list(exactly("k", stream(b"ab", b"c"), length))


def test_the_last_piece_of_a_wrong_object_is_never_given() -> None:
    key = hashlib.sha256(b"abc").hexdigest()
    assert list(verified(key, stream(b"ab", b"c"))) == [b"ab", b"c"]
    pieces = verified(key, stream(b"ab", b"X"))
    assert next(pieces) == b"ab"
    with pytest.raises(Damaged):
        next(pieces)


@given(st.lists(st.integers(0, 30)), st.integers(1, 20))
def test_groups_of_pieces_are_large_enough_for_parts(sizes: list[int], least: int) -> None:
    pieces = [Piece(str(number), size, "") for number, size in enumerate(sizes)]
    groups = grouped(pieces, least)
    assert [piece for group in groups for piece in group] == [piece for piece in pieces if piece.size]
    assert all(sum(piece.size for piece in group) >= least for group in groups[:-1])
    assert all(sum(piece.size for piece in group[:-1]) < least for group in groups)
