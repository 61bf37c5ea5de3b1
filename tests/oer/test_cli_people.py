import hashlib
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import command_line
import pytest
import snapshots
from command_line import Terminal

from api import i18n
from oer import accounts, passwords, queries
from oer.db import reading

PASSWORD = "correct horse battery"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        yield made


def account(terminal: Terminal, email: str = "amina@example.org", *options: str) -> str:
    terminal.good("admin", "create", email, "--password-stdin", *options, input=f"{PASSWORD}\n")
    return email


def test_an_administrator_is_made_with_a_password_from_standard_input(terminal: Terminal) -> None:
    told = terminal.json("admin", "create", "Amina@Example.org", "--password-stdin", input=f"{PASSWORD}\r\n")
    assert told == {"email": "amina@example.org", "kind": "administrator"}
    with terminal.home() as home, reading(home.engine) as session:
        assert passwords.fits(accounts.credential(session, email="amina@example.org").password, PASSWORD)
        assert queries.people.any_administrator(session)
    told = terminal.json("admin", "create", "b@example.org", "--ordinary", "--password-stdin", input=PASSWORD)
    assert told["kind"] == "account"


def test_a_password_is_no_argument_and_is_never_read_from_a_pipe_unasked(terminal: Terminal) -> None:
    assert terminal("admin", "create", "a@example.org", "--password", PASSWORD).code == 2
    done = terminal("admin", "create", "a@example.org", input=f"{PASSWORD}\n{PASSWORD}\n")
    assert (done.code, done.out) == (3, "")
    with terminal.home() as home, reading(home.engine) as session:
        assert not queries.people.any_administrator(session)


def test_at_a_terminal_the_password_is_asked_for_twice_and_not_shown(terminal: Terminal) -> None:
    code, said = typed(terminal, (b"Password (at least 10 characters): ", PASSWORD), (b"The same again", PASSWORD))
    assert code == 0
    assert PASSWORD.encode() not in said
    assert b"Created administrator a@example.org" in said


def test_what_is_said_at_the_questions_is_in_the_operator_s_language(terminal: Terminal) -> None:
    asked = i18n.message("cli.password", "ar", minimum=10).encode()
    again = i18n.message("cli.password-again", "ar").encode()
    code, said = typed(terminal, (asked, PASSWORD), (again, "another"), (asked, "\4"), LC_ALL="ar_TN.UTF-8")
    assert code == 1
    for word in ("cli.password-differs", "cli.broken-off"):
        assert i18n.message(word, "ar").encode() in said
    assert b"Abort" not in said


def typed(terminal: Terminal, *answers: tuple[bytes, str], **more: str) -> tuple[int, bytes]:
    """How ``oer admin create`` ends at a terminal, and what it says, where each question gets its answer."""
    there, here = pty.openpty()
    ours = {name: value for name, value in terminal.environment.items() if value is not None}
    environment = {**os.environ, **ours, **more}
    process = subprocess.Popen(
        [sys.executable, "-m", "oer.cli", "admin", "create", "a@example.org"],
        env=environment, stdin=here, stdout=here, stderr=here, start_new_session=True,
    )  # fmt: skip
    os.close(here)
    said, told = b"", 0
    for prompt, answer in answers:
        while prompt not in said[told:]:
            block = heard(there)
            assert block, f"the command ended: {said.decode()}"
            said += block
        told = len(said)
        while termios.tcgetattr(there)[3] & termios.ECHO:  # what is typed before that is thrown away
            time.sleep(0.01)
        os.write(there, answer.encode() + b"\n")
    while block := heard(there):
        said += block
    os.close(there)
    return process.wait(30), said


def heard(terminal: int) -> bytes:
    """What comes next; nothing at the end."""
    assert select.select([terminal], [], [], 60)[0], "the command waits for something else"
    try:
        return os.read(terminal, 1000)
    except OSError:  # the other side has closed
        return b""


@pytest.mark.parametrize(
    ("email", "password", "words"),
    [
        ("no-address", PASSWORD, "no-address"),
        ("a@example.org", "short", "10"),
        ("a@example.org", "", "10"),
        ("a@example.org", "aaaaaaaaaaaa", "easy to guess"),
        ("a@example.org", "x1y2z3" * 50, "200"),
        ("a@example.org", b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe", "UTF-8"),
    ],
)
def test_poor_accounts_are_refused_in_words(terminal: Terminal, email: str, password: str | bytes, words: str) -> None:
    done = terminal("admin", "create", email, "--password-stdin", input=password)
    assert (done.code, done.out) == (3, "")
    assert words in done.err


def test_an_address_is_taken_once(terminal: Terminal) -> None:
    account(terminal)
    done = terminal("admin", "create", "AMINA@example.org", "--password-stdin", input=PASSWORD)
    assert done.code == 3
    assert "amina@example.org" in done.err


def test_institutions_are_a_tree_named_in_the_operator_s_language(terminal: Terminal) -> None:
    terminal.good("institution", "add", "league", "--ar", "المنظمة", "--fr", "Organisation", "--kind", "organisation")
    told = terminal.json("institution", "add", "college", "--ar", "كلية", "--parent", "league", "--country", "tn")
    assert told == {"slug": "college", "names": {"ar": "كلية"}}
    terminal.good("institution", "add", "another", "--en", "Another")
    assert terminal.good("institution", "list", LC_ALL="fr_FR.UTF-8").out.splitlines() == [
        "league  Organisation",
        "  college  كلية",
        "another  Another",
    ]
    assert [(one["slug"], one["depth"]) for one in terminal.json("institution", "list")] == [
        ("league", 0),
        ("college", 1),
        ("another", 0),
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["x1"], 3),
        (["Bad_Slug", "--ar", "ا"], 3),
        (["x1", "--ar", "ا", "--kind", "castle"], 3),
        (["x1", "--ar", "ا", "--country", "XX"], 3),
        (["x1", "--ar", "ا", "--publish-role", "king"], 3),
        (["x1", "--ar", "a\u202eb"], 3),
        (["x1", "--ar", "ا", "--parent", "nowhere"], 4),
        (["college", "--ar", "ا"], 3),
    ],
)
def test_institutions_that_make_no_sense_are_refused_in_words(
    terminal: Terminal, arguments: list[str], code: int
) -> None:
    terminal.institution()
    done = terminal("institution", "add", *arguments)
    assert (done.code, done.out) == (code, "")
    assert len(done.err.splitlines()) == (2 if "\u202e" in "".join(arguments) else 1)  # the second names the field
    assert len(terminal.json("institution", "list")) == 1


def test_roles_are_given_and_taken(terminal: Terminal) -> None:
    terminal.institution()
    email = account(terminal, "amina@example.org", "--ordinary")
    path, record = terminal.file("a.txt"), terminal.record()
    deposit = ("deposit", path, "--record", record, "--institution", "college", "--as", email)
    assert terminal(*deposit).code == 5
    told = terminal.json("role", "grant", email, "college", "depositor")
    assert told == {"email": email, "institution": "college", "role": "depositor"}
    terminal.good(*deposit)
    assert terminal(*deposit, "--publish").code == 5
    assert "depositor" in terminal.good("role", "grant", email, "college", "depositor").out
    terminal.good("role", "grant", email, "college", "none")
    assert terminal(*deposit).code == 5
    assert terminal("role", "grant", email, "college", "king").code == 3
    assert terminal("role", "grant", email, "nowhere", "manager").code == 4
    assert terminal("role", "grant", "nobody@example.org", "college", "manager").code == 4


def test_a_token_is_shown_once_and_only_its_digest_is_kept(terminal: Terminal) -> None:
    email = account(terminal)
    done = terminal.good("token", "create", email)
    secret = done.out.strip()
    assert secret.startswith("oer_")
    assert secret not in done.err
    assert "Shown once" in done.err
    other = terminal.json("token", "create", email, "--scope", "review", "--scope", "read", "--days", "3")
    assert set(other["scopes"]) == {"read", "review"}
    with terminal.home() as home:
        said = repr(snapshots.tables(home))
        for value in (secret, other["token"]):
            assert value not in said
            assert hashlib.sha256(value.encode()).hexdigest() in said


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nobody@example.org"], 4),
        (["amina@example.org", "--scope", "everything"], 3),
        (["amina@example.org", "--days", "4000"], 3),
        (["amina@example.org", "--days", "0"], 2),
        (["amina@example.org", "--days", "99999999999"], 2),
    ],
)
def test_tokens_that_make_no_sense_are_refused(terminal: Terminal, arguments: list[str], code: int) -> None:
    account(terminal)
    done = terminal("token", "create", *arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err


def test_arguments_that_are_no_text_are_refused_in_words(terminal: Terminal) -> None:
    terminal.institution()
    odd = b"\xff\xfe".decode("utf-8", "surrogateescape")
    for arguments in (
        ["institution", "add", "x1", "--ar", odd],
        ["institution", "add", odd, "--ar", "x"],
        ["role", "grant", odd, "college", "manager"],
        ["token", "create", odd],
        ["show", odd],
        ["export", terminal.folder / "out", "--institution", odd],
        ["import", terminal.file("i.csv", "title\n"), "--institution", odd],
        ["import", terminal.file("i.csv", "title\nx\n"), "--institution", "college", "--source", odd],
    ):
        done = terminal(*arguments)
        assert done.code in (3, 4), arguments
        assert done.err, arguments
