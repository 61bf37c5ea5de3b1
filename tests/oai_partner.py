"""A harvester as tests need one: it asks a provider, and reads only answers that the schemas allow."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from factories import Watch, published
from lxml import etree

from harvest import provider
from metadata.xml import NAMESPACES
from oer import exposure, institutions, publishing, queries
from oer.db import transaction
from oer.installation import Installation
from oer.policy import OPERATOR

OAI = f"{{{NAMESPACES['oai']}}}"


@dataclass(frozen=True)
class Header:
    identifier: str
    datestamp: str
    sets: tuple[str, ...]
    deleted: bool

    @property
    def places(self) -> tuple[str, ...]:
        """The sets of institutions."""
        return tuple(spec for spec in self.sets if spec.split(":")[0] == "institution")

    @property
    def local(self) -> str:
        return self.identifier.rpartition(":")[2]


@dataclass(frozen=True)
class Answer:
    """One answer, read as a harvester reads it."""

    root: etree._Element

    @property
    def error(self) -> str | None:
        found = self.root.find(f"{OAI}error")
        return None if found is None else found.get("code")

    @property
    def bytes(self) -> bytes:
        written: bytes = etree.tostring(self.root, encoding="utf-8", xml_declaration=False)
        return written

    @property
    def specs(self) -> list[str]:
        """The sets of ListSets."""
        return [found.findtext(f"{OAI}setSpec") or "" for found in self.root.iter(f"{OAI}set")]

    @property
    def date(self) -> str:
        return self.root.findtext(f"{OAI}responseDate") or ""

    @property
    def echoed(self) -> dict[str, str]:
        asked = self.root.find(f"{OAI}request")
        assert asked is not None
        return dict(asked.attrib)

    @property
    def headers(self) -> list[Header]:
        return [
            Header(
                identifier=found.findtext(f"{OAI}identifier") or "",
                datestamp=found.findtext(f"{OAI}datestamp") or "",
                sets=tuple(spec.text or "" for spec in found.iter(f"{OAI}setSpec")),
                deleted=found.get("status") == "deleted",
            )
            for found in self.root.iter(f"{OAI}header")
        ]

    @property
    def ids(self) -> list[str]:
        return [header.local for header in self.headers]

    @property
    def bodies(self) -> int:
        return len(list(self.root.iter(f"{OAI}metadata")))

    @property
    def resumption(self) -> etree._Element | None:
        return next(self.root.iter(f"{OAI}resumptionToken"), None)

    @property
    def token(self) -> str | None:
        return None if self.resumption is None else self.resumption.text

    def texts(self, name: str) -> list[str]:
        prefix, _, local = name.rpartition(":")
        return [found.text or "" for found in self.root.iter(f"{{{NAMESPACES[prefix or 'oai']}}}{local}")]


@dataclass
class Partner:
    """A harvester and the repository that it harvests. ``ask("ListRecords", set="institution")``."""

    home: Installation
    watch: Watch
    repository: provider.Repository
    checked: Callable[[bytes], Answer]

    def raw(self, *pairs: tuple[bytes, bytes], now: datetime | None = None) -> bytes:
        return provider.respond(self.home.engine, self.repository, pairs, now=now or self.watch())

    def ask(self, verb: str, prefix: str | None = None, since: str | None = None, **rest: str) -> Answer:
        """``prefix`` and ``since`` stand for ``metadataPrefix`` and ``from``."""
        given = {"verb": verb, "metadataPrefix": prefix, "from": since} | rest
        pairs = [(name.encode(), value.encode()) for name, value in given.items() if value is not None]
        return self.checked(self.raw(*pairs))

    def begin(self, verb: str = "ListRecords", prefix: str = "oai_dc", **rest: str) -> Answer:
        return self.ask(verb, prefix, **rest)

    def resume(self, page: Answer, verb: str = "ListRecords") -> Answer:
        assert page.token
        return self.ask(verb, resumptionToken=page.token)

    def pages(self, verb: str = "ListRecords", **rest: str) -> list[Answer]:
        """All pages of a list, from the first to the one without a token."""
        pages = [self.begin(verb, **rest)]
        while pages[-1].token:
            pages.append(self.resume(pages[-1], verb))
        return pages

    def all_sets(self) -> list[Answer]:
        """All pages of ListSets."""
        pages = [self.ask("ListSets")]
        while pages[-1].token:
            pages.append(self.resume(pages[-1], "ListSets"))
        return pages

    def publish(self, count: int = 1, **wanted: Any) -> list[str]:
        return [published(self.home, **wanted) for _ in range(count)]

    def withdraw(self, public_id: str) -> None:
        with transaction(self.home.engine) as session:
            publishing.withdraw(session, OPERATOR, public_id, reason="other", **self._world())

    def restore(self, public_id: str) -> None:
        with transaction(self.home.engine) as session:
            publishing.restore(session, OPERATOR, public_id, **self._world())

    def touch(self, public_id: str) -> None:
        """Change something that the world sees of it."""
        with transaction(self.home.engine) as session:
            found = queries.resources.by_public_id(session, public_id=public_id)
            assert found is not None
            place = queries.institutions.by_ids(session, ids=[found.institution_id])[found.institution_id]
            exposure.expose(session, [(found, place)], **self._world())

    def move(self, public_id: str, slug: str) -> None:
        """To another institution, and so from one set to another."""
        with transaction(self.home.engine) as session:
            found = queries.resources.by_public_id(session, public_id=public_id)
            place = institutions.find(session, slug)
            assert found is not None
            assert place.id is not None
            found.institution_id = place.id
            session.add(found)
            exposure.expose(session, [(found, place)], **self._world())

    def _world(self) -> dict[str, Any]:
        return {"repository_id": self.home.repository_id, "now": self.watch()}

    def but(self, **changes: Any) -> "Partner":
        """The same over a repository with other values."""
        return replace(self, repository=replace(self.repository, **changes))
