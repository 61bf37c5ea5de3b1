"""People who call the API, each with a token of their own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import factories
import httpx2
from starlette.testclient import TestClient

from metadata.record import Record
from oer import accounts
from oer.db import transaction
from oer.installation import Installation
from oer.models import Person
from oer.policy import OPERATOR, SCOPES, Actor
from oer.workflow import Role

RESOURCES = "/api/resources"


@dataclass(frozen=True)
class Someone:
    """Asks as one person. ``match`` is the If-Match that is sent, None for none; ``actor`` the same person inside."""

    client: TestClient
    actor: Actor | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        match: str | None = "*",
        raw: bytes | None = None,
        **more: str,
    ) -> httpx2.Response:
        headers = {**self.headers, **{name.replace("_", "-"): value for name, value in more.items()}}
        if match is not None and method not in ("GET", "HEAD"):
            headers["if-match"] = match
        content = raw
        if body is not None:
            content = json.dumps(body).encode()
            headers.setdefault("content-type", "application/json")
        return self.client.request(method, path, content=content, headers=headers)

    def get(self, path: str, **more: str) -> httpx2.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        return self.ask("POST", path, body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        return self.ask("PUT", path, body, **more)

    def patch(self, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        return self.ask("PATCH", path, body, **({"content_type": "application/merge-patch+json"} | more))

    def delete(self, path: str, **more: Any) -> httpx2.Response:
        return self.ask("DELETE", path, **more)


def someone(
    home: Installation, client: TestClient, role: Role, at: str = "college", *scopes: str, email: str | None = None
) -> Someone:
    """A person with this role (their own for every address), by a token of all scopes unless some are named."""
    actor = factories.member(home, role, at, email=email)
    return Someone(client, actor, {"authorization": f"Bearer {secret(home, actor, *scopes)}"})


def secret(home: Installation, actor: Actor, *scopes: str) -> str:
    """Of a new token."""
    with transaction(home.engine) as session:
        person = session.get(Person, actor.person_id)
        assert person is not None
        return accounts.create_token(
            session,
            OPERATOR,
            person,
            name="test",
            scopes=scopes or SCOPES,
            lifetime=timedelta(days=30),
            longest=timedelta(days=90),
            now=home.now(),
        )[1]


def told(record: Record) -> dict[str, Any]:
    """A record as clients write it."""
    return record.model_dump(mode="json", exclude_defaults=True)


def draft(public_id: str, *more: str) -> str:
    """The path of a draft, and of what lies below it."""
    return "/".join([RESOURCES, public_id, "draft", *more])


def begun(who: Someone, described: Record | None = None, **more: Any) -> str:
    """The public id of a new draft at the college; ``more`` is what else its body says."""
    record = told(factories.record() if described is None else described)
    answer = who.post(RESOURCES, {"institution": "college", "record": record, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def faults(answer: httpx2.Response) -> set[tuple[str, str]]:
    """(field, code) of everything that a problem document names."""
    return {(error["field"], error["code"]) for error in answer.json()["errors"]}
