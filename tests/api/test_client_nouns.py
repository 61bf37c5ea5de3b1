"""The client for partners, noun by noun, and its guide."""

import inspect
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import partners
import pytest
from conftest import ROOT
from partners import RECORD, Served
from previewing import drawn

from oer.client import ApiError, Client
from oer.client.announcements import Announcements
from oer.client.nouns import Collections, Imports, Institutions, Tokens
from oer.client.reports import Reports


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with partners.served(tmp_path_factory.mktemp("client")) as found:
        yield found


@pytest.fixture
def client(served: Served) -> Iterator[Callable[..., Client]]:
    with served.clients() as found:
        yield found


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oer.client.line._FIRST", 0.01)


def test_collections(client: Callable[..., Client]) -> None:
    reviewer, anybody = client("reviewer"), client(None)
    resources = [reviewer.publish(reviewer.create("college", RECORD | {"access": {"kind": "metadata-only"}}))
                 for _ in range(2)]  # fmt: skip
    held = reviewer.collections.create("college", {"ar": "العلوم"}, membership="open")
    held = reviewer.collections.add(held, resources[0], note="أولًا")
    held = reviewer.collections.add(held, resources[1])
    assert held.resources == [resource.id for resource in resources]
    unit = held.units[0]
    order = [{"id": unit["id"], "titles": {"ar": "الماء"}, "items": [{"resource": resources[1].id}]}]
    held = reviewer.collections.arrange(held, order)
    assert held.resources == [resources[1].id]
    held = reviewer.collections.publish(reviewer.collections.change(held, titles={"fr": "Sciences"}))
    assert held.titles == {"ar": "العلوم", "fr": "Sciences"}
    assert [found.id for found in anybody.collections.all(contains=resources[1])] == [held.id]
    assert reviewer.collections.take_out(held, resources[1]).resources == []
    held = reviewer.collections.unpublish(reviewer.collections.one(held))
    reviewer.collections.remove(held)
    with pytest.raises(ApiError) as unknown:
        reviewer.collections.one(held)
    assert unknown.value.status == 404


def test_institutions(client: Callable[..., Client]) -> None:
    admin = client("admin")
    made = admin.institutions.add("lycee", {"fr": "Lycée"}, "school", parent="college", country="TN")
    made = admin.institutions.change(made, names={"ar": "المعهد"}, country=None)
    assert (made.names, made.parent, made.data["country"]) == ({"ar": "المعهد", "fr": "Lycée"}, "college", None)
    assert [found.slug for found in admin.institutions.all(parent="college")] == ["lycee"]
    admin.institutions.remove(made)
    assert "lycee" not in {found.slug for found in admin.institutions.all()}


def test_figures_are_read_and_their_course_by_those_who_may(client: Callable[..., Client], tmp_path: Path) -> None:
    (tmp_path / "درس.txt").write_text("الماء", "utf-8")
    reviewer, anybody, admin = client("reviewer"), client(None), client("admin")
    made = reviewer.deposit("college", RECORD, [tmp_path / "درس.txt"], publish=True)
    [file] = made.files
    for _ in range(5):
        asked = urllib.request.Request(
            file.data["url"], headers={"User-Agent": "Mozilla/5.0 Firefox/130.0", "DNT": "1"}
        )
        assert urllib.request.urlopen(asked).read().decode() == "الماء"
    until = time.monotonic() + 30
    while anybody.usage(made).downloads < 5 and time.monotonic() < until:
        time.sleep(0.2)
    public, own = anybody.usage(made.id), reviewer.usage(made)
    assert (public.views, public.downloads, public.months, public.data["days"]) == (0, 5, {}, None)
    assert list(own.months.values()) == [(None, 5)]
    yesterday = date.fromisoformat(own.data["days"][0]["day"]) - timedelta(days=1)
    assert reviewer.usage(made, until=yesterday).data["days"] == []
    assert admin.institutions.usage("college").downloads >= 5
    assert admin.institutions.usage("college", since=yesterday).data["days"] == own.data["days"]
    assert anybody.institutions.usage("college", until=yesterday).data["days"] is None


def test_previews_of_a_file_are_told_when_the_worker_has_made_them(
    client: Callable[..., Client], tmp_path: Path
) -> None:
    (tmp_path / "صورة.png").write_bytes(drawn(800, 400))
    reviewer, anybody = client("reviewer"), client(None)
    made = reviewer.deposit("college", RECORD, [tmp_path / "صورة.png"], publish=True)
    until = time.monotonic() + 60
    while (told := anybody.previews(made, "صورة.png")).state is None:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert (told.state, told.pages, told.duration) == ("made", None, None)
    assert set(told.urls) == {("cover", 1), ("middle", 1)}
    with urllib.request.urlopen(told.urls["cover", 1]) as answer:
        assert answer.read(4) == b"RIFF"


def test_announcements(client: Callable[..., Client]) -> None:
    admin, anybody = client("admin"), client(None)
    made = admin.announcements.add("college", {"ar": "ورشة"}, {"ar": "يوم **الخميس**"}, until="2099-01-01T00:00:00Z")
    made = admin.announcements.change(made, titles={"fr": "Atelier"}, until=None, pinned=True)
    assert (made.titles, made.until, made.pinned) == ({"ar": "ورشة", "fr": "Atelier"}, None, True)
    assert [found.id for found in anybody.announcements.all("college")] == [made.id]
    assert anybody.announcements.one("college", made.id).texts == {"ar": "يوم **الخميس**"}
    admin.announcements.add("college", {"en": "Later"}, {"en": "x"}, published="2099-01-01T00:00:00Z")
    assert [found.state for found in admin.announcements.all("college", state="scheduled")] == ["scheduled"]
    admin.announcements.remove(made)
    assert list(anybody.announcements.all(admin.institutions.one("college"))) == []


def test_reports(client: Callable[..., Client]) -> None:
    reviewer, anybody = client("reviewer"), client(None)
    resource = reviewer.publish(reviewer.create("college", RECORD | {"access": {"kind": "metadata-only"}}))
    report = anybody.reports.file(resource, "copyright", "الصفحة 4 منقولة", email="salma@example.org", language="ar")
    assert (report.state, report.data["details"]) == ("open", None)
    (waiting,) = reviewer.reports.all(institution="college")
    assert waiting.data["details"]["email"] == "salma@example.org"
    held = reviewer.reports.examine(reviewer.reports.one(report.reference.upper()), note="قيد الفحص")
    with pytest.raises(ApiError) as gone:
        anybody.resource(resource)
    assert (held.state, gone.value.status) == ("examining", 410)
    done = reviewer.reports.answer(held, "kept", "لا مشكلة")
    assert (done.state, anybody.reports.one(report.reference).answer) == ("answered", "لا مشكلة")
    assert anybody.resource(resource).version == 1
    assert [found.outcome for found in reviewer.reports.all(state="answered")] == ["kept"]
    with pytest.raises(ApiError) as again:
        reviewer.reports.answer(report.reference, "kept")
    assert again.value.code == "transition.impossible"


def test_terms_are_found_for_a_record(client: Callable[..., Client]) -> None:
    (primary,) = client("admin").terms("isced-levels", "ابتدائي")
    assert primary.uri == "https://w3id.org/kim/educationalLevel/level_1"
    assert primary.labels["en"] == "Primary education"
    assert len(list(client("admin").terms("audience"))) > 2
    with pytest.raises(ApiError) as caught:
        list(client("admin").terms("nothing"))
    assert caught.value.code == "vocabulary.unknown"


def test_tokens(served: Served, client: Callable[..., Client]) -> None:
    author = client("author")
    assert author.me().roles == {"college": "depositor"}
    token = author.tokens.make("nightly", ["read"], days=3)
    assert token.secret
    assert token.secret not in repr(token)
    with Client(served.home.url, token.secret) as other:
        assert other.me().email == "author@example.org"
        with pytest.raises(ApiError) as narrow:
            other.create("college", RECORD)
        assert narrow.value.status == 403
        author.tokens.revoke(token)
        with pytest.raises(ApiError) as revoked:
            other.me()
        assert revoked.value.status == 401
    assert token.id in {found.id for found in author.tokens.all() if found.revoked}


def test_an_import_runs_as_a_job(client: Callable[..., Client]) -> None:
    reviewer = client("reviewer")
    record = {name: value for name, value in RECORD.items() if name != "licence"}
    rows = "\n".join(
        json.dumps({"item": f"lesson-{number}", "record": {**record, "access": {"kind": "metadata-only"}}})
        for number in range(3)
    )
    told: dict[str, Any] = {"form": "jsonl", "institution": "college", "source": "lessons", "publish": True}
    rehearsal = reviewer.imports.wait(reviewer.imports.start(rows.encode(), dry_run=True, **told), timeout=60)
    assert rehearsal.counts["failed"] == 3
    assert {fault["field"] for row in reviewer.imports.report(rehearsal) for fault in row["problems"]} >= {"licence"}
    job = reviewer.imports.start(rows.encode(), defaults={"licence": RECORD["licence"]}, **told)
    done = reviewer.imports.wait(job, timeout=60)
    assert (done.state, done.counts["created"]) == ("done", 3)
    assert {row["status"] for row in reviewer.imports.report(done)} == {"created"}


def test_a_resource_comes_in_every_format(client: Callable[..., Client]) -> None:
    anybody, reviewer = client(None), client("reviewer")
    title = [*RECORD["title"], {"value": "Le cycle de l’eau", "lang": "fr"}]
    draft = reviewer.upload(reviewer.create("college", RECORD | {"title": title}), b"x", name="a.txt")
    resource = reviewer.publish(draft)
    assert json.loads(anybody.rendered(resource, "csl"))[0]["title"] == "دورة الماء في الطبيعة"
    assert "Le cycle de l’eau" in anybody.rendered(resource.id, "bibtex", language="fr").decode()
    assert anybody.rendered(resource, "oai_dc").startswith(b"<?xml")
    with pytest.raises(ApiError) as refused:
        anybody.rendered(resource, "word")
    assert (refused.value.status, [fault.field for fault in refused.value.errors]) == (422, ["format"])


# ── The guide ────────────────────────────────────────────────────────────────────────────────────


def test_the_example_of_the_guide_runs(served: Served, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "client.md").read_text("utf-8")
    example = text.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "lesson.pdf").write_bytes(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    (tmp_path / "example.py").write_text(example.replace("http://localhost:8000", served.home.url), "utf-8")
    done = subprocess.run(
        [sys.executable, "example.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "TOKEN": served.secrets["reviewer"], "INSTITUTION": "college", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "published" in done.stdout


def test_the_guide_names_what_each_method_takes() -> None:
    text = (ROOT / "docs" / "client.md").read_text("utf-8")
    for noun in (Announcements, Collections, Imports, Reports, Institutions, Tokens):
        table = text.partition(f"| of `client.{noun.__name__.lower()}` |")[2].partition("\n\n")[0]
        cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
        written = dict(re.findall(r"`(\w+)\((.*?)\)`", " ".join(cells)))
        methods = {name: method for name, method in vars(noun).items() if not name.startswith("_")}
        assert written == {name: _taken(method) for name, method in methods.items()}


def _taken(method: Any) -> str:
    """The arguments as the guide writes them: ``name=`` for one that may be left out, ``…`` for any others."""
    found = list(inspect.signature(method).parameters.values())[1:]
    words = [
        "…" if one.kind is one.VAR_KEYWORD else one.name if one.default is one.empty else f"{one.name}="
        for one in found
    ]
    return ", ".join(words)


def test_the_client_needs_nothing_of_the_server() -> None:
    """Partners have no database and no web framework, and need none."""
    loaded = "import sys, oer.client; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True)
    found = set(done.stdout.split())
    assert "urllib3" in found
    assert not found & {
        "fastapi",
        "starlette",
        "sqlalchemy",
        "sqlmodel",
        "pydantic",
        "lxml",
        "api",
        "metadata",
        "storage",
    }
