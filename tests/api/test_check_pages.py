"""The form to sign in, and checks of endpoints for administrators: pages that need no script."""

from collections.abc import Iterator
from urllib.parse import quote

import factories
import pytest
from factories import Watch
from html_pages import HOSTILE, Page
from oai_server import response, serving
from starlette.testclient import TestClient

from api import i18n
from harvest.checks import KIND
from oer import accounts, jobs, queries, working
from oer.db import transaction
from oer.installation import Installation
from oer.workflow import Role

EMAIL, PASSWORD = "admin@example.org", "correct horse battery"
OWN = {"sec-fetch-site": "same-origin"}
LANGUAGES = pytest.mark.parametrize("lang", ["ar", "fr", "en"])

pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture
def home(tmp_path, watch: Watch) -> Iterator[Installation]:
    with factories.opened(tmp_path, now=watch, fetch_networks=("127.0.0.0/8",)) as found:
        with transaction(found.engine) as session:
            factories.person(session, EMAIL, password=PASSWORD, administrator=True, name="أمينة يوسف")
            factories.institution(session)
        yield found


@pytest.fixture
def client(client: TestClient) -> TestClient:
    client.follow_redirects = False
    client.headers["accept"] = "text/html"
    return client


@pytest.fixture
def inside(client: TestClient, home: Installation) -> TestClient:
    with transaction(home.engine) as session:
        actor = accounts.actor_of(session, queries.people.by_email(session, email=EMAIL))
    client.headers.update(factories.session_of(home, actor))
    return client


def sign_in(client: TestClient, **changes: str):
    form = {"email": EMAIL, "password": PASSWORD, "next": "/oai/check"} | changes
    return client.post("/sign-in", data=form, headers=OWN)


# ── Signing in ───────────────────────────────────────────────────────────────────────────────────


@LANGUAGES
def test_who_is_not_signed_in_is_led_to_the_form_and_back(client: TestClient, home: Installation, lang: str) -> None:
    answer = client.get(f"/oai/check?lang={lang}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next=/oai/check&lang={lang}")
    form = Page(client.get(answer.headers["location"]).text)
    assert {field["name"]: field.get("value") for field in form.all("input")} == {
        "next": "/oai/check",
        "email": "",
        "password": None,
    }
    assert form.all("form") == [{"method": "post", "action": f"/sign-in?next=/oai/check&lang={lang}"}]
    entered = client.post(f"/sign-in?lang={lang}", data={"email": EMAIL, "password": PASSWORD, "next": "/oai/check"})
    assert (entered.status_code, entered.headers["location"]) == (303, f"/oai/check?lang={lang}")
    assert "HttpOnly" in entered.headers["set-cookie"]
    assert entered.headers["cache-control"] == "private, no-store"
    secret = entered.headers["set-cookie"].partition(";")[0]
    shown = client.get(entered.headers["location"], headers={"cookie": secret})
    assert shown.status_code == 200
    assert "أمينة يوسف" in Page(shown.text).words


def test_a_wrong_password_is_told_and_the_address_stays(client: TestClient) -> None:
    answer = sign_in(client, password="wrong wrong wrong", email='"><script>x@example.org')
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    page = Page(answer.text)
    assert [field.get("value") for field in page.all("input") if field["name"] == "email"] == [
        '"><script>x@example.org'
    ]
    assert page.all("script") == []
    assert "wrong wrong wrong" not in answer.text


def test_who_guesses_is_stopped(client: TestClient, home: Installation) -> None:
    for _ in range(home.settings.sign_in_tries):
        assert sign_in(client, password="wrong wrong wrong").status_code == 401
    stopped = sign_in(client)
    assert stopped.status_code == 429
    assert int(stopped.headers["retry-after"]) > 0
    assert "text/html" in stopped.headers["content-type"]


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nX: y", "", "oai", "/ا"],
)
def test_nobody_is_led_to_another_site(client: TestClient, target: str) -> None:
    assert sign_in(client, next=target).headers["location"] == "/"
    shown = Page(client.get(f"/sign-in?next={quote(target)}").text)
    assert [field["value"] for field in shown.all("input") if field["name"] == "next"] == ["/"]


def test_who_came_from_nowhere_reads_who_they_are_and_what_they_may_do(client: TestClient) -> None:
    (onward,) = (one["value"] for one in Page(client.get("/sign-in").text).all("input") if one["name"] == "next")
    entered = sign_in(client, next=onward)
    assert entered.headers["location"] == "/sign-in"
    cookie = entered.headers["set-cookie"].partition(";")[0]
    found = Page(client.get("/sign-in?lang=fr", headers={"cookie": cookie}).text)
    assert "أمينة يوسف" in found.words
    assert {"/api?lang=fr", "/?lang=fr"} <= {link.get("href") for link in found.all("a")}
    assert not any("page." in words for words in found.words), "a sentence is missing"


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/oai/check"])
def test_forms_of_other_sites_are_refused(inside: TestClient, path: str, headers: dict[str, str]) -> None:
    inside.headers.pop("sec-fetch-site")
    answer = inside.post(
        path, data={"email": EMAIL, "password": PASSWORD, "url": "https://a.example/oai"}, headers=headers
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/oai/check"])
def test_forms_that_are_none_of_ours_are_refused(client: TestClient, path: str) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"} | OWN
    assert client.post(path, content=b"a=1&" * 200, headers=form).status_code == 400
    assert client.post(path, content=b"a" * 20_000, headers=form).status_code == 413
    assert client.post(path, json={"email": EMAIL}, headers=OWN).status_code == 415
    assert client.post(path, content=b"email=%ff%fe&password=%00", headers=form).status_code in (303, 401)


def test_signing_out_ends_the_session(inside: TestClient) -> None:
    assert "أمينة يوسف" in Page(inside.get("/sign-in").text).words
    answer = inside.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert inside.get("/oai/check").status_code == 303
    assert inside.post("/sign-out").status_code == 303


# ── Checks ───────────────────────────────────────────────────────────────────────────────────────


@LANGUAGES
def test_the_form_begins_with_our_own_address(inside: TestClient, lang: str) -> None:
    answer = inside.get("/oai/check", headers={"accept-language": lang})
    assert answer.headers["cache-control"] == "private, no-store"
    page = Page(answer.text)
    (root,) = page.all("html")
    assert (root["lang"], root["dir"]) == (lang, "rtl" if lang == "ar" else "ltr")
    fields = {field["id"]: field for field in page.all("input")}
    assert fields["url"]["value"] == "https://oer.example.org/oai"
    assert "checked" in fields["quick"]
    assert not any(words.startswith("page.") for words in page.words)


def test_a_check_is_ordered_watched_and_read(inside: TestClient, home: Installation) -> None:
    name = HOSTILE.replace("&", "").replace("<", "&lt;").encode()
    identify = b"<OAI-PMH><Identify><repositoryName>" + name + b"</repositoryName></Identify></OAI-PMH>"
    with serving(lambda _: response(identify)) as said:
        answer = inside.post("/oai/check", data={"url": f"{said.url}/oai", "extent": "whole"})
        assert answer.status_code == 303
        path = answer.headers["location"]
        waiting = Page(inside.get(path).text)
        assert "Waiting its turn." in waiting.words
        assert [script["src"].partition("?")[0] for script in waiting.all("script")] == ["/static/check.js"]
        working.drain(home)
    for lang in ("ar", "fr", "en"):
        told = inside.get(path, headers={"accept-language": lang})
        page = Page(told.text)
        assert not any(words.startswith(("page.", "oai.rule", "oai.seen", "oai.check")) for words in page.words)
        assert page.all("script") == page.all("img")[1:] == []
        assert f"{said.url}/oai" in told.text
    assert "rules broken" in told.text
    listed = Page(inside.get("/oai/check").text)
    assert path in [link["href"] for link in listed.all("a")]


def test_who_does_not_answer_is_told(inside: TestClient, home: Installation) -> None:
    path = inside.post("/oai/check", data={"url": "http://10.0.0.1/oai"}).headers["location"]
    working.drain(home)
    assert "private network" in inside.get(path).text
    assert "The check has ended." in inside.get("/oai/check").text


def test_what_is_wrong_is_told_at_its_field_and_nothing_is_lost(inside: TestClient) -> None:
    answer = inside.post("/oai/check", data={"url": "ftp://<b>x</b>", "extent": "whole", "set": "a:b"})
    assert answer.status_code == 422
    fields = {field["id"]: field for field in Page(answer.text).all("input")}
    assert fields["url"] | {"value": "ftp://<b>x</b>", "aria-invalid": "true"} == fields["url"]
    assert fields["set"]["value"] == "a:b"
    assert "checked" in fields["whole"]
    assert 'id="wrong-url"' in answer.text


def test_too_many_at_once_are_told(inside: TestClient) -> None:
    sent = [inside.post("/oai/check", data={"url": "https://a.example/oai"}).status_code for _ in range(6)]
    assert sent == [303] * 5 + [409]


@pytest.mark.parametrize("path", ["/oai/check", "/oai/check/1"])
def test_others_than_administrators_see_nothing(client: TestClient, home: Installation, path: str) -> None:
    headers = factories.session_of(home, factories.member(home, Role.MANAGER, "college"))
    assert client.get(path, headers=headers).status_code == 403
    assert client.post("/oai/check", data={"url": "https://a.example/oai"}, headers=headers).status_code == 403


def test_other_jobs_are_no_checks(inside: TestClient, home: Installation) -> None:
    with transaction(home.engine) as session:
        number = jobs.enqueue(session, "blobs.sweep", now=home.now())
    for path in (number, 0, 99, 2**31, 10**30):
        assert inside.get(f"/oai/check/{path}").status_code == 404
    for odd in ("x", "9" * 4301):
        assert inside.get(f"/oai/check/{odd}").status_code == 404


def test_a_check_that_failed_or_was_cancelled_says_so(inside: TestClient, home: Installation) -> None:
    paths = [inside.post("/oai/check", data={"url": "https://a.example/oai"}).headers["location"] for _ in range(2)]
    with transaction(home.engine) as session:
        for path, state in zip(paths, ("failed", "cancelled"), strict=True):
            job = session.get_one(jobs.Job, int(path.rpartition("/")[2]))
            assert job.kind == KIND
            job.state, job.finished = state, home.now()
    assert i18n.message("job.broke", "en", id=1) in inside.get(paths[0]).text
    assert "The check has failed." in inside.get("/oai/check").text
    assert "The check was cancelled." in inside.get(paths[1]).text
