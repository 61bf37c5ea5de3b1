"""What is made of files, at the door: for whom, under which headers, and that nothing of it runs as ours."""

import io
import json
from urllib.parse import quote

import pytest
from extracting import zipped
from factories import Watch, act, collected, member, published, record, session_of
from PIL import Image
from previewing import drawn, preview
from starlette.testclient import TestClient

from api import i18n
from oer import collections, deposits, publishing
from oer.installation import Installation
from oer.units import Item, Unit
from oer.workflow import Role

NAME = "صورة الدرس.png"


def place(public_id: str, name: str = NAME, number: int | None = None) -> str:
    version = f"/versions/{number}" if number else ""
    return f"/api/resources/{public_id}{version}/files/{quote(name, safe='')}/previews"


def path_of(url: str) -> str:
    return url.removeprefix("https://oer.example.org")


@pytest.fixture
def shown(home: Installation) -> str:
    public_id = published(home, files={NAME: drawn(1600, 800)})
    preview(home)
    return public_id


def test_what_is_made_is_listed_with_addresses_that_lead_to_it(client: TestClient, shown: str) -> None:
    answer = client.get(place(shown))
    assert answer.status_code == 200
    told = answer.json()
    assert (told["name"], told["state"], told["pages"], told["duration"], told["listing"]) == (
        NAME,
        "made",
        None,
        None,
        None,
    )
    assert [(one["kind"], one["position"], one["width"], one["height"]) for one in told["items"]] == [
        ("cover", 1, 400, 200),
        ("middle", 1, 1200, 600),
    ]
    for one in told["items"]:
        found = client.get(path_of(one["url"]))
        assert found.status_code == 200
        assert len(found.content) == one["size"]
        assert found.headers["content-type"] == one["media_type"] == "image/webp"
        assert Image.open(io.BytesIO(found.content)).size == (one["width"], one["height"])
    assert client.get(place(shown), headers={"if-none-match": answer.headers["etag"]}).status_code == 304


def test_a_collection_shows_a_picture_of_what_is_in_it(client: TestClient, home: Installation, shown: str) -> None:
    plain = published(home, files={"a.txt": b"x"})
    made = collected(home, shown=True)
    act(home, collections.arrange, made, [Unit({}, [Item(plain), Item(shown)])])
    answer = client.get("/collections", headers={"accept": "text/html"})
    assert f"/api/resources/{shown}/files/{quote(NAME, safe='')}/previews/cover/1" in answer.text
    act(home, publishing.withdraw, shown, reason="rights", repository_id=home.repository_id)
    assert "/previews/" not in client.get("/collections", headers={"accept": "text/html"}).text


def test_a_file_that_browsers_show_is_opened_whole(client: TestClient, home: Installation) -> None:
    public_id = published(home, files={"a.txt": "سطر\n".encode() * 9000, "b.md": b"# b\n" * 9000})
    text = client.get(f"/resources/{public_id}", headers={"accept": "text/html", "accept-language": "en"}).text
    assert text.count(i18n.message("site.open-whole", "en")) == 1
    assert f'<a href="/api/resources/{public_id}/files/a.txt">' in text
    assert text.count(i18n.message("site.cut", "en")) == 1


def test_browsers_keep_what_never_changes_and_nobody_in_between_does(client: TestClient, shown: str) -> None:
    url = path_of(client.get(place(shown)).json()["items"][0]["url"])
    found = client.get(url)
    assert found.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert client.get(url.partition("?")[0]).headers["cache-control"] == "public, no-cache"
    assert client.get(url.partition("?")[0] + "?v=0123").headers["cache-control"] == "public, no-cache"
    again = client.get(url, headers={"if-none-match": found.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "private, max-age=31536000, immutable"
    part = client.get(url, headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    assert client.head(url).headers["content-length"] == str(len(found.content))


def test_nothing_of_it_runs_as_ours(client: TestClient, shown: str) -> None:
    found = client.get(f"{place(shown)}/cover/1")
    assert found.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["content-disposition"].startswith("inline; ")
    assert quote(f"{NAME}-cover-1.webp") in found.headers["content-disposition"]


@pytest.mark.parametrize(
    "rest",
    ["cover/2", "cover/0", "cover/01", "cover/x", "page/1", "poster/1", "nonsense/1", "COVER/1", "cover/99999999999"],
)
def test_what_was_not_made_is_not_there(client: TestClient, shown: str, rest: str) -> None:
    answer = client.get(f"{place(shown)}/{rest}")
    assert (answer.status_code, answer.json()["code"]) == (404, "preview.unknown")
    assert NAME in answer.json()["detail"]


def test_a_file_that_is_not_there_has_none(client: TestClient, shown: str) -> None:
    for url in (place(shown, "other.png"), f"{place(shown, 'other.png')}/cover/1"):
        assert client.get(url).json()["code"] == "file.unknown"


def test_a_file_that_nobody_has_looked_into_says_so(client: TestClient, home: Installation) -> None:
    public_id = published(home, files={"a.png": drawn(20, 20), "a.txt": b"text"})
    assert client.get(place(public_id, "a.png")).json()["state"] is None
    preview(home)
    assert client.get(place(public_id, "a.png")).json()["state"] == "made"
    told = client.get(place(public_id, "a.txt")).json()
    assert (told["state"], told["items"]) == (None, [])


def test_an_archive_tells_what_lies_in_it(client: TestClient, home: Installation) -> None:
    public_id = published(home, files={"a.zip": zipped(**{"../درس.txt": "سلام", "b.txt": b"1"})})
    preview(home)
    told = client.get(place(public_id, "a.zip")).json()
    assert told["listing"] == {
        "total": 2,
        "bytes": 9,
        "entries": [{"name": "../درس.txt", "size": 8}, {"name": "b.txt", "size": 1}],
    }
    found = client.get(path_of(told["items"][0]["url"]))
    assert json.loads(found.content) == told["listing"]
    assert found.headers["content-type"] == "application/json"
    assert found.headers["content-disposition"].startswith("attachment; ")


def test_past_versions_show_their_own(client: TestClient, home: Installation) -> None:
    public_id = published(home, files={NAME: drawn(1600, 800)})
    preview(home)
    act(home, deposits.revise, public_id)
    act(home, deposits.detach, public_id, NAME)
    stored = home.store.put([drawn(300, 300)])
    kind = {"name": NAME, "media_type": "image/png", "limits": home.settings}
    act(home, deposits.attach, public_id, home.store, stored, **kind)
    act(home, publishing.publish, public_id, repository_id=home.repository_id)
    preview(home)
    first, second = (client.get(place(public_id, NAME, number)).json()["items"] for number in (1, 2))
    assert [one["width"] for one in first] == [400, 1200]
    assert [one["width"] for one in second] == [300, 300]
    assert {f"/versions/{number}/" in one["url"] for number, items in ((1, first), (2, second)) for one in items} == {
        True
    }
    before, after = (client.get(path_of(items[0]["url"])) for items in (first, second))
    assert Image.open(io.BytesIO(before.content)).size == (400, 200)
    assert Image.open(io.BytesIO(after.content)).size == (300, 300)
    current = client.get(path_of(first[0]["url"]).replace("/versions/1", ""))
    assert current.headers["cache-control"] == "public, no-cache"  # the address has other bytes by now
    assert current.content == after.content


@pytest.mark.parametrize(
    ("access", "code"),
    [
        ({"kind": "embargoed", "until": "2027-01-01"}, "files.embargoed"),
        ({"kind": "institution"}, "files.restricted"),
        ({"kind": "metadata-only"}, "files.metadata-only"),
    ],
)
def test_whoever_may_not_have_the_file_has_nothing_of_it(
    client: TestClient, home: Installation, shown: str, access: dict[str, str], code: str
) -> None:
    """Though the same bytes are open elsewhere, and pictures of them are there."""
    closed = published(home, described=record("مغلق", access=access), files={NAME: drawn(1600, 800)})
    preview(home)
    for url in (place(closed), f"{place(closed)}/cover/1", place(closed, NAME, 1), f"{place(closed, NAME, 1)}/cover/1"):
        answer = client.get(url)
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert client.get(f"{place(shown)}/cover/1").status_code == 200
    insider = session_of(home, member(home, Role.DEPOSITOR))
    for url in (place(closed), f"{place(closed)}/cover/1"):
        answer = client.get(url, headers=insider)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
    [url, *_] = [one["url"] for one in client.get(place(closed), headers=insider).json()["items"]]
    assert client.get(path_of(url), headers=insider).headers["cache-control"] == "private, no-store"


def test_what_is_withdrawn_is_gone_at_once(client: TestClient, home: Installation, shown: str, watch: Watch) -> None:
    act(home, publishing.withdraw, shown, repository_id=home.repository_id, reason="rights")
    for url in (place(shown), f"{place(shown)}/cover/1"):
        assert client.get(url).status_code == 410
