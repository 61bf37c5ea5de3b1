"""``oer oai check`` as an operator meets it."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import command_line
import pytest
import servers
import serving
from command_line import Terminal
from factories import Watch, institution, opened
from oai_endpoints import Answering, Asked, Spoil, edited
from oai_partner import Partner
from oai_server import Request, Said, response
from oai_server import serving as saying

from api import i18n
from harvest import protocol, provider
from harvest.check.rules import RULES
from harvest.fetching import Reply
from oer import installation
from oer.db import transaction


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path / "terminal") as made:
        yield made


@dataclass
class Served:
    """Our provider on loopback, and what spoils it."""

    partner: Partner
    port: int

    @contextmanager
    def by(self, *spoils: Spoil) -> Iterator[Said]:
        def answer(asked: Asked) -> Reply:
            return Reply("", 200, {}, self.partner.raw(*asked.pairs, now=installation.utc_now()))

        answering: Answering = answer
        for spoil in spoils:
            answering = _around(spoil, answering)

        def say(request: Request) -> bytes:
            asked = Asked(request.method, tuple(protocol.form_pairs(request.query)), request.headers)
            return response(answering(asked).content)

        with saying(say, port=self.port) as said:
            yield said


def _around(spoil: Spoil, inner: Answering) -> Answering:
    return lambda asked: spoil(asked, inner)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Five records of three days ago, one of them withdrawn, in pages of two."""
    watch = Watch(installation.utc_now() - timedelta(days=3))
    [port] = servers.free_ports(1)
    with opened(tmp_path / "provider", now=watch, oai_page_size=2, base_url=f"http://127.0.0.1:{port}") as home:
        partner = Partner(home, watch, provider.repository_of(home), checked=lambda _: pytest.fail("not asked for"))
        with transaction(home.engine) as session:
            institution(session, "left", parent=institution(session, "top"))
        first, *_ = partner.publish(5, at="left")
        watch.forward(minutes=1)
        partner.withdraw(first)
        yield Served(partner, port)


BROKEN = edited("<protocolVersion>2.0", "<protocolVersion>1.1")
WARNED = edited(r"<\?xml.*?\?>", "")


# ── What is said ─────────────────────────────────────────────────────────────────────────────────


def test_a_sound_endpoint_ends_with_zero(terminal: Terminal, served: Served) -> None:
    with served.by() as said:
        done = terminal.good("oai", "check", f"{said.url}/oai")
    assert done.err == ""
    lines = done.out.splitlines()
    assert "granularity YYYY-MM-DDThh:mm:ssZ, deletedRecord persistent" in lines[0]
    assert any(re.search("ListRecords metadataPrefix=oai_dc: entries 5, deleted 1, pages 3$", line) for line in lines)
    assert "✗" not in done.out
    assert re.search(r"^Requests: \d+\. Rules looked at: \d+\. Broken: 0\. Warnings: 0\.$", lines[-1])
    assert "--schemas" in lines[-2]
    assert {asked.headers["user-agent"].split("/")[0] for asked in said.requests} == {"oer"}


def test_what_breaks_is_said_with_rule_section_words_and_request(terminal: Terminal, served: Served) -> None:
    with served.by(BROKEN, WARNED) as said:
        done = terminal("oai", "check", f"{said.url}/oai?verb=Identify")
    assert (done.code, done.err) == (1, "")
    lines = done.out.splitlines()
    at = lines.index("✗ identify.version (4.2) protocolVersion is 2.0.")
    assert lines[at + 1 : at + 3] == ["    protocolVersion: 1.1", f"      GET {said.url}/oai?verb=Identify"]
    assert any(line.startswith("! xml.declaration (3.2) ") for line in lines)
    assert lines[-1].endswith("Broken: 1. Warnings: 1.")


def test_warnings_alone_end_with_zero(terminal: Terminal, served: Served) -> None:
    with served.by(WARNED) as said:
        assert terminal.good("oai", "check", f"{said.url}/oai", "--quick").out.count("! ") == 1


def test_more_than_a_few_breaches_are_counted(terminal: Terminal, served: Served) -> None:
    with served.by(edited("<header>", '<header status="live">')) as said:
        out = terminal("oai", "check", f"{said.url}/oai").out
    assert re.search(r"✗ header\.status.*\n    status: live\n.*\n    Seen in all: \d\d", out)


def test_json_says_the_same(terminal: Terminal, served: Served) -> None:
    with served.by(BROKEN) as said:
        done = terminal("oai", "check", f"{said.url}/oai", "--json")
    assert (done.code, done.err) == (1, "")
    told = done.told
    assert (told["url"], told["ok"], told["stopped"]) == (f"{said.url}/oai", False, "")
    [finding] = told["findings"]
    assert (finding["rule"], finding["severity"], finding["section"], finding["count"]) == (
        "identify.version", "breaks", "4.2", 1,
    )  # fmt: skip
    assert finding["wants"] == "protocolVersion is 2.0."
    [example] = finding["examples"]
    assert example["message"] == "protocolVersion: 1.1"
    assert example["request"] == f"{said.url}/oai?verb=Identify"
    assert set(told["examined"]) | set(told["unexamined"]) == set(RULES)
    assert next(walk for walk in told["walks"] if walk["verb"] == "ListRecords") == {
        "verb": "ListRecords", "prefix": "oai_dc", "within": "", "since": "", "until": "", "pages": 3, "entries": 5,
        "deleted": 1, "complete": True, "changing": False, "errors": [],
    }  # fmt: skip


@pytest.mark.parametrize(("language", "locale"), [("ar", "ar_TN.UTF-8"), ("fr", "fr_FR.UTF-8")])
def test_sentences_are_in_the_language_of_the_operator(
    terminal: Terminal, served: Served, language: str, locale: str
) -> None:
    with served.by(BROKEN) as said:
        out = terminal("oai", "check", f"{said.url}/oai", "--quick", LC_ALL=locale).out
    assert i18n.message("oai.rule.identify.version", language) in out
    assert i18n.message("oai.check.unschemed", language) in out
    assert not {"entries", "Requests", "Nothing", "not"} & set(re.findall(r"\w+", out))


def test_what_an_endpoint_calls_itself_does_not_reach_the_terminal_raw(terminal: Terminal, served: Served) -> None:
    name = edited("<repositoryName>[^<]*", "<repositoryName>&#x9;bell&#x85;&#x202e;\n[31m")
    specs = edited("<setSpec>institution:top<", "<setSpec>a&#x9;&#x9b;31m<")
    with served.by(name, specs) as said:
        done = terminal("oai", "check", f"{said.url}/oai")
    assert done.code == 1
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.out)


# ── Options ──────────────────────────────────────────────────────────────────────────────────────


def test_options_say_how_far_to_go(terminal: Terminal, served: Served) -> None:
    def walks(*options: object) -> list[dict[str, object]]:
        with served.by() as said:
            told = terminal.json("oai", "check", f"{said.url}/oai", *options)
            return [walk for walk in told["walks"] if walk["verb"] != "ListSets"]

    assert walks("--max-records", 3)[0]["entries"] == 4
    assert walks("--max-records", 0)[0]["complete"]
    assert {walk["within"] for walk in walks("--max-sets", 0)} == {""}
    assert len({walk["within"] for walk in walks("--max-sets", 2)}) == 3
    assert {walk["within"] for walk in walks("--set", "institution:top")} == {"institution:top"}
    assert {walk["prefix"] for walk in walks("--prefix", "oai_dc")} == {"oai_dc"}
    assert max(int(str(walk["pages"])) for walk in walks("--quick", "--max-records", 0)) == 2


def test_schemas_are_used_where_they_are_given(terminal: Terminal, served: Served, shared: Path) -> None:
    invalid = edited("(<dc:title[^>]*>)", r"\1<dc:nonsense/>", verb="GetRecord")
    with served.by(invalid) as said:
        assert terminal.good("oai", "check", f"{said.url}/oai", "--quick")
        done = terminal("oai", "check", f"{said.url}/oai", "--quick", "--schemas", shared / "xsd")
    assert done.code == 1
    assert "✗ xml.valid (3.2.1)" in done.out
    assert "--schemas" not in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["ftp://a.org/oai"], ["a.org/oai"], ["https://"], ["http://[/"], ["https://me:secret@a.org/oai"],
        ["https://a.org/oai", "--schemas", "/nowhere"], ["https://a.org/oai", "--max-records", "-1"],
    ],
)  # fmt: skip
def test_mistakes_are_told_before_anything_is_asked(terminal: Terminal, arguments: list[str]) -> None:
    done = terminal("oai", "check", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "Usage" in done.err


# ── Nobody there ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def quick_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harvest.fetching._FIRST", 0.01)


@pytest.mark.usefixtures("quick_waits")
def test_nobody_there_is_exit_two_and_a_sentence(terminal: Terminal) -> None:
    url = f"http://127.0.0.1:{servers.free_ports(1)[0]}/oai"
    done = terminal("oai", "check", url)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"{url}?verb=Identify does not answer: ")
    done = terminal("oai", "check", url, "--json", LC_ALL="ar")
    assert (done.code, done.err) == (2, "")
    assert done.told["error"]["code"] == "fetch.no-answer"
    assert "لا يجيب" in done.told["error"]["message"]


@pytest.mark.parametrize(
    ("content", "status", "word"),
    [(b"<html>", 200, "xml.malformed"), (b"not found", 404, "http.status"), (b"<rss/>", 200, "xml.root")],
)
def test_what_is_no_oai_pmh_is_said(terminal: Terminal, content: bytes, status: int, word: str) -> None:
    with saying(lambda _: response(content, status)) as said:
        done = terminal("oai", "check", f"{said.url}/")
    assert done.code == 1
    assert word in done.out
    assert "not OAI-PMH" in done.out
    assert len(said.requests) == 2


@pytest.mark.usefixtures("quick_waits")
def test_who_falls_silent_on_the_way_is_reported_so_far(terminal: Terminal, served: Served) -> None:
    def silent(asked: Asked, inner: Callable[[Asked], Reply]) -> Reply:
        if asked.verb.startswith("List") and asked.verb != "ListMetadataFormats":
            raise OSError
        return inner(asked)

    with served.by(silent) as said:
        done = terminal("oai", "check", f"{said.url}/oai")
    assert done.code == 1
    assert "✗ http.answer" in done.out
    assert "stopped answering" in done.out


# ── On a terminal, and against a real server ─────────────────────────────────────────────────────


def test_a_bar_stands_on_terminals_only(served: Served) -> None:
    with served.by() as said:
        command = [sys.executable, "-m", "oer.cli", "oai", "check", f"{said.url}/oai", "--quick", "--json"]
        there, here = pty.openpty()
        process = subprocess.Popen(
            command, env=os.environ | {"TERM": "xterm", "LC_ALL": "C.UTF-8"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=here,
        )  # fmt: skip
        os.close(here)
        seen = b""
        try:
            while block := os.read(there, 4096):
                seen += block
        except OSError:  # the command has ended
            pass
        os.close(there)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"Requests to 127.0.0.1" in seen
    assert json.loads(out)["ok"]
    assert b"\x1b" not in out


def test_our_own_server_is_sound(tmp_path: Path, shared: Path) -> None:
    with serving.home(tmp_path) as home:
        home.oer("bench", "seed", 120)
        with serving.serving(home):
            done = home.oer("oai", "check", f"{home.url}/oai", "--schemas", shared / "xsd", check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"entries 120, deleted 0, pages 2\n", done.stdout)
    assert done.stdout.endswith("Broken: 0. Warnings: 0.\n")
