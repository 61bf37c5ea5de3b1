import json
import re
from typing import Any

import factories
import pytest
import sqlalchemy as sa
from factories import act, collected, member, token_of
from httpx2 import Response
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.schemas import collections as bodies
from oer import collections, publishing, queries, units
from oer.db import reading, transaction
from oer.installation import Installation
from oer.policy import OPERATOR
from oer.units import Item, Unit
from oer.workflow import Role

URL = "/api/collections"
ANY = {"If-Match": "*"}
TITLES = {"ar": "الضوء", "en": "Light"}
Header = dict[str, str]


@pytest.fixture
def editor(home: Installation) -> Header:
    return token_of(home, member(home, Role.REVIEWER), "read", "deposit", "review")


@pytest.fixture
def teacher(home: Installation) -> Header:
    """A depositor of the school."""
    return token_of(home, member(home, Role.DEPOSITOR, "school"), "read", "deposit")


def begin(client: TestClient, header: Header, **wanted: Any) -> Response:
    return client.post(URL, json={"institution": "college", "titles": TITLES} | wanted, headers=header)


def order(answer: Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    return [[item["resource"] for item in unit["items"]] for unit in answer.json()["units"]]


def problems(answer: Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "request.invalid"
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_collection_is_begun_filled_published_and_seen(
    client: TestClient, home: Installation, editor: Header
) -> None:
    made = begin(client, editor, descriptions={"ar": "وصف"}, membership="open")
    assert made.status_code == 201
    bodies.CollectionOut.model_validate_json(made.content)
    body = made.json()
    assert made.headers["location"] == body["url"] == f"https://oer.example.org{URL}/{body['id']}"
    assert body["institution"] == {"slug": "college", "names": {"ar": "مؤسسة college", "en": "The college"}}
    assert (body["titles"], body["descriptions"]) == (TITLES, {"ar": "وصف"})
    assert (body["state"], body["membership"], body["units"]) == ("draft", "open", [])
    assert body["counts"] == {"units": 0, "items": 0}
    assert body["created"] == body["changed"] == "2026-03-01T08:00:00Z"
    url = f"{URL}/{body['id']}"
    resource = factories.published(home)
    added = client.post(f"{url}/items", json={"resource": resource, "note": "أولًا"}, headers=editor)
    (unit,) = added.json()["units"]
    title = [{"value": "الضوء والماء", "lang": "ar"}]
    assert unit["items"] == [
        {"resource": resource, "state": "published", "title": title, "note": "أولًا",
         "url": f"https://oer.example.org/resources/{resource}"}
    ]  # fmt: skip
    assert client.get(url).status_code == 404
    shown = client.post(f"{url}/publish", headers=editor | {"If-Match": added.headers["etag"]})
    assert (shown.status_code, shown.json()["state"]) == (200, "published")
    seen = client.get(url)
    assert seen.json() == shown.json()
    assert seen.headers["etag"] == shown.headers["etag"]
    assert seen.headers["cache-control"] == "public, no-cache"
    assert client.get(url, headers=editor).headers["cache-control"] == "private, no-store"
    (listed,) = client.get(URL).json()["items"]
    assert listed == {name: value for name, value in seen.json().items() if name != "units"}
    back = client.post(f"{url}/unpublish", headers=editor | {"If-Match": seen.headers["etag"]})
    assert back.json()["state"] == "draft"
    assert code(client.get(url)) == (404, "collection.unknown")
    assert client.delete(url, headers=editor | {"If-Match": back.headers["etag"]}).status_code == 204
    assert client.get(url, headers=editor).status_code == 404


WRITES: list[tuple[str, str, Any]] = [
    ("PATCH", "", {"titles": {"fr": "Lumière"}}),
    ("POST", "/publish", None),
    ("POST", "/unpublish", None),
    ("PUT", "/units", []),
    ("POST", "/items", {"resource": "7k3v9qm2xd"}),
    ("DELETE", "/items/7k3v9qm2xd", None),
    ("DELETE", "", None),
]
# Of a draft by somebody else, then of a published closed collection; nothing is there to add or to take out.
MATRIX = """
nobody              401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
no role             404 404 404 404 404 404 404 | 403 409 403 403 403 403 403
depositor here      404 404 404 404 404 404 404 | 403 409 403 403 403 403 403
manager beside      404 404 404 404 404 404 404 | 403 409 403 403 403 403 403
reviewer above      404 404 404 404 404 404 404 | 403 409 403 403 403 403 403
author              200 403 409 200 404 404 204 | 403 409 403 403 403 403 403
reviewer here       200 200 409 200 404 404 204 | 200 409 200 200 404 404 403
manager here        200 200 409 200 404 404 204 | 200 409 200 200 404 404 204
manager above       200 200 409 200 404 404 204 | 200 409 200 200 404 404 204
"""


@pytest.mark.parametrize("line", MATRIX.strip().splitlines())
def test_every_write_by_everybody_on_drafts_and_on_what_is_published(
    client: TestClient, home: Installation, line: str
) -> None:
    who, cells = re.split(r"\s{2,}", line, maxsplit=1)
    with transaction(home.engine) as session:
        ministry = factories.institution(session, "ministry")
        factories.institution(session, "college", parent=ministry)
        factories.institution(session, "beside", parent=ministry)
    role, _, place = who.partition(" ")
    at = {"here": "college", "above": "ministry", "beside": "beside", "role": "beside", "": "college"}[place]
    someone = member(home, Role[role.upper()] if role.upper() in Role.__members__ else Role.DEPOSITOR, at)
    author = someone if who == "author" else OPERATOR
    header = token_of(home, someone, "read", "deposit", "review")
    if who == "no role":
        with transaction(home.engine) as session:
            session.connection().execute(sa.text("DELETE FROM membership"))
    for shown, expected in zip((False, True), cells.split(" | "), strict=True):
        given = []
        for method, path, body in WRITES:
            public_id = collected(home, actor=author, shown=shown)
            url = f"{URL}/{public_id}{path}"
            headers = ANY | ({} if who == "nobody" else header)
            answer = client.request(method, url, json=body, headers=headers)
            if path in {"/publish", "/unpublish"} and answer.status_code == 200:
                assert (client.get(f"{URL}/{public_id}").status_code == 200) == (path == "/publish")
            given.append(str(answer.status_code))
        assert given == expected.split(), (who, shown)


def test_a_published_collection_cannot_be_published_again(
    client: TestClient, home: Installation, editor: Header
) -> None:
    url = f"{URL}/{collected(home, shown=True)}"
    assert code(client.post(f"{url}/publish", headers=editor | ANY)) == (409, "transition.impossible")


def test_who_may_begin_one(client: TestClient, home: Installation, editor: Header, teacher: Header) -> None:
    assert code(begin(client, {})) == (401, "sign-in.required")
    assert code(begin(client, teacher)) == (403, "action.forbidden")
    assert code(begin(client, token_of(home, member(home, Role.MANAGER), "read"))) == (403, "scope.missing")
    assert code(begin(client, editor, institution="nowhere")) == (404, "institution.unknown")
    assert begin(client, teacher, institution="school").status_code == 201


@pytest.mark.parametrize("name", ["id", "state", "author", "author_id", "lock", "created", "changed", "url", "units"])
def test_what_only_a_step_may_set_is_refused(client: TestClient, home: Installation, editor: Header, name: str) -> None:
    public_id = collected(home)
    assert problems(begin(client, editor, **{name: "published"})) == [(name, "field.unknown")]
    patch = client.patch(f"{URL}/{public_id}", json={name: "published"}, headers=editor | ANY)
    assert problems(patch) == [(name, "field.unknown")]
    if name != "id":
        unit = client.put(f"{URL}/{public_id}/units", json=[{"items": [], name: 1}], headers=editor | ANY)
        assert problems(unit) == [(f"[0].{name}", "field.unknown")]
    item = client.post(f"{URL}/{public_id}/items", json={"resource": "7k3v9qm2xd", name: 1}, headers=editor)
    assert problems(item) == [(name, "field.unknown")]


HOSTILE: list[Any] = [
    None, True, 5, 10**30, 1e308, "x", "\ud800", "a\0b", "", [], {}, [[]], [None], {"ar": 5}, {"ar": "\ud800"},
    {"ar": "a\0b"}, {"\ud800": "x"}, {"ar": {"fr": "x"}}, {"de": "x"}, {"__proto__": "x"}, ["\ud800"],
    [{"id": "\ud800"}], [{"items": [{"resource": "\ud800"}]}], [{"titles": {"ar": "\0"}}],
    [{"items": [{"resource": "a\0b", "note": "\ud800"}]}],
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: ascii(value)[:40])
def test_no_value_breaks_a_door(client: TestClient, home: Installation, editor: Header, value: Any) -> None:
    public_id, resource = collected(home), factories.published(home)
    url, headers = f"{URL}/{public_id}", editor | {"content-type": "application/json"} | ANY

    def send(method: str, path: str, body: Any) -> int:
        answer = client.request(method, path, content=json.dumps(body), headers=headers)
        if answer.status_code == 422:
            assert answer.json()["errors"] or answer.json()["code"] == "body.missing", answer.text
        return answer.status_code

    good = {"institution": "college", "titles": TITLES}
    for name in ("institution", "titles", "descriptions", "membership"):
        sound = (name == "institution" and value in ("x", "")) or (name == "descriptions" and value == {})
        assert send("POST", URL, good | {name: value}) in ({404, 422} | ({201} if sound else set())), name
    for name in ("titles", "descriptions", "membership"):
        sound = value == {} or (name == "descriptions" and value is None)
        assert send("PATCH", url, {name: value}) == (200 if sound and name != "membership" else 422), name
    assert send("PUT", f"{url}/units", value) == (200 if value == [] else 422)
    for name in ("resource", "note", "unit"):
        status = send("POST", f"{url}/items", {"resource": resource} | {name: value})
        sound = (name == "note" and value in ("x", "")) or (name == "unit" and value is None)
        known = name == "resource" and isinstance(value, str) and value != "\ud800"
        assert status == (404 if known else 200 if sound else 422), name
        act(home, collections.arrange, public_id, [])


@pytest.mark.parametrize(
    "path", ["nothing", "7k3v9qm2xd", "a%00b", "%ED%A0%80", "..%3B", "7K3V9QM2XD", "7k3v9qm2xd%0A"]
)
def test_addresses_of_nothing_are_404(client: TestClient, home: Installation, editor: Header, path: str) -> None:
    public_id = collected(home)
    assert client.get(f"{URL}/{path}").status_code == 404
    for method, rest, body in WRITES:
        answer = client.request(method, f"{URL}/{path}{rest}", json=body, headers=editor | ANY)
        assert code(answer) == (404, "collection.unknown"), (method, rest)
    gone = client.delete(f"{URL}/{public_id}/items/{path}", headers=editor)
    assert code(gone) == (404, "collection.item-unknown")
    assert client.get(f"/api/resources/{path}/collections").status_code == 404
    assert client.get(URL, params={"contains": path.encode().decode()}).status_code == 404


@given(st.text(max_size=120), st.text(max_size=120))
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_kept_as_cleaned_or_refused_by_field(
    client: TestClient, home: Installation, editor: Header, title: str, note: str
) -> None:
    answer = client.post(
        URL,
        content=json.dumps({"institution": "college", "titles": {"ar": title}, "descriptions": {"fr": note}}),
        headers=editor | {"content-type": "application/json"},
    )
    assert answer.status_code in (201, 422)
    if answer.status_code == 422:
        assert {error["field"] for error in answer.json()["errors"]} <= {"titles", "titles.ar", "descriptions.fr"}


def test_a_write_says_what_it_has_read(client: TestClient, home: Installation, editor: Header) -> None:
    url = f"{URL}/{collected(home)}"
    etag = client.get(url, headers=editor).headers["etag"]
    insisting = [write for write in WRITES if not write[1].startswith("/items")]
    for method, path, body in insisting:
        assert code(client.request(method, url + path, json=body, headers=editor)) == (428, "precondition.required")
        for wrong in ('"99-000000000000000000000000"', 'W/"1"', "x", '"1"', f'W/{etag}, "2"', f'"{"9" * 400}-0"'):
            answer = client.request(method, url + path, json=body, headers=editor | {"If-Match": wrong})
            if path != "/unpublish":
                assert code(answer) == (412, "collection.stale"), (method, path, wrong)
    resource = factories.published(home)
    stale = client.post(f"{url}/items", json={"resource": resource}, headers=editor | {"If-Match": '"1"'})
    assert code(stale) == (412, "collection.stale")
    added = client.post(f"{url}/items", json={"resource": resource}, headers=editor | {"If-Match": etag})
    assert added.status_code == 200
    assert added.headers["etag"] != etag
    late = client.patch(url, json={"titles": {"fr": "x"}}, headers=editor | {"If-Match": etag})
    assert code(late) == (412, "collection.stale")
    stale = client.delete(f"{url}/items/{resource}", headers=editor | {"If-Match": etag})
    assert code(stale) == (412, "collection.stale")
    done = client.patch(url, json={"titles": {"fr": "x"}}, headers=editor | {"If-Match": added.headers["etag"]})
    assert (done.status_code, done.headers["etag"]) == (200, client.get(url, headers=editor).headers["etag"])


def test_a_merge_patch_changes_what_it_names(client: TestClient, home: Installation, editor: Header) -> None:
    url = f"{URL}/{collected(home, descriptions={'ar': 'وصف', 'fr': 'Texte'})}"
    headers = editor | ANY | {"content-type": "application/merge-patch+json"}

    def patched(text: str) -> Any:
        answer = client.patch(url, content=text, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert patched('{"titles": {"en": null, "fr": "Lumière"}}')["titles"] == {"ar": "الضوء", "fr": "Lumière"}
    after = patched('{"membership": "open", "descriptions": {"ar": null}}')
    assert (after["membership"], after["descriptions"], after["titles"]["fr"]) == ("open", {"fr": "Texte"}, "Lumière")
    assert patched('{"descriptions": null}')["descriptions"] == {}
    assert patched("{}")["membership"] == "open"
    none = client.patch(url, json={"titles": {"ar": None, "fr": None}}, headers=editor | ANY)
    assert problems(none) == [("titles", "title.missing")]
    plain = client.patch(url, content="titles=x", headers=editor | ANY | {"content-type": "text/plain"})
    assert code(plain) == (415, "media-type.unsupported")


def test_units_are_sent_back_as_they_were_read(client: TestClient, home: Installation, editor: Header) -> None:
    public_id = collected(home)
    url = f"{URL}/{public_id}"
    ids = [factories.published(home, files={"a.txt": b"%d" % number}) for number in range(3)]
    wanted = [{"titles": {"ar": "أ"}, "items": [{"resource": ids[0], "note": "n"}, {"resource": ids[1]}]},
              {"titles": {}, "items": [{"resource": ids[2]}]}]  # fmt: skip
    read = client.put(f"{url}/units", json=wanted, headers=editor | ANY)
    assert order(read) == [ids[:2], ids[2:]]
    assert read.json()["counts"] == {"units": 2, "items": 3}
    assert [unit["titles"] for unit in read.json()["units"]] == [{"ar": "أ"}, {}]
    again = [
        {"id": unit["id"], "titles": unit["titles"],
         "items": [{"resource": item["resource"], "note": item["note"]} for item in unit["items"]]}
        for unit in read.json()["units"]
    ]  # fmt: skip
    kept = client.put(f"{url}/units", json=again, headers=editor | {"If-Match": read.headers["etag"]})
    assert kept.json()["units"] == read.json()["units"]
    turned = client.put(f"{url}/units", json=again[::-1], headers=editor | {"If-Match": kept.headers["etag"]})
    assert turned.json()["units"] == read.json()["units"][::-1]
    assert order(client.put(f"{url}/units", json=again[:1], headers=editor | ANY)) == [ids[:2]]
    lost = client.put(f"{url}/units", json=again, headers=editor | ANY)
    assert problems(lost) == [("[1].id", "collection.unit-unknown")]
    assert "unit" in lost.json()["errors"][0]["message"]


def test_what_is_wrong_with_an_order_is_told_by_field(client: TestClient, home: Installation, editor: Header) -> None:
    url, resource = f"{URL}/{collected(home)}", factories.published(home)
    wrong = [{"items": [{"resource": resource}]}, {"titles": {"ar": "x" * 301}, "items": [{"resource": resource}]}]
    answer = client.put(f"{url}/units", json=wrong, headers=editor | ANY)
    assert problems(answer) == [("[1].titles.ar", "text.too-long"),
                                ("[1].items[0].resource", "collection.item-repeated")]  # fmt: skip
    assert "[0].items[0].resource" in answer.json()["errors"][1]["message"] or "[0].items[0]" in answer.text
    assert problems(client.put(f"{url}/units", json=[{"items": 5}], headers=editor | ANY))[0][0] == "[0].items"
    assert problems(client.put(f"{url}/units", json={"units": []}, headers=editor | ANY))[0][1] == (
        "request.parameter-invalid"
    )


def test_a_collection_too_large_is_413(client: TestClient, home: Installation, editor: Header) -> None:
    url = f"{URL}/{collected(home)}"
    many = [{"items": [{"resource": "7k3v9qm2xd"}] * (units.MOST_ITEMS + 1)}]
    for body, expected in (
        ([{}] * (units.MOST_UNITS + 1), "collection.too-many-units"),
        (many, "collection.too-many-items"),
        ([{"titles": {"ar": "x" * 3_000_000}}], "request.too-large"),
    ):
        assert code(client.put(f"{url}/units", json=body, headers=editor | ANY)) == (413, expected)
    assert len(client.put(f"{url}/units", json=[{}] * units.MOST_UNITS, headers=editor | ANY).json()["units"]) == 200


def test_others_bring_their_own_into_an_open_collection_and_take_it_back(
    client: TestClient, home: Installation, editor: Header, teacher: Header
) -> None:
    url = f"{URL}/{collected(home, shown=True, membership='open')}"
    own, foreign = factories.published(home, at="school"), factories.published(home, files={"b.txt": b"b"})
    etag = client.get(url).headers["etag"]
    added = client.post(f"{url}/items", json={"resource": own}, headers=teacher)
    assert order(added) == [[own]]
    assert client.get(url, headers={"If-None-Match": etag}).headers["etag"] == added.headers["etag"] != etag
    assert code(client.post(f"{url}/items", json={"resource": foreign}, headers=teacher)) == (
        403, "collection.not-own")  # fmt: skip
    assert code(client.post(f"{url}/items", json={"resource": own}, headers=teacher)) == (
        409, "collection.holds-already")  # fmt: skip
    assert client.post(f"{url}/items", json={"resource": foreign}, headers=editor).status_code == 200
    assert code(client.delete(f"{url}/items/{foreign}", headers=teacher)) == (403, "action.forbidden")
    client.patch(url, json={"membership": "closed"}, headers=editor | ANY)
    assert code(client.delete(f"{url}/items/{own}", headers=teacher)) == (403, "collection.closed")
    client.patch(url, json={"membership": "open"}, headers=editor | ANY)
    assert order(client.delete(f"{url}/items/{own}", headers=teacher)) == [[foreign]]


def test_a_request_made_again_adds_once(client: TestClient, home: Installation, editor: Header) -> None:
    url, resource = f"{URL}/{collected(home)}", factories.published(home)
    headers = editor | {"Idempotency-Key": "a-key"}
    first, again = (client.post(f"{url}/items", json={"resource": resource}, headers=headers) for _ in range(2))
    assert first.status_code == again.status_code, again.text
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    assert order(client.get(url, headers=editor)) == [[resource]]
    made = [begin(client, editor | {"Idempotency-Key": "another"}).json()["id"] for _ in range(2)]
    assert made[0] == made[1]


@pytest.mark.parametrize("key", ["!", '"', '""', '"""', "~" * 200])
def test_every_key_that_the_schema_allows_is_one(
    client: TestClient, home: Installation, editor: Header, key: str
) -> None:
    url, resource = f"{URL}/{collected(home)}", factories.published(home)
    for _ in range(2):
        added = client.post(f"{url}/items", json={"resource": resource}, headers=editor | {"Idempotency-Key": key})
        assert added.status_code == 200, added.text
    assert added.headers["idempotent-replayed"] == "true"


def test_a_change_whose_answer_was_lost_is_asked_again_with_its_key(
    client: TestClient, home: Installation, editor: Header
) -> None:
    url = f"{URL}/{collected(home)}"
    etag = client.get(url, headers=editor).headers["etag"]
    body, headers = {"titles": {"fr": "Eau"}}, editor | {"If-Match": etag}
    first, again = (client.patch(url, json=body, headers=headers | {"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert (first.content, first.headers["etag"]) == (again.content, again.headers["etag"])
    assert code(client.patch(url, json=body, headers=headers)) == (412, "collection.stale")
    other = client.patch(url, json={"titles": {"fr": "Feu"}}, headers=headers | {"Idempotency-Key": "k"})
    assert code(other) == (422, "idempotency.key-reused")


def test_the_public_sees_published_resources_in_a_collection_only(
    client: TestClient, home: Installation, editor: Header, teacher: Header
) -> None:
    secret = "عنوان لم ينشر"
    draft = factories.drafted(home, described=factories.record(secret))
    one, two = (factories.published(home, files={"a.txt": b"%d" % number}) for number in range(2))
    public_id = collected(home, shown=True)
    act(home, collections.arrange, public_id, [Unit(items=[Item(draft, "n"), Item(one), Item(two)])])
    url = f"{URL}/{public_id}"
    before = client.get(url)
    act(home, publishing.hide, one, reason="legal", repository_id=home.repository_id)
    for headers in ({}, teacher):
        seen = client.get(url, headers=headers | {"If-None-Match": before.headers["etag"]})
        assert order(seen) == [[two]]
        assert seen.json()["counts"] == {"units": 1, "items": 1}
        for answer in (seen, client.get(URL, headers=headers), client.get(f"{URL}?contains={two}", headers=headers)):
            assert draft not in answer.text
            assert secret not in answer.text
            assert answer.json().get("items", [{"counts": {"items": 1}}])[0]["counts"]["items"] == 1
    mine = client.get(url, headers=editor)
    assert [item["state"] for item in mine.json()["units"][0]["items"]] == ["unpublished", "hidden", "published"]
    assert mine.json()["units"][0]["items"][0]["title"][0]["value"] == secret
    assert client.get(URL, headers=editor).json()["items"][0]["counts"]["items"] == 3
    for path in (f"/api/resources/{draft}/collections", f"{URL}?contains={draft}"):
        assert client.get(path).status_code == 404
    for path in (f"/api/resources/{one}/collections", f"{URL}?contains={one}"):
        assert code(client.get(path)) == (410, "resource.hidden")


def test_what_is_hidden_leaves_its_whole_tombstone_to_whoever_puts_it_in(
    client: TestClient, home: Installation, editor: Header
) -> None:
    made = begin(client, editor).json()["id"]
    hidden = factories.published(home, at="elsewhere")
    act(home, publishing.hide, hidden, reason="legal", repository_id=home.repository_id)
    answer = client.post(f"{URL}/{made}/items", json={"resource": hidden}, headers=editor | ANY)
    assert code(answer) == (410, "resource.hidden")
    tombstone = answer.json()["tombstone"]
    assert tombstone == client.get(f"/api/resources/{hidden}").json()["tombstone"]
    assert (tombstone["state"], tombstone["since"]) == ("hidden", "2026-03-01T08:00:00Z")


def test_the_log_names_every_deed_with_its_doer(client: TestClient, home: Installation, editor: Header) -> None:
    made = begin(client, editor).json()["id"]
    client.patch(f"{URL}/{made}", json={"membership": "open"}, headers=editor | ANY)
    client.delete(f"{URL}/{made}", headers=editor | ANY)
    with reading(home.engine) as session:
        log = queries.audit.of_object(session, kind="collection", object_id=made)
    assert [entry.action for entry in log] == ["collection.create", "collection.change", "collection.delete"]
    assert all(entry.person_id is not None and entry.institution_id is not None for entry in log)
