import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import file_names
from storage.portable_names import LONGEST, folded, portable

REFUSED = re.compile(r'[\\/:*?"<>|\x00-\x1f]')
DEVICES = {"con", "prn", "aux", "nul", "com1", "lpt9", "com¹", "conin$", "conout$"}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("درس الضوء (الصف السابع).pdf", "درس الضوء (الصف السابع).pdf"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("Lpt1.tar.gz", "_Lpt1.tar.gz"),
        ("com¹.md", "_com¹.md"),
        ("conin$", "_conin$"),
        ("console.txt", "console.txt"),
        ("com10.txt", "com10.txt"),
        ("a:b?.txt", "a_b_.txt"),
        ("ends in dots...", "ends in dots"),
        ("...", "file"),
    ],
)
def test_names_that_every_system_takes(name: str, kept: str) -> None:
    assert portable(name, set()) == kept


def test_what_a_system_would_take_for_the_same_gets_a_number() -> None:
    taken: set[str] = set()
    given_ = ["A.pdf", "a.PDF", "ﬁle.txt", "FILE.txt", "e\u0301.txt", "é.txt", "A.pdf"]
    assert [portable(name, taken) for name in given_] == [
        "A.pdf", "a (2).PDF", "ﬁle.txt", "FILE (2).txt", "é.txt", "é (2).txt", "A (3).pdf",
    ]  # fmt: skip


def test_a_long_name_keeps_its_extension_and_whole_letters() -> None:
    taken: set[str] = set()
    names = [portable("درس" * 60 + ".tar.gz", taken) for _ in range(12)]
    assert len(set(names)) == 12
    assert all(name.endswith(".tar.gz") and len(name.encode()) <= LONGEST for name in names)
    assert "\ufffd" not in "".join(names)


@given(st.lists(st.text(max_size=200), max_size=20))
def test_any_names_lie_beside_each_other_anywhere(given_: list[str]) -> None:
    taken: set[str] = set()
    names = [portable(name, taken) for name in given_]
    assert len({folded(name) for name in names}) == len(names) == len({name.upper() for name in names})
    for name in names:
        assert 0 < len(name.encode()) <= LONGEST
        assert not REFUSED.search(name)
        assert name == name.rstrip(". ")
        assert name.partition(".")[0].rstrip().lower() not in DEVICES
        assert unicodedata.is_normalized("NFC", name)
        assert file_names.safe_name(name) == name
