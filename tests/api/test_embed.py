import xml.etree.ElementTree as ElementTree
from urllib.parse import quote

import factories
import pytest
from html_pages import HOSTILE, Page
from publications import embargoed, show
from starlette.testclient import TestClient

from metadata.record import Text
from oer import publishing
from oer.installation import Installation

BASE = "https://oer.example.org"


def asked(client: TestClient, url: str, query: str = ""):
    return client.get(f"/api/oembed?url={quote(url, safe='')}{query}")


@pytest.mark.parametrize(
    "shape", ["{0}/resources/{1}", "{0}/resources/{1}?lang=fr", "{0}/resources/{1}/embed", "{0}/resources/{1}#files"]
)
def test_a_resource_is_told_as_a_frame(client: TestClient, home: Installation, shape: str) -> None:
    public_id = factories.published(home)
    answer = asked(client, shape.format(BASE, public_id))
    assert answer.status_code == 200
    told = answer.json()
    assert (told["type"], told["version"], told["title"]) == ("rich", "1.0", "الضوء والماء")
    frame = Page(told["html"]).all("iframe")[0]
    lang = "?lang=fr" if "lang=fr" in shape else ""
    assert frame["src"] == f"{BASE}/resources/{public_id}/embed{lang}"
    assert "allow-scripts" not in (frame["sandbox"] or "")
    assert "allow-same-origin" not in (frame["sandbox"] or "")
    assert (told["width"], told["height"]) == (int(frame["width"] or 0), int(frame["height"] or 0))


def test_it_is_never_larger_than_asked_for(client: TestClient, home: Installation) -> None:
    told = asked(client, f"{BASE}/resources/{factories.published(home)}", "&maxwidth=320&maxheight=9000").json()
    assert (told["width"], told["height"]) == (320, 240)


def test_it_comes_as_xml_too(client: TestClient, home: Installation) -> None:
    described = factories.record(HOSTILE)
    answer = asked(client, f"{BASE}/resources/{factories.published(home, described=described)}", "&format=xml")
    assert answer.headers["content-type"].startswith("text/xml")
    root = ElementTree.fromstring(answer.content)
    assert (root.tag, root.findtext("title")) == ("oembed", HOSTILE)
    frame = Page(root.findtext("html") or "")
    assert [tag for tag, _ in frame.tags] == ["iframe"]
    assert frame.all("iframe")[0]["title"] == HOSTILE


def test_what_is_not_public_is_unknown(client: TestClient, home: Installation) -> None:
    draft, gone = factories.drafted(home), factories.published(home)
    show(home, publishing.withdraw, gone, reason="rights", note="")
    for url in (
        f"{BASE}/resources/{draft}",
        f"{BASE}/resources/{gone}",
        f"{BASE}/resources/0000000000",
        f"https://elsewhere.example/resources/{gone}",
        f"javascript:{BASE}/resources/{gone}",
        f"{BASE}/",
        "http://[",
        "",
    ):
        assert asked(client, url).status_code == 404, url


def test_another_format_is_not_implemented(client: TestClient, home: Installation) -> None:
    answer = asked(client, f"{BASE}/resources/{factories.published(home)}", "&format=yaml")
    assert (answer.status_code, answer.json()["code"]) == (501, "oembed.format-unknown")


def test_a_page_can_lead_to_it(client: TestClient, home: Installation) -> None:
    public_id = factories.published(home)
    shown = Page(client.get(f"/resources/{public_id}", headers={"accept": "text/html"}).text)
    (address,) = [link["href"] or "" for link in shown.all("link") if link.get("type") == "application/json+oembed"]
    assert client.get(address.removeprefix(BASE)).json()["html"].count(f"/resources/{public_id}/embed") == 1


@pytest.mark.parametrize(("lang", "direction"), [("ar", "rtl"), ("fr", "ltr"), ("en", "ltr")])
def test_the_card_may_be_framed_by_anybody_and_runs_nothing(
    client: TestClient, home: Installation, lang: str, direction: str
) -> None:
    public_id = factories.published(home, files={"درس.txt": b"words"})
    answer = client.get(f"/resources/{public_id}/embed?lang={lang}")
    assert answer.status_code == 200
    rules = dict(rule.strip().partition(" ")[::2] for rule in answer.headers["content-security-policy"].split(";"))
    assert rules["frame-ancestors"] == "*"
    assert rules["default-src"] == "'none'"
    assert rules["style-src"].startswith("'sha256-")
    assert "script-src" not in rules
    assert "x-frame-options" not in answer.headers
    assert "set-cookie" not in answer.headers
    page = Page(answer.text)
    assert (page.all("html")[0]["lang"], page.all("html")[0]["dir"]) == (lang, direction)
    assert page.all("script") == []
    assert f"{BASE}/api/resources/{public_id}/files/" in str(page.all("a")[-1]["href"])
    assert "CC BY 4.0" in page.words
    assert not [word for word in page.words if word.startswith("embed.")]


def test_the_card_offers_all_files_at_once_and_none_that_are_not_for_everybody(
    client: TestClient, home: Installation
) -> None:
    many, later = factories.published(home, files={"a.txt": b"a", "b.txt": b"b"}), embargoed(home)
    links = [link["href"] for link in Page(client.get(f"/resources/{many}/embed").text).all("a")]
    assert links[-1] == f"{BASE}/api/resources/{many}/pack?lang=en"
    links = [link["href"] for link in Page(client.get(f"/resources/{later}/embed").text).all("a")]
    assert not [link for link in links if "/api/" in str(link)]


def test_words_of_others_stay_words_on_the_card(client: TestClient, home: Installation) -> None:
    described = factories.record().model_copy(update={"title": [Text(value=HOSTILE, lang="ar")]})
    page = Page(client.get(f"/resources/{factories.published(home, described=described)}/embed").text)
    assert page.all("script") == page.all("img") == []


@pytest.mark.parametrize("rest", ["embed", "qr.svg"])
def test_what_is_not_public_has_neither(client: TestClient, home: Installation, rest: str) -> None:
    draft, gone = factories.drafted(home), factories.published(home)
    show(home, publishing.withdraw, gone, reason="rights", note="")
    assert client.get(f"/resources/{draft}/{rest}").status_code == 404
    assert client.get(f"/resources/{gone}/{rest}").status_code == 410


def test_the_qr_code_is_a_picture_that_is_kept(client: TestClient, home: Installation) -> None:
    public_id = factories.published(home)
    answer = client.get(f"/resources/{public_id}/qr.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "public, max-age=86400"
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    root = ElementTree.fromstring(answer.content)
    assert root.tag.endswith("svg")
    again = client.get(f"/resources/{public_id}/qr.svg", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    other = client.get(f"/resources/{factories.published(home)}/qr.svg")
    assert other.content != answer.content
