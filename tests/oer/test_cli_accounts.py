"""``oer person``, ``oer invitation``, ``oer token`` and what is new of ``oer institution``."""

import json
from collections.abc import Iterator
from pathlib import Path

import command_line
import pytest
import snapshots
from command_line import Terminal

from oer import accounts, institutions, invitations, passwords
from oer.db import reading

PASSWORD = "correct horse battery"
EMAIL = "amina@example.org"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50

pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        made.good("admin", "create", "chief@example.org", "--password-stdin", input=PASSWORD)
        made.good("admin", "create", EMAIL, "--name", "أمينة", "--ordinary", "--password-stdin", input=PASSWORD)
        made.good("role", "grant", EMAIL, "college", "reviewer")
        yield made


def fits(terminal: Terminal, password: str) -> bool:
    with terminal.home() as home, reading(home.engine) as session:
        return passwords.fits(accounts.credential(session, email=EMAIL).password, password)


# ── people ──────────────────────────────────────────────────────────────────────────────────────


def test_people_are_listed_and_shown_with_their_roles(terminal: Terminal) -> None:
    assert [one["email"] for one in terminal.json("person", "list")] == ["chief@example.org", EMAIL]
    assert [one["email"] for one in terminal.json("person", "list", "--institution", "college")] == [EMAIL]
    assert terminal.json("person", "list", "--inactive") == []
    assert "administrator" in terminal.good("person", "list").out.splitlines()[0]
    told = terminal.json("person", "show", EMAIL.upper())
    assert told["roles"] == [{"institution": "college", "role": "reviewer"}]
    assert "reviewer" in terminal.good("person", "show", EMAIL).out
    for arguments in (("show", "nobody@example.org"), ("list", "--institution", "nowhere")):
        assert terminal("person", *arguments).code == 4


def test_without_a_name_the_address_is_not_shown(terminal: Terminal) -> None:
    terminal.good("admin", "create", "salma@example.org", "--password-stdin", input=PASSWORD)
    assert terminal.json("person", "show", "salma@example.org")["name"] == "salma"


@pytest.mark.parametrize("command", [("admin", "create", "salma@example.org"), ("person", "password", EMAIL)])
def test_who_pipes_a_password_is_told_how(terminal: Terminal, command: tuple[str, ...]) -> None:
    done = terminal(*command, input=f"{PASSWORD}\n{PASSWORD}\n")
    assert (done.code, "--password-stdin" in done.err) == (3, True)


def test_an_account_is_changed(terminal: Terminal) -> None:
    told = terminal.json("person", "edit", EMAIL, "--name", "منى", "--language", "fr", "--administrator")
    assert (told["name"], told["language"], told["administrator"]) == ("منى", "fr", True)
    assert EMAIL in terminal.good("person", "edit", EMAIL, "--no-administrator").out
    assert terminal.json("person", "show", EMAIL)["name"] == "منى"
    assert terminal("person", "edit", EMAIL, "--name", " ").code == 3
    done = terminal("person", "edit", "chief@example.org", "--no-administrator")
    assert (done.code, "last administrator" in done.err) == (5, True)


def test_a_person_sleeps_and_wakes(terminal: Terminal) -> None:
    assert terminal.json("person", "deactivate", EMAIL)["active"] is False
    assert not fits(terminal, PASSWORD)
    assert [one["email"] for one in terminal.json("person", "list", "--inactive")] == [EMAIL]
    terminal.good("person", "activate", EMAIL)
    assert fits(terminal, PASSWORD)


def test_a_password_is_set_from_standard_input(terminal: Terminal) -> None:
    done = terminal.good("person", "password", EMAIL, "--password-stdin", input="another password\n")
    assert "another password" not in done.out + done.err
    assert fits(terminal, "another password")
    assert terminal("person", "password", EMAIL, "--password-stdin", input="short").code == 3
    assert terminal("person", "password", EMAIL).code == 3
    assert terminal("person", "password", "nobody@example.org", "--password-stdin", input=PASSWORD).code == 4


def test_everything_kept_about_a_person_is_exported(terminal: Terminal) -> None:
    told = json.loads(terminal.good("person", "export", EMAIL).out)
    assert told["roles"][0]["institution"] == "college"
    file = terminal.folder / "amina.json"
    terminal.good("person", "export", EMAIL, "--to", file)
    assert json.loads(file.read_text("utf-8"))["person"]["email"] == EMAIL
    assert terminal("person", "export", EMAIL, "--to", terminal.folder / "none" / "amina.json").code == 3


def test_a_person_is_erased_when_somebody_is_sure(terminal: Terminal) -> None:
    done = terminal("person", "erase", EMAIL)
    assert (done.code, "--yes" in done.err) == (2, True)
    assert terminal.json("person", "erase", EMAIL, "--yes")["erased"] is True
    assert terminal("person", "show", EMAIL).code == 4
    with terminal.home() as home:
        said = repr(snapshots.tables(home))
    assert EMAIL not in said
    assert "أمينة" not in said
    assert terminal("person", "erase", "chief@example.org", "--yes").code == 5


# ── tokens and invitations ──────────────────────────────────────────────────────────────────────


def test_tokens_are_listed_and_revoked(terminal: Terminal) -> None:
    assert "No tokens" in terminal.good("token", "list", EMAIL).err
    secret = terminal.good("token", "create", EMAIL, "--name", "nightly").out.strip()
    (told,) = terminal.json("token", "list", EMAIL)
    assert (told["name"], told["state"]) == ("nightly", "valid")
    assert secret not in terminal.good("token", "list", EMAIL).out
    for _ in range(2):
        terminal.good("token", "revoke", EMAIL, told["id"])
    assert "revoked" in terminal.good("token", "list", EMAIL).out
    assert terminal("token", "revoke", "chief@example.org", told["id"]).code == 4
    assert terminal("token", "revoke", EMAIL, 2**31).code == 2


def test_an_invitation_is_made_shown_once_listed_and_revoked(terminal: Terminal) -> None:
    done = terminal.good("invitation", "create", "New@example.org", "college", "manager", "--language", "fr")
    link = done.out.strip()
    assert link.partition("#")[0].endswith("/invitation")
    assert "new@example.org" in done.err
    told = terminal.json("invitation", "create", "new@example.org", "college", "depositor")
    assert told["link"].endswith(told["secret"])
    with terminal.home() as home, reading(home.engine) as session:
        found = invitations.opened(session, told["secret"], now=home.now())
        assert (found.invitation.role, found.invitation.invited_by) == ("depositor", None)
    listed = terminal.json("invitation", "list", "college")
    assert [(one["id"], one["state"]) for one in listed] == [(2, "waiting"), (1, "revoked")]
    assert told["secret"] not in terminal.good("invitation", "list", "college").out
    terminal.good("invitation", "revoke", 2)
    assert "revoked" in terminal.good("invitation", "list", "college").out.splitlines()[0]
    terminal.good("institution", "add", "empty", "--en", "Empty")
    assert "No invitations" in terminal.good("invitation", "list", "empty").err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("create", "no-address", "college", "manager"), 3),
        (("create", "a@example.org", "college", "king"), 3),
        (("create", "a@example.org", "nowhere", "manager"), 4),
        (("list", "nowhere"), 4),
        (("revoke", "9"), 4),
        (("revoke", "x"), 2),
    ],
)
def test_invitations_that_make_no_sense_are_refused(terminal: Terminal, arguments: tuple[str, ...], code: int) -> None:
    done = terminal("invitation", *arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err


# ── institutions ────────────────────────────────────────────────────────────────────────────────


def test_an_institution_is_changed_moved_and_removed(terminal: Terminal) -> None:
    terminal.good("institution", "add", "ministry", "--ar", "وزارة", "--kind", "ministry")
    told = terminal.json(
        "institution", "edit", "college", "--fr", "Collège", "--en", "", "--parent", "ministry", "--colour", "#AABBCC",
        "--country", "tn", "--homepage", "https://example.org/", "--language", "ar", "--publish-role", "depositor",
    )  # fmt: skip
    assert told == {"slug": "college", "names": {"ar": "كلية", "fr": "Collège"}}
    assert [one["depth"] for one in terminal.json("institution", "list")] == [0, 1]
    assert terminal("institution", "remove", "ministry").code == 5
    assert "college" in terminal.good("institution", "edit", "college", "--parent", "", "--country", "").out
    assert terminal.json("institution", "remove", "ministry") == {"slug": "ministry", "removed": True}
    assert [one["slug"] for one in terminal.json("institution", "list")] == ["college"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("edit", "nowhere", "--country", "TN"), 4),
        (("edit", "college", "--country", "ZZ"), 3),
        (("edit", "college", "--parent", "nowhere"), 3),
        (("edit", "college", "--parent", "college"), 3),
        (("edit", "college", "--colour", "red"), 3),
        (("edit", "college", "--ar", "", "--en", ""), 3),
        (("remove", "nowhere"), 4),
        (("logo", "college"), 2),
        (("logo", "college", "missing.png"), 3),
        (("logo", "college", "--remove"), 4),
    ],
)
def test_changes_that_make_no_sense_are_refused(terminal: Terminal, arguments: tuple[str, ...], code: int) -> None:
    done = terminal("institution", *arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err


def test_a_logo_is_put_and_taken_away(terminal: Terminal) -> None:
    assert terminal.json("institution", "logo", "college", terminal.file("logo.png", PNG))["logo"] == "image/png"
    assert terminal("institution", "logo", "college", terminal.file("logo.txt", "no picture")).code == 3
    assert terminal("institution", "logo", "college", terminal.file("big.png", PNG + b"0" * 1024 * 1024)).code == 3
    assert terminal.json("institution", "logo", "college", "--remove")["logo"] is None


@pytest.mark.parametrize("locale", ["ar_TN.UTF-8", "fr_FR.UTF-8"])
def test_every_command_speaks_the_operator_s_language(terminal: Terminal, locale: str) -> None:
    said = [
        terminal.good(*arguments, LC_ALL=locale)
        for arguments in (
            ("person", "edit", EMAIL, "--language", "ar"), ("person", "deactivate", EMAIL),
            ("person", "activate", EMAIL), ("person", "list", "--inactive"), ("token", "list", EMAIL),
            ("invitation", "create", "new@example.org", "college", "manager"), ("invitation", "list", "college"),
            ("invitation", "revoke", "1"), ("institution", "edit", "college", "--country", "TN"),
            ("person", "erase", EMAIL, "--yes"),
        )
    ]  # fmt: skip
    text = " ".join(done.out + done.err for done in said)
    for word in ("Account", "Give", "Institution college", "tokens", "revoked", "active", "waiting"):
        assert word not in text


def test_members_of_an_institution_and_its_descriptions_are_told(terminal: Terminal) -> None:
    terminal.good("institution", "add", "academy", "--en", "Academy", "--description", "en=Since 1988.")
    assert terminal.json("role", "list", "academy") == []
    for email, role in (("huda@example.org", "manager"), ("sami@example.org", "depositor")):
        terminal.good("admin", "create", email, "--ordinary", "--password-stdin", input="correct horse battery")
        terminal.good("role", "grant", email, "academy", role)
    told = terminal.json("role", "list", "academy")
    assert [(one["email"], one["name"], one["role"]) for one in told] == [
        ("huda@example.org", "huda", "manager"),
        ("sami@example.org", "sami", "depositor"),
    ]
    assert terminal.good("role", "list", "academy", LC_ALL="ar").out.splitlines()[1] == "sami@example.org  sami  مودِع"
    assert terminal("role", "list", "nowhere").code == 4
    terminal.good("institution", "edit", "academy", "--description", "ar=منذ 1988", "--description", "en=")
    with terminal.home() as home, reading(home.engine) as session:
        found = institutions.find(session, "academy")
        assert found.descriptions == {"ar": "منذ 1988"}
    assert terminal("institution", "edit", "academy", "--description", "xx=1988").code == 3
