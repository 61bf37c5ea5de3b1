"""``oer search``, and what ``doctor`` and ``bench`` tell of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import command_line
import pytest
from command_line import Terminal

KINDS = {"single", "pairs", "words", "any-of-four", "everything", "two-facets"}


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


def told_of_search(terminal: Terminal) -> dict[str, object]:
    [found] = [finding for finding in terminal.json("doctor") if finding["code"].startswith("doctor.search")]
    return found


def test_an_index_is_missing_then_built_then_behind(terminal: Terminal) -> None:
    assert told_of_search(terminal)["code"] == "doctor.search-missing"
    assert terminal("search", "find", "ماء").code == 6
    public_id = terminal.deposited()
    assert terminal.json("search", "rebuild")["changes"] == 1
    assert told_of_search(terminal)["message"].endswith("0")
    found = terminal.json("search", "find", f"id:{public_id}")
    assert (found["total"], [one["id"] for one in found["items"]]) == (1, [public_id])
    terminal.deposited()
    assert told_of_search(terminal)["message"].endswith("1")
    assert terminal.json("search", "find", "")["total"] == 1
    assert terminal.json("search", "find", "hgq,x")["meant"] == "الضوء"  # typed with the keyboard in English
    assert "الضوء" in terminal("search", "find", "الضزء").err
    terminal.good("worker", "--once")
    assert terminal.json("search", "find", "")["total"] == 2


def test_hits_are_shown_with_their_titles(terminal: Terminal) -> None:
    public_id = terminal.deposited()
    terminal.good("search", "rebuild")
    done = terminal.good("search", "find", f"id:{public_id}", "--limit", "5")
    assert done.out.startswith(public_id)
    assert len(done.out.split()) > 1
    assert "1" in done.err


def test_the_search_is_measured(terminal: Terminal) -> None:
    told = terminal.json("bench", "search", "--records", "60", "--rounds", "1")
    assert told["records"] == 60
    assert set(told["engine"]) == set(told["http"]) == KINDS
    assert all(0 < times["p50"] <= times["p99"] for where in ("engine", "http") for times in told[where].values())
    assert told["size"] > 0


def test_the_relevance_is_judged_by_a_collection(terminal: Terminal, tmp_path: Path) -> None:
    told = {"lang": "ar", "description": "", "keywords": [], "subjects": [], "creator": ""}
    documents = [told | {"id": "water", "title": "مياه الأنهار"}, told | {"id": "light", "title": "الضوء"}]
    queries = [
        {"q": "الماء", "lang": "ar", "relevant": ["water"]},
        {"q": "ضوء", "lang": "ar", "relevant": ["light", "water"]},
    ]
    file = tmp_path / "collection.json"
    file.write_text(json.dumps({"documents": documents, "queries": queries}), "utf-8")
    found = terminal.json("bench", "relevance", str(file))["ar"]
    assert (found["questions"], round(found["f1"], 3), found["mrr"]) == (2, round((1 + 2 / 3) / 2, 3), 1.0)
    assert "0.833" in terminal("bench", "relevance", str(file)).out
    for content in ("[]", "{}", "no JSON", '{"documents": [{}], "queries": []}'):
        file.write_text(content)
        assert "bench.no-collection" in terminal("bench", "relevance", str(file), "--json").out
