"""The client of one repository."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path, PurePath
from types import TracebackType
from typing import Literal, overload
from urllib.parse import quote

from oer.client import transfers
from oer.client.announcements import Announcements
from oer.client.line import Answer, Line
from oer.client.nouns import Collections, Imports, Institutions, Tokens, id_of, matching, pages, path, period, said
from oer.client.reports import Reports
from oer.client.things import (
    Collection,
    Decision,
    Draft,
    DraftLine,
    Person,
    Previews,
    Record,
    Resource,
    Suggestions,
    Term,
    Usage,
    Verdict,
    Version,
)
from oer.client.transfers import Place, Source

_SMALL = 8 << 20  # bytes that go in one request
Upload = Path | str | bytes


class Client:
    """Everything that a program may do in a repository. Methods raise ApiError, Unreachable and ValueError.

    ``token`` says who is calling; without one only the public things are there. ``language`` (ar, fr, en) is that of
    sentences. ``timeout``: seconds without a byte after which a line counts as broken. ``patience``: seconds spent on
    waiting, in all, before a deed that always fails is given up; whatever succeeds in part begins it anew.

    Where a method takes a thing or its id, the thing is safer: nothing is overwritten that you have not seen.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        language: str = "en",
        *,
        timeout: float = 60.0,
        patience: float = 120.0,
    ) -> None:
        self._language = language
        self._line = Line(base_url, token, language, timeout=timeout, patience=patience)
        self.collections = Collections(self._line)
        self.institutions = Institutions(self._line)
        self.announcements = Announcements(self._line)
        self.reports = Reports(self._line)
        self.tokens = Tokens(self._line)
        self.imports = Imports(self._line)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    # ── Reading ──────────────────────────────────────────────────────────────────────────────────

    def me(self) -> Person:
        """Who the token speaks for."""
        answer = self._line.ask("GET", path("me"))
        return Person(answer.json, answer.etag)

    def resource(self, resource: Resource | str, version: int | None = None) -> Resource:
        """As it is now, or in a past version."""
        past = () if version is None else ("versions", version)
        return _resource(self._line.ask("GET", path("resources", id_of(resource), *past)))

    def rendered(self, resource: Resource | str, form: str, *, language: str | None = None) -> bytes:
        """Its current version in a format: ``jsonld``, ``bibtex``, ``ris``, ``csl``, or an OAI format by its prefix.

        A format with room for one title takes that of ``language`` (ar, fr, en); without one, of the client's.
        """
        query = {"format": form, "lang": language}
        return self._line.ask("GET", path("resources", id_of(resource)), query=query).content

    def resources(self, *, institution: str | None = None, state: str | None = None) -> Iterator[Resource]:
        """The newest first. ``state``: ``hidden`` or ``withdrawn`` for those who may see such."""
        return map(Resource, pages(self._line, path("resources"), {"institution": institution, "state": state}))

    def search(self, words: str = "", *, sort: str | None = None, **chosen: str | Sequence[str]) -> Iterator[Resource]:
        """What is found, page after page. ``sort``: ``relevance`` (the first 10,000 hits), ``newest``, ``used``,
        ``title``.

        ``chosen``: values of facets, one or several of each (``level="level_1"``, ``language=["ar", "fr"]``).
        """
        asked = {"q": words or None, "sort": sort, **chosen}
        return map(Resource, pages(self._line, path("resources"), asked))

    def suggest(self, words: str) -> list[str]:
        """How a question that is being typed may go on: whole questions, the likeliest first."""
        answer = self._line.ask("GET", path("suggest"), query={"q": words})
        return [str(told["text"]) for told in answer.json["texts"]]

    def similar(self, resource: Resource | str) -> list[Resource]:
        """Resources that are about the same, the nearest first."""
        answer = self._line.ask("GET", path("resources", id_of(resource), "similar"))
        return [Resource(told) for told in answer.json["items"]]

    def usage(self, resource: Resource | str, *, since: date | None = None, until: date | None = None) -> Usage:
        """How often it was seen and downloaded; days of a period, for its author and its reviewers."""
        return Usage(
            self._line.ask("GET", path("resources", id_of(resource), "usage"), query=period(since, until)).json
        )

    def previews(self, resource: Resource, name: str) -> Previews:
        """What is made of a file of it to be shown beside it, or taken over slow lines."""
        place = path("resources", resource.id, "versions", resource.version, "files", name, "previews")
        return Previews(self._line.ask("GET", place).json)

    def terms(self, vocabulary: str, words: str = "") -> Iterator[Term]:
        """Terms for new records, of ``isced-levels`` or ``licences``; those that people call by these words."""
        return map(Term, pages(self._line, path("vocabularies", vocabulary), {"q": words or None}))

    def versions(self, resource: Resource | str) -> list[Version]:
        """The newest first."""
        answer = self._line.ask("GET", path("resources", id_of(resource), "versions"))
        return [Version(told) for told in answer.json["items"]]

    def draft(self, draft: Draft | DraftLine | Resource | str) -> Draft:
        return _draft(self._line.ask("GET", path("resources", id_of(draft), "draft")))

    def drafts(
        self,
        *,
        institution: str | None = None,
        state: str | None = None,
        mine: bool | None = None,
        order: str | None = None,
    ) -> Iterator[DraftLine]:
        """``state="submitted", order="oldest"``: the queue of a reviewer."""
        query = {"institution": institution, "state": state, "mine": mine, "order": order}
        return map(DraftLine, pages(self._line, path("drafts"), query))

    def download(self, thing: Resource | Draft | str, name: str, to: Path | str) -> Path:
        """Get a file of a resource or a draft; of an id, from the version that is current. ``to``: a file or a folder.

        The answer is where it is. Nothing is there before all of its bytes are, with the right checksum (Damaged).
        """
        target = Path(to)
        if target.is_dir():
            if PurePath(name).name != name:
                raise ValueError("a name without folders")
            target /= name
        digest = None if isinstance(thing, str) else thing.file(name).sha256
        part: tuple[str | int, ...] = ()
        if isinstance(thing, Resource):
            part = ("versions", thing.version)
        elif isinstance(thing, Draft):
            part = ("draft",)
        transfers.download(self._line, path("resources", id_of(thing), *part, "files", name), target, sha256=digest)
        return target

    # ── Describing ───────────────────────────────────────────────────────────────────────────────

    def pack(
        self, thing: Collection | Resource | str, to: Path | str, *, light: bool = False, language: str | None = None
    ) -> Path:
        """Get all files of a collection, or of a resource (an id is a collection's), as a ZIP that opens offline.

        Nothing is at ``to`` before the whole ZIP is, each member with the right checksum (Damaged).
        """
        noun = "resources" if isinstance(thing, Resource) else "collections"
        query = f"?lang={quote(language or self._language)}" + ("&light=true" if light else "")
        address = path(noun, id_of(thing), "pack") + query
        transfers.download(self._line, address, Path(to), sha256=None, sound=transfers.whole_zip)
        return Path(to)

    def create(self, institution: str, record: Record, *, note: str = "", key: str | None = None) -> Draft:
        """Begin a resource. With a ``key`` of your own the same call made again, within two days, makes no second."""
        body = {"institution": institution, "record": record, "note": note}
        return _draft(self._line.ask("POST", path("resources"), json=body, key=key))

    @overload
    def deposit(
        self,
        institution: str,
        record: Record,
        files: Sequence[Path | str],
        *,
        note: str = "",
        publish: Literal[False] = False,
        key: str | None = None,
    ) -> Draft: ...

    @overload
    def deposit(
        self,
        institution: str,
        record: Record,
        files: Sequence[Path | str],
        *,
        note: str = "",
        publish: Literal[True],
        key: str | None = None,
    ) -> Resource: ...

    def deposit(
        self,
        institution: str,
        record: Record,
        files: Sequence[Path | str],
        *,
        note: str = "",
        publish: bool = False,
        key: str | None = None,
    ) -> Draft | Resource:
        """Everything in one call, all or nothing. For large files on a bad line: ``create``, then ``upload``."""
        fields = {"institution": institution, "note": note, "record": json.dumps(record)}
        content = transfers.form(fields, [transfers.source(file, None) for file in files])
        answer = self._line.ask("POST", path("resources"), query={"publish": publish}, content=content, key=key)
        return _resource(answer) if publish else _draft(answer)

    def describe(self, draft: Draft | str, record: Record, *, note: str | None = None) -> Draft:
        """Replace the whole record. The note stays unless another is given."""
        kept = draft.note if isinstance(draft, Draft) else ""
        return self._write("PUT", draft, json={"record": record, "note": kept if note is None else note})

    def change(self, draft: Draft | str, record: Record | None = None, *, note: str | None = None) -> Draft:
        """Change fields of the record (JSON merge patch): None takes one away, lists are replaced."""
        return self._write("PATCH", draft, json=said(record=record, note=note))

    # ── Files ────────────────────────────────────────────────────────────────────────────────────

    def upload(
        self,
        draft: Draft | str,
        content: Upload,
        *,
        name: str | None = None,
        role: str | None = None,
        language: str | None = None,
        replace: bool = False,
        part_size: int | None = None,
    ) -> Draft:
        """Put a file into a draft: a path, or bytes with a ``name``. ``replace`` takes the place of one of that name.

        Above 8 MiB it goes on after a broken line where it broke, and when a program is run again where that ended.
        ``part_size``: bytes of one request, for networks that let no larger ones through.
        """
        known = draft if isinstance(draft, Draft) else self.draft(draft)
        file = transfers.source(content, name)
        place = Place(known.id, role, language, _replaced(known, file) if replace else None)
        if file.size <= min(_SMALL, part_size or _SMALL):
            transfers.put(self._line, file, place)
        else:
            transfers.send(self._line, file, place, part_size=part_size)
        return self.draft(known)

    def take_out(self, draft: Draft | str, name: str) -> Draft:
        """Take a file out of a draft."""
        self._line.ask("DELETE", path("resources", id_of(draft), "draft", "files", name), headers=matching(draft))
        return self.draft(draft)

    # ── Steps ────────────────────────────────────────────────────────────────────────────────────

    def suggestions(self, draft: Draft | str) -> Suggestions:
        """What may be said of the resource, drawn from the files of its draft; nothing is written down."""
        answer = self._line.ask("POST", path("suggestions"), json={"resource": id_of(draft)})
        return Suggestions(answer.json)

    def validate(self, draft: Draft | str) -> Verdict:
        """Everything that forbids to publish it, and warnings. Nothing is changed."""
        return Verdict(self._line.ask("POST", path("resources", id_of(draft), "draft", "validate")).json)

    def submit(self, draft: Draft | str) -> Draft:
        """Hand it to the reviewers."""
        return self._write("POST", draft, "submit")

    def recall(self, draft: Draft | str) -> Draft:
        """Take it back from them."""
        return self._write("POST", draft, "recall")

    def review(
        self, draft: Draft | str, decision: Literal["publish", "request-changes", "reject"], comment: str = ""
    ) -> Decision:
        """Decide on a submitted draft; who does not publish it says why."""
        address = path("resources", id_of(draft), "draft", "reviews")
        body = {"decision": decision, "comment": comment}
        return Decision(self._line.ask("POST", address, json=body, headers=matching(draft)).json)

    def publish(self, draft: Draft | str, *, note: str | None = None) -> Resource:
        """As the next version, where your role needs no review."""
        address = path("resources", id_of(draft), "draft", "publish")
        return _resource(self._line.ask("POST", address, json=said(note=note), headers=matching(draft)))

    def discard(self, draft: Draft | str) -> None:
        """Drop it; a resource that was never published goes with it."""
        self._line.ask("DELETE", path("resources", id_of(draft), "draft"), headers=matching(draft))

    def revise(self, resource: Resource | str, *, key: str | None = None) -> Draft:
        """Begin the next version: a draft with the record and the files of the current one."""
        return _draft(self._line.ask("POST", path("resources", id_of(resource), "versions"), key=key))

    def withdraw(self, resource: Resource | str, reason: str, note: str = "") -> Resource:
        """A public tombstone with the reason stays. ``reason``: author-request, rights, privacy, duplicate, outdated,
        harmful, legal, error, other.
        """
        return self._step(resource, "withdraw", {"reason": reason, "note": note})

    def restore(self, resource: Resource | str) -> Resource:
        """Bring a withdrawn one back as it was."""
        return self._step(resource, "restore")

    def hide(self, resource: Resource | str, reason: str, note: str = "") -> Resource:
        """Take it out of sight while a complaint is examined."""
        return self._step(resource, "hide", {"reason": reason, "note": note})

    def unhide(self, resource: Resource | str) -> Resource:
        return self._step(resource, "unhide")

    def _write(self, method: str, draft: Draft | str, *step: str, json: object = None) -> Draft:
        address = path("resources", id_of(draft), "draft", *step)
        return _draft(self._line.ask(method, address, json=json, headers=matching(draft)))

    def _step(self, resource: Resource | str, step: str, json: object = None) -> Resource:
        address = path("resources", id_of(resource), step)
        return _resource(self._line.ask("POST", address, json=json, headers=matching(resource)))


def _draft(answer: Answer) -> Draft:
    return Draft(answer.json, answer.etag)


def _resource(answer: Answer) -> Resource:
    return Resource(answer.json, answer.etag)


def _replaced(draft: Draft, file: Source) -> str | None:
    """The file that stands in the way, as If-Match names it."""
    try:
        return f'"{draft.file(file.name).sha256}"'
    except KeyError:
        return None
