import io
import json
import os
import stat
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from oer.errors import Invalid, OerError, TooLarge
from oer.transfer import folders, sources
from oer.transfer.folders import Archive, Directory
from oer.transfer.sources import FileRow, Row


def rows(path: Path, *, most: int = 1000, **options: Any) -> list[Row]:
    with sources.opened(path, most=most, **options) as opened:
        found = list(opened.rows)
        assert opened.count == len(found)
        return found


def refusal(path: Path, *, most: int = 1000, **options: Any) -> OerError:
    with pytest.raises(OerError) as refused, sources.opened(path, most=most, **options):
        pass
    return refused.value


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zipped(path: Path, members: Iterable[tuple[str | zipfile.ZipInfo, str | bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def content(path: Path, name: str, **options: Any) -> bytes:
    with sources.opened(path, most=1000, **options) as opened:
        return b"".join(opened.folder.chunks(name))


TITLES = '[{"title": "الماء", "path": "ماء.txt"}, {"title": "Feu", "path": "feu.txt"}]'


# ── Where the table is ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("index.json", TITLES),
        ("index.json", f'{{"items": {TITLES}}}'),
        ("index.jsonl", '{"title": "الماء", "path": "ماء.txt"}\r\n\n{"title": "Feu", "path": "feu.txt"}'),
        ("index.csv", "title,path\nالماء,ماء.txt\nFeu,feu.txt\n"),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_a_folder_and_its_index_alone_give_the_same_rows(tmp_path: Path, name: str, text: str, whole: bool) -> None:
    index = written(tmp_path / name, text)
    written(tmp_path / "ماء.txt", "bytes")
    source = tmp_path if whole else index
    assert [(row.item, row.data["title"]) for row in rows(source)] == [("ماء.txt", "الماء"), ("feu.txt", "Feu")]
    assert content(source, "ماء.txt") == b"bytes"


def test_json_comes_before_lines_and_lines_before_tables(tmp_path: Path) -> None:
    written(tmp_path / "index.csv", "title\ncsv\n")
    assert rows(tmp_path)[0].data["title"] == "csv"
    written(tmp_path / "index.jsonl", '{"title": "jsonl"}')
    assert rows(tmp_path)[0].data["title"] == "jsonl"
    written(tmp_path / "index.json", '[{"title": "json"}]')
    assert rows(tmp_path)[0].data["title"] == "json"


def test_files_may_lie_elsewhere(tmp_path: Path) -> None:
    index = written(tmp_path / "list.json", TITLES)
    (tmp_path / "elsewhere").mkdir()
    written(tmp_path / "elsewhere" / "feu.txt", "bytes")
    assert content(index, "feu.txt", files=tmp_path / "elsewhere") == b"bytes"
    assert refusal(index, files=tmp_path / "nowhere").code == "import.files-missing"


def test_what_is_no_source_says_why(tmp_path: Path) -> None:
    assert refusal(tmp_path).code == "import.index-missing"
    assert refusal(tmp_path / "none.csv").code == "import.source-unreadable"
    assert refusal(tmp_path / "none.zip").code == "import.source-unreadable"
    assert refusal(tmp_path / "none").code == "import.source-unreadable"
    assert refusal(written(tmp_path / "table.xlsx", "PK")).code == "import.kind-unknown"
    assert refusal(written(tmp_path / "a.json", '{"title": 1}')).code == "import.list-missing"
    assert refusal(written(tmp_path / "b.json", "[" * 100_000)).code == "import.list-missing"
    assert refusal(written(tmp_path / "c.json", f"[{'9' * 5000}]")).code == "import.list-missing"


def test_a_mistake_in_json_has_a_line_and_a_column(tmp_path: Path) -> None:
    error = refusal(written(tmp_path / "a.json", '[\n{"title": "x"},\n{"title" "y"}]'))
    assert (error.code, error.params["line"], error.params["column"]) == ("import.json-invalid", 3, 10)


def test_a_key_that_stands_twice_in_json_is_refused_instead_of_half_lost(tmp_path: Path) -> None:
    error = refusal(written(tmp_path / "a.json", '[{"title": "x", "title": "y"}]'))
    assert (error.code, error.params["key"]) == ("import.json-key-repeated", "title")


def test_a_line_may_be_as_long_as_the_caller_says(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", json.dumps({"title": "x" * 1_100_000}))
    (row,) = rows(path, line_size=1_200_000)
    assert row.fault is None
    (row,) = rows(path, line_size=1_000)
    assert row.fault is not None
    assert (row.fault.code, row.fault.params["limit"]) == ("json.too-large", 1_000)


@pytest.mark.parametrize(("name", "encoding"), [("a.csv", "cp1256"), ("a.csv", "utf-16"), ("a.json", "latin-1")])
def test_another_encoding_is_named_with_the_first_wrong_byte(tmp_path: Path, name: str, encoding: str) -> None:
    text = "title\nالماء\n" if encoding != "latin-1" else '["é"]'
    error = refusal(written(tmp_path / name, text.encode(encoding)))
    assert error.code == "import.encoding"
    assert error.params["position"] == {"cp1256": 7, "utf-16": 1, "latin-1": 3}[encoding]


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl"])
def test_a_byte_order_mark_is_passed_over(tmp_path: Path, name: str) -> None:
    text = {"a.csv": "title\nx\n", "a.json": '[{"title": "x"}]', "a.jsonl": '{"title": "x"}'}[name]
    (row,) = rows(written(tmp_path / name, b"\xef\xbb\xbf" + text.encode()))
    assert row.data == {"title": "x"}


@pytest.mark.parametrize(("name", "text"), [("a.csv", "t\n1\n2\n3\n"), ("a.json", "[1,2,3]"), ("a.jsonl", "1\n2\n3")])
def test_more_rows_than_the_limit_are_refused_before_the_first(tmp_path: Path, name: str, text: str) -> None:
    path = written(tmp_path / name, text)
    assert len(rows(path, most=3)) == 3
    error = refusal(path, most=2)
    assert isinstance(error, TooLarge)
    assert (error.code, error.params) == ("import.too-many-rows", {"limit": 2})


# ── CSV ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_is_parted_by_what_its_first_line_shows(tmp_path: Path, separator: str) -> None:
    lines = [["title", "file", "lang"], ["Light, water; air", "a.txt", "ar"]]
    text = "\r\n".join(separator.join(f'"{cell}"' for cell in line) for line in lines)
    (row,) = rows(written(tmp_path / "a.csv", text))
    assert row.data == {"title": "Light, water; air", "file": "a.txt", "lang": "ar"}
    assert row.files == (FileRow("a.txt", "a.txt"),)


def test_rows_of_csv_are_numbered_by_the_line_they_begin_in(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'title,x\n"two\nlines",1\n\n,\nlast,2\n')
    assert [(row.number, row.data["title"]) for row in rows(path)] == [(2, "two\nlines"), (6, "last")]


def test_a_short_row_leaves_its_last_columns_empty_and_a_long_one_is_at_fault(tmp_path: Path) -> None:
    short, padded, long = rows(written(tmp_path / "a.csv", "a,b\n1\n1,2,,\n1,2,3\n"))
    assert (short.data, short.fault) == ({"a": "1"}, None)
    assert (padded.data, padded.fault) == ({"a": "1", "b": "2"}, None)
    assert long.fault is not None
    assert (long.fault.code, long.fault.params) == ("import.row-cells", {"count": 3, "limit": 2})


def test_a_quotation_that_never_ends_names_the_row(tmp_path: Path) -> None:
    error = refusal(written(tmp_path / "a.csv", 'a,b\n1,2\n"open,4\n5,6\n'))
    assert (error.code, error.params["line"]) == ("import.csv-invalid", 3)


def test_two_columns_of_one_name_are_refused_instead_of_half_lost(tmp_path: Path) -> None:
    error = refusal(written(tmp_path / "a.csv", "title,keywords,keywords\nx,1,2\n"))
    assert (error.code, error.params["columns"]) == ("import.columns-repeated", "keywords")


def test_an_empty_table_has_no_rows(tmp_path: Path) -> None:
    assert rows(written(tmp_path / "a.csv", "title,file\n")) == []
    assert rows(written(tmp_path / "a.jsonl", "\n\n")) == []
    assert rows(written(tmp_path / "a.json", "[]")) == []


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json"])
def test_a_file_without_a_byte_is_no_table(tmp_path: Path, name: str) -> None:
    with pytest.raises(OerError) as refused:
        rows(written(tmp_path / name, ""))
    assert refused.value.code == "import.empty"


# ── JSON lines ───────────────────────────────────────────────────────────────────────────────────


def test_a_broken_line_is_one_row_at_fault_and_the_others_stand(tmp_path: Path) -> None:
    text = '{"title": "x"}\n{"title": \n"words"\n[1]\n{"a": 1, "a": 2}\n{"title": "y"}\n'
    found = rows(written(tmp_path / "a.jsonl", text))
    faults = [(row.number, row.fault.code if row.fault else row.data["title"]) for row in found]
    assert faults == [
        (1, "x"),
        (2, "json.invalid"),
        (3, "import.row-not-object"),
        (4, "import.row-not-object"),
        (5, "json.duplicate-key"),
        (6, "y"),
    ]
    assert found[1].fault is not None
    assert found[1].fault.params == {"line": 2, "column": 11}


# ── Rows ─────────────────────────────────────────────────────────────────────────────────────────


def row(tmp_path: Path, raw: Any) -> Row:
    (found,) = rows(written(tmp_path / "one.json", json.dumps([raw])))
    return found


def test_a_row_is_named_by_item_id_files_or_all_it_says(tmp_path: Path) -> None:
    assert row(tmp_path, {"item": "i", "id": "d", "path": "p"}).item == "i"
    assert row(tmp_path, {"id": "d", "path": "p"}).item == "d"
    assert row(tmp_path, {"files": ["p", "q"]}).item == "p q"
    assert row(tmp_path, {"title": "x"}).item == row(tmp_path, {"title": "x"}).item
    assert row(tmp_path, {"title": "x"}).item != row(tmp_path, {"title": "y"}).item


def test_long_names_of_rows_stay_apart(tmp_path: Path) -> None:
    one, other = row(tmp_path, {"item": "x" * 600 + "1"}), row(tmp_path, {"item": "x" * 600 + "2"})
    assert one.item != other.item
    assert len(one.item) < 100


@pytest.mark.parametrize("name", ["\u0000", "a\u202eb", "\ud800"])
def test_names_with_characters_that_no_database_takes_are_at_fault(tmp_path: Path, name: str) -> None:
    found = row(tmp_path, {"item": name})
    assert found.fault is not None
    assert found.fault.code == "import.row-name"
    assert "\u0000" not in str(found.fault.params)


def test_files_may_be_paths_objects_or_one_column(tmp_path: Path) -> None:
    one = FileRow("a/b.txt", "b.txt")
    assert row(tmp_path, {"path": "a/b.txt"}).files == (one,)
    assert row(tmp_path, {"File": "a/b.txt"}).files == (one,)
    assert row(tmp_path, {"الملف": "a/b.txt"}).files == (one,)
    assert row(tmp_path, {"files": "a/b.txt; c.txt"}).files == (one, FileRow("c.txt", "c.txt"))
    assert row(tmp_path, {"files": ["a/b.txt", {"path": "c.txt", "role": "caption", "language": "ara"}]}).files == (
        one,
        FileRow("c.txt", "c.txt", role="caption", language="ar"),
    )
    digest = "A" * 64
    assert row(tmp_path, {"path": "a/b.txt", "name": "N", "sha256": digest}).files == (
        FileRow("a/b.txt", "N", sha256=digest.lower()),
    )


@pytest.mark.parametrize(
    "files",
    [5, {"path": "x"}, [5], [{}], [{"path": 5}], [{"path": "x", "name": 5}], [{"path": "x", "sha256": "abc"}],
     [{"path": "x", "sha256": 5}], [{"path": "x", "language": "no such tongue"}], [{"path": "x", "language": ["ar"]}],
     [{"path": "x", "role": 5}]],
)  # fmt: skip
def test_files_of_another_shape_are_at_fault(tmp_path: Path, files: Any) -> None:
    found = row(tmp_path, {"title": "x", "files": files})
    assert found.fault is not None
    assert found.fault.code == "import.row-files"


# ── Folders ──────────────────────────────────────────────────────────────────────────────────────


def code_of(folder: folders.Folder, name: str) -> str:
    with pytest.raises(OerError) as refused:
        b"".join(folder.chunks(name))
    return refused.value.code


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    written(tmp_path / "secret.txt", "secret")
    (inside / "link.txt").symlink_to(tmp_path / "secret.txt")
    (inside / "way").symlink_to(tmp_path)
    folder = Directory(inside)
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "link.txt", "way/secret.txt", "", ".", "a\0b"):
        assert code_of(folder, name) in {"import.file-outside", "import.file-not-there", "file.unreadable"}, name
    (inside / "loop").symlink_to("loop")
    assert code_of(folder, "loop") == "import.file-not-there"


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    written(tmp_path / "a.txt", "bytes")
    (tmp_path / "b.txt").symlink_to("a.txt")
    assert b"".join(Directory(tmp_path).chunks("b.txt")) == b"bytes"


def test_folders_pipes_and_missing_files_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    folder = Directory(tmp_path)
    assert code_of(folder, "folder") == "file.unreadable"
    assert code_of(folder, "pipe") == "file.unreadable"
    assert code_of(folder, "none") == "import.file-not-there"


def test_names_are_found_whether_their_marks_are_composed_or_not(tmp_path: Path) -> None:
    written(tmp_path / "\u0627\u0653ية.txt", "apart")  # as macOS writes آية
    written(tmp_path / "\u0623مل.txt", "joined")
    folder = Directory(tmp_path)
    assert b"".join(folder.chunks("\u0622ية.txt")) == b"apart"
    assert b"".join(folder.chunks("\u0627\u0654مل.txt")) == b"joined"


@pytest.mark.parametrize("change", ["grow", "shrink", "touch"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, change: str) -> None:
    path = written(tmp_path / "a.bin", b"x" * 3_000_000)
    chunks = Directory(tmp_path).chunks("a.bin")
    next(chunks)
    if change == "grow":
        with path.open("ab") as file:
            file.write(b"y")
    elif change == "shrink":
        os.truncate(path, 1_500_000)
    else:
        os.utime(path, ns=(0, 0))
    with pytest.raises(Invalid, match=r"file\.vanished"):
        list(chunks)


def test_a_file_that_is_removed_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    path = written(tmp_path / "a.bin", b"x" * 3_000_000)
    chunks = Directory(tmp_path).chunks("a.bin")
    first = next(chunks)
    path.unlink()
    assert len(first) + sum(map(len, chunks)) == 3_000_000


# ── Archives ─────────────────────────────────────────────────────────────────────────────────────


def test_an_archive_may_hold_the_folder_or_what_is_in_it(tmp_path: Path) -> None:
    flat = zipped(tmp_path / "flat.zip", [("index.json", TITLES), ("ماء.txt", "bytes")])
    deep = zipped(
        tmp_path / "deep.zip",
        [
            ("دروس/sub/index.json", "[]"),
            ("دروس/index.json", TITLES),
            ("دروس/ماء.txt", "bytes"),
            ("__MACOSX/._index.json", ""),
        ],
    )
    for path in (flat, deep):
        assert [found.item for found in rows(path)] == ["ماء.txt", "feu.txt"]
        assert content(path, "ماء.txt") == content(path, "./ماء.txt") == b"bytes"
    assert refusal(zipped(tmp_path / "none.zip", [("a.txt", "")])).code == "import.index-missing"


def test_names_that_macos_packs_without_saying_their_encoding_are_found(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", [("index.json", TITLES), ("\u0627\u0653ية.txt", "bytes")])
    packed = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("\u0627\u0653ية.txt").flag_bits & 0x800
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):  # take the flag out of both headers
        at = packed.rfind(
            mark, 0, packed.rfind("ية.txt".encode()) if mark == b"PK\x01\x02" else packed.find(b"PK\x01\x02")
        )
        flag = at + (6 if mark == b"PK\x03\x04" else 8)
        packed = (
            packed[:flag] + struct.pack("<H", struct.unpack_from("<H", packed, flag)[0] & ~0x800) + packed[flag + 2 :]
        )
    path.write_bytes(packed)
    with zipfile.ZipFile(path) as archive:
        assert "\u0627\u0653ية.txt" not in archive.namelist()
    assert content(path, "\u0622ية.txt") == b"bytes"


def test_no_name_leads_out_of_an_archive(tmp_path: Path) -> None:
    members = [("d/index.json", TITLES), ("../up.txt", "x"), ("/abs.txt", "x"), ("secret.txt", "x"), ("d/sub/", "")]
    with sources.opened(zipped(tmp_path / "a.zip", members), most=10) as opened:
        for name in ("../up.txt", "../../up.txt", "/abs.txt", "../secret.txt"):
            assert code_of(opened.folder, name) == "import.file-outside", name
        for name in ("sub/", "sub", "none", ""):
            assert code_of(opened.folder, name) == "import.file-not-packed", name


def test_links_in_archives_are_not_followed(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.txt")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = zipped(tmp_path / "a.zip", [("index.json", "[]"), (link, "/etc/passwd")])
    with sources.opened(path, most=10) as opened:
        assert code_of(opened.folder, "link.txt") == "import.file-not-packed"


def test_a_bomb_is_stopped_while_it_unpacks(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", [("index.json", "[]"), ("bomb", bytes(60_000_000)), ("small", bytes(9_000_000))])
    with sources.opened(path, most=10) as opened:
        seen: list[int] = []
        with pytest.raises(TooLarge, match=r"archive\.bomb"):
            seen.extend(len(chunk) for chunk in opened.folder.chunks("bomb"))
        assert sum(seen) <= folders._RATIO_FLOOR
        assert len(b"".join(opened.folder.chunks("small"))) == 9_000_000  # small ones may be as dense as they like


def test_an_index_that_is_a_bomb_is_stopped_too(tmp_path: Path) -> None:
    assert refusal(zipped(tmp_path / "a.zip", [("index.json", b" " * 60_000_000)])).code == "archive.bomb"


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", [("index.json", "[]"), ("a.bin", os.urandom(100_000))])
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(20):  # as a kernel of Fifield's bombs: many names, one body
            info = zipfile.ZipInfo(f"{number}.bin")
            original = archive.getinfo("a.bin")
            for name in ("header_offset", "compress_size", "file_size", "CRC", "compress_type"):
                setattr(info, name, getattr(original, name))
            archive.filelist.append(info)
            archive.NameToInfo[info.filename] = info
        archive._didModify = True  # type: ignore[attr-defined]
    assert refusal(path).code == "archive.invalid"


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_MEMBERS", 3)
    assert refusal(zipped(tmp_path / "a.zip", [(f"{n}", "") for n in range(4)])).code == "archive.too-many"


def test_a_locked_member_is_called_locked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", [("index.json", "[]"), ("a.txt", "x")])
    packed = bytearray(path.read_bytes())
    at = packed.rfind(b"PK\x01\x02")
    packed[at + 8] |= 1
    path.write_bytes(packed)
    with sources.opened(path, most=10) as opened:
        assert code_of(opened.folder, "a.txt") == "archive.encrypted"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused_in_words(tmp_path: Path, method: int) -> None:
    path = zipped(tmp_path / "a.zip", [("index.json", "[]")])
    with zipfile.ZipFile(path, "a", method) as archive:
        archive.writestr("a.txt", "x" * 1000)
    with sources.opened(path, most=10) as opened:
        assert code_of(opened.folder, "a.txt") == "archive.member-damaged"


def test_an_archive_that_is_cut_anywhere_is_refused_or_its_member_is(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", [("index.json", "[]"), ("a.bin", os.urandom(5000))])
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 97):
        path.write_bytes(whole[:length])
        assert refusal(path).code == "archive.invalid", length


def test_damaged_bytes_of_a_member_never_pass_for_right_ones(tmp_path: Path) -> None:
    body = os.urandom(500) * 40
    path = zipped(tmp_path / "a.zip", [("index.json", "[]"), ("a.bin", body)])
    whole = path.read_bytes()
    start, end = whole.find(b"a.bin") + 5, whole.rfind(b"PK\x01\x02", 0, whole.rfind(b"index.json"))
    for at in range(start, end, 41):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        with sources.opened(path, most=10) as opened:
            assert code_of(opened.folder, "a.bin") == "archive.member-damaged", at


def test_a_member_that_lies_about_its_size_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "12345")
    raw = bytearray(packed.getvalue())
    at = raw.rfind(b"PK\x01\x02")
    struct.pack_into("<I", raw, at + 24, 9)  # file_size in the central directory
    with zipfile.ZipFile(io.BytesIO(bytes(raw))) as archive:
        assert code_of(Archive(archive), "a.txt") == "archive.member-damaged"
