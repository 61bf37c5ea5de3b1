"""One resource in every format: by ``?format=`` and by ``Accept``, with the validators and permissions of the JSON."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import factories
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from api import formats, i18n, schemas
from api.errors import DoorError
from api.i18n import LANGUAGES
from metadata import xml
from metadata.crosswalks import FORMATS
from metadata.crosswalks.exports import EVERY, EXPORTS, XML
from metadata.record import Record
from oer import deposits, publishing
from oer.db import reading, transaction
from oer.exposure import renderings
from oer.installation import Installation
from oer.policy import OPERATOR
from oer.workflow import Role

URL = "/api/resources"
TITLES = [{"value": "قياس الضوء", "lang": "ar"}, {"value": "Mesurer la lumière", "lang": "fr"}]


def described(**changes: Any) -> Record:
    """A record with a title in Arabic and in French."""
    return Record.model_validate(factories.record(**changes).model_dump(exclude_defaults=True) | {"title": TITLES})


@pytest.fixture
def public_id(home: Installation) -> str:
    return factories.published(home, described=described())


def rendered(home: Installation, public_id: str, name: str, language: str) -> bytes:
    """What the crosswalk says of the resource."""
    with reading(home.engine) as session:
        (resource_id,) = session.connection().exec_driver_sql("SELECT id FROM resource").scalars()
        found = renderings.describe(
            session, [resource_id], repository_id=home.repository_id, base_url=home.settings.base_url
        )
    assert found.of[resource_id].url.endswith(public_id)
    return EVERY[name].dump(found.of[resource_id], language)


def taken(media_type: str) -> str:
    return media_type.partition(";")[0]


# ── by name ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", sorted(EVERY))
def test_every_format_is_had_by_its_name(home: Installation, client: TestClient, public_id: str, name: str) -> None:
    url = f"{URL}/{public_id}?format={name}"
    answer = client.get(url, headers={"accept-language": "fr", "accept": "text/html"})
    export = EVERY[name]
    assert answer.status_code == 200
    assert answer.content == rendered(home, public_id, name, "fr")
    assert taken(answer.headers["content-type"]) == export.media_type
    assert answer.headers["content-disposition"] == f'attachment; filename="{public_id}.{export.suffix}"'
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["cache-control"] == "public, no-cache"
    assert answer.headers["last-modified"] == "Sun, 01 Mar 2026 08:00:00 GMT"
    assert answer.headers.get("content-language") == ("fr" if export.spoken else None)
    vary = ["Accept-Language", "Authorization", "Origin"] if export.spoken else ["Authorization", "Origin"]
    assert answer.headers["vary"].split(", ") == vary
    assert 'rel="describes"' in answer.headers["link"]
    head = client.head(url, headers={"accept-language": "fr"})
    told = {field: value for field, value in head.headers.items() if not field.startswith("ratelimit-")}
    assert (head.status_code, head.content) == (200, b"")
    assert told.items() <= dict(answer.headers).items()


@pytest.mark.parametrize("prefix", sorted(FORMATS))
def test_an_oai_format_is_a_document_with_its_declaration(client: TestClient, public_id: str, prefix: str) -> None:
    content = client.get(f"{URL}/{public_id}?format={prefix}").content
    assert content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<')
    assert xml.parse(content).tag.startswith(f"{{{FORMATS[prefix].namespace}}}")


def test_json_is_a_format_with_a_name_too(client: TestClient, public_id: str) -> None:
    plain, named = client.get(f"{URL}/{public_id}"), client.get(f"{URL}/{public_id}?format=json")
    assert plain.content == named.content
    assert plain.headers["etag"] == named.headers["etag"]
    assert named.headers["content-disposition"] == f'attachment; filename="{public_id}.json"'
    assert "content-disposition" not in plain.headers
    assert (plain.headers["vary"], named.headers["vary"]) == ("Accept, Authorization, Origin", "Authorization, Origin")


def test_citations_say_in_which_letters_they_are(client: TestClient, public_id: str) -> None:
    kinds = {name: client.get(f"{URL}/{public_id}?format={name}").headers["content-type"] for name in EXPORTS}
    assert kinds == {
        "jsonld": "application/ld+json",
        "bibtex": "application/x-bibtex; charset=utf-8",
        "ris": "application/x-research-info-systems; charset=utf-8",
        "csl": "application/vnd.citationstyles.csl+json",
    }


def test_the_language_is_that_of_the_reader_or_of_the_address(client: TestClient, public_id: str) -> None:
    def title(query: str, language: str) -> tuple[Any, str]:
        answer = client.get(f"{URL}/{public_id}?format=csl{query}", headers={"accept-language": language})
        return answer.json()[0]["title"], answer.headers["content-language"]

    assert title("", "fr-CA, ar;q=0.5") == ("Mesurer la lumière", "fr")
    assert title("", "") == ("قياس الضوء", "ar")
    assert title("", "en") == ("قياس الضوء", "en")
    assert title("&lang=fr", "ar") == ("Mesurer la lumière", "fr")


@pytest.mark.parametrize("query", ["format=xml", "format=", "format=JSON", "format=%00", "format=oai_dc%20"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_format_is_told_with_those_there_are(
    client: TestClient, public_id: str, query: str, language: str
) -> None:
    answer = client.get(f"{URL}/{public_id}?{query}", headers={"accept-language": language})
    schemas.ProblemOut.model_validate_json(answer.content)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    (fault,) = answer.json()["errors"]
    assert (fault["field"], fault["code"]) == ("format", "request.parameter-invalid")
    assert all(name in fault["message"] for name in formats.NAMES)


@pytest.mark.parametrize("query", ["format=ris&format=csl", "lang=de", "lang=fr&lang=ar"])
def test_a_parameter_counts_once_and_is_one_of_ours(client: TestClient, public_id: str, query: str) -> None:
    assert client.get(f"{URL}/{public_id}?{query}").status_code == 422


# ── by Accept ────────────────────────────────────────────────────────────────────────────────────

TYPES = {export.own_type or export.media_type: name for name, export in EVERY.items()}
UNSHARED = sorted(set(TYPES) - {XML})


@pytest.mark.parametrize("media_type", UNSHARED)
def test_a_format_is_had_by_its_media_type(
    home: Installation, client: TestClient, public_id: str, media_type: str
) -> None:
    answer = client.get(f"{URL}/{public_id}", headers={"accept": media_type})
    export = EVERY[TYPES[media_type]]
    assert answer.status_code == 200
    assert taken(answer.headers["content-type"]) == media_type
    assert answer.content == rendered(home, public_id, export.name, "en")
    assert "content-disposition" not in answer.headers
    language = ["Accept-Language"] if export.spoken else []
    assert answer.headers["vary"].split(", ") == ["Accept", *language, "Authorization", "Origin"]


def test_formats_with_a_namespace_of_their_own_are_had_by_the_type_of_it() -> None:
    wanted = {
        "mods": "application/mods+xml",
        "mets": "application/mets+xml",
        "marc21": "application/marcxml+xml",
        "oai_datacite": "application/vnd.datacite.datacite+xml",
        "oai_dc": None,
    }
    found = {name: export.own_type for name, export in EVERY.items() if name in wanted}
    assert found == {name: own_type for name, own_type in wanted.items() if name in FORMATS}


OFFERS = ("application/json", "application/ld+json", "text/x", "application/xml")


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/*", "text/x"),
        ("application/ld+json", "application/ld+json"),
        ("Application/LD+JSON", "application/ld+json"),
        ('application/ld+json;profile="https://schema.org";q=0.9', "application/ld+json"),
        ("application/ld+json, application/json", "application/json"),
        ("application/ld+json, */*", "application/ld+json"),
        ("application/ld+json;q=0.5, */*;q=0.8", "application/json"),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", "application/xml"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("application/json;q=0, */*", "application/ld+json"),
        ("application/*;q=0, text/x;q=0.001", "text/x"),
        ("text/html", None),
        ("*/*;q=0", None),
        ("application/json;q=0", None),
        ("application/json;q=2", "application/json"),
        ("nonsense", "application/json"),
        ("application/json;q=x, text/x", "text/x"),
        (" text/x ; q=1 ", "text/x"),
        (",,;", "application/json"),
        ("a/b," * 5000, None),
    ],
)
def test_what_is_liked_best_is_chosen(header: str, chosen: str | None) -> None:
    assert formats.accepted(header, OFFERS) == chosen


@given(st.text(max_size=200), st.permutations(OFFERS))
def test_no_header_breaks_the_choice(header: str, offers: Sequence[str]) -> None:
    assert formats.accepted(header, offers) in {None, *offers}


@given(st.lists(st.tuples(st.sampled_from(OFFERS), st.integers(1, 1000)), min_size=1, unique_by=lambda pair: pair[0]))
def test_nothing_is_chosen_that_is_liked_less(weighted: list[tuple[str, int]]) -> None:
    header = ", ".join(f"{offer};q={weight / 1000:.3f}" for offer, weight in weighted)
    chosen = formats.accepted(header, OFFERS)
    assert dict(weighted)[chosen or ""] == max(weight for _, weight in weighted)


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*", "application/json;q=0"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_there_is_not_is_406_and_names_what_there_is(
    client: TestClient, public_id: str, accept: str, language: str
) -> None:
    answer = client.get(f"{URL}/{public_id}", headers={"accept": accept, "accept-language": language})
    schemas.ProblemOut.model_validate_json(answer.content)
    problem = answer.json()
    if accept == "application/json;q=0":
        assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (406, 406, "format.not-acceptable")
    assert problem["title"] == i18n.message("status.406", language)
    open_to_all = [name for name, export in EVERY.items()]
    assert all(f"{name} (" in problem["detail"] for name in ("json", *open_to_all))
    assert answer.headers["vary"].startswith("Accept, Accept-Language, Authorization")
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


def test_a_format_for_files_is_not_there_where_nobody_may_have_them() -> None:
    needing = [name for name, export in EVERY.items() if export.needs_files]
    for name in needing:
        assert formats.wanted(Headers(), name, with_files=True).export is EVERY[name]
        with pytest.raises(DoorError) as refused:
            formats.wanted(Headers(), name, with_files=False)
        assert refused.value.code == "format.not-acceptable"
        assert name not in str(refused.value.params["formats"])


# ── as the JSON ──────────────────────────────────────────────────────────────────────────────────


def test_each_representation_has_a_tag_of_its_own_and_answers_304(client: TestClient, public_id: str) -> None:
    tags: dict[str, str] = {}
    for name in formats.NAMES:
        url = f"{URL}/{public_id}?format={name}"
        first = client.get(url)
        tags[name] = first.headers["etag"]
        known = client.get(url, headers={"if-none-match": tags[name]})
        assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tags[name])
        assert known.headers["vary"] == first.headers["vary"]
        assert client.get(url, headers={"if-match": '"other"'}).status_code == 412
    assert len(set(tags.values())) == len(tags)
    by_type = client.get(f"{URL}/{public_id}", headers={"accept": "application/ld+json", "if-none-match": tags["json"]})
    assert by_type.status_code == 200
    languages = {client.get(f"{URL}/{public_id}?format=csl&lang={one}").headers["etag"] for one in LANGUAGES}
    assert len(languages) > 1


def test_only_the_tag_of_the_json_lets_somebody_write(
    home: Installation, client: TestClient, public_id: str, member: Callable[..., dict[str, str]]
) -> None:
    manager = member("college", "read", "review", role=Role.MANAGER)
    for name in ("csl", "oai_dc", "json"):
        tag = client.get(f"{URL}/{public_id}?format={name}", headers=manager).headers["etag"]
        answer = client.post(
            f"{URL}/{public_id}/withdraw", json={"reason": "error", "note": ""}, headers=manager | {"if-match": tag}
        )
        assert answer.status_code == (200 if name == "json" else 412), name


def test_a_new_version_gives_new_tags(
    home: Installation, client: TestClient, public_id: str, revise: Callable[..., None]
) -> None:
    before = {name: client.get(f"{URL}/{public_id}?format={name}").headers["etag"] for name in formats.NAMES}
    revise(public_id, {"b.txt": (b"b", "text/plain")}, described=factories.record("عنوان جديد"))
    for name, tag in before.items():
        answer = client.get(f"{URL}/{public_id}?format={name}", headers={"if-none-match": tag})
        assert answer.status_code == 200, name
        assert "عنوان جديد" in answer.text


ASKED = [{"url": f"?format={name}"} for name in ("json", "csl", "oai_dc")] + [
    {"url": "", "accept": accept} for accept in ("application/ld+json", "text/html", "*/*")
]


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("act", [publishing.withdraw, publishing.hide])
def test_what_is_out_of_sight_is_gone_in_every_format_and_its_reviewers_still_read_it(
    home: Installation,
    client: TestClient,
    public_id: str,
    member: Callable[..., dict[str, str]],
    act: Callable[..., Any],
    asked: dict[str, str],
) -> None:
    with transaction(home.engine) as session:
        act(session, OPERATOR, public_id, reason="rights", repository_id=home.repository_id, now=home.now())
    url, accept = f"{URL}/{public_id}{asked['url']}", {"accept": asked.get("accept", "*/*")}
    gone = client.get(url, headers=accept)
    schemas.ProblemOut.model_validate_json(gone.content)
    assert (gone.status_code, gone.json()["tombstone"]["id"]) == (410, public_id)
    assert "قياس الضوء" not in gone.text
    seen = client.get(url, headers=accept | member(role=Role.REVIEWER))
    if accept["accept"] == "text/html":
        assert seen.status_code == 406
        return
    assert (seen.status_code, "قياس الضوء" in seen.text) == (200, True)
    assert seen.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("asked", ASKED)
def test_a_draft_has_no_format_for_anybody_else(home: Installation, client: TestClient, asked: dict[str, str]) -> None:
    public_id = factories.drafted(home, described=described(), files={})
    answer = client.get(f"{URL}/{public_id}{asked['url']}", headers={"accept": asked.get("accept", "*/*")})
    assert (answer.status_code, answer.json()["code"]) == (404, "resource.unknown")
    answer = client.get(f"{URL}/7k3v9qm2xd{asked['url']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "resource.unknown")


def test_a_draft_of_the_next_version_shows_in_no_format(home: Installation, client: TestClient, public_id: str) -> None:
    with transaction(home.engine) as session:
        deposits.revise(session, OPERATOR, public_id, now=home.now())
        deposits.save(session, OPERATOR, public_id, factories.record("سر"), now=home.now())
    for name in formats.NAMES:
        assert "سر" not in client.get(f"{URL}/{public_id}?format={name}").text, name


def test_a_wrong_token_is_told_before_any_format(client: TestClient, public_id: str) -> None:
    for query in ("", "?format=csl"):
        answer = client.get(f"{URL}/{public_id}{query}", headers={"authorization": "Bearer no", "accept": "text/html"})
        assert answer.status_code == 401


@pytest.mark.parametrize("kind", ["embargoed", "institution", "metadata-only"])
def test_files_that_not_everybody_may_have_are_named_in_no_format(
    home: Installation, client: TestClient, kind: str
) -> None:
    access = {"kind": kind} | ({"until": "2030-01-01"} if kind == "embargoed" else {})
    public_id = factories.published(home, described=described(access=access), files={"سر.txt": b"x"})
    for name, export in EVERY.items():
        answer = client.get(f"{URL}/{public_id}?format={name}")
        assert answer.status_code == (406 if export.needs_files else 200), name
        assert "/files/" not in answer.text, name


def test_a_damaged_record_is_503_in_every_format(
    client: TestClient, public_id: str, poison: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    poison(public_id)
    for name in formats.NAMES:
        answer = client.get(f"{URL}/{public_id}?format={name}")
        assert (answer.status_code, answer.json()["code"]) == (503, "record.damaged"), name


def test_what_is_kept_for_everybody_is_the_json_and_nobody_else_gets_it(client: TestClient, public_id: str) -> None:
    url = f"{URL}/{public_id}"
    plain = client.get(url)
    for accept in ("application/ld+json", "text/html", "application/ld+json;q=1, application/json;q=0.1"):
        other = client.get(url, headers={"accept": accept})
        assert other.content != plain.content
        assert client.get(url, headers={"accept": "application/json"}).content == plain.content
    assert client.get(url, headers=[("accept", "text/html"), ("accept", "*/*;q=0.1")]).content == plain.content


def test_past_versions_and_lists_stay_json(client: TestClient, public_id: str) -> None:
    for url in (f"{URL}/{public_id}/versions/1", URL):
        answer = client.get(url, headers={"accept": "application/ld+json"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.headers["vary"].startswith("Authorization")


# ── the document ─────────────────────────────────────────────────────────────────────────────────


def test_the_openapi_document_names_every_format_with_an_example(client: TestClient) -> None:
    told = client.get("/api/openapi.json").json()["paths"][f"{URL}/{{public_id}}"]["get"]
    content = told["responses"]["200"]["content"]
    assert set(content) == {"application/json", *TYPES}
    assert all(content[media_type]["example"] for media_type in TYPES)
    assert content["application/ld+json"]["example"]["name"] == "قياس المساحة"
    assert content["application/x-bibtex"]["example"].startswith("@misc{oer-7k3v9qm2xd,")
    assert content[XML]["example"].startswith('<?xml version="1.0"')
    (parameter,) = [one for one in told["parameters"] if one["name"] == "format"]
    assert parameter["schema"]["anyOf"][0]["enum"] == list(formats.NAMES)
    assert "406" in told["responses"]


def test_the_examples_are_what_the_crosswalks_write_of_the_example_of_the_json(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    shown = document["components"]["schemas"]["ResourceOut"]["examples"][0]
    told = document["paths"][f"{URL}/{{public_id}}"]["get"]["responses"]["200"]["content"]
    assert Record.model_validate(shown["record"]).title[0].value == told["application/ld+json"]["example"]["name"]
    assert re.search(r"UR  - (\S+)\r\n", told["application/x-research-info-systems"]["example"])[1] == shown["url"]  # type: ignore[index]
    assert json.loads(json.dumps(told["application/vnd.citationstyles.csl+json"]["example"]))[0]["URL"] == shown["url"]


# ── at the address that names the resource ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "accept", ["application/ld+json", "application/x-bibtex", "application/json", "application/*, text/html;q=0.5"]
)
def test_where_the_page_is_other_representations_are_led_to(client: TestClient, public_id: str, accept: str) -> None:
    answer = client.get(f"/resources/{public_id}", headers={"accept": accept}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{URL}/{public_id}")
    assert "Accept" in answer.headers["vary"]
    there = client.get(f"/resources/{public_id}", headers={"accept": accept}, follow_redirects=True)
    assert there.status_code == 200
    assert taken(there.headers["content-type"]) in accept.replace("application/*", formats.JSON_TYPE)


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/turtle", "image/png"]
)
def test_who_asks_for_the_page_or_for_what_there_is_not_gets_the_page(
    client: TestClient, public_id: str, accept: str
) -> None:
    answer = client.get(f"/resources/{public_id}", headers={"accept": accept}, follow_redirects=False)
    assert (answer.status_code, taken(answer.headers["content-type"])) == (200, "text/html")
    assert "Accept" in answer.headers["vary"]
