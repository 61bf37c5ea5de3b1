"""Uploads by tus whose checksums are right, wrong or unknown."""

import os

import pytest
from calling import code
from tus import MIB, Sender, ask, checksum, files, sha256

from api import parts
from oer.installation import Installation


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("memory", [1 << 20, 1000])
def test_a_part_with_another_checksum_is_not_kept(
    home: Installation, sender: Sender, algorithm: str, memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_MEMORY", memory)
    content = os.urandom(5000)
    where = sender.begun(len(content))
    first = sender.patch(where, 0, content[:2000], upload_checksum=checksum(content[:2000], algorithm))
    assert first.status_code == 204
    wrong = sender.patch(where, 2000, content[2000:], upload_checksum=checksum(b"other", algorithm))
    assert code(wrong) == (460, "upload.checksum-wrong")
    assert sender.offset(where) == 2000
    right = sender.patch(where, 2000, content[2000:], upload_checksum=checksum(content[2000:], algorithm))
    assert right.status_code == 204
    assert files(home, sender.draft) == {"درس.mp4": sha256(content)}
    assert [each for each in home.settings.data.iterdir() if each.name.startswith("tmp")] == []


def test_a_creation_with_another_checksum_keeps_none_of_its_bytes(home: Installation, sender: Sender) -> None:
    assert code(sender.create(4, b"four", upload_checksum=checksum(b"five"))) == (460, "upload.checksum-wrong")
    assert [home.store.size(upload) for upload, _ in home.store.uploads()] == [0]
    assert files(home, sender.draft) == {}


def test_a_part_with_a_checksum_that_breaks_off_is_not_kept(home: Installation, sender: Sender) -> None:
    content = os.urandom(9 * MIB)
    where = sender.begun(len(content))
    told = {"upload_checksum": checksum(content), "content_length": str(len(content))}
    assert ask(home, sender, where, 0, [content[: 8 * MIB]], breaks=True, headers=told).status == 400
    assert sender.offset(where) == 0


@pytest.mark.parametrize("given", ["", "sha256", "md5 AAAA", "sha256 AAAA", "sha256 %%%", f"sha1 {'A' * 44}"])
def test_checksums_of_other_kinds_are_refused(sender: Sender, given: str) -> None:
    where = sender.begun(4)
    refused = sender.patch(where, 0, b"four", upload_checksum=given)
    assert code(refused) == (400, "tus.checksum-unsupported")
    assert "sha256" in refused.json()["detail"]
    assert sender.offset(where) == 0


def test_a_file_with_another_checksum_than_announced_is_over(home: Installation, sender: Sender) -> None:
    where = sender.begun(4, said={"sha256": sha256(b"five").upper()})
    sender.patch(where, 0, b"fo")
    assert code(sender.patch(where, 2, b"ur")) == (422, "checksum.mismatch")
    assert sender.head(where).status_code == 404
    assert (files(home, sender.draft), list(home.store.keys()), list(home.store.uploads())) == ({}, [], [])
    again = sender.begun(4, said={"sha256": sha256(b"five")})
    assert sender.patch(again, 0, b"five").status_code == 204
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"five")}
