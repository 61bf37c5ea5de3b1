"""Files of a draft that do not come in: refused before their bytes are read, broken off, or too large."""

import json
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import asgi
import calling
import factories
import pytest
from asgi import Answered
from calling import Someone, code
from factories import Watch, drafted
from putting import Response, lock, put, url
from starlette.testclient import TestClient
from starlette.types import ASGIApp
from tus import MIB, files

from api import app, streams
from oer import deposits
from oer.installation import Installation
from oer.policy import Actor
from oer.workflow import Role
from storage.errors import Full
from storage.store import Stored

# ── Before the first byte ────────────────────────────────────────────────────────────────────────


def unread(home: Installation, who: Someone, path: str, **headers: str) -> tuple[int, str]:
    """What a request is answered whose body must not be asked for."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answered: Answered = asgi.ask(app.create(home), "PUT", path, {**who.headers, **named}, [b"x"])
    assert not answered.read
    return answered.status, json.loads(answered.content)["code"]


def test_everything_is_asked_before_the_bytes_are_read(
    home: Installation, client: TestClient, author: Someone, draft: str
) -> None:
    nobody, unknown = Someone(client), Someone(client, headers={"authorization": "Bearer oer_x"})
    other = calling.someone(home, client, Role.DEPOSITOR, email="other@example.org")
    limited = calling.someone(home, client, Role.DEPOSITOR, "college", "read")
    assert unread(home, nobody, url(draft)) == (401, "sign-in.required")
    assert unread(home, unknown, url(draft)) == (
        401,
        "token.invalid",
    )
    assert unread(home, other, url(draft)) == (404, "draft.unknown")
    assert unread(home, limited, url(draft)) == (403, "scope.missing")
    assert unread(home, author, url("0000000000")) == (404, "draft.unknown")
    assert unread(home, author, url("nothing!")) == (404, "draft.unknown")
    assert unread(home, author, url(draft), content_length=str(9 << 30)) == (413, "file.too-large")
    put(author, draft, b"x")
    assert unread(home, author, url(draft)) == (428, "precondition.required")
    assert unread(home, author, url(draft), if_match=f'"{"0" * 64}"') == (412, "file.stale")
    assert unread(home, author, url(draft), content_length="many") == (400, "request.malformed")
    factories.act(home, deposits.submit, draft)
    assert unread(home, author, url(draft, "b.txt")) == (409, "transition.impossible")


@pytest.mark.parametrize(
    ("role", "at", "status"),
    [
        (Role.DEPOSITOR, "college", 404),
        (Role.REVIEWER, "college", 201),
        (Role.MANAGER, "college", 201),
        (Role.REVIEWER, "elsewhere", 404),
        (Role.MANAGER, "elsewhere", 404),
    ],
)
def test_others_put_files_into_a_draft_as_their_role_allows(
    home: Installation, client: TestClient, draft: str, role: Role, at: str, status: int
) -> None:
    who = calling.someone(home, client, role, at, email=f"{role.word}@{at}.example.org")
    assert put(who, draft, b"x").status_code == status
    assert len(files(home, draft)) == (status == 201)


def test_a_right_that_ends_while_the_bytes_come_counts(home: Installation, author: Someone, draft: str) -> None:
    put(author, draft, b"y", "y.txt")

    def meanwhile() -> Iterator[bytes]:
        yield b"late"
        factories.act(home, deposits.submit, draft)

    refused = asgi.ask(app.create(home), "PUT", url(draft), author.headers, meanwhile())
    assert (refused.status, json.loads(refused.content)["code"]) == (409, "transition.impossible")
    assert set(files(home, draft)) == {"y.txt"}


# ── Lines that break ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [0, 5, 4 * MIB, 9 * MIB])
def test_a_line_that_breaks_leaves_nothing(home: Installation, author: Someone, draft: str, size: int) -> None:
    before = lock(author, draft)
    pieces = [bytes(417_792)] * (size // 417_792) + [b"rest"]
    for headers in ({}, {"content-length": str(10 * MIB)}):
        refused = asgi.ask(app.create(home), "PUT", url(draft), {**author.headers, **headers}, pieces, breaks=True)
        assert (refused.status, json.loads(refused.content)["code"]) == (400, "upload.broken-off")
    assert (files(home, draft), lock(author, draft), list(home.store.keys())) == ({}, before, [])


def test_a_line_that_falls_silent_counts_as_broken(
    home: Installation, author: Someone, draft: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_SILENCE", 0.2)
    refused = asgi.ask(app.create(home), "PUT", url(draft), author.headers, [b"half"], silent=True)
    assert (refused.status, json.loads(refused.content)["code"]) == (400, "upload.broken-off")
    assert (files(home, draft), list(home.store.keys())) == ({}, [])


@pytest.mark.parametrize("length", ["3", "5", "0"])
def test_a_body_of_another_length_than_announced_leaves_nothing(
    home: Installation, author: Someone, draft: str, length: str
) -> None:
    headers = {**author.headers, "content-length": length}
    refused = asgi.ask(app.create(home), "PUT", url(draft), headers, [b"four"])
    assert (refused.status, list(home.store.keys())) == (400, [])
    assert files(home, draft) == {}


# ── Limits ───────────────────────────────────────────────────────────────────────────────────────


class Limited:
    """An installation with limits of its own, its author and their draft."""

    def __init__(self, folder: Path, **limits: int) -> None:
        self._opened = factories.opened(folder, now=Watch(), **limits)
        self.home = self._opened.__enter__()
        self.app: ASGIApp = app.create(self.home)
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self.author = calling.someone(self.home, self.client, Role.DEPOSITOR)
        assert self.author.actor is not None
        self.actor: Actor = self.author.actor
        self.draft = drafted(self.home, files={}, actor=self.actor)

    def __enter__(self) -> "Limited":
        return self

    def __exit__(self, *error: object) -> None:
        self.client.close()
        self._opened.__exit__(None, None, None)

    def put(self, size: int, name: str, **more: Any) -> Response:
        return put(self.author, more.pop("draft", self.draft), bytes(size), name, **more)

    def streamed(self, size: int, name: str) -> Answered:
        """Without saying how much will come."""
        return asgi.ask(self.app, "PUT", url(self.draft, name), self.author.headers, [bytes(size)])


CASES = [
    ({"max_file_size": 10}, "file.too-large", 10),
    ({"max_draft_size": 10}, "draft.too-large", 10),
    ({"person_quota": 10}, "quota.person", 10),
    ({"institution_quota": 10}, "quota.institution", 10),
]


@pytest.mark.parametrize(("limits", "refusal", "most"), CASES)
def test_a_limit_holds_to_the_byte_announced_or_not(
    tmp_path: Path, limits: dict[str, int], refusal: str, most: int
) -> None:
    with Limited(tmp_path, **limits) as place:
        announced, streamed = place.put(most + 1, "a"), place.streamed(most + 1, "a")
        assert code(announced) == (413, refusal)
        assert (streamed.status, json.loads(streamed.content)["code"]) == (413, refusal)
        assert str(most) in announced.json()["detail"]
        assert (files(place.home, place.draft), list(place.home.store.keys())) == ({}, [])
        assert place.streamed(most, "a").status == 201


@pytest.mark.parametrize(("limits", "refusal", "most"), CASES[1:])
def test_what_is_there_counts_and_what_is_replaced_does_not(
    tmp_path: Path, limits: dict[str, int], refusal: str, most: int
) -> None:
    with Limited(tmp_path, **limits) as place:
        assert place.put(6, "a").status_code == 201
        assert code(place.put(5, "b")) == (413, refusal)
        assert "4" in place.put(5, "b").json()["detail"]
        assert place.put(4, "b").status_code == 201
        assert place.put(6, "b", if_match="*").status_code == 413
        assert place.put(5, "b", if_match="*").status_code == 413
        assert place.put(3, "a", if_match="*").status_code == 200
        assert place.put(7, "b", if_match="*").status_code == 200


def test_quotas_count_all_drafts_and_forget_what_is_published_or_discarded(tmp_path: Path) -> None:
    with Limited(tmp_path, person_quota=10) as place:
        second = drafted(place.home, files={"a": b"1234567"}, actor=place.actor)
        others = drafted(place.home, files={"a": b"1234567"}, actor=factories.member(place.home, Role.REVIEWER))
        assert code(place.put(4, "a")) == (413, "quota.person")
        assert place.put(3, "a").status_code == 201
        factories.act(place.home, deposits.discard, second, actor=place.actor)
        assert place.put(7, "b").status_code == 201
        assert files(place.home, others) != {}


def test_the_number_of_files_is_limited(tmp_path: Path) -> None:
    with Limited(tmp_path, max_files=1) as place:
        assert place.put(1, "a").status_code == 201
        assert code(place.put(1, "b")) == (413, "files.too-many")
        assert place.put(2, "a", if_match="*").status_code == 200


def test_two_who_want_the_last_room_do_not_both_get_it(tmp_path: Path) -> None:
    with Limited(tmp_path, institution_quota=10) as place:
        drafts = [drafted(place.home, files={}, actor=place.actor) for _ in range(4)]
        start = threading.Barrier(len(drafts))
        answers: list[int] = []

        def one(draft: str) -> None:
            def pieces() -> Iterator[bytes]:
                start.wait(20)  # everybody was let in by now
                yield bytes(6)

            answers.append(asgi.ask(place.app, "PUT", url(draft), place.author.headers, pieces()).status)

        threads = [threading.Thread(target=one, args=(draft,)) for draft in drafts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [201, 413, 413, 413]


def test_more_uploads_than_can_be_received_at_a_time_are_told_to_come_again(tmp_path: Path) -> None:
    with Limited(tmp_path, max_uploads=1) as place:
        refused: list[Response] = []

        def meanwhile() -> Iterator[bytes]:
            yield b"slow"
            refused.append(place.put(1, "b"))
            assert place.client.get("/api/resources").status_code == 200

        assert asgi.ask(place.app, "PUT", url(place.draft, "a"), place.author.headers, meanwhile()).status == 201
        assert code(refused[0]) == (503, "uploads.too-many")
        assert int(refused[0].headers["retry-after"]) > 0
        assert place.put(1, "b").status_code == 201


def test_a_full_store_is_507_and_leaves_nothing(
    home: Installation, author: Someone, draft: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(chunks: Iterable[bytes], expected: str | None = None) -> Stored:
        next(iter(chunks))
        raise Full

    monkeypatch.setattr(home.store, "put", full)
    assert code(put(author, draft, b"x")) == (507, "store.full")
    monkeypatch.undo()
    assert files(home, draft) == {}
    assert put(author, draft, b"x").status_code == 201
