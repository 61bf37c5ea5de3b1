"""What every reader has to say besides the text: what the file tells of itself, and that it cannot be read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(slots=True)
class Told:
    """What a file says of itself, filled in while its text is read."""

    title: str = ""
    language: str = ""

    def name(self, title: object, *, language: object = "") -> None:
        """The first that is told stands."""
        self.title = self.title or " ".join(str(title or "").split())
        self.language = self.language or str(language or "").strip()


Reader = Callable[[BinaryIO, Told], Iterator[str]]


class Unreadable(Exception):
    """The file is not what it says, is damaged, locked, or too large."""
