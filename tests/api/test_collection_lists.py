import re
from collections.abc import Callable
from typing import Any

import factories
import pytest
import sqlalchemy as sa
from factories import Watch, act, collected, member, token_of
from httpx2 import Response
from starlette.testclient import TestClient

from api.schemas import collections as bodies
from oer import collections, queries
from oer.db import transaction
from oer.installation import Installation
from oer.units import Item, Unit
from oer.workflow import Role

URL = "/api/collections"
ANY = {"If-Match": "*"}
Header = dict[str, str]


@pytest.fixture
def editor(home: Installation) -> Header:
    return token_of(home, member(home, Role.REVIEWER), "read", "deposit", "review")


def problems(answer: Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "request.invalid"
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def walked(client: TestClient, url: str, header: Header | None = None) -> list[str]:
    found: list[str] = []
    for _ in range(20):
        answer = client.get(url, headers=header or {})
        assert answer.status_code == 200, answer.text
        bodies.CollectionList.model_validate_json(answer.content)
        found += [item["id"] for item in answer.json()["items"]]
        following = answer.json()["next"]
        assert answer.headers.get("link") == (f'<{following}>; rel="next"' if following else None)
        if following is None:
            return found
        url = following.removeprefix("https://oer.example.org")
    raise AssertionError("the list does not end")


def test_lists_are_walked_newest_first_and_narrowed(client: TestClient, home: Installation, watch: Watch) -> None:
    with transaction(home.engine) as session:
        ministry = factories.institution(session, "ministry")
        factories.institution(session, "school", parent=ministry)
    ids = [collected(home, at=place, shown=True) for place in ("school", "college", "ministry", "school", "college")]
    drafts = [collected(home, at=place) for place in ("school", "college", "ministry")]
    resource = factories.published(home)
    for public_id in (ids[0], ids[3], drafts[0]):
        act(home, collections.add, public_id, resource)
    assert walked(client, URL) == walked(client, f"{URL}?limit=1") == ids[::-1]
    assert walked(client, f"{URL}?institution=ministry&limit=1") == [ids[3], ids[2], ids[0]]
    assert walked(client, f"{URL}?institution=school") == [ids[3], ids[0]]
    assert walked(client, f"{URL}?contains={resource}&limit=1") == [ids[3], ids[0]]
    assert walked(client, f"/api/resources/{resource}/collections?limit=1") == [ids[3], ids[0]]
    assert walked(client, f"{URL}?contains={resource}&institution=college") == []
    assert walked(client, f"{URL}?state=draft") == []
    manager = token_of(home, member(home, Role.MANAGER, "ministry"))
    assert walked(client, f"{URL}?state=draft&limit=1", manager) == [drafts[2], drafts[0]]
    assert walked(client, f"{URL}?state=published", manager) == ids[::-1]
    assert client.get(f"{URL}?state=draft", headers=manager).headers["cache-control"] == "private, no-store"
    assert client.get(URL).headers["cache-control"] == "public, no-cache"


def test_a_wrong_parameter_is_named(client: TestClient, home: Installation) -> None:
    resource = factories.published(home)
    for query, field in (
        ("limit=0", "limit"), ("state=deleted", "state"), ("membership=open", "membership"),
        ("institution=a&institution=a", "institution"), (f"contains={'x' * 101}", "contains"),
    ):  # fmt: skip
        assert [field for field, _ in problems(client.get(f"{URL}?{query}"))] == [field]
    assert code(client.get(f"{URL}?institution=nowhere")) == (404, "institution.unknown")
    assert code(client.get(f"{URL}?cursor=AAAA")) == (422, "cursor.invalid")
    assert problems(client.get(f"/api/resources/{resource}/collections?state=draft")) == [("state", "field.unknown")]
    collected(home, shown=True)
    collected(home, shown=True)
    cursor = re.findall(r"cursor=([\w-]+)", client.get(f"{URL}?limit=1").json()["next"])[0]
    assert code(client.get(f"/api/resources/{resource}/collections?cursor={cursor}")) == (422, "cursor.invalid")


def test_what_was_not_changed_is_304_and_head_has_no_body(client: TestClient, home: Installation) -> None:
    public_id, resource = collected(home, shown=True), factories.published(home)
    for url in (URL, f"{URL}/{public_id}", f"/api/resources/{resource}/collections"):
        first, second = client.get(url), client.get(url)
        assert first.content == second.content
        kept = client.get(url, headers={"If-None-Match": first.headers["etag"]})
        assert (kept.status_code, kept.content) == (304, b"")
        head = client.head(url)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", first.headers["etag"])
    assert client.head(f"{URL}/{collected(home)}").status_code == 404
    assert client.delete(URL).headers["allow"] == "GET, HEAD, POST"


def selects(home: Installation, ask: Callable[[], Response]) -> int:
    seen: list[str] = []

    def note(*arguments: Any) -> None:
        if str(arguments[2]).lstrip().upper().startswith("SELECT"):
            seen.append(str(arguments[2]))

    sa.event.listen(home.engine, "before_cursor_execute", note)
    try:
        assert ask().status_code == 200
    finally:
        sa.event.remove(home.engine, "before_cursor_execute", note)
    return len(seen)


def test_neither_a_list_nor_a_collection_needs_more_queries_when_it_is_longer(
    home: Installation, client: TestClient
) -> None:
    ids = [factories.published(home, files={"a.txt": b"%d" % number}) for number in range(4)]
    for public_id in (collected(home, shown=True) for _ in range(5)):
        act(home, collections.arrange, public_id, [Unit(items=[Item(one)]) for one in ids])
    assert (
        selects(home, lambda: client.get(f"{URL}?limit=1")) == selects(home, lambda: client.get(f"{URL}?limit=5")) <= 4
    )
    short = collected(home, shown=True)
    few = selects(home, lambda: client.get(f"{URL}/{short}"))
    assert few == selects(home, lambda: client.get(f"{URL}/{public_id}")) <= 4


def test_the_examples_of_the_openapi_document_are_taken(client: TestClient, home: Installation, editor: Header) -> None:
    document = client.get("/api/openapi.json").json()
    names = document["components"]["schemas"]
    (new,) = names["CollectionIn"]["examples"]
    made = client.post(URL, json=new, headers=editor)
    assert made.status_code == 201, made.text
    url = f"{URL}/{made.json()['id']}"
    (patch,) = names["CollectionPatch"]["examples"]
    assert client.patch(url, json=patch, headers=editor | ANY).status_code == 200
    unit = client.put(f"{url}/units", json=[{"titles": {"ar": "الضوء"}}], headers=editor | ANY).json()["units"][0]
    (addition,) = names["AdditionIn"]["examples"]
    addition["unit"] = unit["id"]
    resource = factories.published(home)
    with transaction(home.engine) as session:
        found = queries.resources.by_public_id(session, public_id=resource)
        assert found is not None
        found.public_id = addition["resource"]
        session.add(found)
    assert client.post(f"{url}/items", json=addition, headers=editor).status_code == 200
    put = document["paths"]["/api/collections/{public_id}/units"]["put"]
    (units_example,) = put["requestBody"]["content"]["application/json"]["schema"]["examples"]
    units_example[0]["id"] = unit["id"]
    assert client.put(f"{url}/units", json=units_example, headers=editor | ANY).status_code == 200
    ours = [verb for path, verbs in document["paths"].items() if "collections" in path for verb in verbs.values()]
    assert len(ours) == 13
    for verb in ours:
        assert verb["summary"]
        assert verb["x-policy"] in {"reader", "member", "collection"}
    names_of = {parameter["name"] for parameter in put["parameters"]}
    assert names_of == {"public_id", "If-Match"}
