"""Files that come with a table to import: in folders and in archives, whatever their names and bytes."""

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from tables import TITLES, content, refusal, rows, written, zipped

from oer.errors import Invalid, OerError, TooLarge
from oer.transfer import folders, sources
from oer.transfer.folders import Archive, Directory

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
