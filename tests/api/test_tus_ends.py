"""How uploads by tus end: by whom, in which draft, in place of which file, after which crash, and by themselves."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import calling
import factories
import pytest
from calling import Someone, code
from factories import Watch, drafted
from starlette.testclient import TestClient
from tus import URL, Sender, ask, files, sha256

from api import app
from oer import blobs, deposits, publishing, uploads
from oer.db import reading, transaction
from oer.errors import Unavailable
from oer.installation import Installation
from oer.models import Blob, Upload
from oer.policy import OPERATOR
from oer.workflow import Role

# ── Whose it is, and how it ends ─────────────────────────────────────────────────────────────────


def test_an_upload_is_there_for_its_sender_alone(home: Installation, client: TestClient, sender: Sender) -> None:
    where = sender.begun(4)
    for who in (
        calling.someone(home, client, Role.MANAGER),
        calling.someone(home, client, Role.DEPOSITOR, email="other@example.org"),
    ):
        other = Sender(who, sender.draft)
        assert other.head(where).status_code == 404
        assert code(other.patch(where, 0, b"four")) == (404, "upload.unknown")
        assert code(other.ask("DELETE", where)) == (404, "upload.unknown")
    nobody = Sender(Someone(client), sender.draft)
    assert nobody.head(where).status_code == 401
    assert nobody.patch(where, 0, b"four").status_code == 401
    assert nobody.ask("DELETE", where).status_code == 401
    for unknown in ("0" * 32, "x", "..%2f..", "a%00b", "%F0%9F%92%A9"):
        assert sender.head(f"{URL}/{unknown}").status_code == 404
    assert sender.patch(where, 0, b"four").status_code == 204


def test_an_upload_that_is_given_up_leaves_nothing(home: Installation, sender: Sender) -> None:
    where = sender.begun(4)
    sender.patch(where, 0, b"fo")
    assert sender.ask("DELETE", where).status_code == 204
    assert sender.head(where).status_code == sender.ask("DELETE", where).status_code == 404
    assert list(home.store.uploads()) == []
    whole = sender.begun(4)
    sender.patch(whole, 0, b"four")
    assert sender.ask("DELETE", whole).status_code == 204
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"four")}


def test_a_draft_that_was_submitted_takes_the_file_once_it_is_recalled(home: Installation, sender: Sender) -> None:
    sender.patch(sender.begun(1, said={"filename": "a"}), 0, b"x")
    where = sender.begun(4)
    sender.patch(where, 0, b"fo")
    factories.act(home, deposits.submit, sender.draft)
    assert code(sender.patch(where, 2, b"ur")) == (409, "transition.impossible")
    assert sender.offset(where) == 2
    factories.act(home, deposits.recall, sender.draft)
    assert sender.patch(where, 2, b"ur").status_code == 204
    assert set(files(home, sender.draft)) == {"a", "درس.mp4"}


def test_a_draft_submitted_during_the_last_part_is_no_success(home: Installation, sender: Sender) -> None:
    sender.patch(sender.begun(1, said={"filename": "a"}), 0, b"x")
    where = sender.begun(4)

    def meanwhile() -> Iterator[bytes]:
        yield b"four"
        factories.act(home, deposits.submit, sender.draft)

    assert ask(home, sender, where, 0, meanwhile()).status == 409
    assert sender.head(where).status_code == 409  # all bytes are there, and the file is not
    factories.act(home, deposits.recall, sender.draft)
    assert sender.offset(where) == 4
    assert set(files(home, sender.draft)) == {"a", "درس.mp4"}


@pytest.mark.parametrize("way", ["discarded", "published"])
def test_a_draft_that_has_ended_is_told(home: Installation, sender: Sender, way: str) -> None:
    done, where = sender.begun(1, said={"filename": "done"}), sender.begun(4)
    sender.patch(done, 0, b"x")
    sender.patch(where, 0, b"fo")
    if way == "discarded":
        factories.act(home, deposits.discard, sender.draft)
    else:
        factories.act(home, publishing.publish, sender.draft, repository_id=home.repository_id)
    # SQLite gives the number of the draft to the next one.
    after = drafted(home, files={}, actor=sender.who.actor or OPERATOR)
    assert sender.head(where).status_code == 410
    assert code(sender.patch(where, 2, b"ur")) == (410, "upload.draft-gone")
    assert sender.offset(done) == 1
    assert files(home, after) == {}
    assert sender.ask("DELETE", where).status_code == 204


def test_a_draft_that_ends_during_the_last_part_is_told(home: Installation, sender: Sender) -> None:
    where = sender.begun(4)

    def meanwhile() -> Iterator[bytes]:
        yield b"four"
        factories.act(home, deposits.discard, sender.draft)

    assert ask(home, sender, where, 0, meanwhile()).status == 410
    assert sender.head(where).status_code == 410


# ── Replacing ────────────────────────────────────────────────────────────────────────────────────


def test_a_file_is_replaced_by_who_said_so_at_the_beginning(home: Installation, sender: Sender) -> None:
    sender.patch(sender.begun(3), 0, b"old")
    tag = f'"{sha256(b"old")}"'
    assert code(sender.create(3)) == (428, "precondition.required")
    assert code(sender.create(3, if_match=f'"{sha256(b"x")}"')) == (412, "file.stale")
    assert code(sender.create(3, said={"filename": "b"}, if_match="*")) == (412, "file.stale")
    one, two, three = (sender.begun(3, if_match=match) for match in (tag, tag, "*"))
    assert sender.patch(one, 0, b"one").status_code == 204
    assert code(sender.patch(two, 0, b"two")) == (412, "file.stale")
    assert sender.head(two).status_code == 412
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"one")}
    assert sender.patch(three, 0, b"333").status_code == 204
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"333")}


def test_two_new_files_of_one_name_do_not_hide_each_other(home: Installation, sender: Sender) -> None:
    one, two, same = sender.begun(3), sender.begun(3), sender.begun(3)
    assert sender.patch(one, 0, b"one").status_code == 204
    assert code(sender.patch(two, 0, b"two")) == (412, "file.stale")
    assert sender.patch(same, 0, b"one").status_code == 204  # the very same file
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"one")}


# ── Crashes and lost replies ─────────────────────────────────────────────────────────────────────


def test_whoever_asks_after_a_crash_behind_the_last_byte_gets_the_file(home: Installation, sender: Sender) -> None:
    where = sender.begun(4)
    home.store.append(where.rpartition("/")[2], 0, [b"four"])
    assert files(home, sender.draft) == {}
    assert sender.offset(where) == 4
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"four")}


@pytest.mark.parametrize("asked", ["HEAD", "PATCH"])
def test_a_crash_between_the_object_and_its_row_is_made_good(home: Installation, sender: Sender, asked: str) -> None:
    where = sender.begun(4)
    upload_id = where.rpartition("/")[2]
    home.store.append(upload_id, 0, [b"four"])
    home.store.finish(upload_id)
    answer = sender.head(where) if asked == "HEAD" else sender.patch(where, 4, b"")
    assert answer.headers["upload-offset"] == "4"
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"four")}
    assert list(home.store.uploads()) == []


def test_a_receipt_that_was_left_behind_does_no_harm(
    home: Installation, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = sender.begun(4)
    monkeypatch.setattr(type(home.store), "abort", lambda *_: None)
    assert sender.patch(where, 0, b"four").status_code == 204
    monkeypatch.undo()
    assert len(list(home.store.uploads())) == 1
    assert sender.offset(where) == 4
    uploads.expire(home.engine, home.store, now=datetime.now(UTC) + timedelta(days=8), lifetime=timedelta(days=7))
    assert list(home.store.uploads()) == []
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"four")}


def test_a_database_that_fails_at_the_end_loses_nothing(
    home: Installation, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = sender.begun(4)

    def down(*_: Any, **__: Any) -> None:
        raise Unavailable("database.busy")

    monkeypatch.setattr(uploads, "complete", down)
    assert sender.patch(where, 0, b"four").status_code == 503
    assert sender.head(where).status_code == 503
    monkeypatch.undo()
    assert sender.offset(where) == 4
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"four")}


def test_bytes_that_the_sweeper_was_about_to_remove_come_back(home: Installation, sender: Sender) -> None:
    stored = home.store.put([b"four"])
    with transaction(home.engine) as session:
        modified = home.store.stat(stored.key).modified
        session.add(Blob(key=stored.key, size=4, created=home.now(), marked=home.now(), marked_modified=modified))
    where = sender.begun(4)
    time.sleep(1.1)  # S3 tells whole seconds: bytes of the same one could be those from before the mark
    refused = sender.patch(where, 0, b"four")
    assert code(refused) == (503, "blob.being-removed")
    swept = blobs.sweep(home.engine, home.store, now=home.now(), grace=timedelta(0), wait=lambda: None)
    assert swept.removed == 0
    assert sender.offset(where) == 4
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"four")}


# ── Expiry ───────────────────────────────────────────────────────────────────────────────────────


def row(home: Installation, where: str) -> Upload | None:
    with reading(home.engine) as session:
        return session.get(Upload, where.rpartition("/")[2])


def expire(home: Installation) -> int:
    return uploads.expire(home.engine, home.store, now=home.now(), lifetime=timedelta(days=home.settings.upload_days))


def test_an_upload_that_nobody_goes_on_with_expires(
    home: Installation, client: TestClient, sender: Sender, watch: Watch
) -> None:
    watch.moment = datetime.now(UTC)  # the store has a clock of its own
    sender = Sender(calling.someone(home, client, Role.DEPOSITOR), sender.draft)
    where, active = sender.begun(4), sender.begun(4, said={"filename": "b"})
    sender.patch(where, 0, b"fo")
    first = sender.head(where).headers["upload-expires"]
    assert first == (watch.moment + timedelta(days=7)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    watch.forward(days=6)
    assert sender.patch(active, 0, b"fo").status_code == 204
    assert expire(home) == 0
    watch.forward(days=2)
    assert sender.head(where).status_code == 410
    assert code(sender.patch(where, 2, b"ur")) == (410, "upload.expired")
    assert code(sender.ask("DELETE", where)) == (410, "upload.expired")
    assert expire(home) == 1
    assert [upload for upload, _ in home.store.uploads()] == [active.rpartition("/")[2]]
    assert sender.head(where).status_code == 410
    assert sender.patch(active, 2, b"ur").status_code == 204
    watch.forward(days=7)
    expire(home)
    assert sender.head(where).status_code == 404
    assert row(home, where) is None
    assert files(home, sender.draft) == {"b": sha256(b"four")}


def test_bytes_that_came_lately_are_never_given_up(home: Installation, sender: Sender, watch: Watch) -> None:
    """A part of a week, over a slow line: its row looks old, its bytes do not."""
    where = sender.begun(4)
    watch.moment = datetime.now(UTC)
    assert (row(home, where) or Upload()).expires < home.now()
    assert expire(home) == 0
    assert len(list(home.store.uploads())) == 1


def test_bytes_that_no_row_knows_expire_too(home: Installation, watch: Watch) -> None:
    home.store.begin()
    watch.moment = datetime.now(UTC)
    assert expire(home) == 0
    watch.forward(days=8)
    assert expire(home) == 1
    assert list(home.store.uploads()) == []


# ── Limits ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("quota", ["person_quota", "institution_quota"])
def test_what_was_announced_counts_until_it_is_given_up(tmp_path: Path, watch: Watch, quota: str) -> None:
    with factories.opened(tmp_path, now=watch, **{quota: 10}) as home:
        client = TestClient(app.create(home), raise_server_exceptions=False)
        who = calling.someone(home, client, Role.DEPOSITOR)
        assert who.actor is not None
        sender = Sender(who, drafted(home, files={}, actor=who.actor))
        first = sender.begun(6)
        refused = sender.create(5, said={"filename": "b"})
        assert code(refused) == (413, quota.replace("_quota", "").join(["quota.", ""]))
        assert "4" in refused.json()["detail"]
        assert sender.patch(first, 0, b"123456").status_code == 204  # what was promised is kept
        assert sender.create(5, said={"filename": "b"}).status_code == 413
        second = sender.begun(4, said={"filename": "b"})
        assert sender.create(1, said={"filename": "c"}).status_code == 413
        sender.ask("DELETE", second)
        third = sender.begun(4, said={"filename": "c"})
        watch.forward(days=8)
        assert sender.head(third).status_code == 410
        who = calling.someone(home, client, Role.DEPOSITOR)
        assert Sender(who, sender.draft).create(4, said={"filename": "d"}).status_code == 201
        client.close()
