"""A pack of a collection, unpacked and opened from disk in Chromium: no server, no network."""

import io
import json
import random
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import factories
import pytest
from factories import act
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.testclient import TestClient

from api import app, packs
from metadata.record import Record, Text
from oer import collections, units
from oer.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync"]
LIGHT = "تجربة الضَّوء والماء، أسئلة وإجابات.txt"
ALGEBRA = "Algèbre linéaire : premiers pas"
WATER = "دورة الماء في الطبيعة"
EXAM = "امتحان آخر السنة"
VIEWS = {"wide": {"width": 1100, "height": 900}, "narrow": {"width": 360, "height": 740}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a collection of two units, five resources, one of them under embargo."""
    folder = tmp_path_factory.mktemp("pack")
    with factories.opened(folder / "home", now=factories.Watch()) as home:
        public_id = collection(home)
        client = TestClient(app.create(home), base_url="https://oer.example.org")
        with closing(client):
            answer = client.get(f"/api/collections/{public_id}/pack?lang=ar")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        assert found.testzip() is None
        found.extractall(folder / "stick")
    return folder / "stick"


def titled(title: list[dict[str, str]]) -> Record:
    return factories.record().model_copy(update={"title": [Text(**one) for one in title]})


def collection(home: Installation) -> str:
    light = factories.published(
        home,
        described=factories.record(
            "الضَّوْء والماء",
            description=[
                {"value": "درس قصير مع تجربة وأسئلة عن انكسار الضوء في الماء.", "lang": "ar"},
                {"value": "Leçon courte avec une expérience et des questions sur la réfraction.", "lang": "fr"},
            ],
            keywords=[{"value": "انكسار", "lang": "ar"}],
        ),
        files={LIGHT: "نص التجربة".encode(), "CON.txt": b"device", "Reponses.TXT": b"a", "reponses.txt": b"b"},
    )
    title = [{"value": "مسؤولية المعلّم", "lang": "ar"}, {"value": "La responsabilité de l’enseignant", "lang": "fr"}]
    teacher = factories.published(home, described=titled(title), files={"plan.txt": b"plan"})
    lines = factories.published(home, described=titled([{"value": ALGEBRA, "lang": "fr"}]), files={
        "cours.pdf": b"%PDF-1.4\n" + b"x" * 3_400_000
    })  # fmt: skip
    french = [
        {"value": "L’évaporation et le cycle de l’eau, « à l’école ». Chef-d’œuvre du XIXᵉ siècle.", "lang": "fr"}
    ]
    water = factories.published(home, described=factories.record(WATER, description=french))
    access = {"kind": "embargoed", "until": "2026-06-01"}
    salt = [{"value": "ماء وملح", "lang": "ar"}]
    later = factories.published(home, described=factories.record(EXAM, access=access, keywords=salt))
    public_id = factories.collected(
        home,
        shown=True,
        titles={"ar": "علوم الصف الخامس", "fr": "Sciences, cinquième année", "en": "Science, year 5"},
        descriptions={
            "ar": "موارد مرتّبة لسنة كاملة، مع ملاحظات للمعلّمين.",
            "fr": "Des ressources en ordre pour une année entière.",
        },
    )
    order = [
        units.Unit(
            {"ar": "الضوء والماء", "fr": "La lumière et l’eau"}, [units.Item(light, "قبل التجربة"), units.Item(water)]
        ),
        units.Unit({"ar": "للمعلّمين"}, [units.Item(teacher), units.Item(lines), units.Item(later, "آخر السنة")]),
    ]
    act(home, collections.arrange, public_id, order)
    return public_id


@pytest.fixture(params=["wide", "narrow"])
def page(request: pytest.FixtureRequest, browser: Browser, pack: Path) -> Iterator[Page]:
    """The first page, offline; nothing may go wrong in it and nothing may be asked of any network."""
    context = browser.new_context(viewport=VIEWS[request.param], locale="ar", offline=True)
    found = context.new_page()
    faults: list[str] = []
    found.on("pageerror", lambda error: faults.append(str(error)))
    found.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    asked: list[str] = []
    found.on("request", lambda one: asked.append(one.url))
    found.goto((pack / "index.html").as_uri())
    yield found
    context.close()
    assert faults == []
    assert [one for one in asked if not one.startswith("file:")] == []


def shown(page: Page) -> list[str]:
    return [one.inner_text() for one in page.locator(".item h3").all() if one.is_visible()]


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("الضوء", "الضَّوْء والماء"),
        ("ضَوء", "الضَّوْء والماء"),
        ("مسوولية", "مسؤولية المعلّم"),
        ("مَسْؤُولِيَّه", "مسؤولية المعلّم"),
        ("المعلم", "مسؤولية المعلّم"),
        ("إنكسار", "الضَّوْء والماء"),
        ("lumière", "الضَّوْء والماء"),  # what the unit is called in another language
        ("ALGÈBRE", "Algèbre linéaire : premiers pas"),
        ("cours.pdf", "Algèbre linéaire : premiers pas"),
        ("انكِسار الماء", "الضَّوْء والماء"),
        ("evaporation", WATER),
        ("L'Évaporation", WATER),
        ("ecole", WATER),
        ("à l`école", WATER),
        ("cycle de l'eau", WATER),
        ("cycle de l’eau", WATER),
        ("cycle de lʼeau", WATER),
        ("l'algebre", ALGEBRA),
        ("chef d'oeuvre", WATER),
        ("CHEF-D'ŒUVRE", WATER),
        ('"cycle de l\'eau"', WATER),
        ("«cycle de l’eau»", WATER),
        ("“lineaire, premiers pas”", ALGEBRA),
        ("linéaire: premiers pas?", ALGEBRA),
        ("الطبيعة؟", WATER),
        ("„دورة الماء“", WATER),
    ],
)
def test_words_are_found_in_whatever_spelling(page: Page, words: str, title: str) -> None:
    assert len(shown(page)) == 5
    page.get_by_role("searchbox").fill(words)
    assert title in shown(page)
    assert len(shown(page)) < 5
    assert "5" in page.locator("#shown").inner_text()


def test_the_article_is_no_matter_before_short_words(page: Page) -> None:
    for words in ("ماء", "الماء", "الْمَاءِ", "المــاء", "“الماء”"):
        page.get_by_role("searchbox").fill(words)
        assert shown(page) == ["الضَّوْء والماء", WATER, EXAM], words


def test_signs_alone_ask_for_nothing(page: Page) -> None:
    for words in ('"', "«  »", "l'", "؟ ، ؛"):
        page.get_by_role("searchbox").fill(words)
        assert len(shown(page)) == 5, words
        assert page.locator("#shown").inner_text() == ""


def test_what_is_nowhere_is_said_and_taken_back(page: Page) -> None:
    page.get_by_role("searchbox").fill("كيمياء عضوية")
    assert shown(page) == []
    assert page.locator("#shown").inner_text() == "لا شيء هنا بهذه الكلمات."
    assert page.locator(".unit").evaluate_all("them => them.every(one => one.hidden)")
    page.get_by_role("button", name="امسح").click()
    page.wait_for_function("document.querySelectorAll('.item[hidden]').length === 0")
    assert len(shown(page)) == 5


def test_the_page_folds_as_the_repository_does(page: Page) -> None:
    draw = random.Random(7)
    blocks = ((0, 0x250), (0x2B0, 0x370), (0x600, 0x700), (0x750, 0x780), (0x1E00, 0x1F00), (0x2000, 0x2070))
    letters = [chr(code) for start, end in blocks for code in range(start, end)]
    letters += list("ﷺﻻﻷ‌‍­ΣςİßﬁÅＡ１") * 4 + list("'\"’‘“”«»œæŒÆéèàçÉ ") * 20 + list("❛❞〝〟ꞌ՚׳״＇＂\u3000\ufeff")
    texts = ["".join(draw.choices(letters, k=12)) for _ in range(6000)] + letters
    folded = page.evaluate("texts => texts.map(fold)", texts)
    different = [(text, one) for text, one in zip(texts, folded, strict=True) if one != packs.folded(text)]
    assert different == []


def test_units_notes_and_files_are_there_in_order(page: Page, pack: Path) -> None:
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert [one.inner_text() for one in page.locator(".unit > h2").all()] == ["الضوء والماء", "للمعلّمين"]
    assert shown(page)[:2] == ["الضَّوْء والماء", "دورة الماء في الطبيعة"]
    first = page.locator(".item").first
    assert "قبل التجربة" in first.inner_text()
    assert [one.inner_text() for one in first.locator(".files a").all()] == [
        LIGHT,
        "CON.txt",
        "Reponses.TXT",
        "reponses.txt",
    ]
    assert "CC BY 4.0" in first.inner_text()
    assert "1 يونيو 2026" in page.locator(".item").last.inner_text().replace("\u2068", "").replace("\u2069", "")
    assert page.locator(".item").last.locator(".files").count() == 0
    for link in page.locator(".files a").all():
        file = Path(link.evaluate("one => decodeURIComponent(new URL(one.href).pathname)"))
        assert file.is_file()
        assert file.is_relative_to(pack)


def test_a_file_opens_and_nothing_is_wider_than_the_screen(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name=LIGHT).click()
    page.wait_for_load_state()
    assert "نص التجربة" in page.locator("body").inner_text()


def test_every_language_is_a_click_away(page: Page) -> None:
    page.get_by_role("link", name="Français").click()
    assert page.locator("html").get_attribute("dir") == "ltr"
    assert page.locator("h1").inner_text() == "Sciences, cinquième année"
    assert page.get_by_role("searchbox").is_visible()
    page.get_by_role("searchbox").fill("réfraction")
    assert len(shown(page)) == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="العربية").click()
    assert page.locator("h1").inner_text() == "علوم الصف الخامس"


OPENED = [  # languages of the browser, those first that are liked best, and the one that the pack opens in
    (["fr-CA"], "fr"),
    (["en-GB", "ar"], "en"),
    (["ar-DZ", "fr"], "ar"),
    (["de-DE", "fr-FR", "en"], "fr"),
    (["de-DE", "ja"], "ar"),
    ([], "ar"),
]


@pytest.mark.parametrize(("languages", "lang"), OPENED)
def test_it_opens_in_the_language_of_the_reader(browser: Browser, pack: Path, languages: list[str], lang: str) -> None:
    context = browser.new_context(offline=True)
    context.add_init_script(f"Object.defineProperty(navigator, 'languages', {{ get: () => {json.dumps(languages)} }})")
    page = context.new_page()
    page.goto("about:blank")
    page.goto((pack / "index.html").as_uri(), wait_until="commit")
    name = "index.html" if lang == "ar" else f"index-{lang}.html"
    page.wait_for_url((pack / name).as_uri())
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == lang
    assert page.get_by_role("searchbox").is_visible()
    assert page.url == (pack / name).as_uri()
    page.go_back()  # it took the place of the first page
    assert page.url == "about:blank"
    context.close()


def test_a_language_that_was_chosen_stays(browser: Browser, pack: Path) -> None:
    context = browser.new_context(offline=True, locale="fr-FR")
    page = context.new_page()
    page.goto((pack / "index.html").as_uri(), wait_until="commit")
    page.wait_for_url("**/index-fr.html")
    page.get_by_role("link", name="العربية").click()
    page.wait_for_url("**/index.html#ar")
    page.reload()
    assert page.locator("h1").inner_text() == "علوم الصف الخامس"
    page.get_by_role("link", name="English").click()
    page.wait_for_url("**/index-en.html#en")
    assert page.locator("h1").inner_text() == "Science, year 5"
    page.go_back()
    assert page.locator("h1").inner_text() == "علوم الصف الخامس"
    page.goto((pack / "index-en.html").as_uri())
    assert page.locator("h1").inner_text() == "Science, year 5"
    context.close()


def test_all_of_it_works_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "words":
            break
    page.keyboard.type("مسؤوليه")
    assert shown(page) == ["مسؤولية المعلّم"]
    names = []
    for _ in range(12):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.textContent.trim()"))
        if names[-1] == "كيف تنسب العمل إلى صاحبه":
            break
    assert "plan.txt" in names
    page.keyboard.press("Enter")
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "copy":
            break
    page.keyboard.press("Enter")
    page.wait_for_function("[...document.querySelectorAll('[role=status]')].some(one => one.textContent === 'نُسخ')")


def test_without_scripts_it_is_whole_but_for_the_search(browser: Browser, pack: Path) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto((pack / "index.html").as_uri())
    assert page.locator(".item").count() == 5
    assert not page.locator("#search").is_visible()
    assert not page.locator(".copy").first.is_visible()
    page.get_by_role("link", name="English").click()
    assert page.locator("h1").inner_text() == "Science, year 5"
    context.close()


def test_the_credits_are_beside_the_files(pack: Path) -> None:
    text = (pack / "LICENCES.txt").read_bytes().decode("utf-8-sig")
    assert text.count("CC BY 4.0") >= 5
    assert "\r\n" in text
    data = (pack / "assets" / "data.js").read_text("utf-8")
    assert len(json.loads(data.removeprefix("const packTexts = ").rstrip(";\n"))) == 5
