"""Imports that meet bad rows, a full store or a sweep: what fails, what stays, and what is told of it."""

import hashlib
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import factories
import importing
import pytest
import snapshots
from importing import RECORD, codes, count, importer, lay, row, run, statuses

from oer.db import transaction
from oer.errors import Unavailable
from oer.installation import Installation
from oer.models import Blob, Draft, Resource
from oer.transfer import imports, sources
from oer.transfer.imports import Result
from storage import errors as store_errors


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return importing.folder_in(tmp_path)


# ── Bad rows ─────────────────────────────────────────────────────────────────────────────────────


def bad_rows() -> list[tuple[dict[str, Any], tuple[str, str]]]:
    long = RECORD | {"title": [{"value": "x" * 5000, "lang": "ar"}]}
    return [
        (row("no.txt") | {"sha256": "0" * 64}, ("checksum.mismatch", "files[0]")),
        ({"path": "missing.txt", "record": RECORD}, ("import.file-not-there", "files[0]")),
        ({"path": "../secret.txt", "record": RECORD}, ("import.file-outside", "files[0]")),
        ({"item": "nofile", "record": RECORD}, ("files.missing", "files")),
        ({"item": "list", "record": []}, ("json.not-object", "")),
        (row("unknown.txt") | {"record": RECORD | {"titel": 1}}, ("field.unknown", "titel")),
        (row("long.txt") | {"record": long}, ("text.too-long", "title[0].value")),
        (row("mine.txt") | {"record": RECORD | {"licence": "https://example.org/x"}}, ("licence.unknown", "licence")),
        (row("role.txt") | {"files": [{"path": "role.txt", "role": "boss"}]}, ("file.role-invalid", "files[0]")),
        (row("twice.txt") | {"files": ["twice.txt", "./twice.txt"]}, ("file.name-taken", "files")),
    ]  # fmt: skip


@pytest.mark.parametrize("rehearsal", [False, True])
def test_bad_rows_fail_alone_each_with_its_reason(place: Installation, folder: Path, rehearsal: bool) -> None:
    bad = bad_rows()
    (folder.parent / "secret.txt").write_text("secret")
    mixed = [row("first.txt"), *(each for each, _ in bad), row("last.txt")]
    for each, _ in bad:
        if "content" in each:
            (folder / each["path"]).write_text("x")
    results = run(place, lay(folder, *mixed), rehearsal=rehearsal)
    assert statuses(results) == ["created", *["failed"] * len(bad), "created"]
    for result, (_, problem) in zip(results[1:-1], bad, strict=True):
        assert codes(result) == [problem]
    assert count(place, Resource) == (0 if rehearsal else 2)
    assert count(place, Draft) == 0


@pytest.mark.parametrize(
    "character",
    ["\u0000", "\u0008", "\u001b", "\u007f", "\u0085", "\u202e", "\u2066", "\ud800", "\ufdd0", "\uffff"],
)
def test_no_illegal_character_gets_in_by_any_kind_of_row(place: Installation, folder: Path, character: str) -> None:
    nested = row("a.txt") | {"record": RECORD | {"keywords": [{"value": f"a{character}b", "lang": "en"}]}}
    flat = {"path": "b.txt", "title_ar": f"a{character}b", "content": "x"}
    names = row("c.txt") | {"files": [{"path": "c.txt", "name": f"a{character}b.txt"}]}
    results = run(place, lay(folder, nested, flat, names), publish=False)
    assert statuses(results) == ["failed", "failed", "created"]
    assert [codes(result) for result in results[:2]] == [
        [("text.illegal-character", "keywords[0].value")],
        [("text.illegal-character", "title[0].value")],
    ]
    said = json.dumps(snapshots.tables(place), default=str, ensure_ascii=False)
    assert character not in said


def test_a_file_that_vanishes_between_listing_and_reading_fails_its_row_alone(
    place: Installation, folder: Path
) -> None:
    lay(folder, row("a.txt"), row("b.txt"), row("c.txt"))
    with sources.opened(folder, most=10) as opened:

        def vanishing() -> Iterator[sources.Row]:
            for each in opened.rows:
                (folder / "b.txt").unlink(missing_ok=True)
                yield each

        results = list(importer(place).run(vanishing(), opened.folder))
    assert statuses(results) == ["created", "failed", "created"]
    assert codes(results[1]) == [("import.file-not-there", "files[0]")]


def test_too_large_and_too_many_files_fail_their_row(tmp_path: Path, folder: Path) -> None:
    (folder / "big.txt").write_text("x" * 11)
    (folder / "small.txt").write_text("x" * 10)
    with factories.opened(tmp_path / "strict", max_file_size=10, max_files=1) as home:
        with transaction(home.engine) as session:
            factories.institution(session)
        rows = ({"path": "big.txt", "record": RECORD}, {"files": ["small.txt", "big.txt"], "record": RECORD},
                {"path": "small.txt", "record": RECORD})  # fmt: skip
        results = run(home, lay(folder, *rows))
        assert [codes(result) for result in results] == [
            [("file.too-large", "files[0]")],
            [("files.too-many", "files")],
            [],
        ]


@pytest.mark.parametrize("rehearsal", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_all_that_is_wrong_with_a_row_is_told_at_once(
    place: Installation, folder: Path, rehearsal: bool, packed: bool
) -> None:
    bad = RECORD | {"licence": "https://example.org/x"}
    (folder / "there.txt").write_text("x")
    lay(
        folder,
        {"files": ["none.txt", "there.txt", "gone.txt"], "record": bad},
        {"files": [{"path": "there.txt", "sha256": "0" * 64}, {"path": "none.txt", "role": "boss"}], "record": bad},
        {"files": ["there.txt", "./there.txt", "none.txt"], "record": RECORD},
        {"files": [{"path": "there.txt", "language": "?"}], "record": bad},
        {"files": ["none.txt", "there.txt", "gone.txt"], "record": bad},
        {"files": [f"{number}.txt" for number in range(203)], "record": RECORD},
    )
    missing = "import.file-not-packed" if packed else "import.file-not-there"
    source = folder
    if packed:
        source = folder.parent / "lessons.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for name in ("index.json", "there.txt"):
                archive.write(folder / name, name)
    *results, last = run(place, source, rehearsal=rehearsal)
    licence, gone = ("licence.unknown", "licence"), [(missing, "files[0]"), (missing, "files[2]")]
    assert [codes(result) for result in results] == [
        [licence, *gone],
        [licence, ("file.role-invalid", "files[1]"), ("checksum.mismatch", "files[0]"), (missing, "files[1]")],
        [("file.name-taken", "files"), (missing, "files[2]")],
        [("import.row-files", "files[0]"), licence],
        [("import.row-repeated", ""), licence, *gone],
    ]
    assert (len(last.problems), last.problems[-1].code, last.problems[-1].params) == (
        201, "problems.more", {"count": 3}
    )  # fmt: skip
    assert snapshots.kept(place) == {}  # not even the bytes of files that are there


def test_unknown_columns_are_reported_for_flat_and_for_nested_rows(place: Installation, folder: Path) -> None:
    nested = row("a.txt") | {"colour": "red", "version": 3, "institution": "elsewhere", "id": "ours"}
    flat = {"path": "b.txt", "title_ar": "x", "Colour": "red", "content": "x"}
    results = run(place, lay(folder, nested, flat), publish=False)
    assert [result.ignored for result in results] == [("colour",), ("Colour",)]


# ── Faults ───────────────────────────────────────────────────────────────────────────────────────


def test_a_full_store_stops_the_import_and_what_was_reported_stays(
    place: Installation, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_BATCH", 2)
    lay(folder, *(row(f"{number}.txt") for number in range(7)))
    real = place.store.put
    calls = iter(range(100))

    def filling(chunks: Any, *rest: Any) -> Any:
        if next(calls) >= 5:
            raise store_errors.Full
        return real(chunks, *rest)

    monkeypatch.setattr(place.store, "put", filling)
    seen: list[Result] = []
    with sources.opened(folder, most=10) as opened:
        results = importer(place).run(opened.rows, opened.folder)
        with pytest.raises(store_errors.Full):
            seen.extend(results)
    assert statuses(seen) == ["created"] * 4
    assert count(place, Resource) == 4
    assert count(place, Draft) == 0
    monkeypatch.setattr(place.store, "put", real)
    assert statuses(run(place, folder)) == [*["unchanged"] * 4, *["created"] * 3]


def test_bytes_that_a_sweep_has_marked_are_put_again_until_they_stay(
    place: Installation, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(folder, row("a.txt"))
    key = hashlib.sha256(b"content of a.txt").hexdigest()
    with transaction(place.engine) as session:
        session.add(Blob(key=key, size=16, created=place.now(), marked=place.now()))
    pauses: list[float] = []

    def swept(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            with transaction(place.engine) as session:
                blob = session.get(Blob, key)
                assert blob is not None
                blob.marked = None

    monkeypatch.setattr(time, "sleep", swept)
    assert statuses(run(place, folder)) == ["created"]
    assert len(pauses) == 3


def test_a_sweep_that_never_ends_is_not_waited_for_without_end(
    place: Installation, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(folder, row("a.txt"))
    with transaction(place.engine) as session:
        key = hashlib.sha256(b"content of a.txt").hexdigest()
        session.add(Blob(key=key, size=16, created=place.now(), marked=place.now()))
    monkeypatch.setattr(imports, "_PATIENCE", 0.0)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    with pytest.raises(Unavailable, match=r"blob\.being-removed"):
        run(place, folder)
    assert count(place, Resource) == 0


def test_large_files_end_a_batch_early(place: Installation, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "_BATCH_BYTES", 10)
    lay(folder, *(row(f"{number}.txt") for number in range(3)))
    with sources.opened(folder, most=10) as opened:
        results = importer(place).run(opened.rows, opened.folder)
        next(results)
        assert count(place, Resource) == 1
        assert statuses(list(results)) == ["created", "created"]
