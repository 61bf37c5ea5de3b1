from collections.abc import Iterator
from pathlib import Path

import command_line
import pytest
from command_line import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


def begun(terminal: Terminal, *options: str) -> str:
    made = terminal.json("collection", "create", "--institution", "college", "--ar", "الضوء", "--en", "Light", *options)
    return str(made["id"])


def account(terminal: Terminal, email: str, role: str = "depositor") -> str:
    terminal.good("admin", "create", email, "--ordinary", "--password-stdin", input="correct horse battery")
    terminal.good("role", "grant", email, "college", role)
    return email


def test_a_collection_is_begun_filled_shown_and_ended(terminal: Terminal) -> None:
    resource = terminal.deposited()
    made = terminal.json("collection", "create", "--institution", "college", "--ar", "الضوء", "--open")
    public_id = made["id"]
    assert made == {
        "id": public_id, "url": f"http://localhost:8000/api/collections/{public_id}", "institution": "college",
        "titles": {"ar": "الضوء"}, "descriptions": {}, "membership": "open", "state": "draft",
    }  # fmt: skip
    terminal.good("collection", "add", public_id, resource, "--note", "قبل التجربة")
    assert terminal.good("collection", "publish", public_id).out == f"{public_id}  published  open  الضوء\n"
    shown = terminal.json("collection", "show", public_id)
    (unit,) = shown["units"]
    assert unit["items"] == [
        {"resource": resource, "state": "published", "title": "الضوء والماء", "note": "قبل التجربة"}
    ]
    assert terminal.good("collection", "show", public_id).out.splitlines() == [
        f"{public_id}  published  open  الضوء",
        f"  {unit['id']}  Unit 1",
        f"    {resource}  published  الضوء والماء  قبل التجربة",
    ]
    terminal.good("collection", "remove", public_id, resource)
    assert terminal.json("collection", "show", public_id)["units"][0]["items"] == []
    assert terminal.json("collection", "unpublish", public_id)["state"] == "draft"
    assert terminal.good("collection", "delete", public_id).out == f"{public_id}  deleted\n"
    assert terminal("collection", "show", public_id).code == 4


def test_the_words_of_a_collection_are_changed_language_by_language(terminal: Terminal) -> None:
    public_id = begun(terminal, "--description", "ar=سنة من الدروس", "--description", "en=A year = 30 weeks")
    assert terminal.json("collection", "show", public_id)["descriptions"] == {
        "ar": "سنة من الدروس", "en": "A year = 30 weeks",
    }  # fmt: skip
    changed = terminal.json(
        "collection", "edit", public_id, "--en", "", "--fr", "La lumière", "--description", "en=", "--open"
    )
    assert changed["titles"] == {"ar": "الضوء", "fr": "La lumière"}
    assert (changed["descriptions"], changed["membership"]) == ({"ar": "سنة من الدروس"}, "open")
    assert terminal.good("collection", "show", public_id, LC_ALL="ar_TN.UTF-8").out.splitlines()[1] == "  سنة من الدروس"
    before = terminal.json("collection", "show", public_id)
    for wrong in (["--ar", "", "--fr", ""], ["--description", "de=Ein Jahr"], ["--description", "no language"]):
        assert terminal("collection", "edit", public_id, *wrong).code == 3
    assert terminal.json("collection", "show", public_id) == before
    assert terminal.json("collection", "edit", public_id, "--closed")["membership"] == "closed"
    stranger = account(terminal, "stranger@example.org")
    assert terminal("collection", "edit", public_id, "--ar", "لا", "--as", stranger).code in (4, 5)


def test_units_are_made_put_in_order_renamed_and_left_out(terminal: Terminal) -> None:
    resource, public_id = terminal.deposited(), begun(terminal)
    made = terminal.json("collection", "units", public_id, "--unit", "ar=الضوء;fr=La lumière", "--unit", "ar=الماء")
    light, water = made["units"]
    assert (light["titles"], water["titles"]) == ({"ar": "الضوء", "fr": "La lumière"}, {"ar": "الماء"})
    terminal.good("collection", "add", public_id, resource, "--unit", light["id"], "--note", "first")
    done = terminal.good(
        "collection", "units", public_id, "--unit", "en=Sound", "--unit", f"{light['id']};fr=;en=Light"
    )
    sound, again = terminal.json("collection", "show", public_id)["units"]
    assert done.out.splitlines() == [
        f"{public_id}  draft  closed  Light",
        f"  {sound['id']}  Sound",
        f"  {light['id']}  Light",
        f"    {resource}  published  الضوء والماء  first",
    ]
    assert again["titles"] == {"ar": "الضوء", "en": "Light"}
    refused = terminal("collection", "units", public_id, "--unit", sound["id"])
    assert (refused.code, light["id"] in refused.err) == (5, True)
    assert terminal.json("collection", "show", public_id)["units"] == [sound, again]


def test_lists_hold_what_is_published_or_the_drafts(terminal: Terminal) -> None:
    terminal.institution("school")
    one, two = begun(terminal), begun(terminal)
    terminal.good("collection", "publish", one)
    assert [found["id"] for found in terminal.json("collection", "list")] == [one]
    assert [found["id"] for found in terminal.json("collection", "list", "--drafts")] == [two]
    assert terminal.json("collection", "list", "--institution", "school") == []
    french = terminal.good("collection", "list", "--institution", "college", LC_ALL="fr_FR.UTF-8").out
    assert french == f"{one}  publiée  fermée  الضوء\n"


def test_a_long_list_comes_whole(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oer.cli.collections._PAGE", 2)
    ids = [begun(terminal) for _ in range(5)]
    assert [found["id"] for found in terminal.json("collection", "list", "--drafts")] == ids[::-1]


def test_people_do_what_their_roles_allow(terminal: Terminal) -> None:
    teacher, other = account(terminal, "a@example.org"), account(terminal, "b@example.org")
    resource = terminal.deposited()
    public_id = begun(terminal, "--as", teacher, "--open")
    assert terminal("collection", "add", public_id, resource, "--as", other).code == 4
    assert terminal("collection", "show", public_id, "--as", other).code == 4
    terminal.good("collection", "add", public_id, resource, "--as", teacher)
    assert terminal("collection", "publish", public_id, "--as", teacher).code == 5
    terminal.good("collection", "publish", public_id)
    assert terminal("collection", "remove", public_id, resource, "--as", other).code == 5
    terminal.good("collection", "remove", public_id, resource, "--as", teacher)
    terminal.good("collection", "add", public_id, resource, "--as", other)
    assert terminal("collection", "delete", public_id, "--as", teacher).code == 5


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["create", "--institution", "college"], 3),
        (["create", "--institution", "college", "--ar", "a\u202eb"], 3),
        (["create", "--institution", "college", "--ar", b"\xff".decode("utf-8", "surrogateescape")], 3),
        (["create", "--institution", "nowhere", "--ar", "ا"], 4),
        (["create", "--ar", "ا"], 2),
        (["add", "7k3v9qm2xd", "7k3v9qm2xd"], 4),
        (["add", "ID", "7k3v9qm2xd"], 4),
        (["add", "ID", "RESOURCE", "--unit", "none"], 3),
        (["add", "ID", "RESOURCE", "--note", "x" * 2000], 3),
        (["units", "ID"], 2),
        (["units", "7k3v9qm2xd", "--unit", "ar=ا"], 4),
        (["units", "ID", "--unit", "Light"], 3),
        (["units", "ID", "--unit", "es=Luz"], 3),
        (["units", "ID", "--unit", "ar=ا", "--as", "nobody@example.org"], 4),
        (["remove", "ID", "RESOURCE"], 4),
        (["unpublish", "ID"], 5),
        (["show", b"\xff".decode("utf-8", "surrogateescape")], 4),
        (["publish", "ID", "--as", "nobody@example.org"], 4),
        (["list", "--institution", "nowhere"], 4),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(terminal: Terminal, arguments: list[str], code: int) -> None:
    named = {"ID": begun(terminal), "RESOURCE": terminal.deposited()}
    done = terminal("collection", *(named.get(word, word) for word in arguments))
    assert (done.code, done.out) == (code, "")
    assert done.err
