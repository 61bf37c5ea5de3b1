"""Feeds of what is published, for readers and for other sites: Atom (RFC 4287), in pages (RFC 5005, section 3).

Enclosures are the files that anybody may download; ``rel="license"`` as RFC 4946 has it. Whatever has a language says
so, and feeds themselves are in that of their reader.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from metadata import vocabularies
from metadata.crosswalks import Described
from metadata.record import Record, Text, pick
from metadata.xml import escape

MEDIA_TYPE = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_NOBODY_KNOWN = {"ar": "بلا مؤلف", "fr": "Auteur inconnu", "en": "Unknown author"}


@dataclass(frozen=True, slots=True)
class Feed:
    """``url`` of the whole feed, which is its name as well; ``page`` of this page of it; ``search`` for people, who
    read ``lang``.
    """

    url: str
    page: str
    search: str
    title: str
    lang: str
    following: str | None
    issuer: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that was announced. ``html`` is sound by itself, and in a language of its own as the title is."""

    url: str
    title: Text
    html: Text
    published: datetime
    updated: datetime


def render(feed: Feed, entries: Sequence[Described]) -> bytes:
    """One page. Its time is that of its newest entry, and of an empty one the year in which Atom was agreed on."""
    parts = (part for entry in entries for part in _entry(entry, feed.lang))
    return _page(feed, [entry.published for entry in entries], parts)


def render_notices(feed: Feed, notices: Sequence[Notice]) -> bytes:
    """One page of what was announced, as :func:`render`."""
    parts = (part for notice in notices for part in _notice(notice))
    return _page(feed, [notice.updated for notice in notices], parts)


def _page(feed: Feed, times: Sequence[datetime], entries: Iterator[str]) -> bytes:
    updated = max(times, default=datetime(2005, 1, 1, tzinfo=UTC))
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<feed xmlns="{_ATOM}" xml:lang="{escape(feed.lang)}">\n',
        f"<id>{escape(feed.url)}</id>\n<title>{escape(feed.title)}</title>\n<updated>{_moment(updated)}</updated>\n",
        f"<author><name>{escape(feed.issuer)}</name></author>\n",
        _link("self", feed.page, MEDIA_TYPE),
        _link("first", feed.url, MEDIA_TYPE),
        _link("alternate", feed.search, "application/json"),
        _link("next", feed.following, MEDIA_TYPE) if feed.following else "",
        *entries,
        "</feed>\n",
    ]
    return "".join(parts).encode()


def _notice(notice: Notice) -> Iterator[str]:
    yield f"<entry>\n<id>{escape(notice.url)}</id>\n"
    yield _text("title", notice.title)
    yield f"<updated>{_moment(notice.updated)}</updated>\n<published>{_moment(notice.published)}</published>\n"
    yield _link("alternate", notice.url, "application/json")
    html = notice.html
    yield f'<content type="html" xml:lang="{escape(html.lang)}">{escape(html.value)}</content>\n</entry>\n'


def _entry(entry: Described, lang: str) -> Iterator[str]:
    record = entry.record
    title = pick(record.title, lang)
    yield f"<entry>\n<id>{escape(entry.url)}</id>\n"
    yield _text("title", title) if title else f"<title>{escape(entry.identifier)}</title>\n"
    yield f"<updated>{_moment(entry.published)}</updated>\n"
    yield _link("alternate", entry.url, "text/html")
    names = [agent.name for agent in record.creators] or [place.value for place in _institution(entry, lang)]
    for name in names or [_NOBODY_KNOWN.get(lang, _NOBODY_KNOWN["en"])]:
        yield f"<author><name>{escape(name)}</name></author>\n"
    if summary := pick(record.description, lang):
        yield _text("summary", summary)
    yield from (f'<category term="{escape(uri)}" label="{escape(label)}"/>\n' for uri, label in _subjects(record, lang))
    if record.licence:
        yield _link("license", record.licence, None)
    for file in entry.files:
        yield (
            f'<link rel="enclosure" href="{escape(file.url)}" type="{escape(file.media_type)}"'
            f' length="{file.size}" title="{escape(file.name)}"/>\n'
        )
    yield "</entry>\n"


def _institution(entry: Described, lang: str) -> Sequence[Text]:
    found = pick(entry.institution, lang)
    return [found] if found else []


def _subjects(record: Record, lang: str) -> Iterator[tuple[str, str]]:
    for uri in record.subjects:
        term = vocabularies.find(uri)
        yield uri, uri if term is None else term.labels.get(lang) or next(iter(term.labels.values()), uri)


def _text(element: str, text: Text) -> str:
    return f'<{element} xml:lang="{escape(text.lang)}">{escape(text.value)}</{element}>\n'


def _link(rel: str, href: str, media_type: str | None) -> str:
    kind = f' type="{media_type}"' if media_type else ""
    return f'<link rel="{rel}" href="{escape(href)}"{kind}/>\n'


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
