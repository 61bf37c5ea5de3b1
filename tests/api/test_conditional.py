from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from api import conditional
from api.conditional import Unsatisfiable, byte_range, is_known
from oer.errors import Stale

WHEN = datetime(2026, 3, 1, 8, 0, 0, 250_000, tzinfo=UTC)
DATE = "Sun, 01 Mar 2026 08:00:00 GMT"
ETAG = '"abc"'
LATIN = st.characters(max_codepoint=255)  # what a header can carry


def part(value: str, size: int = 100, **more: str) -> tuple[int, int] | None:
    headers = Headers({"range": value, **{name.replace("_", "-"): text for name, text in more.items()}})
    return byte_range(headers, size, etag=ETAG, modified=WHEN)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-", (0, 100)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-200", (90, 100)),
        ("bytes=99-", (99, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-500", (0, 100)),
        ("Bytes = 3 - 4 ", (3, 5)),
    ],
)
def test_a_single_range_is_taken(value: str, expected: tuple[int, int]) -> None:
    assert part(value) == expected


@pytest.mark.parametrize(
    "value",
    ["", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=1-2,4-5", "items=0-1", "bytes=0x1-2",
     "bytes=\xb2-\xb3", f"bytes={'9' * 5000}-", "bytes=--1", "bytes=1-2-3"],
)  # fmt: skip
def test_anything_else_gets_the_whole(value: str) -> None:
    assert part(value) is None


@pytest.mark.parametrize(("value", "size"), [("bytes=100-", 100), ("bytes=100-200", 100), ("bytes=-0", 100),
                                             ("bytes=0-", 0), ("bytes=-5", 0)])  # fmt: skip
def test_a_range_without_a_byte_is_refused(value: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        part(value, size)


@given(st.text(LATIN, max_size=30), st.integers(0, 1000))
def test_no_header_gives_bytes_that_do_not_exist(value: str, size: int) -> None:
    try:
        found = part(f"bytes={value}", size)
    except Unsatisfiable:
        return
    assert found is None or 0 <= found[0] < found[1] <= size


@pytest.mark.parametrize(
    ("condition", "taken"),
    [(ETAG, True), (DATE, True), ('W/"abc"', False), ('"abd"', False), ("Sun, 01 Mar 2026 08:00:01 GMT", False),
     ("abc", False), ("", False)],
)  # fmt: skip
def test_if_range_takes_exactly_our_validator(condition: str, taken: bool) -> None:
    assert (part("bytes=0-4", if_range=condition) is not None) is taken


@pytest.mark.parametrize(
    ("given_tags", "known"),
    [(ETAG, True), ('W/"abc"', True), ('"x", "abc"', True), ('"x" , W/"abc" ', True), ("*", True), ('"abcd"', False),
     ("abc", False), ("", False), ('"x", *', False)],
)  # fmt: skip
def test_if_none_match_compares_weakly(given_tags: str, known: bool) -> None:
    assert is_known(Headers({"if-none-match": given_tags}), ETAG) is known


def test_if_modified_since_counts_whole_seconds_and_only_without_if_none_match() -> None:
    assert is_known(Headers({"if-modified-since": DATE}), ETAG, WHEN)
    assert not is_known(Headers({"if-modified-since": "Sun, 01 Mar 2026 07:59:59 GMT"}), ETAG, WHEN)
    assert not is_known(Headers({"if-modified-since": DATE, "if-none-match": '"x"'}), ETAG, WHEN)
    assert not is_known(Headers({"if-modified-since": "yesterday"}), ETAG, WHEN)


def test_if_match_needs_a_strong_tag() -> None:
    conditional.require_match(Headers({"if-match": '"x", "abc"'}), ETAG)
    conditional.require_match(Headers({}), ETAG)
    for wrong in ('"x"', 'W/"abc"', ""):
        with pytest.raises(Stale):
            conditional.require_match(Headers({"if-match": wrong}), ETAG)


@given(st.text(LATIN), st.text(LATIN))
def test_no_header_breaks_the_comparison(tags: str, since: str) -> None:
    assert not is_known(Headers({"if-none-match": tags}), '"a tag that nobody guesses"') or tags.strip() == "*"
    is_known(Headers({"if-modified-since": since}), ETAG, WHEN)


@pytest.mark.parametrize("value", ["a" + " " * 200_000 + "x", "," * 200_000, '"' * 200_000, 'W/"' + "a" * 200_000])
def test_long_headers_are_read_in_one_go(value: str) -> None:
    """Patterns that go back over what they have read needed hours for these, in which the server answered nobody."""
    assert not is_known(Headers({"if-none-match": value}), ETAG)
    assert part(f"bytes={value}") is None
    assert part("bytes=" + " " * 200_000 + "1" + " " * 200_000 + "-" + " " * 200_000 + "2x") is None


@pytest.mark.parametrize(
    "value",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2026 00:00:00 +999999999999999",
        "Mon, 01 Jan 2026 9999999999999999999:00 GMT",
    ],
)
def test_a_date_that_cannot_be_is_no_date(value: str) -> None:
    assert not is_known(Headers({"if-modified-since": value}), ETAG, WHEN)
