"""Tokens, passwords, cookies and secrets of invitations: shown once to whom they are for, and found nowhere else."""

import base64
import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import serving
import sqlalchemy as sa
from serving import Home
from sqlmodel import SQLModel

from oer import db

CHIEF = "chief@example.org"
SCOPES = [word for scope in ("read", "deposit", "review", "manage") for word in ("--scope", scope)]
JSON = "application/json"
FIRST, SECOND, THIRD = ("Quiet-Harbour-71 first", "Quiet-Harbour-72 second", "Quiet-Harbour-73 third")
WRONG = "Quiet-Harbour-74 not this one"
SHORT, LONG = "qh-75!", "Quiet-Harbour-76 " * 80


@dataclass(frozen=True)
class Answer:
    asked: str
    status: int
    head: str
    content: str
    gives: frozenset[str] = frozenset()

    @property
    def told(self) -> Any:
        return json.loads(self.content)


@dataclass
class Diary:
    """Everything that was said to a client, and every secret that must be nowhere in it."""

    home: Home
    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    def ask(
        self, method: str, path: str, body: Any = None, *, by: Mapping[str, str] | None = None, gives: str = ""
    ) -> Answer:
        """``gives`` names where the answer hands a secret out: a field of its body, or ``cookie``."""
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {"Content-Type": JSON, "Accept-Language": "en", **(by or {})}
        line = http.client.HTTPConnection("127.0.0.1", self.home.port, timeout=60)
        with closing(line):
            line.request(method, path, content, headers)
            answer = line.getresponse()
            head = "\n".join(f"{name}: {value}" for name, value in answer.getheaders())
            text = answer.read().decode("utf-8", "replace")
        shown: frozenset[str] = frozenset()
        if gives:
            found = self._given(gives, head, text)
            self.secrets[f"{gives} of {method} {path}, {len(self.answers)}"] = found
            shown = frozenset({found})
        self.answers.append(Answer(f"{method} {path}", answer.status, head, text, shown))
        return self.answers[-1]

    @staticmethod
    def _given(gives: str, head: str, text: str) -> str:
        if gives != "cookie":
            return str(json.loads(text)[gives])
        cookie = next(line for line in head.splitlines() if line.lower().startswith("set-cookie:"))
        return cookie.partition("=")[2].partition(";")[0]

    def oer(self, *arguments: str, gives: str = "", says: str | None = None) -> str:
        """What a command wrote, errors and all; ``gives`` is where its JSON has the secret."""
        done = self.home.oer(*arguments, *(["--json"] if gives else []), check=False, input=says)
        shown: frozenset[str] = frozenset()
        if gives:
            found = str(json.loads(done.stdout)[gives])
            self.secrets[f"{gives} of oer {' '.join(arguments)}, {len(self.answers)}"] = found
            shown = frozenset({found})
        self.answers.append(Answer(f"oer {' '.join(arguments)}", done.returncode, done.stderr, done.stdout, shown))
        return str(next(iter(shown), done.stdout))

    def leaks(self, places: Mapping[str, str]) -> list[str]:
        """Where a secret stands that nobody was to see there."""
        nobody: frozenset[str] = frozenset()
        told = [(f"{each.asked} ({each.status})", f"{each.head}\n{each.content}", each.gives) for each in self.answers]
        told += [(name, text, nobody) for name, text in places.items()]
        return [
            f"{kind} in {place}"
            for place, text, given in ((place, text.lower(), given) for place, text, given in told)
            for kind, secret in self.secrets.items()
            if secret not in given and any(form.lower() in text for form in forms(secret))
        ]


def forms(secret: str) -> set[str]:
    """As it is, as part of an address, and in Base64."""
    return {secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("=")}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def opened(home: Home) -> Iterator[sa.Engine]:
    engine = db.connect(home.environment["OER_DATABASE_URL"])
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def diary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Diary]:
    """A server that tells all it can, after everything that has to do with a secret was done to it, rightly and not."""
    folder = tmp_path_factory.mktemp("secrets")
    many = {"OER_SIGN_IN_TRIES": "999", "OER_SIGN_IN_NETWORK_TRIES": "999"}
    with serving.home(folder, OER_LOG_LEVEL="DEBUG", **many) as home:
        passwords = {"first": FIRST, "second": SECOND, "third": THIRD, "wrong": WRONG, "short": SHORT, "long": LONG}
        kept = Diary(home, {name: password.partition(" ")[0] for name, password in passwords.items()})
        commands(kept)
        with serving.serving(home):
            signed_in(kept)
            token = kept.oer("token", "create", CHIEF, *SCOPES, gives="token")
            with_token(kept, bearer(token))
            invited(kept, bearer(token))
            in_the_address(kept, token)
            in_wrong_places(kept, bearer(token))
            with broken(home):
                through_errors(kept, bearer(token))
            rows = bearer(token) | {"Content-Type": "application/jsonl"}
            assert (
                kept.ask("POST", "/api/imports?source=x&institution=college", b'{"item": "1"}\n', by=rows).status == 202
            )
            kept.ask("GET", "/api/audit?limit=100", by=bearer(token))
        yield kept


def commands(kept: Diary) -> None:
    kept.oer("admin", "create", CHIEF, "--password-stdin", says=f"{FIRST}\n")
    kept.oer("admin", "create", "other@example.org", "--password-stdin", says=f"{SHORT}\n")
    kept.oer("person", "password", CHIEF, "--password-stdin", says=f"{LONG}\n")
    kept.oer("institution", "add", "college", "--ar", "الكلية")
    kept.oer("token", "create", CHIEF, "--scope", "everything")
    kept.oer("token", "list", CHIEF)
    kept.oer("invitation", "create", "by-command@example.org", "college", "reviewer", gives="link")
    kept.secrets["of the link"] = kept.secrets.popitem()[1].partition("#")[2]
    kept.answers[-1] = Answer("oer invitation create", 0, kept.answers[-1].head, "")  # the answer that hands it out
    kept.oer("invitation", "list", "college", "--json")
    kept.oer("audit", "list", "--json")
    kept.oer("doctor")


def signed_in(kept: Diary) -> None:
    for password in (WRONG, SHORT, LONG, {"is": WRONG}, [WRONG], None):
        kept.ask("POST", "/api/session", {"email": CHIEF, "password": password})
    kept.ask("POST", "/api/session", {"email": WRONG, "password": FIRST})
    kept.ask("POST", "/api/session", {"email": CHIEF, "password": FIRST, "role": FIRST})
    kept.ask("POST", "/api/session", {"email": CHIEF, "pasword": FIRST})
    kept.ask("POST", "/api/session", f'{{"email": "{CHIEF}", "password": "{FIRST}"'.encode())
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    kept.ask("POST", "/api/session", f"email={CHIEF}&password={quote(FIRST)}".encode(), by=form)
    key = {"Idempotency-Key": "sign-in"}
    assert kept.ask("POST", "/api/session", {"email": CHIEF, "password": FIRST}, by=key, gives="cookie").status == 200
    browser = cookie(kept)
    person = kept.ask("GET", "/api/me", by=browser).told["id"]
    kept.ask("GET", "/api/session", by=browser)
    kept.ask("GET", "/api/session", by={**browser, "Sec-Fetch-Site": "cross-site"})
    for old, new in ((WRONG, SECOND), (FIRST, SHORT), (FIRST, LONG), ({"is": WRONG}, SECOND), (FIRST, SECOND)):
        changed = kept.ask("PUT", f"/api/people/{person}/password", {"password": new, "old_password": old}, by=browser)
    assert changed.status in (200, 204), changed
    kept.ask("DELETE", "/api/session", by=browser)
    kept.ask("GET", "/api/session", by=browser)


def cookie(kept: Diary) -> dict[str, str]:
    """That of the last answer that set one, as a browser of our own site sends it."""
    answer = next(each for each in reversed(kept.answers) if each.gives and "set-cookie" in each.head.lower())
    pair = next(line for line in answer.head.splitlines() if line.lower().startswith("set-cookie:"))
    return {"Cookie": pair.partition(": ")[2].partition(";")[0], "Sec-Fetch-Site": "same-origin"}


def with_token(kept: Diary, chief: Mapping[str, str]) -> None:
    person = kept.ask("GET", "/api/me", by=chief).told["id"]
    wanted = {"name": "nightly", "scopes": ["read", "deposit"], "days": 1}
    key = {"Idempotency-Key": "token-1"}
    made = kept.ask("POST", f"/api/people/{person}/tokens", wanted, by=chief | key, gives="token")
    assert made.status == 201, made
    again = kept.ask("POST", f"/api/people/{person}/tokens", wanted, by=chief | key)
    assert (again.status, again.told["token"]) == (201, None)
    ours = made.told["token"]
    kept.ask("GET", "/api/me", by=bearer(ours))
    kept.ask("GET", f"/api/people/{person}/tokens", by=chief)
    kept.ask("GET", f"/api/people/{person}/export", by=chief)
    for wrong in (f"Bearer {ours}x", f"Bearer {ours} {ours}", f"Token {ours}", ours, f"Bearer {ours[:-3]} "):
        kept.ask("GET", "/api/me", by={"Authorization": wrong})
    basic = kept.secrets["Basic"] = base64.b64encode(f"{CHIEF}:{SECOND}".encode()).decode()
    kept.ask("GET", "/api/me", by={"Authorization": f"Basic {basic}"})
    with opened(kept.home) as engine, engine.begin() as connection:
        connection.execute(sa.text("UPDATE token SET expires = created WHERE name = 'nightly'"))
    assert kept.ask("GET", "/api/me", by=bearer(ours)).status == 401


def invited(kept: Diary, chief: Mapping[str, str]) -> None:
    said = {"email": "amina@example.org", "role": "depositor"}
    key = {"Idempotency-Key": "invitation-1"}
    made = kept.ask("POST", "/api/institutions/college/invitations", said, by=chief | key, gives="secret")
    again = kept.ask("POST", "/api/institutions/college/invitations", said, by=chief | key)
    assert (made.status, again.status, again.told["secret"], again.told["link"]) == (201, 201, None, None)
    kept.ask("GET", "/api/institutions/college/invitations", by=chief)
    secret = made.told["secret"]
    for changes in ({"secret": f"{secret}x"}, {"password": SHORT}, {"password": LONG}, {"secret": [secret]}, {"id": 1}):
        kept.ask("POST", "/api/invitations/accept", {"secret": secret, "name": "أمينة", "password": THIRD} | changes)
    accepted = {"secret": secret, "name": "أمينة", "password": THIRD}
    assert kept.ask("POST", "/api/invitations/accept", accepted, gives="cookie").status == 200
    assert kept.ask("POST", "/api/invitations/accept", accepted).status == 409
    kept.ask("GET", f"/api/invitations/{secret}")
    amina = cookie(kept)
    draft = kept.ask("POST", "/api/resources", {"institution": "college", "record": {}}, by=amina).told["id"]
    said = f"resource {base64.b64encode(draft.encode()).decode()},filename {base64.b64encode(b'a.bin').decode()}"
    upload = {"Tus-Resumable": "1.0.0", "Upload-Length": "4", "Upload-Metadata": said}
    made = kept.ask("POST", "/api/uploads", by=amina | upload | {"Content-Type": "application/offset+octet-stream"})
    assert made.status == 201, made
    where = next(line for line in made.head.splitlines() if line.lower().startswith("location:"))
    part = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    kept.ask("PATCH", urlsplit(where.partition(": ")[2]).path, b"four", by=amina | part)
    kept.ask("GET", "/api/uploads", by=amina)


def in_the_address(kept: Diary, token: str) -> None:
    """Where a secret does not belong: it opens nothing, and nothing repeats it."""
    for path in (
        "/api/me",
        "/api/resources",
        "/api/drafts",
        "/api/nothing",
        "/api/resources/",
        "/oai",
        "/",
        "/nothing",
    ):
        answer = kept.ask("GET", f"{path}?access_token={token}&limit=1", by={"Accept": "text/html"})
        assert answer.status != 200 or path in ("/", "/oai", "/api/resources"), answer
    kept.ask("GET", f"/api/people?limit=1&access_token={token}", by=bearer(token))
    kept.ask("POST", f"/api/session?email={quote(CHIEF)}&password={quote(SECOND)}")
    kept.ask("GET", f"/?lang=fr&access_token={token}")


def in_wrong_places(kept: Diary, chief: Mapping[str, str]) -> None:
    """A password where no password is asked for."""
    body = {"email": "b@example.org", "name": "x", "password": WRONG}
    assert kept.ask("POST", "/api/people", body, by=chief).status == 422
    kept.ask("POST", "/api/people/1/tokens", {"name": "x", "scopes": [WRONG]}, by=chief)
    kept.ask("POST", "/api/people/1/tokens", {"name": "x", "scopes": ["read"], "days": WRONG}, by=chief)
    kept.ask("GET", "/api/me", by={"Cookie": f"session={quote(WRONG)}; __Host-session={quote(WRONG)}"})


@contextmanager
def broken(home: Home) -> Iterator[None]:
    """The log of deeds is away: whatever writes one ends in an error that nobody foresaw."""
    with opened(home) as engine:
        with engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE audit_entry RENAME TO audit_elsewhere"))
        try:
            yield
        finally:
            with engine.begin() as connection:
                connection.execute(sa.text("ALTER TABLE audit_elsewhere RENAME TO audit_entry"))


def through_errors(kept: Diary, chief: Mapping[str, str]) -> None:
    statuses = [
        kept.ask("POST", "/api/session", {"email": CHIEF, "password": SECOND}).status,
        kept.ask("PUT", "/api/people/1/password", {"password": THIRD, "old_password": SECOND}, by=chief).status,
        kept.ask("POST", "/api/people/1/tokens", {"name": "x", "scopes": ["read"]}, by=chief).status,
        kept.ask(
            "POST", "/api/institutions/college/invitations", {"email": "c@example.org", "role": "reviewer"}, by=chief
        ).status,
    ]
    assert set(statuses) == {500}, statuses
    kept.oer("person", "password", CHIEF, "--password-stdin", says=f"{THIRD}\n")
    kept.oer("token", "create", CHIEF)


def rows(home: Home) -> dict[str, str]:
    """What each table holds, as text."""
    with opened(home) as engine, engine.connect() as connection:
        return {
            f"table {table.name}": "\n".join(map(repr, connection.execute(sa.select(table)).all()))
            for table in SQLModel.metadata.sorted_tables
        }


def files(folder: Path) -> dict[str, str]:
    """Databases, files and logs, byte by byte."""
    return {
        str(path.relative_to(folder)): path.read_bytes().decode("latin-1")
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_no_secret_is_anywhere_but_in_the_answer_that_hands_it_out(diary: Diary) -> None:
    folder = Path(diary.home.environment["OER_DATA"]).parent
    places = rows(diary.home) | files(folder)
    log = places["serve.log"]
    assert "error_id" in log
    assert '"level": "debug"' in log
    assert "person.password" in places["table audit_entry"]
    assert places["table kept_answer"]
    assert places["table job"]
    assert "$argon2id$" in places["table person"]
    found = diary.leaks(places)
    print(f"{len(diary.secrets)} secrets, {len(diary.answers)} answers, {len(places)} tables and files: {len(found)}")
    assert not found, "\n".join(found)


def test_every_answer_that_hands_a_secret_out_is_kept_by_nobody(diary: Diary) -> None:
    given = [answer for answer in diary.answers if answer.gives and not answer.asked.startswith("oer")]
    assert len(given) == 4
    for answer in given:
        assert "no-store" in answer.head, answer.head


def test_a_secret_that_is_told_is_found(diary: Diary) -> None:
    alone = Diary(diary.home, diary.secrets)
    for said in (FIRST, FIRST.upper(), f"password={quote(FIRST)}"):
        assert alone.leaks({"a log": said, "another": "nothing"}) == ["first in a log"]
