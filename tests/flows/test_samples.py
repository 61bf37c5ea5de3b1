"""Real learning resources, all the way: one command brings them in, any client gets them out as they were."""

import hashlib
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import serving
from conftest import ROOT
from serving import Home

RECORDS = ROOT / "tests" / "samples" / "index.json"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Home]:
    """A served installation that holds the samples."""
    with serving.home(tmp_path_factory.mktemp("samples")) as home:
        home.oer("institution", "add", "library", "--ar", "المكتبة", "--en", "The library", "--kind", "organisation")
        _import(home, shared)
        with serving.serving(home):
            yield home


def _import(home: Home, shared: Path) -> Any:
    return home.oer_json("import", RECORDS, "--files", shared / "samples", "--institution", "library", "--publish")


def _listed(home: Home) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    url: str | None = f"{home.url}/api/resources?limit=20"
    while url:
        with urllib.request.urlopen(url, timeout=20) as answer:
            page = json.load(answer)
            link = answer.headers.get("Link", "")
        items += page["items"]
        url = next((part.split(">")[0].strip(" <") for part in link.split(",") if 'rel="next"' in part), None)
    return items


def _get(url: str, **headers: str) -> tuple[int, bytes, Message]:
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status, answer.read(), answer.headers


def _name(headers: Message) -> str:
    """The file name that RFC 6266, section 4.3, prefers: ``filename*`` where there is one."""
    extended = re.search(r"filename\*=UTF-8''([^;\s]+)", headers["Content-Disposition"])
    return urllib.parse.unquote(extended[1]) if extended else str(headers.get_filename())


def test_every_sample_downloads_as_it_was(filled: Home, shared: Path) -> None:
    expected = {row["sha256"]: row for row in json.loads((shared / "samples" / "index.json").read_text("utf-8"))}
    items = _listed(filled)
    assert len(items) == len(expected) == 49
    for item in items:
        (file,) = item["files"]
        row = expected.pop(file["sha256"])
        status, content, headers = _get(file["url"])
        assert status == 200
        assert content == (shared / "samples" / row["path"]).read_bytes()
        assert headers.get_content_type() == row["media_type"] == file["media_type"]
        assert _name(headers) == file["name"] == Path(row["path"]).name
        assert headers["ETag"]
        assert item["state"] == "published"
    assert not expected


def test_any_part_of_any_sample_can_be_asked_for(filled: Home) -> None:
    for item in _listed(filled):
        (file,) = item["files"]
        size = file["size"]
        _, whole, _ = _get(file["url"])
        for wanted, part in (
            (f"bytes={size // 3}-{size // 2}", whole[size // 3 : size // 2 + 1]),
            ("bytes=0-0", whole[:1]),
            ("bytes=-17", whole[-17:]),
            (f"bytes={size - 1}-", whole[-1:]),
        ):
            status, content, headers = _get(file["url"], Range=wanted)
            assert (status, content) == (206, part)
            assert headers["Content-Range"].endswith(f"/{size}")
    with pytest.raises(urllib.error.HTTPError) as refused:
        _get(file["url"], Range=f"bytes={size}-")
    assert refused.value.code == 416
    refused.value.close()


def test_a_second_import_makes_no_doubles(filled: Home, shared: Path) -> None:
    before = {item["id"]: item["version"] for item in _listed(filled)}
    report = _import(filled, shared)
    assert report["counts"] == {"unchanged": 49}
    assert {item["id"]: item["version"] for item in _listed(filled)} == before


def test_an_arabic_name_survives_the_way_out(filled: Home, tmp_path: Path) -> None:
    lesson = tmp_path / "درس الماء – النسخة ١.txt"
    lesson.write_text("الماء حياة", "utf-8")
    record = tmp_path / "record.json"
    record.write_text(json.dumps(json.loads(RECORDS.read_text("utf-8"))[0]["record"]), "utf-8")
    made = filled.oer_json("deposit", lesson, "--record", record, "--institution", "library", "--publish")
    with urllib.request.urlopen(f"{filled.url}/api/resources/{made['id']}", timeout=20) as answer:
        (file,) = json.load(answer)["files"]
    _, content, headers = _get(file["url"])
    assert content == lesson.read_bytes()
    assert file["name"] == lesson.name
    assert hashlib.sha256(content).hexdigest() == file["sha256"]
    assert _name(headers) == lesson.name
    filled.oer("withdraw", made["id"], "--reason", "error")
    with pytest.raises(urllib.error.HTTPError) as gone:
        _get(file["url"])
    assert gone.value.code == 410
    gone.value.close()


def test_nothing_in_the_data_folder_is_for_everybody(filled: Home) -> None:
    folder = Path(filled.environment["OER_DATA"])
    assert not [path for path in folder.rglob("*") if path.stat().st_mode & 0o007]
