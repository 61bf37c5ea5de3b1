"""The client for partners, against a real server and over lines that break."""

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import lossy_proxy
import partners
import pytest
from lossy_proxy import Trouble
from partners import RECORD, Served
from serving import Home

from oer.client import ApiError, Client, Damaged, Draft, Unreachable
from oer.client.line import Answer, Broken, Patience

LARGE = 24 * 2**20
NAME = "درس الماء.txt"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with partners.served(tmp_path_factory.mktemp("client")) as found:
        yield found


@pytest.fixture(scope="module")
def home(served: Served) -> Home:
    return served.home


@pytest.fixture
def client(served: Served) -> Iterator[Callable[..., Client]]:
    with served.clients() as found:
        yield found


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
