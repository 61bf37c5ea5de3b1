"""What the OpenAPI document tells of answers, credentials and conditions is what the doors do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fuzzing
import jsonschema_rs
import policy_oracle as oracle
import policy_people
import pytest
from fuzzing import Arena
from policy_rehearsal import Asking
from policy_requests import RECIPES, Desk

PROBLEMS = range(400, 600)


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    folder: Path = tmp_path_factory.mktemp("openapi")
    with fuzzing.arena(folder) as found:
        yield found


@pytest.fixture(scope="module")
def described(arena: Arena) -> dict[str, Any]:
    document = arena.app.openapi()
    return {
        f"{method.upper()} {path}": told
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    }


def statuses(told: dict[str, Any]) -> set[int]:
    return {int(status) for status in told["responses"]}


def test_every_refusal_is_told_as_a_problem_document(described: dict[str, Any]) -> None:
    for name, told in described.items():
        for status, answer in told["responses"].items():
            if int(status) in PROBLEMS:
                assert list(answer["content"]) == ["application/problem+json"], f"{name} {status}"


def test_whoever_is_to_come_back_is_told_when(described: dict[str, Any]) -> None:
    for name, told in described.items():
        for status in ("429", "503"):
            assert told["responses"][status]["headers"]["Retry-After"]["required"], f"{name} {status}"


def test_only_public_operations_need_no_credentials(described: dict[str, Any]) -> None:
    free = {name for name, told in described.items() if {} in told.get("security", [{}])}
    assert free == {name for name, told in described.items() if told["x-policy"] in ("public", "reader")}


def test_the_cookie_has_the_name_that_browsers_get(arena: Arena) -> None:
    schemes = arena.app.openapi()["components"]["securitySchemes"]
    assert schemes["session"]["name"] == "__Host-session"  # the world is served over https


def test_what_the_design_refuses_is_told(arena: Arena, described: dict[str, Any]) -> None:
    for name, told in described.items():
        recipe = RECIPES[name]
        wanted = {
            oracle.expected(name, caller, thing)
            for caller in policy_people.callers()
            for thing in arena.world.things[recipe.things]
        }
        assert {status for status in wanted if status >= 400} <= statuses(told), name


def test_every_operation_that_takes_a_key_refuses_what_is_none(arena: Arena, described: dict[str, Any]) -> None:
    desk, asking = Desk(arena.world, arena.app.openapi()), Asking(arena)
    for name, told in described.items():
        if not any(one["name"] == "Idempotency-Key" for one in told["parameters"]):
            continue
        answers = []
        for caller in (one for one in policy_people.callers() if one.name in ("root", "author")):
            for thing in arena.world.things[RECIPES[name].things]:
                wanted = desk.request(name, caller, thing)
                bad = wanted.headers | {"idempotency-key": "two words"}
                answers.append(asking(wanted.method, wanted.path, wanted.content, bad).said)
        assert "400 idempotency.key-invalid" in answers, name
        assert not [one for one in answers if one.startswith("2")], name
    asking.close()


def test_an_operation_without_a_body_is_not_said_to_weigh_it(described: dict[str, Any]) -> None:
    for name, told in described.items():
        if "requestBody" not in told:
            assert not statuses(told) & {413, 415}, name
        if name.startswith(("GET ", "HEAD ")):
            assert not statuses(told) & {400, 409, 428, 507}, name


def test_reads_keep_the_conditions_that_are_told_of_them(arena: Arena, described: dict[str, Any]) -> None:
    desk, asking = Desk(arena.world, arena.app.openapi()), Asking(arena)
    found: dict[str, tuple[bool, bool]] = {}
    for name, told in described.items():
        if not name.startswith("GET ") or name == "GET /api/session":  # which no token has
            continue
        for caller in (one for one in policy_people.callers() if one.name in ("root", "author")):
            for thing in arena.world.things[RECIPES[name].things]:
                wanted = desk.request(name, caller, thing)
                if name not in found and asking("GET", wanted.path, None, wanted.headers).status == 200:
                    conditions = ({"if-none-match": "*"}, {"if-match": '"another"'})
                    known, other = (asking("GET", wanted.path, None, {**wanted.headers, **one}) for one in conditions)
                    found[name] = (known.status == 304, other.status == 412)
        assert found[name] == (304 in statuses(told), 412 in statuses(told)), name
    asking.close()


def examples_of(document: dict[str, Any], content: dict[str, Any]) -> list[Any]:
    """Of a body: its own, or those of the schemas that it refers to."""
    schema = content.get("schema", {})
    named = [one["$ref"].rpartition("/")[2] for one in (schema, *schema.get("anyOf", [])) if "$ref" in one]
    known = [example for name in named for example in document["components"]["schemas"][name].get("examples", [])]
    return [*([content["example"]] if "example" in content else []), *schema.get("examples", []), *known]


def shape(value: Any) -> Any:
    """The members of objects, whatever they hold."""
    return sorted(value) if isinstance(value, dict) else type(value).__name__


def test_the_examples_of_answers_are_what_the_doors_answer(arena: Arena, described: dict[str, Any]) -> None:
    document = arena.app.openapi()
    desk, asking = Desk(arena.world, document), Asking(arena)
    seen = set()
    for name, told in described.items():
        bodies = {
            (int(status), media_type): content
            for status, answer in told["responses"].items()
            for media_type, content in answer.get("content", {}).items()
            if status.startswith("2") and content.get("schema", {}).get("format") != "binary"
        }
        for (status, media_type), content in bodies.items():
            examples = examples_of(document, content)
            assert examples, f"{name} {status} has no example"
            if media_type != "application/json":
                continue
            sound = jsonschema_rs.validator_for({**content["schema"], "components": document["components"]})
            for example in examples:
                assert not [error.message for error in sound.iter_errors(example)], f"{name} {status}"
        for caller in (one for one in policy_people.callers() if one.name in ("root", "author")):
            for thing in arena.world.things[RECIPES[name].things]:
                if name in seen:
                    break
                wanted = desk.request(name, caller, thing)
                answer = asking(wanted.method, wanted.path, wanted.content, wanted.headers)
                content = bodies.get((answer.status, answer.kind))
                if content is None or answer.kind != "application/json":
                    continue
                found, examples = json.loads(answer.content), examples_of(document, content)
                assert shape(found) in [shape(example) for example in examples], name
                if isinstance(found, dict) and found.get("items") and "next" in found:
                    kinds = [shape(item) for example in examples for item in example["items"]]
                    assert shape(found["items"][0]) in kinds, name
                seen.add(name)
    json_bodied = {
        name
        for name, told in described.items()
        if any("application/json" in one.get("content", {}) for code, one in told["responses"].items() if code < "300")
    }
    assert json_bodied - seen <= {"GET /api/session", "GET /api/health"}, json_bodied - seen
    asking.close()
