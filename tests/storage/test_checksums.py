"""Digests, and the ways to write them."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import checksums

EMPTY = hashlib.sha256(b"").hexdigest()


@given(st.lists(st.binary()))
def test_hashing_passes_everything_on_and_knows_digest_and_size(chunks: list[bytes]) -> None:
    hashing = checksums.Hashing(chunks)
    assert list(hashing) == chunks
    assert hashing.hex == hashlib.sha256(b"".join(chunks)).hexdigest()
    assert hashing.size == sum(map(len, chunks))


@pytest.mark.parametrize("sizes", [[], [0, 1], [3 << 20, 5, 2 << 20, 0, (1 << 20) - 1], [5 << 20] * 5 + [7]])
def test_the_parallel_digest_takes_buffers_in_their_order(sizes: list[int]) -> None:
    buffers = [bytes([number]) * size for number, size in enumerate(sizes)]
    with checksums.ParallelDigest() as digest:
        for buffer in buffers:
            digest.update(buffer)
        assert digest.hexdigest() == hashlib.sha256(b"".join(buffers)).hexdigest()


@given(st.binary(min_size=32, max_size=32).map(bytes.hex))
def test_a_digest_survives_its_field_and_base64(key: str) -> None:
    assert checksums.parse_digest_field(checksums.digest_field(key)) == key
    assert checksums.base64_to_hex(checksums.hex_to_base64(key)) == key


def test_the_field_is_written_as_the_standard_shows_it() -> None:
    # RFC 9530, appendix A: the representation {"hello": "world"} with its line end.
    key = hashlib.sha256(b'{"hello": "world"}\n').hexdigest()
    assert checksums.digest_field(key) == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


def test_other_algorithms_are_passed_over_and_the_last_of_one_name_counts() -> None:
    field = checksums.digest_field(EMPTY)
    assert checksums.parse_digest_field(f"sha-512=:AAAA:, {field};x=1") == EMPTY
    assert checksums.parse_digest_field(f"{checksums.digest_field('00' * 32)} , {field}") == EMPTY
    assert checksums.parse_digest_field("md5=:AAAA:") is None


@pytest.mark.parametrize(
    "value", ["", ",", "sha-256", "sha-256=abc", "sha-256=:AAA:", "sha-256=:AAAA:", "sha-256=:@@@@:"]
)
def test_a_malformed_field_is_refused(value: str) -> None:
    with pytest.raises(ValueError):
        checksums.parse_digest_field(value)


@given(st.text())
def test_no_field_raises_anything_else(value: str) -> None:
    try:
        found = checksums.parse_digest_field(value)
    except ValueError:
        return
    assert found is None or len(found) == 64
