import json
import re
from collections.abc import Callable
from datetime import date

import factories
import pytest
from factories import Watch
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api import app, schemas
from metadata.record import Record
from oer import publishing, queries
from oer.db import reading, transaction
from oer.installation import Installation
from oer.policy import OPERATOR
from oer.workflow import Role

URL = "/api/resources"


def withdrawn(home: Installation, **wanted: object) -> str:
    public_id = factories.published(home, **wanted)
    with transaction(home.engine) as session:
        publishing.withdraw(
            session, OPERATOR, public_id, reason="rights", repository_id=home.repository_id, now=home.now()
        )
    return public_id


def walked(client: TestClient, url: str) -> list[str]:
    """Ids of every page, by the links of the answers."""
    found = []
    for _ in range(20):
        answer = client.get(url)
        assert answer.status_code == 200, answer.text
        found += [item["id"] for item in answer.json()["items"]]
        following = answer.json()["next"]
        assert answer.links.get("next", {}).get("url") == following
        if following is None:
            return found
        assert following.startswith("https://oer.example.org/api/resources?")
        url = following.removeprefix("https://oer.example.org")
    raise AssertionError("the list does not end")


def test_a_resource_shows_its_record_files_and_addresses(
    home: Installation, client: TestClient, publish: Callable[..., str]
) -> None:
    described = factories.record("قياس الضوء", keywords=[{"value": "عدسة", "lang": "ar"}])
    public_id = publish({"درس.txt": ("نص".encode(), "text/plain")}, described=described)
    answer = client.get(f"{URL}/{public_id}")
    body = answer.json()
    schemas.ResourceOut.model_validate_json(answer.content)
    assert body["id"] == public_id
    assert body["oai_identifier"] == f"oai:{home.repository_id}:{public_id}"
    assert body["url"] == f"https://oer.example.org/resources/{public_id}"
    assert body["state"] == "published"
    assert body["institution"] == {"slug": "college", "names": {"ar": "مؤسسة college", "en": "The college"}}
    assert body["version"]["number"] == 1
    assert Record.model_validate(body["record"]) == described
    assert "alternative" not in body["record"]
    (file,) = body["files"]
    assert (file["name"], file["media_type"], file["size"], file["role"]) == ("درس.txt", "text/plain", 4, "main")
    assert file["url"].startswith("https://oer.example.org/api/resources/")
    assert client.get(file["url"].removeprefix("https://oer.example.org")).content == "نص".encode()
    assert body["access"] == {"kind": "open", "available": None, "open": True}
    assert body["published"] == body["created"] == "2026-03-01T08:00:00Z"


def test_no_answer_repeats_the_host_that_the_client_names(client: TestClient, home: Installation) -> None:
    public_id = factories.published(home)
    for url in ("/", f"/resources/{public_id}", URL, f"{URL}/{public_id}", f"{URL}/nothing", "/api/openapi.json",
                "/oai?verb=Identify", "/api/", "/resources/"):  # fmt: skip
        answer = client.get(url, headers={"x-forwarded-host": "forged.example", "accept": "text/html"})
        assert "forged" not in answer.text + str(answer.headers), url
        assert not answer.is_redirect


def test_the_same_state_gives_the_same_bytes_and_304(client: TestClient, home: Installation) -> None:
    url = f"{URL}/{factories.published(home)}"
    first, second = client.get(url), client.get(url)
    assert first.content == second.content
    assert re.fullmatch(r'"\d+-[0-9a-f]{24}"', first.headers["etag"])
    assert first.headers["cache-control"] == "public, no-cache"
    assert first.headers["vary"] == "Accept, Authorization, Origin"
    assert first.headers["last-modified"] == "Sun, 01 Mar 2026 08:00:00 GMT"
    again = client.get(url, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert client.get(url, headers={"if-match": '"other"'}).status_code == 412


def test_a_new_name_of_the_institution_gives_a_new_tag(client: TestClient, home: Installation) -> None:
    url = f"{URL}/{factories.published(home)}"
    before = client.get(url).headers["etag"]
    with transaction(home.engine) as session:
        college = queries.institutions.by_slug(session, slug="college")
        assert college is not None
        college.names = {"ar": "الكلية"}
        session.add(college)
    assert client.get(url).headers["etag"] != before


def test_versions_are_listed_and_each_has_files_of_its_own(
    client: TestClient, publish: Callable[..., str], revise: Callable[..., None], watch: Watch
) -> None:
    public_id = publish({"a.txt": (b"one", "text/plain")})
    watch.forward(days=1)
    revise(public_id, {"a.txt": (b"two", "text/plain")}, described=factories.record("عنوان جديد"))
    items = client.get(f"{URL}/{public_id}/versions").json()["items"]
    assert [(item["number"], item["note"]) for item in items] == [(2, "مراجعة"), (1, "")]
    first = client.get(items[1]["url"].removeprefix("https://oer.example.org"))
    schemas.ResourceOut.model_validate_json(first.content)
    assert first.json()["record"]["title"][0]["value"] == "الضوء والماء"
    assert first.json()["version"]["published"] == "2026-03-01T08:00:00Z"
    old = first.json()["files"][0]["url"].removeprefix("https://oer.example.org")
    assert client.get(old).content == b"one"
    assert client.get(f"{URL}/{public_id}").json()["record"]["title"][0]["value"] == "عنوان جديد"


@pytest.mark.parametrize("number", ["0", "3", "-1", str(2**31 - 1), "9" * 5000, "x", "1.0", "01", "+1", "1%0A", "١"])
def test_a_version_that_never_was_is_404(client: TestClient, home: Installation, number: str) -> None:
    answer = client.get(f"{URL}/{factories.published(home)}/versions/{number}")
    assert (answer.status_code, answer.json()["code"]) == (404, "version.unknown")


def test_the_newest_come_first_each_once_over_all_pages(client: TestClient, home: Installation, watch: Watch) -> None:
    wanted = []
    for number in range(7):
        if number % 3 == 0:
            watch.forward(seconds=1)
        wanted.insert(0, factories.published(home, files={"a.txt": b"%d" % number}))
    assert walked(client, URL) == wanted
    assert walked(client, f"{URL}?limit=7") == wanted
    assert walked(client, f"{URL}?limit=100") == wanted


def test_an_institution_lists_its_whole_branch(client: TestClient, home: Installation) -> None:
    with transaction(home.engine) as session:
        ministry = factories.institution(session, "ministry")
        factories.institution(session, "school", parent=ministry)
        factories.institution(session, "other")
    for place in ("ministry", "school", "other", "school"):
        factories.published(home, at=place, files={"a.txt": b"x"})
    assert len(walked(client, f"{URL}?institution=ministry")) == 3
    assert len(walked(client, f"{URL}?institution=school&limit=1")) == 2
    answer = client.get(f"{URL}?institution=nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "institution.unknown")


def test_a_cursor_serves_the_list_it_was_made_for_only(client: TestClient, home: Installation) -> None:
    for number in range(4):
        factories.published(home, files={"a.txt": b"%d" % number})
    cursor = re.findall(r"cursor=([\w-]+)", client.get(f"{URL}?limit=1").json()["next"])[0]
    assert client.get(f"{URL}?limit=3&cursor={cursor}").status_code == 200
    bent = cursor[:-1] + ("A" if cursor[-1] != "A" else "Q")
    for wrong in (f"cursor={cursor}&institution=college", f"cursor={bent}", "cursor=", "cursor=ü", "cursor=AAAA"):
        answer = client.get(f"{URL}?{wrong}")
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor.invalid"), wrong
        assert [each["field"] for each in answer.json()["errors"]] == ["cursor"]


@given(st.text(max_size=80))
@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_cursor_breaks_the_list(client: TestClient, cursor: str) -> None:
    assert client.get(URL, params={"cursor": cursor.encode("utf-8", "replace").decode()}).status_code == 422


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [("limit=0", "limit", "request.parameter-invalid"), ("limit=101", "limit", "request.parameter-invalid"),
     ("limit=x", "limit", "request.parameter-invalid"), ("limit=2&limit=3", "limit", "request.parameter-invalid"),
     ("q=a&q=a", "q", "request.parameter-invalid"), ("page=2", "page", "field.unknown")],
)  # fmt: skip
def test_a_wrong_parameter_is_named(client: TestClient, query: str, field: str, code: str) -> None:
    answer = client.get(f"{URL}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]


def test_a_tombstone_says_that_it_was_here_and_nothing_of_what(client: TestClient, home: Installation) -> None:
    public_id = withdrawn(home, described=factories.record("سر لا يظهر"))
    answer = client.get(f"{URL}/{public_id}")
    schemas.ProblemOut.model_validate_json(answer.content)
    assert (answer.status_code, answer.json()["code"]) == (410, "resource.withdrawn")
    assert answer.json()["tombstone"] == {
        "id": public_id,
        "state": "withdrawn",
        "reason": "rights",
        "note": None,
        "since": "2026-03-01T08:00:00Z",
        "oai_identifier": f"oai:{home.repository_id}:{public_id}",
    }
    for url in (f"{URL}/{public_id}", f"{URL}/{public_id}/versions", f"{URL}/{public_id}/versions/1",
                f"{URL}/{public_id}/files/lesson.txt", f"/resources/{public_id}"):  # fmt: skip
        gone = client.get(url)
        assert gone.status_code == 410
        assert "سر لا يظهر" not in gone.text


def test_a_tombstone_has_the_words_that_were_given_for_it(client: TestClient, home: Installation) -> None:
    public_id = factories.published(home)
    with transaction(home.engine) as session:
        publishing.withdraw(
            session,
            OPERATOR,
            public_id,
            reason="rights",
            note="الناشر طلب ذلك",
            repository_id=home.repository_id,
            now=home.now(),
        )
    answer = client.get(f"{URL}/{public_id}")
    schemas.ProblemOut.model_validate_json(answer.content)
    assert answer.json()["tombstone"]["note"] == "الناشر طلب ذلك"


def test_a_damaged_record_is_left_out_of_lists_and_is_503_by_itself(
    client: TestClient, home: Installation, poison: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    ids = [factories.published(home, files={"a.txt": b"%d" % number}) for number in range(4)]
    poison(ids[2])
    with caplog.at_level("ERROR"):
        assert walked(client, f"{URL}?limit=1") == walked(client, URL) == [ids[3], ids[1], ids[0]]
    assert {entry.resource for entry in caplog.records if entry.name == "oer.stored"} == {ids[2]}  # type: ignore[attr-defined]
    for url in (f"{URL}/{ids[2]}", f"{URL}/{ids[2]}/versions/1"):
        answer = client.get(url)
        assert (answer.status_code, answer.json()["code"]) == (503, "record.damaged")
        assert answer.headers["retry-after"] == "3600"
    assert client.get(f"{URL}/{ids[2]}/files/a.txt").content == b"2"


def test_nothing_unpublished_leaks_from_any_address(
    client: TestClient, home: Installation, member: Callable[..., dict[str, str]]
) -> None:
    secret = "عنوان لم ينشر"
    public_id = factories.drafted(home, described=factories.record(secret))
    published = factories.published(home, files={"b.txt": b"x"})
    document = client.get("/api/openapi.json").json()
    paths = [path for path, verbs in document["paths"].items() if "get" in verbs]
    assert len(paths) >= 6
    known = {"public_id": public_id, "name": "lesson.txt", "code": "resource.unknown"}
    for path in [*paths, "/", "/resources/{public_id}", "/oai?verb=ListRecords&metadataPrefix=oai_dc"]:
        url = re.sub(r"\{(\w+)\}", lambda match: known.get(match[1], "1"), path)
        for headers in ({}, member("elsewhere"), member("college")):
            answer = client.get(url, headers=headers)
            assert secret not in answer.text, url
            assert public_id not in answer.text.replace(url, "") or answer.status_code == 404, url
            if "{public_id}" in path:
                assert answer.status_code in ({404} if headers else {404, 401}), url
    assert [item["id"] for item in client.get(URL).json()["items"]] == [published]


def test_a_reviewer_sees_a_hidden_resource_and_nobody_keeps_that_answer(
    client: TestClient, home: Installation, member: Callable[..., dict[str, str]]
) -> None:
    public_id = factories.published(home)
    with transaction(home.engine) as session:
        publishing.hide(session, OPERATOR, public_id, reason="legal", repository_id=home.repository_id, now=home.now())
    url = f"{URL}/{public_id}"
    assert client.get(url).json()["code"] == "resource.hidden"
    assert client.get(url, headers=member("college")).status_code == 410
    answer = client.get(url, headers=member("college", role=Role.REVIEWER))
    assert (answer.status_code, answer.json()["state"]) == (200, "hidden")
    assert answer.headers["cache-control"] == "private, no-store"
    assert walked(client, URL) == []


def test_access_tells_from_when_files_are_open(client: TestClient, home: Installation, watch: Watch) -> None:
    described = factories.record(access={"kind": "embargoed", "until": date(2026, 3, 2)})
    url = f"{URL}/{factories.published(home, described=described)}"
    before = client.get(url)
    assert before.json()["access"] == {"kind": "embargoed", "available": "2026-03-02", "open": False}
    watch.forward(days=1)
    after = client.get(url, headers={"if-none-match": before.headers["etag"]})
    assert (after.status_code, after.json()["access"]["open"]) == (200, True)
    with transaction(home.engine) as session:
        publishing.lift_embargoes(session, repository_id=home.repository_id, now=watch())
    assert client.get(url).json()["access"] == {"kind": "open", "available": None, "open": True}


@pytest.mark.parametrize("header", ["Bearer oer_wrong", "Basic eDp5", "Bearer", "Bearer  ", "oer_x", "Bearer \xfc"])
def test_credentials_that_are_not_ours_are_401_everywhere(client: TestClient, home: Installation, header: str) -> None:
    public_id = factories.published(home)
    for url in (URL, f"{URL}/{public_id}", f"{URL}/{public_id}/files/lesson.txt"):
        answer = client.get(url, headers={"authorization": header.encode("latin-1")})  # type: ignore[dict-item]
        assert (answer.status_code, answer.json()["code"]) == (401, "token.invalid")
        assert answer.headers["www-authenticate"] == 'Bearer realm="api", error="invalid_token"'
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("public_id", ["nothing", "7k3v9qm2xd", "a\0b", "\ud800", "..;", "7K3V9QM2XD", "7k3v9qm2xd\n"])
def test_ids_that_are_none_are_404(client: TestClient, public_id: str) -> None:
    from urllib.parse import quote

    url = f"{URL}/{quote(public_id.encode('utf-8', 'surrogatepass'), safe='')}"
    assert client.get(url).status_code == 404


def test_the_openapi_document_describes_what_comes(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    assert document["servers"] == [{"url": "https://oer.example.org"}]
    names = document["components"]["schemas"]
    assert {"ResourceOut", "Record", "ProblemOut", "VersionList"} <= set(names)
    assert names["ResourceOut"]["properties"]["record"]["$ref"].endswith("/Record")
    ids = [verb["operationId"] for path in document["paths"].values() for verb in path.values()]
    assert len(ids) == len(set(ids))


def test_pages_of_settings_longer_than_the_api_allows_are_cut(home: Installation) -> None:
    from dataclasses import replace

    settings = home.settings.model_copy(update={"page_size": 1000})
    for number in range(3):
        factories.published(home, files={"a.txt": b"%d" % number})
    with TestClient(app.create(replace(home, settings=settings))) as client:
        assert len(client.get(URL).json()["items"]) == 3


def test_a_list_needs_two_queries_whatever_its_length(home: Installation, client: TestClient) -> None:
    import sqlalchemy as sa

    def asked(limit: int) -> int:
        seen: list[str] = []

        def note(*arguments: object) -> None:
            if str(arguments[2]).lstrip().upper().startswith("SELECT"):
                seen.append(str(arguments[2]))

        sa.event.listen(home.engine, "before_cursor_execute", note)
        try:
            assert len(client.get(f"{URL}?limit={limit}").json()["items"]) == limit
        finally:
            sa.event.remove(home.engine, "before_cursor_execute", note)
        return len(seen)

    for number in range(6):
        factories.published(home, files={"a.txt": b"%d" % number})
    assert asked(1) == asked(5) <= 3


def test_a_published_resource_is_json_that_others_can_read_back(client: TestClient, home: Installation) -> None:
    body = client.get(f"{URL}/{factories.published(home)}").content
    assert json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode() == body
    with reading(home.engine) as session:
        version = queries.resources.version(session, resource_id=1, number=1)
        assert version is not None
        assert Record.model_validate(json.loads(body)["record"]) == version.description()
