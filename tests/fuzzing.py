"""The whole OpenAPI under schemathesis: a world whose things have real ids, who asks, and what each check expects.

Every request is undone when it is answered (``policy_rehearsal``), so that each one meets the whole world, whatever
was asked before. Only chains of requests are undone as a whole.
"""

import base64
import shutil
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import argon2
import factories
import policy_requests
import policy_world
import pytest
import schemathesis
import searching
from fastapi import FastAPI
from policy_rehearsal import Rehearsal
from policy_words import FILE, PASSWORD
from policy_world import World
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import IgnoredAuth, RejectedPositiveData
from starlette.types import ASGIApp, Receive, Scope, Send

from api import app
from oer import passwords
from oer.search.index import Home

SEED = 20260301
CALLERS = {"anonymous": "the public", "depositor": "author", "manager": "manager college", "administrator": "root"}
EACH = ("examples", "fuzzing")  # phases whose requests stand alone; ``coverage`` is one too
CHAINS = ("stateful",)

# What a check takes for a right answer beside its own list, which says nothing of conditional requests.
CHECKS: dict[str, Any] = {
    # 412: the precondition is judged before the body is. 410 and 413: so are tombstones and sizes. 405 is of HTTP.
    "negative_data_rejection": {
        "expected-statuses": [
            *(str(code) for code in (400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 428, 501))
        ]
    },
    # oEmbed says 501 of a format that is not spoken.
    "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "501"]},
    # 404, 409, 410, 412, 416, 423, 428: made-up ids, ETags and ranges seldom meet a thing in the right state, and
    # whether a file needs a precondition depends on what is there. 413: as many bytes as were announced, no more;
    # 460: no schema ties a checksum to the bytes beside it. 406: some formats are of resources with open files alone.
    # 422 is judged by ``rightly``; 400 is for no valid request.
    "positive_data_acceptance": {
        "expected-statuses": [
            "2xx",
            "3xx",
            *(str(code) for code in (401, 403, 404, 406, 409, 410, 412, 413, 416, 423, 428, 460)),
        ]
    },
    # 428 is the answer of RFC 6585 to a missing If-Match, 412 that of tus 1.0 to a missing version.
    "missing_required_header": {"expected-statuses": ["400", "401", "403", "404", "409", "412", "415", "422", "428"]},
}

# Mistakes of form: the schemas tell of them all, so that no valid request may meet one.
OF_FORM = {"request.parameter-invalid", "field.missing", "field.unknown", "field.type", "field.choice", "body.missing"}
OF_FORM |= {"body.unexpected", "json.invalid", "json.encoding", "json.duplicate-key", "json.not-object"}

# Mistakes of form that only the descriptions tell of.
IN_WORDS = {
    # An update takes no ``source``, others need one; ``defaults`` are JSON inside of a parameter.
    "POST /api/imports": {"field.missing", "request.parameter-invalid", "json.invalid", "json.not-object"},
    "POST /api/uploads": {"field.missing"},  # of Upload-Metadata, the pairs of tus
    "POST /api/invitations/accept": {"field.missing"},  # of who has no account, or is not signed in
    "PUT /api/people/{person_id}/password": {"field.missing"},  # by the person themselves
    "PATCH /api/reports/{reference}": {"field.missing", "field.unknown"},  # of an answer, and before it
    # What a merge patch makes of a record is judged, and not the patch.
    "PATCH /api/resources/{public_id}/draft": {"field.missing", "field.unknown", "field.type", "field.choice"},
}


@dataclass
class Told:
    """What came of a run: operation → requests, operation → statuses, and the failures by what they are."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    checks: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def reached(self) -> int:
        """How many operations have done somewhere what they are for."""
        return sum(any(200 <= status < 300 for status in counted) for counted in self.statuses.values())


@dataclass
class Arena:
    world: World
    app: FastAPI
    rehearsal: Rehearsal
    staging: Path
    staged: Path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application, of whose writes nothing remains."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with self.rehearsal.undone():
            await self.app(scope, receive, send)
        if scope["path"].startswith("/api/uploads") and scope["method"] in ("POST", "PATCH", "DELETE"):
            self.restage()

    def restage(self) -> None:
        """The bytes of uploads are in the store, where no transaction brings them back."""
        shutil.rmtree(self.staging)
        shutil.copytree(self.staged, self.staging)


@contextmanager
def arena(folder: Path) -> Iterator[Arena]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        passwords._nobody.cache_clear()
        with factories.opened(folder, now=factories.Watch(), rate_limit=0, report_tries=100_000, store_url="") as home:
            world = policy_world.build(home)
            policy_requests.furnish(world)
            searching.index(home)
            staging = folder / "store" / "staging"
            shutil.copytree(staging, folder / "staged")
            # A server alone would index by itself after a while, in a thread: on the one connection that there is.
            with Home(home.search.folder).writing():
                yield Arena(world, app.create(home), Rehearsal(home, patch), staging, folder / "staged")
        passwords._nobody.cache_clear()


# ── what is there ───────────────────────────────────────────────────────────────────────────────


def real(world: World, caller: str) -> dict[str, list[Any]]:
    """Names of path parameters, and some of other fields → values that lead to a thing; one's own more often."""
    found: dict[str, list[Any]] = {}
    for things in world.things.values():
        for thing in things:
            for name, value in thing.params.items():
                known = found.setdefault(name, [])
                if value not in known:
                    known.append(value)
    for name in ("person_id", "token_id", "job_id", "invitation_id", "number", "other", "position"):
        found[name] = [int(value) for value in found[name]]
    who = CALLERS[caller]
    for name, of in (("person_id", world.people), ("token_id", world.tokens)):
        found[name] += [of.get(who, found[name][0])] * len(found[name])
    found["public_id"] = [one.params["public_id"] for one in world.things["resource"]]
    drafts = [one.params["public_id"] for one in world.things["resource"] if one.draft == "editing"]
    return found | {
        "any": ["*"],
        "nothing": [""],
        "tus": ["1.0.0"],
        "size": ["4"],
        "offset": ["0"],
        "told": [_told(public_id) for public_id in drafts],
        "email": [f"person{number}@example.org" for number in range(1, 9)],
        "password": [PASSWORD],
        "file": [FILE],
        "new": [FILE, FILE, FILE, "new.txt", "درس.pdf"],
        "collection_id": [one.params["public_id"] for one in world.things["collection"]],
    }


def _told(public_id: str) -> str:
    said = {"resource": public_id, "filename": FILE}
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items())


# Parameter → the dictionary that it is drawn from, and how often.
DRAWN: dict[str, tuple[str, float]] = {
    **{
        f"path.{name}": (name, 0.85)
        for name in ("public_id", "number", "other", "slug", "person_id", "token_id", "job_id", "invitation_id")
    },
    "path.kind": ("kind", 0.7),
    "path.position": ("position", 0.85),
    "path.announcement_id": ("announcement_id", 0.85),
    "path.reference": ("reference", 0.85),
    "path.resource_id": ("resource_id", 0.85),
    "path.upload_id": ("upload_id", 0.85),
    "path.name": ("new", 0.85),
    "path.code": ("code", 0.5),
    "path.vocabulary": ("vocabulary", 0.85),
    "query.institution": ("slug", 0.7),
    "query.parent": ("slug", 0.7),
    "query.within": ("slug", 0.7),
    "query.contains": ("public_id", 0.7),
    "body.institution": ("slug", 0.9),
    "body.parent": ("slug", 0.7),
    "body.resource": ("public_id", 0.8),
    "body.names[*]": ("file", 0.7),
    "body.email": ("email", 0.4),
    "body.password": ("password", 0.5),
    "body.old_password": ("password", 0.7),
    "body.website": ("nothing", 1.0),  # what robots fill in is dropped, and not there afterwards
    "body.secret": ("secret", 0.7),
    "header.If-Match": ("any", 0.7),
    "header.Tus-Resumable": ("tus", 0.9),
    "header.Upload-Length": ("size", 0.7),
    "header.Upload-Offset": ("offset", 0.7),
    "header.Upload-Metadata": ("told", 0.8),
}


# ── asking ──────────────────────────────────────────────────────────────────────────────────────


def configured(world: World, caller: str, *, examples: int, phases: Collection[str]) -> SchemathesisConfig:
    there = real(world, caller)
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "headers": {name.title(): value for name, value in world.headers[CALLERS[caller]].items()},
            "continue-on-failure": True,
            "dictionaries": {name: {"values": values} for name, values in there.items()},
            "parameters": {name: {"dictionary": drawn, "probability": often} for name, (drawn, often) in DRAWN.items()},
            "operations": [
                {
                    "include-path-regex": "^/api/collections",
                    "parameters": {"path.public_id": {"dictionary": "collection_id", "probability": 0.9}},
                }
            ],
            "generation": {
                "deterministic": True,
                "max-examples": examples,
                "database": "none",
                "with-security-parameters": False,
            },
            "phases": {name: {"enabled": name in phases} for name in (*EACH, "coverage", *CHAINS)},
            "checks": CHECKS,
        }
    )


def loaded(asked: ASGIApp, config: SchemathesisConfig, document: dict[str, Any] | None = None) -> Any:
    """All of the application, or what another document says of it."""
    schemathesis.serializer.alias(
        ["application/jsonl", "application/x-ndjson", "application/offset+octet-stream"], "application/octet-stream"
    )
    if document is None:
        schema = schemathesis.openapi.from_asgi("/api/openapi.json", asked, config=config)
    else:
        schema = schemathesis.openapi.from_dict(document, config=config)
        schema.app = asked
    schema.hook(filter_failure)
    return schema


def filter_failure(_context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Whether what a check found fault with is one."""
    if isinstance(failure, RejectedPositiveData):
        return not rightly(case, response)
    if isinstance(failure, IgnoredAuth):
        # To the public a draft is not there: 404 tells no more of it than 401 would, and less.
        return "404 Not Found" not in failure.message
    return True


def rightly(case: Case, response: Response) -> bool:
    """Whether a refusal is of what a request means: a rule that is told in words, since no schema can."""
    if response.status_code != 422:
        return False
    told = response.json()
    codes = {one["code"] for one in told["errors"]} or {told["code"]}
    return not codes & (OF_FORM - IN_WORDS.get(case.operation.label, set()))


def run(schema: Any) -> Told:
    told = Told()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _note(told, event)
        elif isinstance(event, events.NonFatalError):
            told.errors.append(f"{event.label} [{event.phase}]: {event.info.format()}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    return told


def _note(told: Told, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    for number, node in recorder.cases.items():
        label = node.value.operation.label
        told.cases[label] += 1
        response = recorder.find_response(case_id=number)
        if response is not None:
            told.statuses.setdefault(label, Counter())[response.status_code] += 1
    for number, checks in recorder.checks.items():
        case, response = recorder.cases[number].value, recorder.find_response(case_id=number)
        for check in checks:
            told.checks[check.name] += 1
            if check.failure_info is not None:
                failure = check.failure_info.failure
                name = f"{case.operation.label} · {check.name} · {failure.title}"
                said = response.content[:600].decode("utf-8", "replace") if response else ""
                told.failures.setdefault(name, f"{failure.message}\n{check.failure_info.code_sample[:1500]}\n{said}")
