"""What only steps may set is in no body: every operation that takes one refuses the field by its name."""

import copy
import json
from collections.abc import Iterator, Mapping
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
from conftest import ROOT
from policy_rehearsal import Answer, Asking, Rehearsal
from policy_requests import RECIPES, Desk, Request
from policy_words import ALLOWED

from api import app
from oer import passwords

HIDDEN = (
    *("id", "public_id", "number", "version", "state", "lock", "change", "stamp", "digest"),
    *("owner", "author", "person", "person_id", "institution_id", "resource_id", "draft_id", "path"),
    *("role", "roles", "scopes", "administrator", "active", "password", "password_hash", "session", "secret"),
    *("created", "changed", "published", "expires", "used", "oai_identifier", "url", "sha256", "__proto__"),
)
RECORD = {"$ref": "#/components/schemas/Record"}  # what a patch of it names is not in the document
GOLDEN = ROOT / "tests" / "golden" / "records"
WHOLE = {
    name: value for each in sorted(GOLDEN.glob("*.json")) for name, value in json.loads(each.read_text("utf-8")).items()
}
Place = tuple[str | int, ...]


@dataclass
class House:
    asking: Asking
    world: policy_world.World
    desk: Desk
    rehearsal: Rehearsal
    schemas: Mapping[str, Any]

    def allowed(self, operation: str) -> Request:
        """As somebody asks for it who gets it done."""
        for caller in policy_people.callers():
            for thing in self.world.things[RECIPES[operation].things]:
                if caller.by in ("token", "nothing") and oracle.expected(operation, caller, thing) == ALLOWED:
                    return self.desk.request(operation, caller, thing)
        raise AssertionError(f"nobody may {operation}")

    def ask(self, wanted: Request, body: Any) -> Answer:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        with self.rehearsal.undone():
            return self.asking(wanted.method, wanted.path, content, wanted.headers)

    def schema(self, node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """What may stand there, each with its properties."""
        if "$ref" in node:
            return self.schema(self.schemas[node["$ref"].rpartition("/")[2]])
        return [each for kind in node["anyOf"] for each in self.schema(kind)] if "anyOf" in node else [node]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("hidden")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        passwords._nobody.cache_clear()
        with factories.opened(folder, now=factories.Watch(), rate_limit=0) as home:
            world = policy_world.build(home)
            policy_requests.furnish(world)
            made = app.create(home)
            asking, document = Asking(made), made.openapi()
            schemas = document["components"]["schemas"]
            yield House(asking, world, Desk(world, document), Rehearsal(home, patch), schemas)
            asking.close()
        passwords._nobody.cache_clear()


def objects(house: House, schema: Mapping[str, Any], value: Any, at: Place = ()) -> Iterator[tuple[Place, set[str]]]:
    """The place of every object in a body, with the fields that may stand in it."""
    kinds = house.schema(RECORD if at[-1:] == ("record",) else schema)
    if isinstance(value, dict):
        known = {name: each for kind in kinds for name, each in kind.get("properties", {}).items()}
        yield at, set(known)
        for name, each in value.items():
            yield from objects(house, known[name], each, (*at, name))
    elif isinstance(value, list):
        items = next(kind["items"] for kind in kinds if "items" in kind)
        for index, each in enumerate(value):
            yield from objects(house, items, each, (*at, index))


def told(at: Place) -> str:
    """A place as problems name it."""
    words = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in at]
    return "".join(words).removeprefix(".")


def with_fields(body: Any, at: Place, *names: str) -> Any:
    changed = copy.deepcopy(body)
    inner = changed
    for step in at:
        inner = inner[step]
    inner.update(dict.fromkeys(names, 1))
    return changed


def refused(answer: Answer, fields: set[str]) -> bool:
    """For these fields, and nothing else."""
    return answer.status == 422 and {one["field"] for one in json.loads(answer.content)["errors"]} == fields


def bodies(house: House) -> Iterator[tuple[str, Request, Mapping[str, Any], Any]]:
    for operation, described in house.desk.described.items():
        for kind, content in described.get("requestBody", {}).get("content", {}).items():
            if kind in ("application/json", "application/merge-patch+json"):
                wanted = house.allowed(operation)
                body = json.loads(wanted.content or b"null")
                if "record" in body:
                    body["record"] = WHOLE
                yield operation, wanted, content["schema"], body


def test_what_no_body_may_say_is_refused_by_name_everywhere(house: House) -> None:
    """Each by itself, and inside of what a body holds all at once."""
    wrong, counted, operations, nested = [], 0, 0, 0
    for operation, wanted, schema, body in bodies(house):
        operations += 1
        answer = house.ask(wanted, body)
        assert 200 <= answer.status < 300, f"{operation}: {answer.said}"
        for at, known in objects(house, schema, body):
            hidden = set(HIDDEN) - known
            nested += bool(at)
            counted += len(hidden)
            for names in [hidden] if at else [{name} for name in hidden]:
                answer = house.ask(wanted, with_fields(body, at, *names))
                if not refused(answer, {told((*at, name)) for name in names}):
                    wrong.append(f"{operation} · {told(at)} {names}: {answer.said}")
    print(f"{counted} hidden fields, in the bodies of {operations} operations; taken: {len(wrong)}")
    assert not wrong, "\n".join(wrong[:100])
    assert operations >= 20
    assert nested > operations


def form(names: Mapping[str, Any]) -> bytes:
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in names.items()
    ]
    return "".join([*parts, "--edge--\r\n"]).encode()


def test_what_no_form_may_say_is_refused_by_name(house: House) -> None:
    wanted = house.allowed("POST /api/resources (form)")
    thing = json.loads(house.allowed("POST /api/resources").content or b"")["institution"]
    whole = {"institution": thing, "record": json.dumps(WHOLE)}
    assert house.ask(wanted, form(whole)).status == 201
    for name in HIDDEN:
        assert house.ask(wanted, form(whole | {name: "1"})).said == f"422 request.invalid {name}"
    for at, known in objects(house, RECORD, WHOLE):
        names = set(HIDDEN) - known
        answer = house.ask(wanted, form(whole | {"record": json.dumps(with_fields(WHOLE, at, *names))}))
        assert refused(answer, {told(("record", *at, name)) for name in names}), answer.said


def test_what_clients_of_tus_say_besides_does_nothing(house: House) -> None:
    """They all send names of their own (``filetype``, ``relativePath``): ignored, as the protocol has it."""
    wanted = house.allowed("POST /api/uploads")
    seen = []
    for name in ("", *HIDDEN):
        if name in ("role", "sha256"):  # what it takes
            continue
        said = wanted.headers["upload-metadata"] + (f",{name} MQ==" if name else "")
        with house.rehearsal.undone():
            made = house.asking("POST", wanted.path, None, dict(wanted.headers) | {"upload-metadata": said})
            assert made.status == 201, (name, made.said)
            listed = json.loads(house.asking("GET", "/api/uploads", None, wanted.headers).content)["items"]
        shown = [{key: value for key, value in one.items() if key not in ("id", "url")} for one in listed]
        seen.append(sorted(shown, key=json.dumps))
    assert seen[1:] == seen[:1] * (len(seen) - 1)
    assert seen[0]
