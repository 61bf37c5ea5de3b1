"""schemathesis, with all its checks, over every operation: nobody meets an answer that the OpenAPI does not tell of.

By default each caller asks each operation a few times, always the same; ``OER_FULL_COUNTS=1`` asks 200 times and
more, with every case that the schemas have.
"""

import copy
from collections.abc import Iterator
from typing import Any

import fuzzing
import pytest
from fault_counts import FULL, TIMEOUT, count
from fuzzing import Arena, Told

pytestmark = pytest.mark.timeout(TIMEOUT * 3)

EXAMPLES = count(2, 200)
CHAINS = count(2, 60)
PHASES = (*fuzzing.EACH, "coverage") if FULL else fuzzing.EACH
EVERY_CHECK = {
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "use_after_free",
    "ensure_resource_availability",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "object_level_authorization",
}


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with fuzzing.arena(tmp_path_factory.mktemp("fuzzing")) as found:
        yield found


def operations(document: dict[str, Any]) -> set[str]:
    return {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}


def require_none(told: Told, caller: str) -> None:
    print(f"{caller}: {len(told.cases)} operations, {told.cases.total()} requests, {len(told.failures)} failures")
    assert told.errors == []
    failures = [f"{name}\n{words}" for name, words in told.failures.items()]
    assert not failures, f"{len(failures)} failures:\n" + "\n\n".join(failures)


@pytest.mark.parametrize("caller", fuzzing.CALLERS)
def test_every_operation_answers_as_it_says(arena: Arena, caller: str) -> None:
    config = fuzzing.configured(arena.world, caller, examples=EXAMPLES, phases=PHASES)
    told = fuzzing.run(fuzzing.loaded(arena, config))
    require_none(told, caller)
    assert set(told.cases) == operations(arena.app.openapi())
    assert set(told.checks) == EVERY_CHECK | {"ignored_auth"}
    assert told.reached() >= (5 if caller == "anonymous" else 30)  # operations that were also done, not only refused


def test_a_document_that_lies_is_found_out(arena: Arena) -> None:
    document = copy.deepcopy(arena.app.openapi())
    address, summary = "/api/resources/{public_id}", {"type": "array", "items": {"type": "string"}}
    document["paths"] = {name: document["paths"][name] for name in (address, "/api/me")}
    del document["paths"][address]["get"]["responses"]["404"]
    document["paths"]["/api/me"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] = summary
    config = fuzzing.configured(arena.world, "depositor", examples=20, phases=("fuzzing",))
    told = fuzzing.run(fuzzing.loaded(arena, config, document))
    found = {tuple(name.split(" · ")[:2]) for name in told.failures}
    assert found == {
        (f"GET {address}", "status_code_conformance"),
        ("GET /api/me", "response_schema_conformance"),
    }


@pytest.mark.parametrize("caller", ["depositor", "manager", "administrator"])
def test_what_was_made_is_there_until_it_is_taken_away(arena: Arena, caller: str) -> None:
    config = fuzzing.configured(arena.world, caller, examples=CHAINS, phases=fuzzing.CHAINS)
    with arena.rehearsal.undone():
        told = fuzzing.run(fuzzing.loaded(arena.app, config))
    arena.restage()
    require_none(told, caller)
    assert {"use_after_free", "ensure_resource_availability"} <= set(told.checks)
