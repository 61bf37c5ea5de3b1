"""What a client may do beside depositing: ``client.collections``, ``.institutions``, ``.tokens``, ``.imports``."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from oer.client import transfers
from oer.client.errors import Unfinished
from oer.client.line import Answer, Line, Query
from oer.client.things import Collection, Institution, Job, Named, Person, Resource, Thing, Token, Usage

Words = Mapping[str, str | None]  # by language: ar, fr, en

_FORMS = {".jsonl": "application/jsonl", ".csv": "text/csv", ".zip": "application/zip"}
_POLL = (0.2, 5.0)  # seconds between looks at a job: at first, and at most


def path(*parts: str | int) -> str:
    return "/api/" + "/".join(quote(str(part), safe="") for part in parts)


def id_of(thing: Named | str) -> str:
    return thing if isinstance(thing, str) else thing.id


def matching(thing: Thing | str | int) -> dict[str, str]:
    """What a write insists on: what was read, or nothing where there is no more than a name."""
    return {"If-Match": (thing.etag if isinstance(thing, Thing) else None) or "*"}


def said(**given: object) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def period(since: date | None, until: date | None) -> dict[str, str | None]:
    """Days that figures are asked of."""
    return {name: day.isoformat() if day else None for name, day in (("from", since), ("until", until))}


def pages(line: Line, address: str, query: Query | None = None) -> Iterator[dict[str, Any]]:
    """Everything of a list, page after page."""
    asked = dict(query or {})
    while True:
        answer = line.ask("GET", address, query=asked).json
        yield from answer["items"]
        if answer["next"] is None:
            return
        asked |= {"cursor": parse_qs(urlsplit(answer["next"]).query)["cursor"][0]}


class Collections:
    """Resources that belong together, in ordered units."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def all(
        self, *, institution: str | None = None, contains: Resource | str | None = None, state: str | None = None
    ) -> Iterator[Collection]:
        """Without their units. ``state``: ``draft`` for those you edit and that are not published."""
        held = None if contains is None else id_of(contains)
        query = {"institution": institution, "contains": held, "state": state}
        return map(Collection, pages(self._line, path("collections"), query))

    def one(self, collection: Collection | str) -> Collection:
        return _collection(self._line.ask("GET", path("collections", id_of(collection))))

    def create(
        self,
        institution: str,
        titles: Words,
        descriptions: Words | None = None,
        *,
        membership: str = "closed",
        key: str | None = None,
    ) -> Collection:
        body = said(institution=institution, titles=titles, descriptions=descriptions, membership=membership)
        return _collection(self._line.ask("POST", path("collections"), json=body, key=key))

    def change(
        self,
        collection: Collection | str,
        *,
        titles: Words | None = None,
        descriptions: Words | None = None,
        membership: str | None = None,
    ) -> Collection:
        """Languages that are not named stay; None as the words of one takes it away."""
        body = said(titles=titles, descriptions=descriptions, membership=membership)
        return self._write("PATCH", collection, json=body)

    def arrange(self, collection: Collection | str, units: Sequence[Mapping[str, Any]]) -> Collection:
        """Put all units in order: ``{"id"?, "titles", "items": [{"resource", "note"}]}``. Others go."""
        return self._write("PUT", collection, "units", json=list(units))

    def add(
        self, collection: Collection | str, resource: Resource | str, *, unit: str | None = None, note: str = ""
    ) -> Collection:
        """At the end of a unit, the last one unless one is named. Others may add at the same time."""
        body = said(resource=id_of(resource), unit=unit, note=note)
        address = path("collections", id_of(collection), "items")
        return _collection(self._line.ask("POST", address, json=body))

    def take_out(self, collection: Collection | str, resource: Resource | str) -> Collection:
        self._line.ask("DELETE", path("collections", id_of(collection), "items", id_of(resource)))
        return self.one(collection)  # after a broken line the answer may only say that it is out

    def publish(self, collection: Collection | str) -> Collection:
        return self._write("POST", collection, "publish")

    def unpublish(self, collection: Collection | str) -> Collection:
        return self._write("POST", collection, "unpublish")

    def remove(self, collection: Collection | str) -> None:
        self._line.ask("DELETE", path("collections", id_of(collection)), headers=matching(collection))

    def _write(self, method: str, collection: Collection | str, *step: str, json: object = None) -> Collection:
        address = path("collections", id_of(collection), *step)
        return _collection(self._line.ask(method, address, json=json, headers=matching(collection)))


def _collection(answer: Answer) -> Collection:
    return Collection(answer.json, answer.etag)


class Institutions:
    """The tree of institutions."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def all(
        self,
        *,
        parent: str | None = None,
        within: str | None = None,
        kind: str | None = None,
        country: str | None = None,
    ) -> Iterator[Institution]:
        """Each right before those below it; ``parent=""``: those at the top."""
        query = {"parent": parent, "within": within, "kind": kind, "country": country}
        return map(Institution, pages(self._line, path("institutions"), query))

    def one(self, institution: Institution | str) -> Institution:
        return _institution(self._line.ask("GET", _place(institution)))

    def usage(self, institution: Institution | str, *, since: date | None = None, until: date | None = None) -> Usage:
        """How often its resources and those below it were seen and downloaded; days of a period, for its managers."""
        return Usage(self._line.ask("GET", f"{_place(institution)}/usage", query=period(since, until)).json)

    def add(self, slug: str, names: Words, kind: str, *, parent: str | None = None, **more: object) -> Institution:
        """``more``: descriptions, country, ror, homepage, colour, default_licence, default_language, publish_role."""
        body = said(slug=slug, names=names, kind=kind, parent=parent, **more)
        return _institution(self._line.ask("POST", path("institutions"), json=body))

    def change(self, institution: Institution | str, **changes: object) -> Institution:
        """None takes a value away; with another ``parent`` it moves, with all below it."""
        answer = self._line.ask("PATCH", _place(institution), json=changes, headers=matching(institution))
        return _institution(answer)

    def remove(self, institution: Institution | str) -> None:
        self._line.ask("DELETE", _place(institution), headers=matching(institution))


def _place(institution: Institution | str) -> str:
    return path("institutions", institution if isinstance(institution, str) else institution.slug)


def _institution(answer: Answer) -> Institution:
    return Institution(answer.json, answer.etag)


class Tokens:
    """Access tokens: your own, or those of a person whom you look after."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def all(self, person: Person | int | None = None) -> Iterator[Token]:
        return map(Token, pages(self._line, self._of(person)))

    def make(
        self, name: str, scopes: Sequence[str], *, days: int | None = None, person: Person | int | None = None
    ) -> Token:
        """Its ``secret`` is shown this once."""
        body = said(name=name, scopes=list(scopes), days=days)
        address = self._of(person)
        while True:
            token = Token(self._line.ask("POST", address, json=body).json)
            if token.secret is not None:
                return token
            # Its secret was in a reply that was lost: nobody has it, and nobody shall.
            self._line.ask("DELETE", f"{address}/{token.id}")

    def revoke(self, token: Token | int, person: Person | int | None = None) -> None:
        """At once and for ever."""
        self._line.ask("DELETE", f"{self._of(person)}/{token if isinstance(token, int) else token.id}")

    def _of(self, person: Person | int | None) -> str:
        if person is None:
            person = Person(self._line.ask("GET", path("me")).json)
        return path("people", person if isinstance(person, int) else person.id, "tokens")


class Imports:
    """Many records at once, as a job of the repository."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def start(
        self,
        rows: Path | str | bytes,
        *,
        form: str | None = None,
        institution: str | None = None,
        source: str | None = None,
        publish: bool = False,
        dry_run: bool = False,
        update: bool = False,
        defaults: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Job:
        """``form``: jsonl, csv or zip, as the name of the file says. With ``update`` the rows are of an export."""
        wanted = f".{form}" if form else "" if isinstance(rows, bytes) else Path(rows).suffix.lower()
        if wanted not in _FORMS:
            raise ValueError("the form of an import is jsonl, csv or zip")
        file = transfers.source(rows, "rows")
        query = {
            "institution": institution,
            "source": source,
            "publish": publish,
            "dry_run": dry_run,
            "update": update,
            "defaults": None if defaults is None else json.dumps(defaults),
        }
        content = file.part(media_type=_FORMS[wanted])
        headers = {"Content-Digest": file.digest_field}
        return Job(self._line.ask("POST", path("imports"), query=query, content=content, headers=headers, key=key).json)

    def one(self, job: Job | int) -> Job:
        return Job(self._line.ask("GET", _job(job)).json)

    def wait(self, job: Job | int, *, timeout: float = 3600) -> Job:
        """The job once it has ended, however it did. Raises Unfinished after ``timeout`` seconds."""
        until, pause = time.monotonic() + timeout, _POLL[0]
        while not (found := self.one(job)).ended:
            if time.monotonic() + pause > until:
                raise Unfinished(f"job {found.id} is {found.state} after {timeout:g} seconds")
            time.sleep(pause)
            pause = min(1.5 * pause, _POLL[1])
        return found

    def report(self, job: Job | int) -> Iterator[dict[str, Any]]:
        """What became of each row: ``row``, ``item``, ``status``, ``id``, ``problems``, ``changes``."""
        for line in self._line.ask("GET", f"{_job(job)}/report").content.splitlines():
            yield json.loads(line)

    def cancel(self, job: Job | int) -> Job:
        """What it has done stays done."""
        return Job(self._line.ask("POST", f"{_job(job)}/cancel").json)


def _job(job: Job | int) -> str:
    return path("jobs", job if isinstance(job, int) else job.id)
