"""The tree by REST."""

from typing import Any

import factories
import pytest
import snapshots
from memberships import members
from starlette.testclient import TestClient

from api.schemas import institutions as bodies
from oer import accounts, queries
from oer.db import reading, transaction
from oer.installation import Installation
from oer.workflow import Role

URL = "/api/institutions"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50
Headers = dict[str, str]


@pytest.fixture(autouse=True)
def tree(home: Installation) -> None:
    """ministry > school > club; other."""
    with transaction(home.engine) as session:
        ministry = factories.institution(session, "ministry", country="TN")
        school = factories.institution(session, "school", parent=ministry)
        factories.institution(session, "club", parent=school)
        factories.institution(session, "other", country="DZ")


@pytest.fixture
def chief(home: Installation) -> Headers:
    with transaction(home.engine) as session:
        actor = accounts.actor_of(session, factories.person(session, "chief@example.org", administrator=True))
    return factories.session_of(home, actor)


def signed_in(home: Installation, role: Role, at: str) -> Headers:
    return factories.session_of(home, factories.member(home, role, at))


def if_match(headers: Headers, etag: str = "*") -> Headers:
    return {**headers, "if-match": etag}


def walked(client: TestClient, query: str) -> list[str]:
    found: list[str] = []
    url = f"{URL}?{query}"
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, answer.text
        bodies.InstitutionList.model_validate_json(answer.content)
        found += [one["slug"] for one in answer.json()["items"]]
        url = (answer.json()["next"] or "").removeprefix("https://oer.example.org")
    return found


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("", ["ministry", "school", "club", "other"]),
        ("limit=1", ["ministry", "school", "club", "other"]),
        ("limit=100", ["ministry", "school", "club", "other"]),
        ("parent=", ["ministry", "other"]),
        ("parent=&limit=1", ["ministry", "other"]),
        ("parent=ministry", ["school"]),
        ("within=ministry&limit=1", ["ministry", "school", "club"]),
        ("within=club", ["club"]),
        ("country=tn", ["ministry"]),
        ("country=DZ&kind=organisation", ["other"]),
        ("kind=club", []),
    ],
)
def test_the_tree_is_listed_each_right_before_those_below_it(client: TestClient, query: str, slugs: list[str]) -> None:
    assert walked(client, query) == slugs


def test_many_institutions_are_walked_in_the_order_of_the_tree(client: TestClient, home: Installation) -> None:
    """Numbers of two digits, whose text a language's order would mix with those of one."""
    with transaction(home.engine) as session:
        for number in range(9):
            factories.institution(
                session, f"child-{number}", parent=queries.institutions.by_slug(session, slug="other")
            )
    with transaction(home.engine) as session:
        factories.institution(session, "late", parent=queries.institutions.by_slug(session, slug="club"))
    found = walked(client, "")
    assert sorted(found) == sorted(set(found))
    assert found[:4] == ["ministry", "school", "club", "late"]
    assert found[4] == "other"


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("parent=nowhere", 404, None),
        ("within=a%00b", 404, None),
        ("kind=castle", 422, "kind"),
        ("country=ZZ", 422, "country"),
        ("kind=a&kind=b", 422, "kind"),
        ("q=x", 422, "q"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(client: TestClient, query: str, status: int, field: str) -> None:
    answer = client.get(f"{URL}?{query}")
    assert answer.status_code == status
    if field:
        assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_an_institution_is_seen_by_everybody(client: TestClient, home: Installation) -> None:
    answer = client.get(f"{URL}/club")
    told = bodies.InstitutionShown.model_validate_json(answer.content)
    assert (told.parent, told.ancestors) == ("school", ["ministry", "school"])
    assert (told.oai_set, told.url) == (
        "institution:ministry:school:club",
        "https://oer.example.org/api/institutions/club",
    )
    assert answer.headers["cache-control"] == "public, no-cache"
    assert client.get(f"{URL}/club", headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    assert client.head(f"{URL}/club").headers["etag"] == answer.headers["etag"]
    for slug in ("nowhere", "Club", "a%00b", "%ED%A0%80"):
        assert client.get(f"{URL}/{slug}").json()["code"] == "institution.unknown"


# ── adding ──────────────────────────────────────────────────────────────────────────────────────


def test_an_institution_is_added_with_everything_it_says_of_itself(client: TestClient, chief: Headers) -> None:
    made = client.post(URL, json=bodies.EXAMPLE | {"slug": "carthage", "parent": "ministry"}, headers=chief)
    assert made.status_code == 201, made.text
    told = bodies.InstitutionShown.model_validate_json(made.content)
    assert (told.slug, told.parent, told.kind, told.colour) == ("carthage", "ministry", "university", "#0b6e4f")
    assert made.headers["location"] == f"https://oer.example.org{URL}/carthage"
    assert client.get(f"{URL}/carthage").headers["etag"] == made.headers["etag"]
    again = client.post(URL, json=bodies.EXAMPLE, headers=chief)
    assert (again.json()["code"], again.json()["errors"][0]["field"]) == ("institution.slug-taken", "slug")


@pytest.mark.parametrize(
    ("role", "at", "parent", "status"),
    [
        (Role.MANAGER, "ministry", "school", 201),
        (Role.MANAGER, "school", "school", 201),
        (Role.MANAGER, "school", "ministry", 403),
        (Role.MANAGER, "other", "school", 403),
        (Role.REVIEWER, "school", "school", 403),
        (Role.MANAGER, "ministry", None, 403),
    ],
)
def test_managers_add_below_their_own(
    client: TestClient, home: Installation, role: Role, at: str, parent: str | None, status: int
) -> None:
    body = {"slug": "new", "names": {"ar": "جديد"}, "kind": "club"} | ({"parent": parent} if parent else {})
    assert client.post(URL, json=body).status_code == 401
    assert client.post(URL, json=body, headers=signed_in(home, role, at)).status_code == status
    token = factories.token_of(home, factories.member(home, Role.MANAGER, "ministry"), "read", "deposit", "review")
    assert client.post(URL, json=body | {"parent": "school"}, headers=token).json()["code"] == "scope.missing"


HIDDEN = [
    {"id": 1}, {"path": "/1/"}, {"parent_id": 1}, {"lock": 9}, {"created": "2020-01-01T00:00:00Z"},
    {"logo": "0" * 64}, {"logo_type": "image/svg+xml"}, {"ancestors": []}, {"oai_set": "x"},
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"slug": "Bad"}, ["slug"]),
        ({"slug": "a\x00b"}, ["slug"]),
        ({"slug": None}, ["slug"]),
        ({"names": {}}, ["names"]),
        ({"names": {"ar": None}}, ["names"]),
        ({"names": {"de": "Schule"}}, ["names.de"]),
        ({"names": ["x"]}, ["names"]),
        ({"names": {"ar": "x" * 301}}, ["names.ar"]),
        ({"names": {"ar": "a\u202eb"}}, ["names.ar"]),
        ({"kind": "castle", "country": "XX", "colour": "red"}, ["kind", "country", "colour"]),
        ({"parent": "nowhere"}, ["parent"]),
        ({"parent": "a\x00b"}, ["parent"]),
        ({"homepage": "javascript:alert(1)"}, ["homepage"]),
        ({"ror": "x"}, ["ror"]),
        ({"default_language": "x" * 200}, ["default_language"]),
        ({"publish_role": "administrator"}, ["publish_role"]),
        *[(hidden, [*hidden]) for hidden in HIDDEN],
    ],
)
def test_what_an_institution_cannot_be_is_told_with_its_field(
    client: TestClient, chief: Headers, changes: dict[str, Any], fields: list[str]
) -> None:
    answer = client.post(URL, json={"slug": "new", "names": {"ar": "جديد"}, "kind": "club"} | changes, headers=chief)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == fields
    assert client.get(f"{URL}/new").status_code == 404


# ── changing ────────────────────────────────────────────────────────────────────────────────────


def test_a_patch_merges(client: TestClient, home: Installation) -> None:
    headers = signed_in(home, Role.MANAGER, "school")
    etag = client.get(f"{URL}/school").headers["etag"]
    body = {"names": {"en": None, "fr": "École"}, "descriptions": {"ar": "سطر\nثان"}, "homepage": "https://e.org/"}
    done = client.patch(
        f"{URL}/school", json=body, headers={**if_match(headers, etag), "content-type": "application/merge-patch+json"}
    )
    assert (done.status_code, done.json()["names"]) == (200, {"ar": "مؤسسة school", "fr": "École"})
    assert done.headers["etag"] == client.get(f"{URL}/school").headers["etag"]
    assert (
        client.patch(f"{URL}/school", json=body, headers=if_match(headers, etag)).json()["code"] == "institution.stale"
    )
    assert client.patch(f"{URL}/school", json=body, headers=headers).status_code == 428
    done = client.patch(f"{URL}/school", json={"descriptions": None, "homepage": None}, headers=if_match(headers))
    assert (done.json()["descriptions"], done.json()["homepage"]) == ({}, None)
    same = client.patch(f"{URL}/school", json={}, headers=if_match(headers))
    assert same.headers["etag"] == done.headers["etag"]


@pytest.mark.parametrize("hidden", [*HIDDEN, {"slug": "renamed"}], ids=repr)
def test_a_slug_and_what_only_steps_set_stay(
    client: TestClient, home: Installation, chief: Headers, hidden: dict[str, Any]
) -> None:
    before = snapshots.tables(home)["institution"]
    answer = client.patch(f"{URL}/school", json={"country": "TN", **hidden}, headers=if_match(chief))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "field.unknown")
    assert snapshots.tables(home)["institution"] == before


@pytest.mark.parametrize(
    ("role", "at", "status"),
    [
        (Role.MANAGER, "ministry", 200),
        (Role.MANAGER, "school", 200),
        (Role.MANAGER, "club", 403),
        (Role.MANAGER, "other", 403),
        (Role.REVIEWER, "school", 403),
        (Role.DEPOSITOR, "school", 403),
    ],
)
def test_managers_change_remove_and_illustrate_their_own(
    client: TestClient, home: Installation, role: Role, at: str, status: int
) -> None:
    url, headers = f"{URL}/school", if_match(signed_in(home, role, at))
    assert client.patch(url, json={"country": "TN"}, headers=headers).status_code == status
    assert client.put(f"{url}/logo", content=PNG, headers=headers).status_code == status
    assert client.delete(f"{url}/logo", headers=headers).status_code == (204 if status == 200 else 403)
    assert client.delete(url, headers=headers).status_code == (409 if status == 200 else 403)
    for method, content in (("PATCH", b"{}"), ("DELETE", b"")):
        anonymous = {"if-match": "*"} | ({"content-type": "application/json"} if content else {})
        assert client.request(method, url, content=content, headers=anonymous).status_code == 401
    assert client.put(f"{url}/logo", content=PNG).status_code == 401


def test_a_move_takes_the_branch_and_its_resources_along(
    client: TestClient, home: Installation, chief: Headers
) -> None:
    public_id = factories.published(home, at="club")
    done = client.patch(f"{URL}/school", json={"parent": "other"}, headers=if_match(chief))
    assert done.json()["ancestors"] == ["other"]
    assert client.get(f"{URL}/club").json()["oai_set"] == "institution:other:school:club"
    answer = client.get(f"/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:{home.repository_id}:{public_id}")
    assert "<setSpec>institution:other:school:club</setSpec>" in answer.text
    assert "ministry" not in answer.text
    listed = client.get("/oai?verb=ListIdentifiers&metadataPrefix=oai_dc&set=institution:ministry")
    assert 'status="deleted"' in listed.text
    assert [one["id"] for one in client.get("/api/resources?institution=other").json()["items"]] == [public_id]
    with reading(home.engine) as session:
        assert "institution:ministry" in [one.spec for one in members(session, 1)]
    done = client.patch(f"{URL}/school", json={"parent": None}, headers=if_match(chief))
    assert (done.json()["parent"], done.json()["ancestors"]) == (None, [])


def test_managers_of_one_place_alone_do_not_move(client: TestClient, home: Installation) -> None:
    headers = signed_in(home, Role.MANAGER, "ministry")
    for parent in ("other", None):
        answer = client.patch(f"{URL}/school", json={"parent": parent}, headers=if_match(headers))
        assert (answer.status_code, answer.json()["code"]) == (403, "action.forbidden")
    circle = client.patch(f"{URL}/school", json={"parent": "club"}, headers=if_match(headers))
    assert (circle.status_code, circle.json()["errors"][0]["field"]) == (422, "parent")


def test_an_empty_institution_is_removed_in_the_state_that_was_read(
    client: TestClient, home: Installation, chief: Headers
) -> None:
    etag = client.get(f"{URL}/club").headers["etag"]
    assert client.delete(f"{URL}/club", headers=chief).status_code == 428
    assert client.delete(f"{URL}/club", headers=if_match(chief, '"7-000000000000000000000000"')).status_code == 412
    assert client.delete(f"{URL}/club", headers=if_match(chief, etag)).status_code == 204
    assert client.get(f"{URL}/club").status_code == 404
    factories.drafted(home, at="school")
    answer = client.delete(f"{URL}/school", headers=if_match(chief))
    assert (answer.status_code, answer.json()["code"]) == (409, "institution.not-empty")


# ── the logo ────────────────────────────────────────────────────────────────────────────────────


def test_a_logo_is_put_shown_replaced_and_taken_away(client: TestClient, home: Installation, chief: Headers) -> None:
    url = f"{URL}/school/logo"
    assert client.get(url).json()["code"] == "logo.unknown"
    made = client.put(url, content=PNG, headers=chief)
    assert made.json()["logo"] == {"url": f"https://oer.example.org{url}", "media_type": "image/png"}
    assert made.headers["content-location"] == f"https://oer.example.org{URL}/school"
    assert made.headers["etag"] == client.get(f"{URL}/school").headers["etag"]
    seen = client.get(url)
    assert (seen.content, seen.headers["content-type"]) == (PNG, "image/png")
    assert seen.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert seen.headers["x-content-type-options"] == "nosniff"
    assert client.get(url, headers={"if-none-match": seen.headers["etag"]}).status_code == 304
    other = PNG + b"1"
    assert client.put(url, content=other, headers=chief).status_code == 428
    assert client.put(url, content=other, headers=if_match(chief, f'"{"0" * 64}"')).status_code == 412
    assert client.put(url, content=other, headers=if_match(chief, seen.headers["etag"])).status_code == 200
    assert client.get(url).content == other
    assert client.delete(url, headers=chief).status_code == 428
    assert client.delete(url, headers=if_match(chief)).status_code == 204
    assert client.get(url).status_code == client.delete(url, headers=if_match(chief)).status_code == 404
    assert client.get(f"{URL}/school").json()["logo"] is None


@pytest.mark.parametrize("which", ["logo", "institution", "any"])
def test_a_logo_is_replaced_by_its_own_tag_that_of_the_institution_or_none(
    client: TestClient, chief: Headers, which: str
) -> None:
    url = f"{URL}/school/logo"
    client.put(url, content=PNG, headers=chief)
    tags = {
        "logo": client.get(url).headers["etag"],
        "institution": client.get(f"{URL}/school").headers["etag"],
        "any": "*",
    }
    assert client.put(url, content=PNG + b"1", headers=if_match(chief, tags[which])).status_code == 200
    assert client.get(url).content == PNG + b"1"
    if which != "any":
        assert client.put(url, content=PNG, headers=if_match(chief, tags[which])).status_code == 412


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", 422, "logo.not-image"),
        (b"<!doctype html><script>alert(1)</script>", 422, "logo.not-image"),
        (b"GIF8<script>", 200, None),
        (b"%PDF-1.7", 422, "logo.not-image"),
        (b"", 422, "logo.not-image"),
        (PNG + b"0" * 1024 * 1024, 413, "logo.too-large"),
    ],
)
def test_a_logo_is_a_small_raster_image_whatever_it_is_called(
    client: TestClient, chief: Headers, content: bytes, status: int, code: str | None
) -> None:
    answer = client.put(f"{URL}/school/logo", content=content, headers={**chief, "content-type": "image/png"})
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    if status == 200:
        assert client.get(f"{URL}/school/logo").headers["content-type"] == "image/gif"


def test_a_stream_without_a_length_ends_at_the_limit(client: TestClient, home: Installation, chief: Headers) -> None:
    def endless() -> Any:
        yield PNG
        for _ in range(40):
            yield b"0" * 65536

    answer = client.put(f"{URL}/school/logo", content=endless(), headers=chief)
    assert (answer.status_code, answer.json()["code"]) == (413, "logo.too-large")


def test_nothing_is_kept_of_a_logo_that_nobody_may_put(client: TestClient, home: Installation) -> None:
    for headers in ({}, signed_in(home, Role.MANAGER, "other")):
        client.put(f"{URL}/school/logo", content=PNG, headers=headers)
    assert list(home.store.keys()) == []
