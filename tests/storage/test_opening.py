"""From addresses to stores."""

from pathlib import Path

import pytest

from storage.filesystem import FilesystemStore
from storage.memory import MemoryStore
from storage.opening import from_url
from storage.s3 import S3Store


def test_a_folder_is_absolute_or_relative_and_may_be_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url, folder in (
        (f"file:{tmp_path}/one", "one"),
        (f"file://{tmp_path}/two", "two"),
        ("file:three/below", "three/below"),
        ("file:my%20files%20%D8%B9", "my files ع"),
    ):
        store = from_url(url)
        assert isinstance(store, FilesystemStore)
        assert store.folder == tmp_path / folder
        assert (tmp_path / folder / "objects").is_dir()


def test_memory_is_a_new_store_each_time() -> None:
    one, other = from_url("memory:"), from_url("memory:")
    assert isinstance(one, MemoryStore)
    one.put([b"x"])
    assert list(other.keys()) == []


def test_an_s3_address_opens_without_asking_the_server() -> None:
    store = from_url(
        "s3://127.0.0.1:9/bucket/a/b?secure=false&region=eu-1", access_key="AKIDKEY", secret_key="SECRETKEY"
    )
    assert isinstance(store, S3Store)
    assert repr(store) == "S3Store(Bucket('127.0.0.1:9', 'bucket'), prefix='a/b/')"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/plain/path",
        "ftp://host/x",
        "file:",
        "file://host/path",
        "file:/a?x=1",
        "file:/a#b",
        "memory:x",
        "memory://x",
        "s3:bucket",
        "s3://host",
        "s3://host/",
        "s3://host/B",
        "s3://host/UPPER/x",
        "s3://:9000/bucket",
        "s3://host:port/bucket",
        "s3://AKIDKEY:SECRETKEY@host/bucket",
        "s3://host/bucket/../x",
        "s3://host/bucket/a//b",
        "s3://host/bucket/a%20b",
        "s3://host/bucket?secure=maybe",
        "s3://host/bucket?secure=true&secure=false",
        "s3://host/bucket?region=",
        "s3://host/bucket?secret_key=SECRETKEY",
        "s3://host/bucket?junk",
        "s3://host/bucket#x",
    ],
)
def test_a_bad_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError) as raised:
        from_url(url, access_key="AKIDKEY", secret_key="SECRETKEY")
    assert "SECRETKEY" not in str(raised.value)
    assert "AKIDKEY" not in str(raised.value)


@pytest.mark.parametrize("keys", [(None, None), ("k", None), (None, "s"), ("", "s")])
def test_an_s3_store_needs_both_keys(keys: tuple[str | None, str | None]) -> None:
    with pytest.raises(ValueError, match="secret key"):
        from_url("s3://host/bucket", access_key=keys[0], secret_key=keys[1])
