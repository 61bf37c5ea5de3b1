"""Tables to import: where they are, what they say, and what is wrong with them."""

import json
from pathlib import Path
from typing import Any

import pytest
from tables import TITLES, content, refusal, rows, written

from oer.errors import OerError, TooLarge
from oer.transfer import sources
from oer.transfer.sources import FileRow, Row

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


def test_a_row_over_many_lines_ends_somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_ROW", 100)
    many = '"' + 30 * "a\n" + '",b\n'
    assert len(rows(written(tmp_path / "a.csv", "a,b\n" + 3 * many))) == 3
    error = refusal(written(tmp_path / "b.csv", "a,b\n" + many + '"' + 60 * "a\n" + '",b\n'))
    assert (error.code, error.params["line"]) == ("import.csv-invalid", 33)


def test_a_table_that_is_held_as_a_whole_is_no_larger_than_memory_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_JSON_SIZE", 100)
    error = refusal(written(tmp_path / "a.json", json.dumps([{"title": "x" * 100}])))
    assert (error.code, error.params["limit"]) == ("import.index-too-large", 100)


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
