import ast
import logging
import re
from pathlib import Path

import factories
import pytest
from conftest import ROOT
from starlette.testclient import TestClient

import storage.errors as stores
from api import app, errors, i18n, schemas
from api.i18n import LANGUAGES, Language, catalogue, message
from oer import errors as ours
from oer import workflow
from oer.errors import CODES, Gone, Invalid, NotFound, OerError, Unavailable
from oer.installation import Installation

EVERY = sorted((kind.__name__, code) for kind, codes in CODES.items() for code in codes)
PLACEHOLDERS = re.compile(r"%\((\w+)\)s")


def children(root: type) -> list[type]:
    return [child for kind in root.__subclasses__() for child in (kind, *children(kind))]


def raised() -> dict[tuple[str, str], set[str]]:
    """(class, code) → parameters that every place gives, of all the errors that the packages raise by name."""
    found: dict[tuple[str, str], set[str]] = {}
    classes = {kind.__name__ for kind in CODES}
    for package in ("oer", "harvest", "api", "metadata"):
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                    continue
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                code = node.args[0].value
                if name in classes and isinstance(code, str):
                    given = {keyword.arg or "" for keyword in node.keywords}
                    found[name, code] = found.get((name, code), given) & given
    return found


def test_every_class_of_error_has_a_status_and_a_title_in_every_language() -> None:
    assert set(children(OerError)) == set(errors.STATUS) == set(CODES)
    for status in {*errors.STATUS.values(), *errors.DOOR_CODES.values()}:
        for language in LANGUAGES:
            assert f"status.{status}" in catalogue(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_sentence(language: Language) -> None:
    codes = {code for _, code in EVERY} | set(errors.DOOR_CODES) | {"request.parameter-invalid"}
    codes |= {kind.code for kind in (stores.StoreError, *children(stores.StoreError))}  # type: ignore[attr-defined]
    assert len(codes) > 70
    for code in sorted(codes):
        assert code in catalogue(language), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_a_tombstone_has_words(language: Language) -> None:
    for reason in workflow.REASONS:
        assert f"reason.{reason}" in catalogue(language)


def test_codes_that_are_raised_are_listed_and_their_sentences_ask_for_nothing_else() -> None:
    found = raised()
    assert len(found) > 40
    for (kind, code), given in sorted(found.items()):
        assert code in CODES[getattr(ours, kind)], f"{kind}({code}) is not in oer.errors.CODES"
        wanted = set(PLACEHOLDERS.findall(catalogue("en")[code].texts[0]))
        assert wanted <= given, f"{code}: its sentence wants {wanted}, and it is raised with {given}"


@pytest.mark.parametrize(("kind", "code"), EVERY)
def test_every_error_becomes_a_fault(kind: str, code: str) -> None:
    fault = errors.of_repository(getattr(ours, kind)(code))
    assert 400 <= fault.status < 600
    assert ("Retry-After" in fault.headers) == (kind in {"Unavailable", "TooMany"})
    assert ("WWW-Authenticate" in fault.headers) == (kind == "Unauthenticated")


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (stores.Missing(key="a"), "Unavailable", "store.damaged"),
        (stores.Damaged("a", "short"), "Unavailable", "store.damaged"),
        (stores.Unavailable("timeout"), "Unavailable", "store.unavailable"),
        (stores.Busy(upload="a"), "Unavailable", "store.unavailable"),
        (stores.Full(), "Full", "store.full"),
        (stores.TooLarge(bytes=5), "TooLarge", "file.too-large"),
        (stores.WrongOffset(5), "Conflict", "upload.offset-wrong"),
        (stores.ChecksumMismatch("a", "b"), "Invalid", "checksum.mismatch"),
    ],
)
def test_errors_of_the_store_are_told_in_our_words(error: stores.StoreError, kind: str, code: str) -> None:
    found = errors.of_store(error)
    assert (type(found).__name__, found.code) == (kind, code)
    assert code in CODES[type(found)]


@pytest.mark.parametrize(
    ("language", "header", "title"),
    [("ar", "ar-TN, fr;q=0.5", "غير موجود"), ("fr", "fr-FR", "Introuvable"), ("en", "en;q=0.8, fr;q=0.2", "Not found"),
     ("ar", "", "غير موجود"), ("ar", "de", "غير موجود")],
)  # fmt: skip
def test_a_problem_speaks_the_language_of_the_reader(
    client: TestClient, language: str, header: str, title: str
) -> None:
    answer = client.get("/api/resources/7k3v9qm2xd", headers={"accept-language": header})
    problem = answer.json()
    schemas.ProblemOut.model_validate(problem)
    assert answer.status_code == problem["status"] == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == language
    assert {"Accept-Language", "Authorization"} <= set(answer.headers["vary"].split(", "))
    assert (problem["title"], problem["code"]) == (title, "resource.unknown")
    assert "7k3v9qm2xd" in problem["detail"]
    assert problem["errors"] == []


def test_the_type_of_a_problem_leads_to_what_it_means(client: TestClient) -> None:
    problem = client.get("/api/resources/7k3v9qm2xd").json()
    assert problem["type"] == "https://oer.example.org/api/problems/resource.unknown"
    meaning = client.get("/api/problems/resource.unknown", headers={"accept-language": "fr"})
    assert (meaning.status_code, meaning.json()["status"], meaning.json()["title"]) == (200, 404, "Introuvable")
    assert client.get("/api/problems/no.such").status_code == 404


@pytest.mark.parametrize(
    ("method", "url", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "page.unknown"),
        ("GET", "/api/resources/", 404, "page.unknown"),
        ("POST", "/", 405, "method.not-allowed"),
        ("DELETE", "/api/resources", 405, "method.not-allowed"),
        ("PUT", "/oai", 405, "method.not-allowed"),
        ("GET", "/static/../app.py", 404, "page.unknown"),
        ("GET", "/static/none.css", 404, "page.unknown"),
    ],
)
def test_refusals_of_the_framework_are_problems_too(
    client: TestClient, method: str, url: str, status: int, code: str
) -> None:
    answer = client.request(method, url)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("allow" in answer.headers) == (status == 405)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("method", "url", "body", "field", "words"),
    [
        ("GET", "/api/resources?limit=9999", None, "limit", ("100",)),
        ("GET", "/api/resources?limit=0", None, "limit", ("1",)),
        ("GET", "/api/resources?state=zzz", None, "state", ("published", "withdrawn")),
        ("POST", "/api/people/1/tokens", {"name": "a", "scopes": ["write"]}, "scopes[0]", ("deposit", "read")),
        ("POST", "/api/people/1/tokens", {"name": "a", "scopes": ["read"], "days": 9999}, "days", ("3650",)),
        ("POST", "/api/people/1/tokens", {"name": "a" * 1001, "scopes": ["read"]}, "name", ("1000",)),
        ("POST", "/api/people/1/tokens", {"name": "a", "scopes": []}, "scopes", ("1",)),
        ("POST", "/api/resources/7k3v9qm2xd/draft/reviews", {"decision": "accept"}, "decision", ("reject",)),
    ],
)
def test_a_refused_value_is_told_what_would_be_accepted(
    client: TestClient, language: str, method: str, url: str, body: object, field: str, words: tuple[str, ...]
) -> None:
    answer = client.request(method, url, json=body, headers={"accept-language": language})
    assert answer.status_code == 422, answer.text
    (told,) = answer.json()["errors"]
    assert (told["field"], told["code"]) == (field, "request.parameter-invalid")
    said = re.sub(r"(?<=\d)[,\u202f](?=\d)", "", told["message"])
    for word in (field, *words):
        assert word in said
    assert "…" not in said


def test_a_password_that_came_to_the_wrong_place_is_not_repeated(client: TestClient) -> None:
    answer = client.post("/api/people/1/tokens", json={"name": "a", "scopes": ["opensesame"]})
    assert answer.status_code == 422
    assert "opensesame" not in answer.text


def test_a_password_that_is_refused_is_not_repeated(client: TestClient) -> None:
    for given in ("opensesame" * 1000, ["opensesame"]):
        answer = client.put("/api/people/1/password", json={"password": given})
        assert answer.status_code == 422
        assert "opensesame" not in answer.text


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("/", "GET, HEAD"),
        ("/oai", "GET, HEAD, POST"),
        ("/api/resources", "GET, HEAD, POST"),
        ("/api/resources/7k3v9qm2xd", "GET, HEAD"),
        ("/api/resources/7k3v9qm2xd/versions/1/files/a.txt", "GET, HEAD"),
        ("/api/problems/resource.unknown", "GET, HEAD"),
        ("/api/openapi.json", "GET, HEAD"),
    ],
)
def test_a_refused_method_is_told_the_ones_that_work(client: TestClient, url: str, allowed: str) -> None:
    answer = client.delete(url)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert allowed in answer.json()["detail"]
    for method in allowed.split(", "):
        assert client.request(method, url).status_code != 405


def test_an_unexpected_error_says_an_id_and_nothing_else(
    home: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the password is opensesame")

    monkeypatch.setattr("oer.queries.resources.published", fail)
    with TestClient(app.create(home)) as client, caplog.at_level(logging.ERROR):
        answer = client.get("/api/resources", headers={"accept-language": "fr"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "opensesame" not in answer.text
    assert "Traceback" not in answer.text
    (record,) = [entry for entry in caplog.records if entry.name == "api.errors"]
    name = record.error_id  # type: ignore[attr-defined]
    assert name in answer.json()["detail"]
    assert record.exc_info is not None
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_database_that_is_gone_is_503_with_a_time(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise Unavailable("database.busy")

    monkeypatch.setattr("oer.queries.resources.published", fail)
    monkeypatch.setattr("oer.queries.records.clock", fail)
    with TestClient(app.create(home)) as client:
        for url in ("/", "/api/resources", "/oai?verb=Identify"):
            answer = client.get(url)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), url


def test_a_browser_gets_a_page_and_a_program_a_document(client: TestClient) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-language": "ar"}
    page = client.get("/resources/7k3v9qm2xd", headers=browser)
    assert page.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="ar" dir="rtl"' in page.text
    assert "غير موجود" in page.text
    assert client.get("/resources/7k3v9qm2xd", headers=browser | {"accept-language": "fr"}).text.count('dir="ltr"') >= 1
    assert (
        client.get("/api/resources/7k3v9qm2xd", headers=browser).headers["content-type"] == "application/problem+json"
    )
    assert client.get("/resources/7k3v9qm2xd").headers["content-type"] == "application/problem+json"


def test_what_was_asked_for_is_escaped_on_the_page(client: TestClient) -> None:
    answer = client.get("/resources/<script>alert(1)<%2Fscript>", headers={"accept": "text/html"})
    assert "<script>" not in answer.text
    answer = client.get("/resources/%22><script>", headers={"accept": "text/html"})
    assert "<script>" not in answer.text


def test_problems_of_a_record_are_told_one_by_one() -> None:
    from metadata.findings import Problem

    problems = [
        Problem("title.missing", "title"),
        Problem("text.too-long", "description[0].value", {"limit": 5, "length": 9}),
    ]
    fault = errors.of_repository(Invalid("record.invalid", problems=problems, count=2))
    assert fault.status == 422
    assert [problem.code for problem in fault.problems] == ["title.missing", "text.too-long"]
    for language in LANGUAGES:
        assert "…" not in message("text.too-long", language, **fault.problems[1].params)


def test_only_the_languages_that_the_operator_offers_are_spoken(tmp_path: Path) -> None:
    with factories.opened(tmp_path, languages="fr") as home, TestClient(app.create(home)) as client:
        answer = client.get("/?lang=ar", headers={"accept-language": "ar"})
        assert '<html lang="fr" dir="ltr"' in answer.text
        assert 'hreflang="ar"' not in answer.text
        assert client.get("/api/x", headers={"accept-language": "ar"}).headers["content-language"] == "fr"


def test_a_gone_thing_without_details_still_answers() -> None:
    assert errors.of_repository(Gone("resource.withdrawn")).tombstone == {}
    assert errors.of_repository(NotFound("resource.unknown")).tombstone == {}
    assert i18n.message("resource.withdrawn", "ar") != "resource.withdrawn"
