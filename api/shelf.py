"""Resources as JSON, kept in the memory of this process for as long as nothing of them changes.

Answers for single resources and the items of lists are the same bytes. Whoever takes one looks first whether the row
that it was made from is still the same (``queries.resources.shown``), and whether it is still the same day, since
embargoes end by it. Only what everybody gets is kept.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session

from oer import queries

_ROOM = 48 << 20  # bytes of one process
_LARGEST = 1 << 20  # bytes of one answer
_BESIDE = 1000  # bytes that an answer takes beside its content and headers: the row, and the objects they all are

Made = tuple[Any, ...]
"""What an answer was made from, and the day."""
RawHeaders = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Answer:
    """``headers`` of status 200, and ``seen``, the commit and the day at which it was last known to be what is shown:
    None where it was made for a list.
    """

    made: Made
    content: bytes
    headers: RawHeaders | None = None
    seen: tuple[int | None, date] | None = None

    @property
    def size(self) -> int:
        return len(self.content) + sum(len(name) + len(value) for name, value in self.headers or ()) + _BESIDE


class Shelf:
    """Answers by public id, the longest unasked first. For any number of threads."""

    def __init__(self, room: int = _ROOM) -> None:
        self.room = room
        self._held = 0
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, public_id: str) -> Answer | None:
        with self._lock:
            answer = self._answers.get(public_id)
            if answer is not None:
                self._answers.move_to_end(public_id)
            return answer

    def put(self, public_id: str, answer: Answer) -> None:
        with self._lock:
            self._drop(public_id)
            if answer.size > _LARGEST:
                return
            self._answers[public_id] = answer
            self._held += answer.size
            while self._held > self.room:
                self._drop(next(iter(self._answers)))

    def _drop(self, public_id: str) -> None:
        answer = self._answers.pop(public_id, None)
        if answer is not None:
            self._held -= answer.size


def look(session: Session, ids: Iterable[int], today: date) -> dict[int, tuple[str, Made]]:
    """Public id and what an answer is made from, of those of these resources that are published."""
    rows = queries.resources.shown_of_many(session, ids=ids)
    return {resource_id: (public_id, (*row, today)) for resource_id, (public_id, row) in rows.items()}
