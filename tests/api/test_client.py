"""The client for partners, against a real server and over lines that break."""

import hashlib
import inspect
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import calling
import factories
import lossy_proxy
import pytest
import serving
from conftest import ROOT
from lossy_proxy import Trouble
from serving import Home

from oer import accounts, installation
from oer.client import ApiError, Client, Damaged, Draft, Unreachable
from oer.client.line import Answer, Broken, Patience
from oer.client.nouns import Collections, Imports, Institutions, Tokens
from oer.db import transaction
from oer.settings import Settings
from oer.workflow import Role

RECORD: dict[str, Any] = {
    "title": [{"value": "دورة الماء في الطبيعة", "lang": "ar"}],
    "description": [{"value": "درس مصوّر عن التبخّر والتكاثف والهطول.", "lang": "ar"}],
    "languages": ["ar"],
    "resource_type": "https://w3id.org/kim/hcrt/text",
    "subjects": ["http://data.europa.eu/snb/isced-f/0532"],
    "levels": ["https://w3id.org/kim/educationalLevel/level_1"],
    "creators": [{"name": "ليلى بن عمر"}],
    "licence": "https://creativecommons.org/licenses/by/4.0/",
}
LARGE = 24 * 2**20
NAME = "درس الماء.txt"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, dict[str, str]]]:
    """A server with a college, and the tokens of an administrator, and of a depositor and a reviewer of the college."""
    with serving.home(tmp_path_factory.mktemp("client"), OER_RATE_LIMIT="0") as home:
        wanted = {
            name.removeprefix("OER_").lower(): value
            for name, value in home.environment.items()
            if name.startswith("OER_")
        }
        found = installation.open_installation(Settings(**wanted))  # type: ignore[arg-type]
        author = factories.member(found, Role.DEPOSITOR, email="author@example.org")
        people = {"author": author, "reviewer": factories.member(found, Role.REVIEWER, email="reviewer@example.org")}
        with transaction(found.engine) as session:
            person = factories.person(session, "admin@example.org", administrator=True)
            session.flush()
            people["admin"] = accounts.actor_of(session, person)
        secrets = {name: calling.secret(found, actor) for name, actor in people.items()}
        found.close()
        with serving.serving(home):
            yield home, secrets


@pytest.fixture(scope="module")
def home(served: tuple[Home, dict[str, str]]) -> Home:
    return served[0]


@pytest.fixture(scope="module")
def secret(served: tuple[Home, dict[str, str]]) -> Callable[[str], str]:
    return lambda name: served[1][name]


@pytest.fixture
def client(home: Home, secret: Callable[[str], str]) -> Iterator[Callable[..., Client]]:
    """``client("author")``; with ``at`` at another address."""
    made: list[Client] = []

    def do(name: str | None, at: str | None = None, **options: Any) -> Client:
        made.append(Client(at or home.url, secret(name) if name else None, **options))
        return made[-1]

    yield do
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("film") / "فيلم.bin"
    found.write_bytes(b"".join(hashlib.sha256(b"%d" % number).digest() * 2**15 for number in range(LARGE // 2**20)))
    return found


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oer.client.line._FIRST", 0.01)


# ── The life of a resource ───────────────────────────────────────────────────────────────────────


def test_what_is_published_is_found_soon(client: Callable[..., Client]) -> None:
    reviewer, anybody = client("reviewer"), client(None)
    made = []
    for title, languages in (("الزرافة في السافانا", ["ar"]), ("زرافات الحديقة", ["fr"])):
        record = RECORD | {"title": [{"value": title, "lang": "ar"}], "languages": languages}
        draft = reviewer.upload(reviewer.create("college", record), b"text", name="text.txt")
        made.append(reviewer.publish(draft).id)
    until = time.monotonic() + 20
    while len(found := [one.id for one in anybody.search("الزرافات", sort="title")]) < 2:
        assert time.monotonic() < until, "it is not found"
        time.sleep(0.05)
    assert set(found) == set(made)
    assert [one.id for one in anybody.search("زرافة", language=["fr", "en"])] == made[1:]
    draft = reviewer.upload(reviewer.create("college", RECORD), "دورة الماء. ".encode() * 30, name="water.txt")
    told = reviewer.suggestions(draft)
    assert (told.languages[0], told.keywords[0]) == ("ar", "دورة الماء")
    assert (told.titles, bool(told.subjects)) == (["water"], True)
    assert anybody.suggest("زراف")[0] == "الزرافة"
    assert anybody.similar(made[0])[0].id == made[1]


def test_a_resource_lives_its_whole_life(client: Callable[..., Client], tmp_path: Path) -> None:
    author, reviewer, anybody = client("author"), client("reviewer"), client(None)
    lesson = tmp_path / NAME
    lesson.write_text("الماء حياة", "utf-8")

    draft = author.create("college", {"title": RECORD["title"]})
    assert (draft.state, draft.institution, draft.based_on) == ("editing", "college", 0)
    verdict = author.validate(draft)
    assert not verdict.publishable
    assert "record.licence" in {fault.field for fault in verdict.problems if fault.severity == "error"}

    draft = author.describe(draft, RECORD, note="الأولى")
    draft = author.change(draft, {"keywords": [{"value": "الماء", "lang": "ar"}]})
    draft = author.upload(draft, lesson, language="ar")
    assert draft.file(NAME).sha256 == hashlib.sha256(lesson.read_bytes()).hexdigest()
    assert (draft.record["keywords"][0]["value"], draft.note, draft.problems) == ("الماء", "الأولى", 0)
    assert author.validate(draft).publishable

    draft = author.recall(author.submit(draft))
    draft = author.submit(draft)
    assert [line.id for line in reviewer.drafts(state="submitted", order="oldest")] == [draft.id]
    assert reviewer.review(reviewer.draft(draft.id), "request-changes", "أضف صورة").state == "changes-requested"
    draft = author.upload(author.draft(draft), b"\x89PNG\r\n\x1a\n", name="صورة.png", role="extra")
    author.submit(draft)
    assert reviewer.review(draft.id, "publish", "عمل جيد").version == 1

    resource = anybody.resource(draft.id)
    assert (resource.state, resource.version, resource.record["licence"]) == ("published", 1, RECORD["licence"])
    to = anybody.download(resource, NAME, tmp_path / "back.txt")
    assert to.read_bytes() == lesson.read_bytes()

    second = reviewer.revise(resource)
    second = reviewer.take_out(second, "صورة.png")
    lesson.write_text("الماء سر الحياة", "utf-8")
    second = reviewer.upload(second, lesson, replace=True)
    resource = reviewer.publish(second, note="صُحّحت")
    assert resource.version == 2
    assert [(version.number, version.note) for version in anybody.versions(resource)] == [(2, "صُحّحت"), (1, "الأولى")]
    assert anybody.download(anybody.resource(resource, 1), NAME, tmp_path).read_text("utf-8") == "الماء حياة"
    assert anybody.download(resource.id, NAME, tmp_path).read_text("utf-8") == "الماء سر الحياة"

    withdrawn = reviewer.withdraw(resource, "rights", "طلب الناشر ذلك")
    with pytest.raises(ApiError) as gone:
        anybody.resource(resource)
    assert (gone.value.status, gone.value.code) == (410, "resource.withdrawn")
    restored = client("admin").restore(withdrawn)
    assert anybody.resource(restored).state == "published"
    shown = reviewer.unhide(reviewer.hide(resource.id, "legal"))
    assert shown.state == "published"

    third = author.revise(shown)
    author.discard(third)
    with pytest.raises(ApiError) as unknown:
        author.draft(third)
    assert unknown.value.status == 404


def test_a_deposit_in_one_call_is_whole(client: Callable[..., Client], tmp_path: Path) -> None:
    reviewer = client("reviewer")
    lesson = tmp_path / NAME
    lesson.write_bytes(b"\r\n--" + bytes(range(256)) * 100)
    draft = reviewer.deposit("college", RECORD, [lesson], note="مسودة")
    assert isinstance(draft, Draft)
    resource = reviewer.deposit("college", RECORD, [lesson], publish=True, key="lesson-1")
    assert reviewer.deposit("college", RECORD, [lesson], publish=True, key="lesson-1").id == resource.id
    assert resource.id != draft.id
    assert resource.file(NAME).sha256 == draft.file(NAME).sha256 == hashlib.sha256(lesson.read_bytes()).hexdigest()


def test_what_somebody_else_has_changed_is_not_overwritten(client: Callable[..., Client]) -> None:
    author = client("author")
    first = author.create("college", RECORD)
    author.change(first, note="meanwhile")
    with pytest.raises(ApiError) as stale:
        author.describe(first, RECORD, note="mine")
    assert (stale.value.status, stale.value.code) == (412, "draft.stale")
    assert author.describe(author.draft(first), RECORD, note="mine").note == "mine"
    assert author.describe(first.id, RECORD, note="whatever is there").note == "whatever is there"
    with pytest.raises(ApiError) as taken:
        author.upload(author.upload(first.id, b"1", name="a.txt"), b"2", name="a.txt")
    assert taken.value.status == 428


def test_a_refusal_names_its_fields_in_the_language_of_the_client(client: Callable[..., Client]) -> None:
    with pytest.raises(ApiError) as refused:
        client("author", language="fr").create("college", {"title": [{"value": "x", "lang": "??"}], "colour": 1})
    assert refused.value.status == 422
    assert {fault.field for fault in refused.value.errors} >= {"record.colour"}
    assert "champ" in " ".join(fault.message for fault in refused.value.errors).lower()
    told = str(refused.value)
    assert told.startswith(f"422 {refused.value.code}: {refused.value.detail}")
    assert all(f"{fault.field}: {fault.message}" in told for fault in refused.value.errors)
    with pytest.raises(ApiError) as nobody:
        client(None).create("college", RECORD)
    assert (nobody.value.status, nobody.value.code) == (401, "sign-in.required")


def test_lists_go_on_over_all_pages(client: Callable[..., Client]) -> None:
    author = client("author")
    wanted = {author.create("college", RECORD).id for _ in range(25)}  # a page has twenty
    found = [line.id for line in author.drafts(mine=True)]
    assert wanted <= set(found)
    assert len(found) == len(set(found))


# ── Files ────────────────────────────────────────────────────────────────────────────────────────


def test_a_large_upload_goes_on_where_the_line_broke(
    home: Home, client: Callable[..., Client], film: Path, tmp_path: Path
) -> None:
    trouble = Trouble(cut_up_at=10 * 2**20)
    with lossy_proxy.proxy(f"127.0.0.1:{home.port}", trouble) as address:
        author = client("author", at=f"http://{address}")
        draft = author.upload(author.create("college", RECORD), film)
        assert trouble.done.count("cut") in (2, 3), "24 MiB over lines that last 10 MiB each"
        assert draft.file(film.name).sha256 == hashlib.sha256(film.read_bytes()).hexdigest()
        down = Trouble(cut_down_at=10 * 2**20)
        with lossy_proxy.proxy(f"127.0.0.1:{home.port}", down) as other:
            to = client("author", at=f"http://{other}").download(draft, film.name, tmp_path)
        assert down.done.count("cut") == 2
        assert to.read_bytes() == film.read_bytes()


def test_an_upload_goes_on_in_another_run_of_the_program(
    home: Home, client: Callable[..., Client], film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = client("author")
    draft = author.create("college", RECORD)
    trouble = Trouble(cut_up_at=9 * 2**20)
    with lossy_proxy.proxy(f"127.0.0.1:{home.port}", trouble) as address:
        monkeypatch.setattr(Patience, "wait", _give_up)
        with pytest.raises(Unreachable):
            client("author", at=f"http://{address}").upload(draft, film)
    monkeypatch.undo()
    with lossy_proxy.proxy(f"127.0.0.1:{home.port}", counted := Trouble(cut_up_at=LARGE - 2**20)) as address:
        draft = client("author", at=f"http://{address}").upload(draft, film)
    assert counted.done == [], "what had come before was not sent again"
    assert draft.file(film.name).size == LARGE


def _give_up(_: Patience, met: Answer | Broken) -> None:
    raise Unreachable(str(met))


def test_a_large_upload_in_parts(client: Callable[..., Client], film: Path) -> None:
    author = client("author")
    draft = author.upload(author.create("college", RECORD), film, part_size=5 * 2**20)
    assert draft.file(film.name).sha256 == hashlib.sha256(film.read_bytes()).hexdigest()


def test_bytes_that_changed_on_the_way_up_are_sent_no_further(home: Home, client: Callable[..., Client]) -> None:
    author = client("author")
    draft = author.create("college", RECORD)
    with lossy_proxy.proxy(f"127.0.0.1:{home.port}", Trouble(flip_up_at=20_000)) as address:
        other = client("author", at=f"http://{address}")
        with pytest.raises(ApiError) as refused:
            other.upload(draft, b"x" * 30_000, name="a.txt")
    assert refused.value.code == "checksum.mismatch"
    assert author.draft(draft).files == []


def test_a_download_that_is_not_what_was_promised_is_kept_nowhere(
    home: Home, client: Callable[..., Client], tmp_path: Path
) -> None:
    author = client("author")
    draft = author.upload(author.create("college", RECORD), b"x" * 30_000, name="a.txt")
    with lossy_proxy.proxy(f"127.0.0.1:{home.port}", Trouble(flip_down_at=20_000)) as address:
        for thing in (draft, draft.id):
            with pytest.raises((Damaged, ApiError)):
                client("author", at=f"http://{address}").download(thing, "a.txt", tmp_path)
    assert list(tmp_path.iterdir()) == []


# ── Asking again ─────────────────────────────────────────────────────────────────────────────────


def test_a_post_whose_answer_was_lost_is_done_once(home: Home, client: Callable[..., Client]) -> None:
    author = client("author")
    before = len(list(author.drafts(mine=True)))
    for number, length in enumerate((20, 60, 400, 900), start=1):  # among the headers, and in the content
        with lossy_proxy.proxy(f"127.0.0.1:{home.port}", trouble := Trouble(cut_down_at=length)) as address:
            cut = client("author", at=f"http://{address}", patience=0.05)
            with pytest.raises(Unreachable):
                cut.create("college", RECORD)
        assert len(trouble.done) > 1
        assert len(list(author.drafts(mine=True))) == before + number


# ── Other nouns ──────────────────────────────────────────────────────────────────────────────────


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


def test_terms_are_found_for_a_record(client: Callable[..., Client]) -> None:
    (primary,) = client("admin").terms("isced-levels", "ابتدائي")
    assert primary.uri == "https://w3id.org/kim/educationalLevel/level_1"
    assert primary.labels["en"] == "Primary education"
    assert len(list(client("admin").terms("audience"))) > 2
    with pytest.raises(ApiError) as caught:
        list(client("admin").terms("nothing"))
    assert caught.value.code == "vocabulary.unknown"


def test_tokens(home: Home, client: Callable[..., Client]) -> None:
    author = client("author")
    assert author.me().roles == {"college": "depositor"}
    token = author.tokens.make("nightly", ["read"], days=3)
    assert token.secret
    assert token.secret not in repr(token)
    with Client(home.url, token.secret) as other:
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


def test_the_example_of_the_guide_runs(home: Home, secret: Callable[[str], str], tmp_path: Path) -> None:
    text = (ROOT / "docs" / "client.md").read_text("utf-8")
    example = text.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "lesson.pdf").write_bytes(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    (tmp_path / "example.py").write_text(example.replace("http://localhost:8000", home.url), "utf-8")
    done = subprocess.run(
        [sys.executable, "example.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "TOKEN": secret("reviewer"), "INSTITUTION": "college", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "published" in done.stdout


def test_the_guide_names_what_each_method_takes() -> None:
    text = (ROOT / "docs" / "client.md").read_text("utf-8")
    for noun in (Collections, Imports, Institutions, Tokens):
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
