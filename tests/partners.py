"""Partners of a real server, with the client for programs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import calling
import factories
import serving
from serving import Home

from oer import accounts, installation
from oer.client import Client
from oer.db import transaction
from oer.settings import Settings
from oer.workflow import Role

RECORD: dict[str, Any] = {
    "title": [{"value": "دورة الماء في الطبيعة", "lang": "ar"}],
    "description": [{"value": "درس مصوّر عن التبخّر والتكاثف والهطول.", "lang": "ar"}],
    "languages": ["ar"],
    "resource_type": "https://w3id.org/kim/hcrt/text",
    "subjects": ["http://data.europa.eu/snb/isced-f/0532"],
    "levels": ["https://w3id.org/kim/educationalLevel/level_1"],
    "creators": [{"name": "ليلى بن عمر"}],
    "licence": "https://creativecommons.org/licenses/by/4.0/",
}


@dataclass(frozen=True)
class Served:
    """A server with a college, and the tokens of an administrator, and of a depositor and a reviewer of the college."""

    home: Home
    secrets: Mapping[str, str]

    @contextmanager
    def clients(self) -> Iterator[Callable[..., Client]]:
        """``client("author")``; with ``at`` at another address."""
        made: list[Client] = []

        def do(name: str | None, at: str | None = None, **options: Any) -> Client:
            made.append(Client(at or self.home.url, self.secrets[name] if name else None, **options))
            return made[-1]

        yield do
        for one in made:
            one.close()


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    with serving.home(folder, OER_RATE_LIMIT="0") as home:
        wanted = {
            name.removeprefix("OER_").lower(): value
            for name, value in home.environment.items()
            if name.startswith("OER_")
        }
        found = installation.open_installation(Settings(**wanted))  # type: ignore[arg-type]
        author = factories.member(found, Role.DEPOSITOR, email="author@example.org")
        people = {"author": author, "reviewer": factories.member(found, Role.REVIEWER, email="reviewer@example.org")}
        with transaction(found.engine) as session:
            person = factories.person(session, "admin@example.org", administrator=True)
            session.flush()
            people["admin"] = accounts.actor_of(session, person)
        secrets = {name: calling.secret(found, actor) for name, actor in people.items()}
        found.close()
        with serving.serving(home):
            yield Served(home, secrets)
