"""ResourceSync at its doors: what is listed, what partners end with, and what nobody ever learns."""

import gzip
from collections.abc import Callable
from typing import Any

import factories
import mirror
import pytest
from factories import Watch
from mirror import BASE, CHANGES, RESOURCES, Ask, about, description, entries, is_index, links, loc, locs
from mirror import file as file_at
from starlette.testclient import TestClient

from harvest import parts, source
from harvest.resourcesync import Source
from metadata.record import Record
from oer import deposits, publishing, queries
from oer.db import reading, transaction
from oer.installation import Installation
from oer.policy import OPERATOR

ARABIC = "درس الضوء (1).pdf"
PDF = b"%PDF-1.4"

Publish = Callable[..., str]


def closed(kind: str, **more: Any) -> Record:
    return factories.record(access={"kind": kind, **more})


def step(home: Installation, verb: Callable[..., Any], public_id: str, **more: Any) -> None:
    with transaction(home.engine) as session:
        verb(session, OPERATOR, public_id, repository_id=home.repository_id, now=home.now(), **more)


def withdraw(home: Installation, public_id: str) -> None:
    step(home, publishing.withdraw, public_id, reason="rights")


# ── What is listed ───────────────────────────────────────────────────────────────────────────────


def test_every_entry_is_what_its_address_answers(client: TestClient, ask: Ask, publish: Publish, watch: Watch) -> None:
    public_id = publish({ARABIC: (PDF, "application/pdf"), "a.txt": ("نص".encode(), "text/plain")})
    watch.forward(minutes=5)
    told, *files = entries(ask(RESOURCES))
    assert loc(told) == description(public_id)
    assert about(told) == {"type": "application/ld+json"}
    assert links(told)["describes"] == f"{BASE}/resources/{public_id}"
    assert [loc(file) for file in files] == [file_at(public_id, ARABIC), file_at(public_id, "a.txt")]
    for node in (told, *files):
        answer = client.get(loc(node).removeprefix(BASE))
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(about(node)["type"])
        assert node.findtext(f"{mirror.SITEMAP}lastmod") == "2026-03-01T08:00:00Z"
    for file in files:
        answer = client.get(loc(file).removeprefix(BASE))
        assert about(file)["length"] == answer.headers["content-length"] == str(len(answer.content))
        assert about(file)["hash"] == "sha-256:" + answer.headers["etag"].strip('"')
        assert answer.headers["last-modified"] == "Sun, 01 Mar 2026 08:00:00 GMT"
        assert links(file) == {"collection": f"{BASE}/resources/{public_id}", "describedby": description(public_id)}


def test_addresses_are_ascii_whatever_files_are_called(client: TestClient, publish: Publish) -> None:
    publish({ARABIC: (PDF, "application/pdf"), "50%.txt": (b"x", "text/plain")})
    for path in (RESOURCES, CHANGES):
        assert client.get(path).text.isascii()
        assert "50%25.txt" in client.get(path).text


def test_a_description_is_the_same_for_readers_of_every_language(
    client: TestClient, ask: Ask, publish: Publish
) -> None:
    publish({ARABIC: (PDF, "application/pdf")})
    path = locs(ask(RESOURCES))[0].removeprefix(BASE)
    answers = {client.get(path, headers={"accept-language": lang, "accept": "*/*"}).content for lang in ("ar", "fr")}
    assert len(answers) == 1


@pytest.mark.parametrize(
    "described", [closed("embargoed", until="2026-04-01"), closed("institution"), closed("metadata-only")]
)
def test_files_that_not_everybody_may_have_are_nowhere(
    client: TestClient, ask: Ask, publish: Publish, described: Record
) -> None:
    public_id = publish({"secret.pdf": (PDF, "application/pdf")}, described=described)
    for path in (RESOURCES, CHANGES, f"/resourcesync/resources/{public_id}/manifest.xml"):
        assert locs(ask(path)) == [description(public_id)]
        assert "secret" not in client.get(path).text


def test_what_is_not_published_is_nowhere(
    client: TestClient, home: Installation, publish: Publish, revise: Callable[..., None]
) -> None:
    draft = factories.drafted(home, files={"drafted.txt": b"x"})
    shown = publish({"a.txt": (b"a", "text/plain")})
    with transaction(home.engine) as session:
        deposits.revise(session, OPERATOR, shown, now=home.now())
        key = home.store.put([b"new"])
        options = {"name": "next.txt", "media_type": "text/plain", "limits": home.settings, "now": home.now()}
        deposits.attach(session, OPERATOR, shown, home.store, key, **options)
    for path in (RESOURCES, CHANGES, "/sitemap.xml", f"/resourcesync/resources/{shown}/manifest.xml"):
        text = client.get(path).text
        assert draft not in text
        assert "drafted.txt" not in text
        assert "next.txt" not in text
    assert client.get(f"/resourcesync/resources/{draft}/manifest.xml").status_code == 404


def test_an_empty_repository_has_lists_of_nothing(ask: Ask) -> None:
    for path in (RESOURCES, CHANGES):
        root = ask(path)
        assert (is_index(root), entries(root)) == (False, [])
        assert {*about(root).values()} >= {"2026-03-01T08:00:00Z"}


def test_a_manifest_tells_how_a_package_would_hold_it(ask: Ask, publish: Publish) -> None:
    public_id = publish({ARABIC: (PDF, "application/pdf"), "a.docx": (b"d", "application/vnd.ms-word")})
    [entry, *_] = entries(ask(RESOURCES))
    root = ask(links(entry)["contents"].removeprefix(BASE))
    assert about(root) == {"capability": "resourcedump-manifest", "at": "2026-03-01T08:00:00Z"}
    assert links(root) == {"up": f"{BASE}/resourcesync/capabilitylist.xml"}
    told, *files = entries(root)
    assert about(told)["path"] == "/metadata.jsonld"
    assert [(loc(file), about(file)["path"]) for file in files] == [
        (file_at(public_id, name), f"/files/{name}") for name in (ARABIC, "a.docx")
    ]
    listed = {loc(node): about(node) for node in entries(ask(RESOURCES))}
    for node in files:
        assert listed[loc(node)] == {name: value for name, value in about(node).items() if name != "path"}


def test_the_manifest_of_what_is_withdrawn_is_gone(client: TestClient, home: Installation, publish: Publish) -> None:
    public_id = publish({"a.txt": (b"a", "text/plain")})
    withdraw(home, public_id)
    assert client.get(f"/resourcesync/resources/{public_id}/manifest.xml").status_code == 410


# ── What has changed ─────────────────────────────────────────────────────────────────────────────


def changes(ask: Ask) -> list[tuple[str, str]]:
    root = ask(CHANGES)
    assert about(root)["capability"] == "changelist"
    assert "until" not in about(root)
    return [(loc(node), about(node)["change"]) for node in entries(root)]


def test_what_comes_is_created_and_then_updated(
    ask: Ask, publish: Publish, revise: Callable[..., None], watch: Watch
) -> None:
    public_id = publish({"a.txt": (b"a", "text/plain")})
    assert changes(ask) == [(description(public_id), "created"), (file_at(public_id, "a.txt"), "created")]
    watch.forward(minutes=1)
    revise(public_id, {"b.txt": (b"b", "text/plain")})
    assert changes(ask) == [
        (description(public_id), "updated"),
        (file_at(public_id, "a.txt"), "updated"),
        (file_at(public_id, "b.txt"), "updated"),
    ]
    assert {about(node)["datetime"] for node in entries(ask(CHANGES))} == {"2026-03-01T08:01:00Z"}


def test_what_is_withdrawn_is_deleted_with_its_files_and_created_anew_by_nobody(
    ask: Ask, home: Installation, publish: Publish, watch: Watch
) -> None:
    public_id = publish({"a.txt": (b"a", "text/plain")})
    watch.forward(minutes=1)
    withdraw(home, public_id)
    assert changes(ask) == [(description(public_id), "deleted"), (file_at(public_id, "a.txt"), "deleted")]
    assert [list(about(node)) for node in entries(ask(CHANGES))] == [["change", "datetime"]] * 2
    assert locs(ask(f"{CHANGES}?x=1")) == locs(ask(CHANGES))
    watch.forward(minutes=1)
    step(home, publishing.restore, public_id)
    assert changes(ask) == [(description(public_id), "updated"), (file_at(public_id, "a.txt"), "updated")]


def test_a_file_that_a_version_leaves_out_is_deleted_also_for_who_missed_that_version(
    ask: Ask, home: Installation, publish: Publish, revise: Callable[..., None], watch: Watch
) -> None:
    public_id = publish({"a.txt": (b"a", "text/plain"), "b.txt": (b"b", "text/plain")})
    watch.forward(minutes=1)
    with transaction(home.engine) as session:
        deposits.revise(session, OPERATOR, public_id, now=home.now())
        deposits.detach(session, OPERATOR, public_id, "a.txt", now=home.now())
        publishing.publish(session, OPERATOR, public_id, repository_id=home.repository_id, now=home.now())
    watch.forward(minutes=1)
    revise(public_id, {}, described=factories.record("عنوان آخر"))
    assert changes(ask)[1:] == [(file_at(public_id, "b.txt"), "updated"), (file_at(public_id, "a.txt"), "deleted")]


def test_only_names_that_were_public_are_told_as_deleted(
    client: TestClient, ask: Ask, home: Installation, publish: Publish, revise: Callable[..., None], watch: Watch
) -> None:
    """First for members, then under an embargo, then open, then for members again, and withdrawn at last."""
    public_id = publish({"members.txt": (b"1", "text/plain")}, described=closed("institution"))

    def next_version(name: str, described: Record) -> None:
        watch.forward(minutes=1)
        with transaction(home.engine) as session:
            found = deposits.revise(session, OPERATOR, public_id, now=home.now())
            names = [file.name for file in queries.resources.draft_files(session, draft_id=found.draft.id or 0)]
            for old in names:
                deposits.detach(session, OPERATOR, public_id, old, now=home.now())
            deposits.save(session, OPERATOR, public_id, described, note="x", now=home.now())
            options = {"media_type": "text/plain", "limits": home.settings, "now": home.now()}
            key = home.store.put([name.encode()])
            deposits.attach(session, OPERATOR, public_id, home.store, key, name=name, **options)
            publishing.publish(session, OPERATOR, public_id, repository_id=home.repository_id, now=home.now())

    next_version("embargoed.txt", closed("embargoed", until="2026-12-31"))
    next_version("lifted.txt", closed("embargoed", until="2026-03-02"))
    watch.forward(days=2)
    with transaction(home.engine) as session:
        assert publishing.lift_embargoes(session, repository_id=home.repository_id, now=home.now()) == 1
    assert changes(ask)[1:] == [(file_at(public_id, "lifted.txt"), "updated")]
    next_version("open.txt", factories.record("مفتوح"))
    next_version("again.txt", closed("institution"))
    gone = [(file_at(public_id, name), "deleted") for name in ("lifted.txt", "open.txt")]
    assert changes(ask) == [(description(public_id), "updated"), *gone]
    watch.forward(minutes=1)
    withdraw(home, public_id)
    assert changes(ask) == [(description(public_id), "deleted"), *gone]
    for name in ("members", "embargoed", "again"):
        assert name not in client.get(CHANGES).text


def test_a_damaged_record_is_listed_and_harms_no_other(
    ask: Ask, publish: Publish, revise: Callable[..., None], poison: Callable[[str], None]
) -> None:
    spoilt = publish({"a.txt": (b"a", "text/plain")})
    revise(spoilt, {"b.txt": (b"b", "text/plain")})
    sound = publish({"c.txt": (b"c", "text/plain")})
    poison(spoilt)
    for path in (RESOURCES, CHANGES):
        assert {description(spoilt), description(sound), file_at(sound, "c.txt")} <= set(locs(ask(path)))


# ── How it is sent ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/.well-known/resourcesync", "/resourcesync/capabilitylist.xml", RESOURCES, CHANGES])
def test_who_has_it_gets_304_and_a_head_says_the_same(
    client: TestClient, home: Installation, publish: Publish, watch: Watch, path: str
) -> None:
    publish({"a.txt": (b"a", "text/plain")})
    first = client.get(path)
    etag = first.headers["etag"]
    assert client.get(path).content == first.content
    known = client.get(path, headers={"if-none-match": etag})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", etag)
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == etag
    assert head.headers.get("content-length") == first.headers.get("content-length")
    assert first.headers["cache-control"] == "public, no-cache"
    watch.forward(minutes=1)
    factories.published(home, files={"b.txt": b"b"})
    changed = client.get(path, headers={"if-none-match": etag})
    assert changed.status_code == (200 if path in (RESOURCES, CHANGES) else 304)


def test_a_withdrawal_changes_the_tag_of_every_list_that_it_was_in(
    client: TestClient, home: Installation, publish: Publish
) -> None:
    public_id = publish({"a.txt": (b"a", "text/plain")})
    publish({"b.txt": (b"b", "text/plain")})
    paths = [RESOURCES, CHANGES, "/resourcesync/resourcelist/0-1.xml", "/sitemap.xml", "/sitemap/0-1.xml"]
    before = [client.get(path).headers["etag"] for path in paths]
    withdraw(home, public_id)
    for path, etag in zip(paths, before, strict=True):
        assert client.get(path, headers={"if-none-match": etag}).status_code == 200, path


def test_lists_are_packed_where_that_is_asked_for(client: TestClient, publish: Publish) -> None:
    publish({ARABIC: (PDF, "application/pdf")})
    plain = client.get(RESOURCES, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with client.stream("GET", RESOURCES, headers={"accept-encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    for answer in (plain, packed):
        assert answer.headers["vary"] == "Accept-Encoding, Origin"


def test_no_connection_is_held_between_two_pieces(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partner on a slow line must not take one from everybody else for minutes."""
    monkeypatch.setattr(source, "_BATCH", 1)
    for number in range(3):
        factories.published(home, files={"a.txt": b"%d" % number})
    with reading(home.engine) as session:
        found = parts.part(session, 0, None, size=100)
    form = source.Form("ar")
    pieces = source.listing(home.engine, Source(BASE), form, "resourcelist", found, {}, indexed=False)
    held = [home.engine.pool.checkedout() for _ in pieces]  # type: ignore[attr-defined]
    assert held == [0] * 6  # head, three, nothing more, tail
