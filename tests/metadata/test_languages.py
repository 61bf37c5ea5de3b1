import pytest

from metadata import languages


@pytest.mark.parametrize(
    ("tag", "direction"),
    [
        ("ar", "rtl"),
        ("ar-TN", "rtl"),
        ("fa_IR", "rtl"),
        ("ur", "rtl"),
        ("ku-Arab", "rtl"),
        ("ar-Latn", "ltr"),
        ("zh-Hant-TW", "ltr"),
        ("fr", "ltr"),
        ("en-GB", "ltr"),
        ("und", "auto"),
        ("", "auto"),
        ("no tag at all", "auto"),
        ("x-private", "auto"),
    ],
)
def test_every_tag_has_a_direction(tag: str, direction: str) -> None:
    assert languages.direction(tag) == direction
