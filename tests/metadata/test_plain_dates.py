"""Plain dates are told without the grammar; what it says of them is the same."""

from datetime import date

import edtf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata import values


def by_grammar(value: str) -> bool:
    try:
        edtf.parse_edtf(value)
    except (edtf.EDTFParseException, ValueError):
        return False
    return True


PARTS = st.tuples(st.integers(1, 9999), st.integers(0, 99), st.integers(0, 99))


@given(PARTS)
def test_what_the_shortcut_takes_the_grammar_takes(parts: tuple[int, int, int]) -> None:
    for value in (f"{parts[0]:04}", "{:04}-{:02}".format(*parts[:2]), "{:04}-{:02}-{:02}".format(*parts)):
        taken = by_grammar(value)
        assert values.is_edtf(value) == taken
        assert taken or not values._is_plain_date(value)


@given(st.dates(min_value=date(1, 1, 1)))
def test_every_day_of_the_calendar_is_taken_at_once(day: date) -> None:
    assert values._is_plain_date(day.isoformat())
    assert values._is_plain_date(day.isoformat()[:7])
    assert values._is_plain_date(day.isoformat()[:4])


@pytest.mark.parametrize(
    "value", ["0000", "2023-02-29", "2024-13", "2024-21", "2024-00-01", "٢٠٢٤", "2024-1", "2024\n"]
)
def test_the_shortcut_leaves_the_rest_to_the_grammar(value: str) -> None:
    assert not values._is_plain_date(value)
