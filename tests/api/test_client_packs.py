"""Packs by the client for partners."""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import partners
import pytest
from partners import RECORD, Served

from oer.client import ApiError, Client
from oer.client.errors import Damaged
from oer.client.transfers import whole_zip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with partners.served(tmp_path_factory.mktemp("client")) as found:
        yield found


@pytest.fixture
def client(served: Served) -> Iterator[Callable[..., Client]]:
    with served.clients() as found:
        yield found


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    made = tmp_path / "درس.bin"
    made.write_bytes(bytes(range(256)) * 20_000)
    return made


def test_a_collection_and_a_resource_are_taken_along(
    client: Callable[..., Client], tmp_path: Path, lesson: Path
) -> None:
    reviewer, anybody = client("reviewer"), client(None)
    draft = reviewer.create("college", RECORD)
    resource = reviewer.publish(reviewer.upload(draft, lesson))
    held = reviewer.collections.create("college", {"ar": "العلوم"})
    held = reviewer.collections.publish(reviewer.collections.add(held, resource, note="أولًا"))
    for thing, name in ((held, "a.zip"), (held.id, "b.zip"), (resource, "c.zip")):
        found = anybody.pack(thing, tmp_path / name, language="fr")
        with zipfile.ZipFile(found) as opened:
            assert opened.read(f"files/{resource.id}/{lesson.name}") == lesson.read_bytes()
            assert 'lang="fr"' in opened.read("index.html").decode()
    with pytest.raises(ApiError) as unknown:
        anybody.pack("0000000000", tmp_path / "d.zip")
    assert unknown.value.status == 404
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "b.zip", "c.zip", lesson.name]


def test_a_damaged_pack_is_not_kept(
    client: Callable[..., Client], tmp_path: Path, lesson: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewer = client("reviewer")
    resource = reviewer.publish(reviewer.upload(reviewer.create("college", RECORD), lesson))
    monkeypatch.setattr("oer.client.transfers.whole_zip", lambda path: not whole_zip(path))
    with pytest.raises(Damaged):
        reviewer.pack(resource, tmp_path / "a.zip")
    assert [path.name for path in tmp_path.iterdir()] == [lesson.name]


def test_what_is_no_zip_or_has_wrong_bytes_is_not_whole(tmp_path: Path) -> None:
    place = tmp_path / "a.zip"
    with zipfile.ZipFile(place, "w") as made:
        made.writestr("a.txt", b"sixteen bytes...")
    assert whole_zip(place)
    content = place.read_bytes()
    place.write_bytes(content.replace(b"sixteen", b"sixteeN"))
    assert not whole_zip(place)
    place.write_bytes(content[:40])
    assert not whole_zip(place)
