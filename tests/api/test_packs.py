import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import factories
import pytest
from factories import act
from html_pages import HOSTILE, Page
from starlette.testclient import TestClient

from metadata.record import Text
from oer import collections, units
from oer.installation import Installation
from oer.workflow import Role
from storage.errors import Damaged

ARABIC = "درس الضوء.pdf"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 3000


@pytest.fixture
def made(home: Installation, publish: Callable[..., str]) -> str:
    """A collection of two resources, the second for members alone."""
    public = publish({ARABIC: (PDF, "application/pdf"), "notes.txt": ("نص".encode(), "text/plain")})
    inside = publish(
        {"exam.txt": (b"secret", "text/plain")}, described=factories.record(access={"kind": "institution"})
    )
    public_id = factories.collected(home, shown=True, titles={"ar": "علوم / ٥", "fr": "Sciences : 5"})
    items = [units.Item(public, "قبل التجربة"), units.Item(inside)]
    act(home, collections.arrange, public_id, [units.Unit({"ar": "الضوء"}, items)])
    return public_id


def address(public_id: str, query: str = "") -> str:
    return f"/api/collections/{public_id}/pack{query}"


def opened(content: bytes) -> zipfile.ZipFile:
    found = zipfile.ZipFile(io.BytesIO(content))
    assert found.testzip() is None
    return found


def test_a_collection_comes_as_a_zip_of_known_length(client: TestClient, made: str) -> None:
    answer = client.get(address(made, "?lang=ar"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["content-language"] == "ar"
    kind, _, named = answer.headers["content-disposition"].partition("; ")
    assert (kind, unquote(named.partition("''")[2])) == ("attachment", "علوم - ٥.zip")
    assert answer.headers["cache-control"] == "public, no-cache"
    assert "content-encoding" not in answer.headers
    found = opened(answer.content)
    names = found.namelist()
    assert names[:4] == ["index.html", "index-fr.html", "index-en.html", "LICENCES.txt"]
    kept = [name for name in names if name.startswith("files/")]
    assert [name.split("/")[2] for name in kept] == [ARABIC, "notes.txt"]
    assert found.read(kept[0]) == PDF
    assert b"secret" not in answer.content


def test_head_tells_the_length(client: TestClient, made: str) -> None:
    whole, head = client.get(address(made)), client.head(address(made))
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "etag", "content-type", "content-disposition"):
        assert head.headers[name] == whole.headers[name]


def test_what_it_holds_is_told_before(client: TestClient, made: str) -> None:
    told = client.get(f"/api/collections/{made}/pack.json").json()
    assert told == {
        "url": f"https://oer.example.org/api/collections/{made}/pack",
        "size": int(client.head(address(made)).headers["content-length"]),
        "files": 2,
        "left_out": 1,
        "light": None,
    }


def test_a_broken_download_goes_on(client: TestClient, made: str) -> None:
    whole = client.get(address(made))
    rest = client.get(address(made), headers={"range": "bytes=300000-", "if-range": whole.headers["etag"]})
    assert (rest.status_code, rest.content) == (206, whole.content[300_000:])
    assert rest.headers["content-range"] == f"bytes 300000-{len(whole.content) - 1}/{len(whole.content)}"
    part = client.get(address(made), headers={"range": "bytes=1000-1999"})
    assert part.content == whole.content[1000:2000]
    beyond = client.get(address(made), headers={"range": f"bytes={len(whole.content)}-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "range.unsatisfiable")
    outdated = client.get(address(made), headers={"range": "bytes=5-", "if-range": '"another"'})
    assert outdated.status_code == 200


def test_the_tag_changes_with_all_that_goes_in(
    client: TestClient, home: Installation, made: str, revise: Callable[..., None]
) -> None:
    def tag(query: str = "?lang=ar") -> str:
        return client.head(address(made, query)).headers["etag"]

    tags = [tag()]
    assert client.get(address(made, "?lang=ar"), headers={"if-none-match": tags[0]}).status_code == 304
    assert tag() == tags[0]
    tags.append(tag("?lang=fr"))
    act(home, collections.change, made, titles={"ar": "أخرى"})
    tags.append(tag())
    items = client.get(f"/api/collections/{made}").json()["units"][0]["items"]
    revise(items[0]["resource"], {"notes.txt": (b"other words", "text/plain")})
    tags.append(tag())
    act(home, collections.take_out, made, items[1]["resource"])
    tags.append(tag())
    assert len(set(tags)) == len(tags)
    assert client.get(address(made), headers={"if-match": tags[0]}).status_code == 412


@pytest.mark.parametrize("lang", ["ar", "fr", "en"])
def test_every_page_is_whole_and_says_what_is_left_out(client: TestClient, made: str, lang: str) -> None:
    found = opened(client.get(address(made, f"?lang={lang}")).content)
    for name in ("index.html", *(f"index-{code}.html" for code in ("ar", "fr", "en") if code != lang)):
        text = found.read(name).decode()
        page = Page(text)
        assert not re.search(r"pack\.[a-z]|page\.[a-z-]+\.|field\.[a-z]", " ".join(page.words))
        assert "قبل التجربة" in page.words
        links = {link["href"] for link in page.all("a")} | {link["href"] for link in page.all("link")}
        links |= {script["src"] for script in page.all("script")}
        own = {link for link in links if not link.startswith(("https:", "#"))}
        assert len(own) > 6
        assert {link for link in own if Path(link).suffix in (".html", ".css", ".js")} <= set(found.namelist())
        assert len([one for tag, one in page.tags if one.get("class") == "notice"]) == 2  # above, and at the resource
    assert (page.all("html")[0]["dir"] == "rtl") == (name == "index-ar.html")


def test_no_words_of_others_become_markup(client: TestClient, home: Installation) -> None:
    title = [Text(value=HOSTILE, lang="ar")]
    described = factories.record().model_copy(update={"title": title, "description": title})
    public_id = factories.published(home, described=described)
    made = factories.collected(home, shown=True, titles={"ar": HOSTILE}, descriptions={"ar": HOSTILE})
    act(home, collections.add, made, public_id, note=HOSTILE)
    found = opened(client.get(address(made)).content)
    page = Page(found.read("index.html").decode())
    assert {script.get("src") for script in page.all("script")} == {"assets/data.js", "assets/pack.js"}
    assert page.all("img") == []


def test_a_draft_is_for_those_who_edit_it(
    client: TestClient, home: Installation, made: str, member: Callable[..., dict[str, str]]
) -> None:
    reviewer = member("college", role=Role.REVIEWER)
    act(home, collections.unpublish, made)
    assert client.get(address(made)).status_code == 404
    answer = client.get(address(made), headers=reviewer)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
    assert b"secret" not in answer.content  # whoever asks: it is passed from hand to hand


def test_all_files_of_a_resource_come_at_once(
    client: TestClient, home: Installation, made: str, member: Callable[..., dict[str, str]]
) -> None:
    public, inside = (one["resource"] for one in client.get(f"/api/collections/{made}").json()["units"][0]["items"])
    found = opened(client.get(f"/api/resources/{public}/pack?lang=fr").content)
    assert {name.split("/")[2] for name in found.namelist() if name.startswith("files/")} == {ARABIC, "notes.txt"}
    assert client.get(f"/api/resources/{public}/pack.json").json()["files"] == 2
    assert client.get(f"/api/resources/{inside}/pack").status_code == 403
    answer = client.get(f"/api/resources/{inside}/pack", headers=member("college"))
    assert answer.headers["cache-control"] == "private, no-store"
    assert opened(answer.content).read(f"files/{inside}/exam.txt") == b"secret"
    assert client.get("/api/resources/0000000000/pack").status_code == 404


def test_light_variants_are_taken_where_they_are_asked_for(client: TestClient, home: Installation) -> None:
    public_id = factories.drafted(home, files={"film.txt": bytes(5000), "small.txt": b"small"})
    headers = factories.token_of(home, factories.member(home, Role.MANAGER), "read", "deposit", "review")
    base = f"/api/resources/{public_id}/draft"
    changed = client.patch(
        f"{base}/files/small.txt", json={"role": "light"}, headers={**headers, "if-match": "*"},
    )  # fmt: skip
    assert changed.status_code == 200, changed.text
    assert client.post(f"{base}/publish", headers={**headers, "if-match": "*"}).status_code == 201
    whole, light = (
        {name.split("/")[2] for name in opened(client.get(f"/api/resources/{public_id}/pack{query}").content).namelist()
         if name.startswith("files/")} for query in ("", "?light=true")
    )  # fmt: skip
    assert (whole, light) == ({"film.txt"}, {"small.txt"})
    told = client.get(f"/api/resources/{public_id}/pack.json").json()
    assert told["light"]["size"] < told["size"]
    assert told["light"]["url"].endswith("/pack?light=true")


def test_a_damaged_file_is_never_sent_as_a_whole_one(
    client: TestClient, home: Installation, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(key: str, *_more: object) -> None:
        raise Damaged(key, "another digest")

    monkeypatch.setattr(home.store, "open", broken)
    answer = client.get(address(made))
    assert (answer.status_code, answer.json()["code"]) == (503, "store.damaged")


def test_an_answer_that_has_begun_is_broken_off(
    client: TestClient, home: Installation, publish: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = publish({"a.bin": (bytes(2_000_000), "application/octet-stream"), "b.bin": (b"b", "text/plain")})
    opened_ = home.store.open

    def broken(key: str, *more: int) -> Iterator[bytes]:
        if home.store.stat(key).size == 1:
            raise Damaged(key, "another digest")
        return opened_(key, *more)

    monkeypatch.setattr(home.store, "open", broken)
    answer = client.get(f"/api/resources/{public_id}/pack")
    assert answer.status_code == 200
    assert len(answer.content) < int(answer.headers["content-length"])
