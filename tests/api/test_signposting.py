"""Typed links: what a program finds from any address of a resource, and that all of it is true."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import factories
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from harvest import signposting
from harvest.signposting import Link
from metadata.crosswalks.exports import EVERY
from metadata.record import Record
from oer import publishing
from oer.db import transaction
from oer.installation import Installation
from oer.policy import OPERATOR

BASE = "https://oer.example.org"
ARABIC = "درس الضوء، 1 (نسخة).pdf"
PDF = b"%PDF-1.4"

Publish = Callable[..., str]
# (anchor, relation, address, media type, profile)
Told = tuple[str, str, str, str, str]


def rich(**more: Any) -> Record:
    return factories.record(
        creators=[
            {"name": "سلمى", "orcid": "https://orcid.org/0000-0002-1825-0097"},
            {"name": "University", "kind": "organisation", "ror": "https://ror.org/05a28rw58"},
            {"name": "بلا رقم"},
        ],
        identifiers=[
            {"scheme": "doi", "value": "10.1234/x<y>"},
            {"scheme": "isbn", "value": "978-3-16-148410-0"},
            {"scheme": "url", "value": "https://example.org/درس"},
        ],
        **more,
    )


def parsed(value: str, anchor: str = "") -> list[Told]:
    """A Link header, read as RFC 8288 (appendix B.2) has it read."""
    found = []
    rest = value.strip()
    while rest:
        assert rest[0] == "<"
        href, rest = rest[1:].split(">", 1)
        attributes: dict[str, str] = {}
        while (rest := rest.strip()).startswith(";"):
            name, rest = rest[1:].split("=", 1)
            assert rest[0] == '"'
            text, rest = rest[1:].split('"', 1)
            assert name.strip() not in attributes
            attributes[name.strip()] = text
        assert not rest or rest[0] == ","
        rest = rest[1:].strip()
        told = [attributes.get(name, "") for name in ("rel", "type", "profile")]
        found.append((attributes.get("anchor", anchor), told[0], href, *told[1:]))
    return found  # type: ignore[return-value]


def of_json(content: bytes) -> list[Told]:
    found = []
    for context in json.loads(content)["linkset"]:
        for rel, targets in context.items():
            if rel != "anchor":
                for one in targets:
                    assert set(one) <= {"href", "type", "profile"}
                    profile = one.get("profile", [""])
                    assert isinstance(profile, list)  # RFC 9264, section 4.2.4.3
                    found.append((context["anchor"], rel, one["href"], one.get("type", ""), *profile))
    return found


def by_rel(links: list[Told], rel: str, anchor: str | None = None) -> list[str]:
    return [one[2] for one in links if one[1] == rel and anchor in (None, one[0])]


def of_page(client: TestClient, public_id: str) -> list[Told]:
    answer = client.get(f"/resources/{public_id}", headers={"accept": "text/html"})
    assert answer.status_code == 200
    return parsed(answer.headers["link"], f"{BASE}/resources/{public_id}")


# ── Level 1 ──────────────────────────────────────────────────────────────────────────────────────


def test_the_page_tells_what_it_is_about(client: TestClient, publish: Publish) -> None:
    public_id = publish({ARABIC: (PDF, "application/pdf")}, described=rich())
    landing = f"{BASE}/resources/{public_id}"
    links = of_page(client, public_id)
    assert by_rel(links, "cite-as") == [landing]
    assert by_rel(links, "type") == ["https://schema.org/AboutPage", "https://schema.org/LearningResource"]
    assert by_rel(links, "license") == ["https://creativecommons.org/licenses/by/4.0/"]
    assert by_rel(links, "author") == ["https://orcid.org/0000-0002-1825-0097", "https://ror.org/05a28rw58"]
    assert [one[2:4] for one in links if one[1] == "linkset"] == [
        (f"{landing}/linkset.json", "application/linkset+json"),
        (f"{landing}/linkset", "application/linkset"),
    ]
    [item] = [one for one in links if one[1] == "item"]
    assert item[3] == "application/pdf"
    assert client.get(item[2].removeprefix(BASE)).content == PDF


def test_other_names_of_the_work_are_related_and_not_cited(client: TestClient, publish: Publish) -> None:
    public_id = publish({"a.txt": (b"a", "text/plain")}, described=rich())
    links = of_json(client.get(f"/resources/{public_id}/linkset.json").content)
    assert by_rel(links, "related") == ["https://doi.org/10.1234/x%3Cy%3E", "https://example.org/%D8%AF%D8%B1%D8%B3"]


def test_every_address_is_there_with_the_type_that_is_told_and_leads_back(client: TestClient, publish: Publish) -> None:
    public_id = publish({ARABIC: (PDF, "application/pdf"), "ب.txt": ("نص".encode(), "text/plain")}, described=rich())
    landing = f"{BASE}/resources/{public_id}"
    links = of_json(client.get(f"/resources/{public_id}/linkset.json").content)
    followed = 0
    for rel, back in (("item", "collection"), ("describedby", "describes")):
        for one in (one for one in links if one[1] == rel):
            answer = client.get(one[2].removeprefix(BASE))
            assert answer.status_code == 200, one
            assert answer.headers["content-type"].partition(";")[0] == one[3]
            assert parsed(answer.headers["link"]) == [("", back, landing, "text/html", "")]
            followed += 1
    assert followed == 2 + len(EVERY) + 1


def test_formats_of_one_media_type_are_told_apart(client: TestClient, publish: Publish) -> None:
    public_id = publish({"a.txt": (b"a", "text/plain")})
    links = of_json(client.get(f"/resources/{public_id}/linkset.json").content)
    described = {one[2].rpartition("=")[2]: one[3:] for one in links if one[1] == "describedby"}
    assert described["jsonld"] == ("application/ld+json", "https://schema.org/")
    assert described["oai_dc"] == ("application/xml", "http://www.openarchives.org/OAI/2.0/oai_dc/")
    assert set(EVERY) < set(described)


def test_past_files_lead_to_the_page_too(client: TestClient, publish: Publish, revise: Callable[..., None]) -> None:
    public_id = publish({"a.txt": (b"a", "text/plain")})
    revise(public_id, {"b.txt": (b"b", "text/plain")})
    answer = client.get(f"/api/resources/{public_id}/versions/1/files/a.txt")
    assert by_rel(parsed(answer.headers["link"]), "collection") == [f"{BASE}/resources/{public_id}"]
    part = client.get(f"/api/resources/{public_id}/files/a.txt", headers={"range": "bytes=0-0"})
    assert (part.status_code, by_rel(parsed(part.headers["link"]), "collection")) == (
        206,
        [f"{BASE}/resources/{public_id}"],
    )


# ── Level 2 ──────────────────────────────────────────────────────────────────────────────────────


def test_both_link_sets_say_the_same_and_more_than_the_header(client: TestClient, publish: Publish) -> None:
    public_id = publish({ARABIC: (PDF, "application/pdf"), "a.txt": (b"a", "text/plain")}, described=rich())
    as_json = client.get(f"/resources/{public_id}/linkset.json")
    as_text = client.get(f"/resources/{public_id}/linkset")
    assert as_json.headers["content-type"] == "application/linkset+json"
    assert as_text.headers["content-type"] == "application/linkset"
    assert as_text.text.isascii()
    assert sorted(of_json(as_json.content)) == sorted(parsed(as_text.text.replace("\n", " ")))
    landing = f"{BASE}/resources/{public_id}"
    header = [one for one in of_page(client, public_id) if one[1] != "linkset"]
    assert set(header) <= set(of_json(as_json.content))
    items = by_rel(header, "item", landing)
    assert len(items) == 2
    for file in items:
        assert by_rel(of_json(as_json.content), "collection", file) == [landing]


def test_a_header_that_would_be_long_leaves_the_files_to_the_link_set(client: TestClient, publish: Publish) -> None:
    names = [f"ملف طويل الاسم جدا رقم {number}.txt" for number in range(40)]
    public_id = publish({name: (name.encode(), "text/plain") for name in names}, described=rich())
    answer = client.get(f"/resources/{public_id}", headers={"accept": "text/html"})
    links = parsed(answer.headers["link"])
    assert by_rel(links, "item") == []
    assert by_rel(links, "cite-as") == [f"{BASE}/resources/{public_id}"]
    assert len(by_rel(links, "author")) == 2
    assert len(by_rel(links, "linkset")) == 2
    every = of_json(client.get(f"/resources/{public_id}/linkset.json").content)
    assert len(by_rel(every, "item")) == 40
    # nginx in front of us refuses what exceeds one page of memory.
    assert sum(len(name) + len(value) + 4 for name, value in answer.headers.items()) < 4000


def test_who_has_a_link_set_gets_304(client: TestClient, publish: Publish, revise: Callable[..., None]) -> None:
    public_id = publish({"a.txt": (b"a", "text/plain")})
    for path in (f"/resources/{public_id}/linkset", f"/resources/{public_id}/linkset.json"):
        etag = client.get(path).headers["etag"]
        known = client.get(path, headers={"if-none-match": etag})
        assert (known.status_code, known.content) == (304, b"")
        head = client.head(path)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", etag)
        revise(public_id, {f"{len(path)}.txt": (b"b", "text/plain")})
        assert client.get(path, headers={"if-none-match": etag}).status_code == 200


# ── What is nobody's business ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["embargoed", "institution", "metadata-only"])
def test_files_that_not_everybody_may_have_are_in_no_link(client: TestClient, publish: Publish, kind: str) -> None:
    access = {"kind": kind} | ({"until": "2026-12-31"} if kind == "embargoed" else {})
    public_id = publish({"secret.pdf": (PDF, "application/pdf")}, described=rich(access=access))
    links = of_json(client.get(f"/resources/{public_id}/linkset.json").content)
    assert by_rel(links, "item") == by_rel(of_page(client, public_id), "item") == []
    for path in ("linkset", "linkset.json"):
        assert "secret" not in client.get(f"/resources/{public_id}/{path}").text
    for address in by_rel(links, "describedby"):
        assert client.get(address.removeprefix(BASE)).status_code == 200


def test_files_are_linked_from_the_day_on_that_opens_them(
    client: TestClient, home: Installation, publish: Publish, watch: factories.Watch
) -> None:
    until = date(2026, 3, 2).isoformat()
    public_id = publish(
        {"a.pdf": (PDF, "application/pdf")}, described=rich(access={"kind": "embargoed", "until": until})
    )
    watch.forward(days=1)
    for lifted in (0, 1):  # before and after the worker has come by
        links = of_json(client.get(f"/resources/{public_id}/linkset.json").content)
        assert by_rel(links, "item") == [f"{BASE}/api/resources/{public_id}/files/a.pdf"]
        for address in by_rel(links, "describedby"):
            assert client.get(address.removeprefix(BASE)).status_code == 200, address
        with transaction(home.engine) as session:
            done = publishing.lift_embargoes(session, repository_id=home.repository_id, now=home.now())
            assert done == 1 - lifted


@pytest.mark.parametrize("verb", [publishing.withdraw, publishing.hide])
def test_a_tombstone_has_no_signposts(
    client: TestClient, home: Installation, publish: Publish, verb: Callable[..., Any]
) -> None:
    public_id = publish({"a.pdf": (PDF, "application/pdf")}, described=rich())
    with transaction(home.engine) as session:
        verb(session, OPERATOR, public_id, reason="rights", repository_id=home.repository_id, now=home.now())
    for path in (f"/resources/{public_id}", f"/resources/{public_id}/linkset", f"/resources/{public_id}/linkset.json",
                 f"/api/resources/{public_id}/files/a.pdf", f"/api/resources/{public_id}"):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 410
        assert "link" not in answer.headers
        assert "a.pdf" not in answer.text


def test_a_draft_has_no_signposts(client: TestClient, home: Installation) -> None:
    public_id = factories.drafted(home)
    for path in ("", "/linkset", "/linkset.json"):
        assert client.get(f"/resources/{public_id}{path}").status_code == 404


def test_a_damaged_record_is_503_and_no_half_of_it(
    client: TestClient, publish: Publish, poison: Callable[[str], None]
) -> None:
    public_id = publish({"a.txt": (b"a", "text/plain")})
    poison(public_id)
    assert client.get(f"/resources/{public_id}/linkset.json").status_code == 503


# ── How links are written ────────────────────────────────────────────────────────────────────────

rels = st.sampled_from(["linkset", "cite-as", "type", "author", "item", "describedby", "related"])
links_ = st.lists(
    st.builds(
        Link,
        anchor=st.just("https://x.org/"),
        rel=rels,
        href=st.integers(0, 10**60).map("https://x.org/{}".format),
        media_type=st.text(max_size=30),
        profile=st.sampled_from(["", "https://x.org/p"]),
    ),
    min_size=1,
    max_size=40,
)


@given(links_, st.integers(0, 4000))
def test_a_header_is_never_longer_than_it_may_be_and_has_all_or_none_of_the_files(
    links: list[Link], longest: int
) -> None:
    order = ("linkset", "cite-as", "type", "author", "item", "describedby", "related")
    links = sorted(links, key=lambda link: order.index(link.rel))
    value = signposting.header(links, longest)
    told = parsed(value)
    assert len(value) <= longest or len(told) == 1
    assert by_rel(told, "item") in ([], [link.href for link in links if link.rel == "item"])
    assert [one[2] for one in told] == [link.href for link in links if link.href in {one[2] for one in told}][
        : len(told)
    ]
    assert value.isascii()
    assert value.isprintable()


@given(links_)
def test_both_forms_hold_the_same_links(links: list[Link]) -> None:
    links = [
        Link(link.anchor, link.rel, link.href, link.media_type.encode("ascii", "ignore").decode()) for link in links
    ]
    clean = [link for link in links if link.media_type.isprintable() and not set(link.media_type) & set('"\\')]
    as_text = parsed(signposting.linkset_text(clean).decode().replace("\n", " "))
    assert sorted(as_text) == sorted(of_json(signposting.linkset_json(clean)))
    assert len(as_text) == len(clean)
