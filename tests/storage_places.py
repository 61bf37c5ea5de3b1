"""A *place*: where a new store object, in this process or another, finds the same bytes."""

from collections.abc import Callable
from dataclasses import dataclass

from storage.store import Store


@dataclass
class Place:
    """`open()` gives a new store on the same content; `tick` is how far apart two puts must be to differ (seconds)."""

    kind: str
    open: Callable[[], Store]
    tick: float
