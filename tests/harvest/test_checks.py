"""Endpoints examined as jobs: who may order it, where it may lead, what is kept."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import factories
import pytest
from factories import Watch
from oai_server import Request, response, serving
from sqlmodel import select

from harvest import checks
from harvest.checks import Order
from oer import accounts, jobs, queries, working
from oer.db import reading, transaction
from oer.errors import Conflict, Forbidden, Invalid
from oer.installation import Installation
from oer.models import AuditEntry, Job
from oer.policy import OPERATOR, Actor
from oer.workflow import Role

URL = "https://partner.example.org/oai"


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def home(tmp_path: Path, watch: Watch) -> Iterator[Installation]:
    with factories.opened(tmp_path, now=watch) as found:
        yield found


@pytest.fixture
def admin(home: Installation) -> Actor:
    with transaction(home.engine) as session:
        return accounts.actor_of(session, factories.person(session, "admin@example.org", administrator=True))


def ordered(home: Installation, actor: Actor, order: Order) -> int:
    with transaction(home.engine) as session:
        return checks.place(session, actor, order, now=home.now())


def done(home: Installation, number: int) -> Job:
    working.drain(home)
    with reading(home.engine) as session:
        return session.get_one(Job, number)


def with_networks(home: Installation, *networks: str) -> Installation:
    return replace(home, settings=home.settings.model_copy(update={"fetch_networks": networks}))


def test_an_endpoint_is_examined_and_the_report_is_kept(home: Installation, admin: Actor) -> None:
    with serving(lambda _: response(b"<html>nothing of the kind</html>")) as said:
        number = ordered(home, admin, Order(f"{said.url}/oai"))
        job = done(with_networks(home, "127.0.0.0/8"), number)
    report = checks.report_of(job)
    assert report is not None
    assert (job.state, job.done, report.stopped) == ("done", report.requests, "not-oai-pmh")
    assert report.requests == len(said.requests) > 1
    assert report.breaks
    assert report.findings[0].examples[0].request.startswith(said.url)
    assert "OAI-PMH check" in said.requests[0].headers["user-agent"]


def test_a_private_address_is_not_asked(home: Installation, admin: Actor) -> None:
    with serving(lambda _: response()) as said:
        job = done(home, ordered(home, admin, Order(said.url)))
        assert said.requests == []
    report = checks.report_of(job)
    assert report is not None
    assert report.reason is not None
    assert report.reason.seen == "fetch.address-private"


def test_this_repository_may_be_asked_wherever_it_runs(home: Installation, admin: Actor) -> None:
    with serving(lambda _: response(b"<a/>")) as said:
        at = replace(home, settings=home.settings.model_copy(update={"base_url": said.url}))
        done(at, ordered(home, admin, Order(f"{said.url}/oai")))
        assert said.requests


def test_a_partner_who_takes_too_long_is_left(
    home: Installation, admin: Actor, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_TOLD", 0.0)
    seen: list[int] = []

    def slow(_: Request) -> bytes:
        watch.forward(seconds=50)
        with reading(home.engine) as session:
            seen.append(session.exec(select(Job.done).where(Job.kind == checks.KIND)).one())
        return response(b"<html>nothing of the kind</html>")

    with serving(slow) as said:
        job = done(with_networks(home, "127.0.0.0/8"), ordered(home, admin, Order(said.url)))
    report = checks.report_of(job)
    assert report is not None
    assert report.stopped in ("out-of-time", "not-oai-pmh")
    assert len(said.requests) <= 4
    assert seen[1] > 0  # how far it has come is told while it runs


def test_a_report_of_another_release_is_passed_over(home: Installation, admin: Actor) -> None:
    number = ordered(home, admin, Order(URL))
    with transaction(home.engine) as session:
        job = session.get_one(Job, number)
        job.result = {"url": URL, "colour": "green"}
        assert checks.report_of(job) is None


def test_a_check_that_was_taken_away_keeps_nothing(home: Installation, admin: Actor) -> None:
    number = 0

    def cancelled(_: Request) -> bytes:
        with transaction(home.engine) as session:
            if session.get_one(Job, number).state == "running":
                jobs.cancel(session, OPERATOR, number, now=home.now())
        return response(b"<a/>")

    with serving(cancelled) as said:
        number = ordered(home, admin, Order(said.url))
        job = done(with_networks(home, "127.0.0.0/8"), number)
    assert (job.state, job.result) == ("cancelled", None)


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        (URL, True),
        ("http://localhost:8000/oai", True),
        ("https://partner.example.org/cgi?x=1", True),
        ("", False),
        ("partner.example.org/oai", False),
        ("ftp://partner.example.org/", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("https://name:word@partner.example.org/", False),
        ("https://partner.example.org:0/", False),
        ("https://partner.example.org:99999/", False),
        ("https://[::1/", False),
        ("https://partner.example.org/a b", False),
        ("https://partner.exa\nmple.org/", False),
        ("https://partner.example.org/\u202ea", False),
        ("https://partner.example.org/\x00", False),
        ("https://partner.example.org/" + "x" * 2000, False),
    ],
)
def test_what_is_an_address(home: Installation, admin: Actor, url: str, is_one: bool) -> None:
    assert checks.is_address(url) == is_one
    if not is_one:
        with pytest.raises(Invalid) as raised:
            ordered(home, admin, Order(url))
        assert raised.value.params["field"] == "url"


@pytest.mark.parametrize("name", ["prefix", "within"])
@pytest.mark.parametrize("value", ["a\nb", "\x00", "x" * 2001, "\u202e"])
def test_arguments_that_nobody_could_send_are_refused(home: Installation, admin: Actor, name: str, value: str) -> None:
    with pytest.raises(Invalid) as raised:
        ordered(home, admin, Order(URL, **{name: value}))
    assert (raised.value.code, raised.value.params["field"]) == ("oai.check.argument-wrong", name)


def test_administrators_alone_order_checks_and_a_few_at_a_time(home: Installation, admin: Actor) -> None:
    with transaction(home.engine) as session:
        factories.institution(session)
    with pytest.raises(Forbidden):
        ordered(home, factories.member(home, Role.MANAGER, "college"), Order(URL))
    for _ in range(5):
        ordered(home, admin, Order(URL))
    with pytest.raises(Conflict, match=r"oai\.check\.too-many"):
        ordered(home, admin, Order(URL))
    with reading(home.engine) as session:
        told = [one for one in session.exec(select(AuditEntry)).all() if one.action == checks.KIND]
        assert len(told) == 5
        assert queries.jobs.counts(session)["waiting"] == 5
