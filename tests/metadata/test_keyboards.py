import pytest

from metadata import keyboards


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hgvdhqdhj", ["الرياضيات", "الرياشيات"]),
        ("]vs", ["درس", "]رس"]),
        ("Hpdhx", ["أحياء"]),
        ("hgvdhadhj", ["الرياشيات", "الرياضيات"]),  # the French keyboard, where q and a change places
        ("فاثخقثة", ["theorem", "theore,"]),
        ("ةشفا", ["math", ",qth"]),
    ],
)
def test_the_keys_of_another_layout_are_understood(typed: str, meant: list[str]) -> None:
    assert list(keyboards.meant(typed)) == meant


@pytest.mark.parametrize("typed", ["درس math", "123 !", ""])
def test_what_has_both_scripts_or_none_is_not_touched(typed: str) -> None:
    assert list(keyboards.meant(typed)) == []
