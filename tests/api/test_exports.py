import csv
import gzip
import io
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import factories
import pytest
from factories import Watch, token_of
from starlette.testclient import TestClient

from api import lines
from api.routes import exports
from api.schemas import exports as bodies
from oer import deposits, publishing, working
from oer.installation import Installation
from oer.workflow import Role

JSONL, CSV, DUMP = "/api/exports/resources.jsonl", "/api/exports/resources.csv", "/api/dump.jsonl"


def told(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def table(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.content.startswith("\ufeff".encode())
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def gone(home: Installation, public_id: str, verb: Callable[..., Any] = publishing.withdraw) -> str:
    factories.act(home, verb, public_id, reason="rights", repository_id=home.repository_id)
    return public_id


# ── Tables ───────────────────────────────────────────────────────────────────────────────────────


def test_both_tables_tell_of_what_is_published(client: TestClient, home: Installation) -> None:
    one = factories.published(home)
    other = factories.published(home, at="school")
    factories.drafted(home)
    gone(home, factories.published(home))
    rows, cells = told(client.get(JSONL)), table(client.get(CSV))
    assert [row["id"] for row in rows] == [row["id"] for row in cells] == [one, other]
    public = client.get(f"/api/resources/{one}").json()
    assert rows[0]["record"] == public["record"]
    assert rows[0]["digest"] == cells[0]["digest"] == public["version"]["digest"]
    assert (cells[0]["title_ar"], cells[0]["institution"], cells[0]["state"]) == (
        "الضوء والماء",
        "college",
        "published",
    )
    assert [file["name"] for file in rows[0]["files"]] == ["lesson.txt"]
    for path, kind in ((JSONL, "application/jsonl"), (CSV, "text/csv; charset=utf-8")):
        answer = client.get(path)
        assert answer.headers["content-type"] == kind
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["content-disposition"] == f'attachment; filename="{path.rpartition("/")[2]}"'


def test_a_branch_is_told_alone(client: TestClient, home: Installation) -> None:
    factories.published(home)
    other = factories.published(home, at="school")
    assert [row["id"] for row in told(client.get(f"{JSONL}?institution=school"))] == [other]
    assert client.get(f"{JSONL}?institution=nowhere").status_code == 404
    assert client.get(f"{CSV}?institution=%00").status_code == 404


@pytest.mark.parametrize("query", ["state=all", "x=1", "institution=a&institution=b", f"institution={'a' * 101}"])
def test_parameters_that_are_none_are_refused(client: TestClient, query: str) -> None:
    assert client.get(f"{JSONL}?{query}").status_code == 422


def test_what_is_not_public_is_told_to_those_who_may_see_it(client: TestClient, home: Installation) -> None:
    author = factories.member(home, Role.DEPOSITOR)
    people = {
        "author": token_of(home, author),
        "colleague": token_of(home, factories.member(home, Role.DEPOSITOR, email="b@example.org")),
        "reviewer": token_of(home, factories.member(home, Role.REVIEWER)),
        "other": token_of(home, factories.member(home, Role.MANAGER, "school")),
    }
    drafted = factories.drafted(home, actor=author)
    revised = factories.published(home)
    factories.act(home, deposits.revise, revised)
    hidden = gone(home, factories.published(home), publishing.hide)
    withdrawn = gone(home, factories.published(home))

    def seen(name: str, state: str) -> list[str]:
        rows = told(client.get(f"{JSONL}?state={state}", headers=people[name]))
        assert [row["id"] for row in table(client.get(f"{CSV}?state={state}", headers=people[name]))] == [
            row["id"] for row in rows
        ]
        return [row["id"] for row in rows]

    assert {name: seen(name, "draft") for name in people} == {
        "author": [drafted], "colleague": [], "reviewer": [drafted, revised], "other": []
    }  # fmt: skip
    assert {name: seen(name, "hidden") + seen(name, "withdrawn") for name in people} == {
        "author": [], "colleague": [], "reviewer": [hidden, withdrawn], "other": []
    }  # fmt: skip
    for state in ("draft", "hidden", "withdrawn"):
        answer = client.get(f"{CSV}?state={state}")
        assert (answer.status_code, answer.json()["code"]) == (401, "sign-in.required")


def test_a_token_has_to_have_the_scope_and_be_ours(client: TestClient, home: Installation) -> None:
    headers = token_of(home, factories.member(home, Role.REVIEWER), "deposit")
    assert client.get(JSONL, headers=headers).json()["code"] == "scope.missing"
    assert client.get(JSONL, headers={"authorization": "Bearer oer_x"}).status_code == 401


@pytest.mark.parametrize("words", ["=1+1", "+x", "-x", "@x", "'=x"])
def test_no_cell_of_a_table_runs(client: TestClient, home: Installation, words: str) -> None:
    factories.published(home, described=factories.record(words))
    (row,) = table(client.get(CSV))
    assert row["title_ar"] == f"'{words}"
    assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_a_table_goes_out_and_comes_back_through_the_doors(client: TestClient, home: Installation) -> None:
    headers = token_of(home, factories.member(home, Role.REVIEWER), "read", "deposit")
    one = factories.published(home, described=factories.record("=1+1"))
    other = factories.published(home, files={"b.txt": b"b"})
    text = client.get(CSV, headers=headers).content.decode("utf-8-sig")
    edited = text.replace("'=1+1", "'=2+2").encode("utf-8-sig")

    def send(**query: Any) -> tuple[Any, list[dict[str, Any]]]:
        answer = client.post(
            "/api/imports",
            params={"update": True} | query,
            content=edited,
            headers=headers | {"content-type": "text/csv"},
        )
        assert answer.status_code == 202, answer.text
        working.drain(home)
        job = client.get(f"/api/jobs/{answer.json()['id']}", headers=headers).json()
        return job, told(client.get(f"/api/jobs/{job['id']}/report", headers=headers))

    job, rows = send(dry_run=True, publish=True)
    assert (job["state"], job["result"]["counts"]["updated"]) == ("done", 1)
    assert [(row["id"], row["status"], row["changes"]) for row in rows] == [
        (one, "updated", [{"field": "title[ar]", "kind": "changed", "before": "=1+1", "after": "=2+2"}]),
        (other, "unchanged", []),
    ]
    assert client.get(f"/api/resources/{one}").json()["version"]["number"] == 1
    send(publish=True)
    found = client.get(f"/api/resources/{one}").json()
    assert (found["version"]["number"], found["record"]["title"][0]["value"]) == (2, "=2+2")
    job, rows = send(publish=True)
    assert job["result"]["counts"] == {"created": 0, "updated": 0, "unchanged": 2, "failed": 0}


def test_a_damaged_record_is_left_out(client: TestClient, home: Installation, poison: Callable[[str], None]) -> None:
    sound, spoilt = factories.published(home), factories.published(home, files={"b.txt": b"b"})
    poison(spoilt)
    assert [row["id"] for row in told(client.get(JSONL))] == [sound]
    assert [row["id"] for row in table(client.get(CSV))] == [sound]
    assert [row["id"] for row in told(client.get(DUMP))[1:]] == [sound]


# ── The dump ─────────────────────────────────────────────────────────────────────────────────────


def test_a_dump_is_everything_in_the_order_of_changes(client: TestClient, home: Installation, watch: Watch) -> None:
    ids = [factories.published(home, files={"a.txt": b"%d" % number}) for number in range(4)]
    gone(home, ids[1])
    gone(home, ids[0], publishing.hide)
    factories.drafted(home)
    header, *rows = told(client.get(DUMP))
    bodies.DumpHeader.model_validate(header)
    assert (header["count"], header["since"], header["last_change"]) == (4, 0, 6)
    assert [row["id"] for row in rows] == [ids[2], ids[3], ids[1], ids[0]]
    assert [row["change"] for row in rows] == [3, 4, 5, 6]
    items = {item["id"]: item for item in client.get("/api/resources").json()["items"]}
    for row in rows[:2]:
        bodies.DumpItem.model_validate(row)
        change = row.pop("change")
        assert row == items[row["id"]]
        assert change
    for row, state in zip(rows[2:], ("withdrawn", "hidden"), strict=True):
        bodies.DumpTombstone.model_validate(row)
        assert set(row) == {"change", "id", "oai_identifier", "state", "reason", "since"}
        assert (row["state"], row["reason"]) == (state, "rights")


def test_increments_bring_what_has_changed_and_nothing_else(client: TestClient, home: Installation) -> None:
    one = factories.published(home)
    factories.published(home, files={"b.txt": b"b"})
    last = told(client.get(DUMP))[0]["last_change"]
    assert len(told(client.get(f"{DUMP}?since={last}"))) == 1
    third = factories.published(home, files={"c.txt": b"c"})
    gone(home, one)
    header, *rows = told(client.get(f"{DUMP}?since={last}"))
    assert header["count"] == 2
    assert [row["id"] for row in rows] == [third, one]
    after_first = rows[0]["change"]
    assert [row["id"] for row in told(client.get(f"{DUMP}?since={after_first}"))[1:]] == [one]


def test_a_since_that_this_repository_has_not_come_to_is_refused(client: TestClient, home: Installation) -> None:
    """After a restoration from a backup a client would else wait for ever, and miss what happens meanwhile."""
    factories.published(home)
    answer = client.get(f"{DUMP}?since=2")
    assert (answer.status_code, answer.json()["code"]) == (422, "dump.since-unknown")
    for word in ("since", "last_change", "(1)"):
        assert word in answer.json()["detail"]
    for wrong in ("-1", "x", "1.5", "9" * 30, "", "1&since=1", "1&x=1"):
        assert client.get(f"{DUMP}?since={wrong}").status_code == 422, wrong


def test_a_dump_needs_nobody_and_shows_no_more_to_anybody(client: TestClient, home: Installation) -> None:
    factories.published(home)
    factories.drafted(home)
    manager = token_of(home, factories.member(home, Role.MANAGER))
    assert told(client.get(DUMP))[1:] == told(client.get(DUMP, headers=manager))[1:]
    assert client.get(DUMP).headers["cache-control"] == "public, no-cache"
    assert "Authorization" not in client.get(DUMP).headers["vary"]


def test_what_changes_while_a_dump_is_written_comes_at_its_end(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_PAGE", 1)
    ids = [factories.published(home, files={"a.txt": b"%d" % number}) for number in range(3)]
    found = exports.dumped(home, since=0)
    seen = [json.loads(next(found)) for _ in range(2)]
    gone(home, ids[1])
    seen += [json.loads(line) for line in found]
    assert [row["id"] for row in seen[1:]] == [ids[0], ids[2], ids[1]]
    assert seen[-1]["state"] == "withdrawn"


# ── How lines are sent ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True), ("gzip, deflate", True), ("br;q=1, gzip;q=0.5", True), ("*", True), ("GZIP", True),
        ("identity", False), ("gzip;q=0", False), ("gzip;q=0.000", False), ("", False), ("br", False), ("gzipx", False),
    ],
)  # fmt: skip
def test_lines_are_packed_where_the_client_asks_for_it(
    client: TestClient, home: Installation, accepted: str, packed: bool
) -> None:
    factories.published(home)
    for path in (DUMP, JSONL, CSV):
        with client.stream("GET", path, headers={"accept-encoding": accepted}) as answer:
            raw = b"".join(answer.iter_raw())
            assert (answer.headers.get("content-encoding") == "gzip") is packed
            assert "Accept-Encoding" in answer.headers["vary"]
        plain = gzip.decompress(raw) if packed else raw
        assert "الضوء والماء".encode() in plain


def test_head_says_what_get_would_and_makes_no_lines(
    client: TestClient, home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.published(home)
    for path in (DUMP, JSONL, CSV):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert "content-length" not in head.headers
        assert {name: head.headers[name] for name in ("content-type", "content-disposition", "vary")} == {
            name: get.headers[name] for name in ("content-type", "content-disposition", "vary")
        }


def test_what_fails_under_way_breaks_the_line_instead_of_ending_it(home: Installation) -> None:
    """A short answer must never look like a whole one."""
    from api import app

    def failing(*_: object) -> Any:
        yield b"{}\n"
        raise ZeroDivisionError

    factories.published(home)
    with pytest.MonkeyPatch.context() as patch, TestClient(app.create(home), raise_server_exceptions=True) as client:
        patch.setattr(exports.tables, "as_jsonl", failing)
        with pytest.raises(ZeroDivisionError):
            client.get(JSONL)


def test_lines_are_gathered_into_pieces_and_never_held_in_whole() -> None:
    pieces = lines._gathered(b"x" * 1000 + b"\n" for _ in range(100_000))
    tracemalloc.start()
    try:
        sizes = [len(piece) for piece in pieces]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(sizes) == 100_100_000
    assert max(sizes) < 80_000
    assert peak < 2_000_000
