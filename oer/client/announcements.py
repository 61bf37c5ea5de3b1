"""``client.announcements``: what institutions announce."""

from collections.abc import Iterator
from typing import Any

from oer.client.line import Answer, Line
from oer.client.nouns import Words, matching, pages, path, said
from oer.client.things import Institution, Named


class Announcement(Named):
    @property
    def titles(self) -> dict[str, str]:
        """By language."""
        return dict(self.data["titles"])

    @property
    def texts(self) -> dict[str, str]:
        """By language, in Markdown."""
        return dict(self.data["texts"])

    @property
    def published(self) -> str:
        """ISO 8601."""
        return self._text("published")

    @property
    def until(self) -> str | None:
        """ISO 8601."""
        return self._maybe("until")

    @property
    def pinned(self) -> bool:
        return bool(self.data["pinned"])


class Announcements:
    """What institutions announce. Moments are written as in ISO 8601, with their zone."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def all(self, institution: Institution | str, *, state: str | None = None) -> Iterator[Announcement]:
        """Pinned ones first, then the newest. ``state``: ``past``, or for managers ``scheduled``."""
        return map(Announcement, pages(self._line, _place(institution), {"state": state}))

    def one(self, institution: Institution | str, announcement: str) -> Announcement:
        return _announcement(self._line.ask("GET", _place(institution, announcement)))

    def add(
        self,
        institution: Institution | str,
        titles: Words,
        texts: Words,
        *,
        published: str | None = None,
        until: str | None = None,
        pinned: bool = False,
        key: str | None = None,
    ) -> Announcement:
        """Shown from ``published`` on, at once unless it says when; past from ``until`` on."""
        body = said(titles=titles, texts=texts, published=published, until=until, pinned=pinned)
        return _announcement(self._line.ask("POST", _place(institution), json=body, key=key))

    def change(self, announcement: Announcement, **changes: Any) -> Announcement:
        """``titles`` and ``texts`` in some languages, ``published``, ``until``, ``pinned``; None takes away."""
        place = _place(announcement.institution, announcement.id)
        return _announcement(self._line.ask("PATCH", place, json=changes, headers=matching(announcement)))

    def remove(self, announcement: Announcement) -> None:
        place = _place(announcement.institution, announcement.id)
        self._line.ask("DELETE", place, headers=matching(announcement))


def _place(institution: Institution | str, *more: str) -> str:
    slug = institution if isinstance(institution, str) else institution.slug
    return path("institutions", slug, "announcements", *more)


def _announcement(answer: Answer) -> Announcement:
    return Announcement(answer.json, answer.etag)
