"""Pictures by name, with words in Arabic, French or English: ``water-cycle:ar``."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from oer.demo.making import crafts, nature
from oer.demo.making.drawing import Sheet, words_in

_PICTURES: Mapping[str, Callable[[str], Sheet]] = {**nature.PICTURES, **crafts.PICTURES}


@lru_cache(maxsize=8)
def picture(name: str) -> bytes:
    """A PNG; a JPEG where the name ends with ``.jpg``."""
    plain, _, lang = name.removesuffix(".jpg").partition(":")
    sheet = _PICTURES[plain](words_in(lang or "en"))
    return sheet.jpeg() if name.endswith(".jpg") else sheet.png()
