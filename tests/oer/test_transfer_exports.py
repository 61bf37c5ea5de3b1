import errno
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import factories
import pytest

from oer import deposits, publishing, queries
from oer.db import reading, transaction
from oer.errors import Full, Invalid, NotFound, TooLarge
from oer.installation import Installation
from oer.models import Institution
from oer.policy import OPERATOR
from oer.transfer import exports, folders, sources
from oer.transfer.exports import export
from oer.transfer.imports import Importer, Options
from storage import errors as store_errors


@pytest.fixture
def full(home: Installation) -> Installation:
    """Three published resources in two institutions, a draft, and one that was withdrawn."""
    factories.published(home, files={"درس الماء.txt": "الماء".encode(), "ملاحظة.txt": b"note"})
    revised = factories.published(home, files={"a.txt": b"a"}, described=factories.record("قبل"))
    with transaction(home.engine) as session:
        college = queries.institutions.by_slug(session, slug="college")
        factories.institution(session, "club", parent=college)
        factories.institution(session, "school")
    factories.published(home, at="club", files={"a.txt": b"a"})
    factories.published(home, at="school", files={"empty.txt": b""})
    factories.drafted(home)
    factories.act(home, deposits.revise, revised)
    factories.act(home, deposits.save, revised, factories.record("بعد"))
    factories.act(home, publishing.publish, revised, repository_id=home.repository_id)
    for place in ("school", "club"):
        gone = factories.published(home, at=place, files={"gone.txt": place.encode()})
        factories.act(home, publishing.withdraw, gone, reason="rights", repository_id=home.repository_id)
    return home


class Exported:
    """An export, whichever form it has."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def read(self, name: str) -> bytes:
        if self.target.is_dir():
            return (self.target / name).read_bytes()
        with zipfile.ZipFile(self.target) as archive:
            return archive.read(name)

    def names(self) -> set[str]:
        if self.target.is_dir():
            return {str(path.relative_to(self.target)) for path in self.target.rglob("*") if path.is_file()}
        with zipfile.ZipFile(self.target) as archive:
            assert archive.testzip() is None
            return set(archive.namelist())

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.read(name).splitlines()]

    def content(self) -> list[Any]:
        """What must be the same in any export of the same resources: all but ids, places and times."""
        kept = []
        for row in self.lines("index.jsonl"):
            files = [{**file, "path": None, "bytes": self.read(file["path"]).hex()} for file in row["files"]]
            kept.append({"record": row["record"], "files": files})
        return sorted(kept, key=lambda row: json.dumps(row, sort_keys=True))


def nothing_left(folder: Path) -> bool:
    return not [path for path in folder.iterdir() if path.name != "home"]


@pytest.fixture(params=["out", "out.zip"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def bring_in(home: Installation, source: Path) -> list[str]:
    with transaction(home.engine) as session:
        factories.institution(session, "library")
    importer = Importer(
        engine=home.engine,
        store=home.store,
        actor=OPERATOR,
        options=Options(institution="library", source="partner", publish=True),
        limits=home.settings,
        repository_id=home.repository_id,
        now=home.now,
    )
    with sources.opened(source, most=100) as opened:
        return [result.status for result in importer.run(opened.rows, opened.folder)]


def test_an_export_imported_elsewhere_and_exported_again_is_the_same(
    full: Installation, tmp_path: Path, target: Path
) -> None:
    assert export(full.engine, full.store, target) == 4
    first = Exported(target)
    with factories.opened(tmp_path / "elsewhere") as other:
        assert bring_in(other, target) == ["created"] * 4
        again = target.with_name(f"again{target.suffix}")
        assert export(other.engine, other.store, again) == 4
        assert Exported(again).content() == first.content()
        assert set(other.store.keys()) <= set(full.store.keys())
        with reading(other.engine) as session:
            copies = queries.resources.published(session, after=None, within=None, limit=9)
        with reading(full.engine) as session:
            originals = queries.resources.published(session, after=None, within=None, limit=9)
        assert {version.digest for _, version, _ in copies} == {version.digest for _, version, _ in originals}


def test_an_export_imported_where_it_comes_from_changes_nothing(full: Installation, target: Path) -> None:
    export(full.engine, full.store, target, institution="school")
    importer = Importer(
        engine=full.engine,
        store=full.store,
        actor=OPERATOR,
        options=Options(institution="school", source="own", publish=True),
        limits=full.settings,
        repository_id=full.repository_id,
        now=full.now,
    )
    with sources.opened(target, most=100) as opened:
        (result,) = importer.run(opened.rows, opened.folder)
    assert (result.status, result.ignored) == ("unchanged", ())


def test_an_export_holds_files_an_index_and_the_withdrawn(full: Installation, target: Path) -> None:
    export(full.engine, full.store, target)
    exported = Exported(target)
    rows = exported.lines("index.jsonl")
    files = {file["path"] for row in rows for file in row["files"]}
    assert exported.names() == files | {"index.jsonl", "withdrawn.jsonl"}
    assert {row["institution"] for row in rows} == {"college", "club", "school"}
    assert sorted(row["version"] for row in rows) == [1, 1, 1, 2]
    assert {row["record"]["title"][0]["value"] for row in rows} == {"الضوء والماء", "بعد"}
    withdrawn = exported.lines("withdrawn.jsonl")
    assert {row["reason"] for row in withdrawn} == {"rights"}
    assert len({row["id"] for row in withdrawn} - {row["id"] for row in rows}) == 2


def test_an_institution_is_exported_with_those_below_it_and_with_its_own_withdrawn(
    full: Installation, target: Path
) -> None:
    assert export(full.engine, full.store, target, institution="college") == 3
    exported = Exported(target)
    assert {row["institution"] for row in exported.lines("index.jsonl")} == {"college", "club"}
    assert len(exported.lines("withdrawn.jsonl")) == 1
    with pytest.raises(NotFound):
        export(full.engine, full.store, target.with_name("other"), institution="nowhere")
    assert not target.with_name("other").exists()


def test_an_export_without_files_lists_them_all_the_same(full: Installation, target: Path) -> None:
    export(full.engine, full.store, target, files=False)
    exported = Exported(target)
    assert exported.names() == {"index.jsonl", "withdrawn.jsonl"}
    assert sum(len(row["files"]) for row in exported.lines("index.jsonl")) == 5


def test_more_than_a_page_is_exported_once_each(
    full: Installation, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_PAGE", 1)
    seen: list[int] = []
    assert export(full.engine, full.store, target, progress=seen.append) == 4
    assert seen == [1, 2, 3, 4]
    assert len({row["id"] for row in Exported(target).lines("index.jsonl")}) == 4


def test_an_empty_repository_exports_an_empty_index(home: Installation, target: Path) -> None:
    assert export(home.engine, home.store, target) == 0
    assert Exported(target).read("index.jsonl") == b""


def test_nothing_is_ever_overwritten(full: Installation, target: Path) -> None:
    for make in (lambda: target.write_text("mine"), lambda: target.symlink_to("nowhere"), target.mkdir):
        make()
        with pytest.raises(Invalid, match=r"export\.target-exists"):
            export(full.engine, full.store, target)
        target.rmdir() if target.is_dir() else target.unlink()
    assert nothing_left(target.parent)


def test_a_target_that_comes_into_being_meanwhile_is_not_overwritten(full: Installation, target: Path) -> None:
    def somebody_else(done: int) -> None:
        if done == 1:
            target.write_text("mine")

    with pytest.raises(Invalid, match=r"export\.target-exists"):
        export(full.engine, full.store, target, progress=somebody_else)
    assert target.read_text() == "mine"
    target.unlink()
    assert nothing_left(target.parent)


def test_a_missing_folder_above_the_target_is_made(full: Installation, target: Path) -> None:
    deep = target.parent / "a" / "b" / target.name
    assert export(full.engine, full.store, deep) == 4
    assert deep.exists()


def test_a_target_that_cannot_be_written_is_an_error_in_words(full: Installation, target: Path) -> None:
    (target.parent / "file").write_text("x")
    with pytest.raises(Invalid, match=r"export\.unwritable"):
        export(full.engine, full.store, target.parent / "file" / target.name)


@pytest.mark.parametrize(
    "error", [store_errors.Unavailable("timeout"), store_errors.Missing(key="a"), store_errors.Damaged("a", "digest")]
)
def test_a_store_that_fails_in_the_middle_leaves_nothing_behind(
    full: Installation, target: Path, monkeypatch: pytest.MonkeyPatch, error: store_errors.StoreError
) -> None:
    real = full.store.open
    calls = iter(range(100))

    def failing(key: str, *range_: Any) -> Iterator[bytes]:
        yield from real(key, *range_)
        if next(calls) == 2:
            raise error

    monkeypatch.setattr(full.store, "open", failing)
    with pytest.raises(type(error)):
        export(full.engine, full.store, target)
    assert nothing_left(target.parent)


def test_damaged_bytes_are_never_exported_as_right_ones(full: Installation, target: Path) -> None:
    place = full.store.local_path(hashlib.sha256(b"a").hexdigest())
    if place is None:
        pytest.skip("this store keeps no files to damage")
    place.chmod(0o644)
    place.write_bytes(b"rotten")
    with pytest.raises(store_errors.Damaged):
        export(full.engine, full.store, target)
    assert nothing_left(target.parent)


def test_a_full_disk_leaves_nothing_behind(full: Installation, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_row: dict[str, Any]) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(exports, "_line", no_room)
    with pytest.raises(Full, match=r"export\.full"):
        export(full.engine, full.store, target)
    assert nothing_left(target.parent)


def test_what_a_killed_export_left_is_cleared_away_by_the_next(full: Installation, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    if target.suffix:
        part.write_bytes(b"half a zip")
    else:
        (part / "files").mkdir(parents=True)
        (part / "index.jsonl").write_bytes(b"{")
    assert export(full.engine, full.store, target) == 4
    assert sorted(path.name for path in target.parent.iterdir() if path.name != "home") == [target.name]


def test_a_zip_never_holds_more_than_an_import_takes(
    full: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST_MEMBERS", 6)
    with pytest.raises(TooLarge, match=r"export\.too-many-for-zip"):
        export(full.engine, full.store, tmp_path / "out.zip")
    assert nothing_left(tmp_path)
    assert export(full.engine, full.store, tmp_path / "out") == 4
    assert folders.MOST_MEMBERS == 10_000


def test_files_that_pack_too_well_are_stored_so_that_no_import_takes_them_for_bombs(
    home: Installation, tmp_path: Path
) -> None:
    factories.published(home, files={"zeros.bin": bytes(12_000_000)})
    export(home.engine, home.store, tmp_path / "out.zip")
    with factories.opened(tmp_path / "elsewhere") as other:
        assert bring_in(other, tmp_path / "out.zip") == ["created"]
    with zipfile.ZipFile(io.BytesIO((tmp_path / "out.zip").read_bytes())) as archive:
        assert archive.getinfo("index.jsonl").compress_type == zipfile.ZIP_DEFLATED


def test_an_institution_is_found_by_path_not_by_prefix_of_a_number(home: Installation, tmp_path: Path) -> None:
    with transaction(home.engine) as session:
        for number in range(11):
            factories.institution(session, f"place{number}")
        first = session.get(Institution, 1)
        assert first is not None
        slug = first.slug
    factories.published(home, at="place10")
    assert export(home.engine, home.store, tmp_path / "out", institution=slug) == 0
