"""Every operation × every caller × everything it can be asked of: what the doors answer, and what the design says.

The operations are those of the application itself: one without a policy fails here, and so does one that nobody has
written a request and a rule for. By default every caller tries every operation on some thing, and a sample of the
rest is drawn by a fixed seed; ``OER_FULL_COUNTS=1`` asks for everything.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import argon2
import factories
import policy_oracle as oracle
import policy_people
import policy_requests
import policy_world
import pytest
import searching
from fastapi import FastAPI
from fault_counts import FULL, TIMEOUT
from policy_rehearsal import Answer, Asking, Rehearsal
from policy_requests import RECIPES, Desk
from policy_words import ALLOWED, PLACES, Caller, Thing
from policy_world import World
from starlette.routing import Route

from api import app
from oer import passwords, policy
from oer.policy import OPERATOR

pytestmark = pytest.mark.timeout(TIMEOUT * 2)

SEED = 20260301
SAMPLE = 3600  # cells by default

# Addresses without a policy: what they show is the same for everybody, and looks at no credentials.
PLAIN = {"/", "/api", "/invitation", "/api/openapi.json", "/static/{name}", "/favicon.svg", "/robots.txt"}
PLAIN |= {"/oai", "/health/live", "/health/ready", "/sitemap.xml", "/sitemap/{name}", "/.well-known/resourcesync"}
PLAIN |= {f"/resourcesync/{rest}" for rest in ("capabilitylist.xml", "{capability}.xml", "{capability}/{name}")}
# The form for whoever comes, and the way out.
PLAIN |= {"/sign-in", "/sign-out"}
# The same for everybody: tests/api/test_site.py asks for what is on them.
PLAIN |= {"/search", "/opensearch.xml", "/subjects", "/institutions", "/collections", "/help", "/help/{chapter}"}
PLAIN |= {"/institutions/{slug}", "/institutions/{slug}/colours.css", "/reports/{reference}", "/preferences"}
# Asked for like this, since two routes share an address, or they are outside of /api.
HIDDEN = {"POST /api/resources": "POST /api/resources (form)"}
PAGES = {f"GET /resources/{{public_id}}{rest}" for rest in ("", "/linkset", "/linkset.json", "/embed", "/qr.svg")}
PAGES |= {f"GET /resources/{{public_id}}/versions/{{number}}{rest}" for rest in ("", "/diff/{other}")}
PAGES |= {"GET /resources/{public_id}/report", "POST /resources/{public_id}/report", "GET /collections/{public_id}"}
PAGES |= {"GET /resourcesync/resources/{public_id}/manifest.xml"}
BEHIND = {"GET /oai/check", "POST /oai/check", "GET /oai/check/{number}"}  # pages for administrators

Cell = tuple[str, Caller, Thing]


@dataclass
class Matrix:
    app: FastAPI
    asking: Asking
    world: World
    desk: Desk
    rehearsal: Rehearsal

    def cells(self) -> Iterator[Cell]:
        for operation, recipe in RECIPES.items():
            for caller in policy_people.callers():
                for thing in self.world.things[recipe.things]:
                    yield operation, caller, thing

    def sample(self, size: int, seed: int = SEED) -> list[Cell]:
        """Everybody at every operation once, and then some."""
        choice = random.Random(seed)
        cells = list(self.cells())
        choice.shuffle(cells)
        once = {(operation, caller.name): (operation, caller, thing) for operation, caller, thing in cells}
        return [*once.values(), *cells[: max(0, size - len(once))]]

    def ask(self, operation: str, caller: Caller, thing: Thing, *, method: str = "") -> Answer:
        wanted = self.desk.request(operation, caller, thing)
        with self.rehearsal.undone():
            return self.asking(method or wanted.method, wanted.path, wanted.content, wanted.headers)

    def differences(self, cells: Iterable[Cell]) -> list[str]:
        found = []
        for operation, caller, thing in cells:
            answer = self.ask(operation, caller, thing)
            wanted = oracle.expected(operation, caller, thing)
            if answer.verdict != wanted:
                found.append(f"{operation} · {caller.name} · {thing.name}: {answer.said} instead of {wanted}")
        return found


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    folder: Path = tmp_path_factory.mktemp("matrix")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        passwords._nobody.cache_clear()
        with factories.opened(folder, now=factories.Watch(), rate_limit=0) as home:
            world = policy_world.build(home)
            policy_requests.furnish(world)
            searching.index(home)
            made = app.create(home)
            asking = Asking(made)
            yield Matrix(made, asking, world, Desk(world, made.openapi()), Rehearsal(home, patch))
            asking.close()
        passwords._nobody.cache_clear()


# ── no route is forgotten ───────────────────────────────────────────────────────────────────────


def routes(made: FastAPI) -> Iterator[Any]:
    """Every route, with those of the routers that were included."""
    for route in made.routes:
        if hasattr(route, "effective_candidates"):
            for candidate in route.effective_candidates():
                yield candidate.starlette_route or candidate.original_route
        else:
            yield route


def operations(made: FastAPI) -> dict[str, Any]:
    """Operation → its policy, None where it has none; the twin of a GET that answers HEAD is no operation."""
    found: dict[str, Any] = {}
    for route in routes(made):
        assert isinstance(route, Route), f"no test knows what {route} answers"
        for method in sorted(route.methods or ()):
            told = (getattr(route, "openapi_extra", None) or {}).get("x-policy")
            name = f"{method} {route.path_format}"
            if name in HIDDEN and not route.include_in_schema:
                name = HIDDEN[name]
            assert name not in found or method == "HEAD", f"two routes answer {name}"
            found[name] = found.get(name) or told
    twins = {
        name for name, told in found.items() if told is None and name.startswith("HEAD ") and "GET " + name[5:] in found
    }
    return {name: told for name, told in found.items() if name not in twins}


def test_every_route_names_its_policy(matrix: Matrix) -> None:
    found = operations(matrix.app)
    bare = {name for name, told in found.items() if told is None and name.split()[1] not in PLAIN}
    assert bare - PAGES - BEHIND == set()
    described = {name: operation.get("x-policy") for name, operation in matrix.desk.described.items()}
    assert described == {name: told for name, told in found.items() if name in described}


def test_every_operation_has_a_request_and_a_rule(matrix: Matrix) -> None:
    wanted = {name for name in operations(matrix.app) if name.split()[1] not in PLAIN}
    assert set(RECIPES) == wanted
    assert set(oracle.RULES) == wanted


# ── the matrix ──────────────────────────────────────────────────────────────────────────────────


def test_every_caller_gets_what_the_design_gives_them(matrix: Matrix) -> None:
    cells = list(matrix.cells()) if FULL else matrix.sample(SAMPLE)
    began = time.monotonic()
    different = matrix.differences(cells)
    took = time.monotonic() - began
    print(f"{len(cells) - len(different)} of {len(cells)} cells as the design has them, in {took:.0f} s")
    assert not different, f"{len(different)} of {len(cells)} cells differ:\n" + "\n".join(different[:200])


def test_the_matrix_asks_for_every_verdict(matrix: Matrix) -> None:
    """A rule that only ever allows, or only ever refuses, would compare nothing."""
    verdicts: dict[str, Counter[int]] = {name: Counter() for name in RECIPES}
    for operation, caller, thing in matrix.cells():
        verdicts[operation][oracle.expected(operation, caller, thing)] += 1
    assert [name for name, counted in verdicts.items() if ALLOWED not in counted] == []
    same = {name for name, counted in verdicts.items() if len(counted) == 1}
    of_browsers = {"POST /api/resources/{public_id}/reports", "POST /api/session", "GET /api/oembed"}
    assert same == oracle.BLIND - of_browsers - PAGES


def test_what_allows_everything_is_found_out(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, ask in [(name, ask) for name, ask in vars(policy).items() if name.startswith("require_")]:
        if name.endswith("_step"):
            monkeypatch.setattr(policy, name, lambda _actor, *what, ask=ask: ask(OPERATOR, *what))
        else:
            monkeypatch.setattr(policy, name, lambda *_what, **_more: None)
    different = matrix.differences(matrix.sample(0)[::4])
    assert len(different) > 100


# ── what lists show ─────────────────────────────────────────────────────────────────────────────


def shown(matrix: Matrix, address: str, caller: Caller) -> set[str] | None:
    """The names on all pages of a list; None where it is refused."""
    joint = "&" if "?" in address else "?"
    if "exports" not in address:
        address += f"{joint}limit=100"
    found: set[str] = set()
    following: str | None = address
    while following is not None:
        with matrix.rehearsal.undone():
            answer = matrix.asking("GET", following, None, matrix.world.headers[caller.name])
        if answer.status != 200:
            return None
        if "exports" in address:
            return {json.loads(line)["id"] for line in answer.content.splitlines()}
        page = json.loads(answer.content)
        found |= {str(one["id"]) if "id" in one else one["url"].rpartition("/")[2] for one in page["items"]}
        following = page["next"] and page["next"].removeprefix("https://oer.example.org")
    return found


def test_lists_show_everybody_what_they_may_see_and_nothing_else(matrix: Matrix) -> None:
    different, count, empty = [], 0, set(oracle.LISTS)
    for address, (kind, _, _) in oracle.LISTS.items():
        path, _, query = address.partition("?")
        thing = Thing("it", state={"draft": "drafts"}.get(query.rpartition("=")[2], query.rpartition("=")[2]))
        for caller in policy_people.callers():
            count += 1
            allowed = oracle.expected(f"GET {path}", caller, thing) == ALLOWED
            wanted = oracle.listed(address, caller, matrix.world.things[kind]) if allowed else None
            found = shown(matrix, address, caller)
            empty -= {address} if found else set()
            if found != wanted:
                more, less = (found or set()) - (wanted or set()), (wanted or set()) - (found or set())
                different.append(f"{address} · {caller.name}: too many {sorted(more)}, missing {sorted(less)}")
    print(f"{count - len(different)} of {count} lists as the design has them")
    assert not different, "\n".join(different)
    assert not empty


def test_a_collection_shows_everybody_what_they_may_see_of_it(matrix: Matrix) -> None:
    operation, things = "GET /api/collections/{public_id}", matrix.world.things
    seen: set[tuple[bool, ...]] = set()
    for caller in policy_people.callers():
        for collection in things["collection"]:
            answer = matrix.ask(operation, caller, collection)
            if answer.status != 200:
                continue
            found = {
                (item["resource"], item["title"] is not None)
                for unit in json.loads(answer.content)["units"]
                for item in unit["items"]
            }
            inside = [one for one in things["item"] if one.params["public_id"] == collection.params["public_id"]]
            assert found == oracle.contents(caller, inside), f"{caller.name} · {collection.name}"
            seen.add((len(found) == len(inside), all(titled for _, titled in found)))
    assert seen == {(False, True), (True, False), (True, True)}


def test_the_log_tells_managers_of_their_own_places_alone(matrix: Matrix) -> None:
    told: dict[str, set[str | None]] = {}
    for caller in policy_people.callers():
        for place in PLACES:
            thing = Thing("log", query=f"?limit=100&institution={place}")
            answer = matrix.ask("GET /api/audit", caller, thing)
            if answer.status == 200:
                told.setdefault(caller.name, set()).update(
                    entry["institution"] for entry in json.loads(answer.content)["items"]
                )
    assert told["manager college"] == {"college", "studio", "club"}
    assert told["manager academy"] == {"academy"}
    assert told["manager ministry"] == told["root"] - {"academy"}
    assert told["manager ministry"] > told["manager college"]


def test_a_head_answers_as_its_get(matrix: Matrix) -> None:
    cells = [cell for cell in matrix.sample(0) if cell[0].startswith("GET ")]
    for operation, caller, thing in cells[:: 1 if FULL else 5]:
        got, head = (matrix.ask(operation, caller, thing, method=method) for method in ("GET", "HEAD"))
        assert head.status == got.status, f"{operation} · {caller.name} · {thing.name}"
