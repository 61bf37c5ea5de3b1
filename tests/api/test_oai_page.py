import gzip
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import factories
import pytest
from factories import Watch
from lxml import etree, html
from starlette.testclient import TestClient

from api import app, i18n, security
from api.i18n import LANGUAGES, Language
from metadata import xml
from metadata.crosswalks import FORMATS
from oer import publishing
from oer.db import transaction
from oer.installation import Installation
from oer.policy import OPERATOR

OAI = {"o": xml.NAMESPACES["oai"]}
LIST = "/oai?verb=ListRecords&metadataPrefix=oai_dc"
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
BROWSER = {"accept": FIREFOX, "sec-fetch-mode": "navigate", "upgrade-insecure-requests": "1"}
NEXT = "//a[@rel='next']/@href"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
ERRORS = (
    "badVerb",
    "badArgument",
    "badResumptionToken",
    "cannotDisseminateFormat",
    "idDoesNotExist",
    "noRecordsMatch",
    "noMetadataFormats",
    "noSetHierarchy",
)


@pytest.fixture
def home(tmp_path: Path, watch: Watch) -> Iterator[Installation]:
    """Lists have two items a page."""
    with factories.opened(tmp_path, now=watch, oai_page_size=2) as found:
        yield found


# ── What is shown ────────────────────────────────────────────────────────────────────────────────


def page(client: TestClient, url: str, lang: Language = "en") -> html.HtmlElement:
    """A page that says everything in its own words, without anything that runs."""
    answer = client.get(url, headers=BROWSER | {"accept-language": lang})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-security-policy"] == security.PAGES
    found = html.document_fromstring(answer.text)
    assert (found.get("lang"), found.get("dir")) == (lang, "rtl" if lang == "ar" else "ltr")
    assert not re.search(r"page\.[a-z]", found.text_content()), "a sentence is missing"
    assert not found.xpath("//script | //style | //@style | //@*[starts-with(name(), 'on')]")
    return found


def source(client: TestClient, url: str) -> etree._Element:
    """The same, as a harvester gets it."""
    return xml.parse(client.get(url, headers={"accept": "*/*"}).content)


def said(nodes: list[etree._Element]) -> list[str]:
    return [" ".join(node.text_content().split()) for node in nodes]


def local(found: html.HtmlElement, path: str) -> str:
    (address,) = found.xpath(path)
    return str(address)


def bare(node: etree._Element) -> bytes:
    """The element in canonical form, without white space around words."""
    read = xml.parse(xml.tobytes(node))
    for each in read.iter():
        each.text, each.tail = ((words or "").strip() for words in (each.text, each.tail))
    return etree.tostring(read, method="c14n2")


@pytest.fixture
def filled(home: Installation) -> Mapping[str, str]:
    """Five records in two institutions, one of them withdrawn, on pages of two; OAI identifiers by name."""
    names = {}
    for number, at in enumerate(("college", "college", "school", "college", "school")):
        described = factories.record(f"درس {number}")
        public_id = factories.published(home, at=at, described=described, files={"a.txt": b"%d" % number})
        names[f"lesson {number}"] = f"oai:{home.repository_id}:{public_id}"
    gone = names["gone"] = names.pop("lesson 3")
    with transaction(home.engine) as session:
        local_id = gone.rpartition(":")[2]
        publishing.withdraw(
            session, OPERATOR, local_id, reason="rights", repository_id=home.repository_id, now=home.now()
        )
    return names


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_guide_tells_what_the_protocol_does_where_and_how(
    client: TestClient, filled: Mapping[str, str], lang: Language
) -> None:
    found = page(client, "/oai", lang)
    identity = source(client, "/oai?verb=Identify").find("o:Identify", OAI)
    assert identity is not None
    shown = found.text_content()
    for name in ("repositoryName", "baseURL", "protocolVersion", "earliestDatestamp", "deletedRecord", "adminEmail"):
        assert (identity.findtext(f"o:{name}", namespaces=OAI) or "nothing") in shown
    assert said(found.xpath("//section[@aria-labelledby='formats']//h3")) == list(FORMATS)
    assert found.xpath("//ul[contains(@class, 'tree')]//code/text()")
    verbs = [re.match(r".*verb=(\w+)", link) for link in found.xpath("//ul[@class='asked']//a/@href")]
    assert {match[1] for match in verbs if match} == {
        "Identify", "ListMetadataFormats", "ListSets", "ListIdentifiers", "ListRecords", "GetRecord",
    }  # fmt: skip


def test_every_link_of_the_guide_leads_to_an_answer(client: TestClient, filled: Mapping[str, str]) -> None:
    links = {link for link in page(client, "/oai").xpath("//main//a/@href") if link.startswith("/oai?")}
    assert len(links) > 8
    for link in links:
        assert not page(client, link).xpath("//section[@class='note']"), link


def test_an_empty_repository_has_a_guide_too(client: TestClient) -> None:
    found = page(client, "/oai")
    assert "There are no sets yet." in found.text_content()
    assert not [link for link in found.xpath("//a/@href") if "GetRecord" in link]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("verb", ["ListRecords", "ListIdentifiers"])
def test_a_list_shows_what_harvesters_get_to_its_last_page(
    client: TestClient, filled: Mapping[str, str], verb: str, lang: Language
) -> None:
    url, told = f"/oai?verb={verb}&metadataPrefix=oai_dc", []
    while url:
        found, given = page(client, url, lang), source(client, url)
        headers = given.findall(".//o:header", OAI)
        for header, item in zip(headers, found.xpath("//ol[@class='records']/li"), strict=True):
            identifier, datestamp, *sets = [child.text for child in header]
            assert said(item.xpath(".//dd//code")) == [identifier, *sets]
            assert item.xpath(".//time/text()") == [datestamp]
            deleted = header.get("status") == "deleted"
            assert bool(item.find_class("gone")) == deleted
            assert bool(item.xpath(".//h2")) == (verb == "ListRecords" and not deleted)
            told.append(str(identifier))
        url = next(iter(found.xpath(NEXT)), "")
        assert bool(url) == bool(given.findtext(".//o:resumptionToken", namespaces=OAI))
    assert sorted(told) == sorted(filled.values())


def test_the_xml_of_a_record_is_the_one_that_harvesters_get(client: TestClient, filled: Mapping[str, str]) -> None:
    for identifier in filled.values():
        url = f"/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier={identifier}"
        (box,) = page(client, url).find_class("xml")
        assert box.get("dir") == "ltr"
        lines = [line.text_content() for line in box.xpath(".//div[not(@class) and not(div)]")]
        around = f'<r xmlns="{OAI["o"]}" xmlns:xsi="{xml.NAMESPACES["xsi"]}">'
        shown = xml.parse("\n".join([around, *lines, "</r>"]).encode())[0]
        (given,) = source(client, url).findall(".//o:record", OAI)
        assert bare(shown) == bare(given)


def test_a_record_leads_to_its_page_its_sets_and_itself(client: TestClient, filled: Mapping[str, str]) -> None:
    identifier = filled["lesson 0"]
    record = f"/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier={identifier}"
    found = page(client, record)
    assert local(found, "//ol[@class='records']//h2/a/@href") == f"/resources/{identifier.rpartition(':')[2]}"
    links = found.xpath("//ol[@class='records']//dd//a/@href")
    assert links[0] == record
    assert links[1:] == [f"{LIST}&set={spec.text}" for spec in source(client, record).findall(".//o:setSpec", OAI)]
    assert page(client, links[-1]).find_class("records")


def test_a_deleted_record_is_marked_and_leads_to_no_page(client: TestClient, filled: Mapping[str, str]) -> None:
    found = page(client, f"/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier={filled['gone']}")
    assert said(found.find_class("gone")) == ["Deleted"]
    assert not [link for link in found.xpath("//a/@href") if link.startswith("/resources/")]


def test_a_later_page_remembers_the_format(client: TestClient, filled: Mapping[str, str]) -> None:
    following = local(page(client, LIST), NEXT)
    found = page(client, following)
    assert "3 to 4 of 5" in found.text_content()
    assert all("metadataPrefix=oai_dc" in link for link in found.xpath("//ol[@class='records']//dd//a/@href"))


def test_sets_stand_beneath_those_that_hold_them(client: TestClient, home: Installation) -> None:
    with transaction(home.engine) as session:
        ministry = factories.institution(session, "ministry", names={"ar": "الوزارة", "fr": "Ministère"})
        factories.institution(session, "school", parent=ministry, names={"ar": "المدرسة"}, descriptions={"ar": "وصف"})
    specs, url = [], "/oai?verb=ListSets"
    while url:
        found, given = page(client, url, "fr"), source(client, url)
        shown = found.xpath("//ul[contains(@class, 'tree')]//li//code/text()")
        assert sorted(set(shown)) == sorted(node.text or "" for node in given.iter(xml.name("oai:setSpec")))
        for spec in shown:
            (code,) = found.xpath("//code[text()=$spec]", spec=spec)
            above = [str(one) for one in code.xpath("ancestor::details/p/code/text()") if one != spec]
            assert all(spec.startswith(f"{one}:") for one in above)
        specs += shown
        url = next(iter(found.xpath(NEXT)), "")
    assert specs[:3] == ["institution", "institution:ministry", "institution:ministry:school"]


def test_names_of_sets_are_in_the_reader_s_language_where_they_have_one(client: TestClient, home: Installation) -> None:
    with transaction(home.engine) as session:
        factories.institution(session, "ministry", names={"ar": "الوزارة", "fr": "Ministère"})
        factories.institution(session, "office", names={"ar": "المكتب"})
    found = (
        page(client, "/oai?verb=ListSets", "fr"),
        page(client, local(page(client, "/oai?verb=ListSets"), NEXT), "fr"),
    )
    for shown_on, name, lang, direction in ((found[0], "Ministère", "fr", "ltr"), (found[1], "المكتب", "ar", "rtl")):
        (shown,) = shown_on.xpath("//ul[contains(@class, 'tree')]//*[text()=$name]", name=name)
        assert (shown.get("lang"), shown.get("dir")) == (lang, direction)


def test_formats_lead_to_their_schema_and_records(client: TestClient) -> None:
    found = page(client, "/oai?verb=ListMetadataFormats")
    cards = found.xpath("//ul[@class='cards']/li")
    for card, given in zip(
        cards, source(client, "/oai?verb=ListMetadataFormats").iter("{*}metadataFormat"), strict=True
    ):
        prefix, schema, _ = [child.text for child in given]
        assert card.xpath(".//a/@href") == [f"/oai?verb=ListRecords&metadataPrefix={prefix}", schema]


# ── What cannot be answered ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("verb=Nothing", "badVerb"),
        ("lang=xx", "badVerb"),
        ("verb=Identify&verb=Identify", "badVerb"),
        ("verb=Identify&x=1", "badArgument"),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=%ff%00", "badArgument"),
        ("verb=ListRecords&resumptionToken=no", "badResumptionToken"),
        ("verb=ListRecords&metadataPrefix=xyz", "cannotDisseminateFormat"),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:x.org:1", "idDoesNotExist"),
        ("verb=ListRecords&metadataPrefix=oai_dc&until=1999-01-01", "noRecordsMatch"),
        ("verb=ListSets", "noSetHierarchy"),
    ],
)
def test_errors_of_the_protocol_are_explained(client: TestClient, query: str, code: str, lang: Language) -> None:
    found = page(client, f"/oai?{query}", lang)
    (note,) = found.find_class("note")
    assert said(note.xpath(".//h2")) == [code]
    assert i18n.message(f"page.oai.error.{code}", lang) in note.text_content()
    assert source(client, f"/oai?{query}").findtext("o:error", namespaces=OAI) in note.text_content()
    assert found.xpath("//meta[@name='robots'][@content='noindex']")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_that_the_protocol_can_say_has_words(lang: Language) -> None:
    codes = [f"page.oai.error.{code}" for code in ERRORS]
    codes += [f"page.oai.format.{prefix}" for prefix in FORMATS]
    assert [code for code in codes if code not in i18n.catalogue(lang)] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_hostile_words_stay_words(client: TestClient, home: Installation, lang: Language) -> None:
    described = factories.record(HOSTILE, keywords=[{"value": HOSTILE, "lang": "fr"}])
    with transaction(home.engine) as session:
        factories.institution(session, "college", names={"ar": HOSTILE, "en": HOSTILE, "fr": HOSTILE})
    identifier = f"oai:{home.repository_id}:{factories.published(home, described=described)}"
    record = f"verb=GetRecord&metadataPrefix=oai_dc&identifier={identifier}"
    for query in ("", "?verb=ListSets", f"?{record}", "?verb=ListRecords&metadataPrefix=oai_dc"):
        found = page(client, f"/oai{query}", lang)
        assert HOSTILE in found.text_content(), query
        assert not found.xpath("//img[not(@alt)]")
        for address in found.xpath("//@href | //@src | //@action"):
            assert not address.lower().startswith(("javascript:", "data:"))
    for query in ("verb=<script>alert(1)</script>", 'verb=Identify&x="><script>alert(1)</script>', "%3Cscript%3E=1&'"):
        found = page(client, f"/oai?{query}", lang)
        assert found.find_class("note")


# ── Raw, in another language, kept ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("query", ["verb=Identify", "verb=ListRecords&metadataPrefix=oai_dc", "verb=%ff&x=%22"])
def test_the_raw_answer_is_one_button_away(client: TestClient, filled: Mapping[str, str], query: str) -> None:
    (form,) = page(client, f"/oai?{query}&lang=en").xpath("//form")
    assert form.get("method") == "post"
    answer = client.post(form.get("action"), headers=BROWSER | {"content-type": "application/x-www-form-urlencoded"})
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.content == client.get(f"/oai?{query}").content


def test_the_address_to_copy_is_what_a_harvester_would_ask(client: TestClient) -> None:
    found = page(client, "/oai?verb=ListSets&lang=fr&resumptionToken=a'b+c%2F", "fr")
    asked = "https://oer.example.org/oai?verb=ListSets&resumptionToken=a%27b+c%2F"
    assert said(found.find_class("copied")) == [asked]
    assert f"curl '{asked}'" in said(found.xpath("//form"))[0]


def test_the_language_is_chosen_without_losing_the_question(client: TestClient, filled: Mapping[str, str]) -> None:
    found = page(client, f"{LIST}&lang=fr", "fr")
    links = dict(zip(found.xpath("//nav[@class='languages']//a/@lang"),
                     found.xpath("//nav[@class='languages']//a/@href"), strict=True))  # fmt: skip
    assert links["ar"] == "?verb=ListRecords&metadataPrefix=oai_dc&lang=ar"
    assert said(page(client, f"/oai{links['en']}", "en").xpath("//h1")) == ["Records"]
    following = local(found, NEXT)
    assert following.endswith("&lang=fr")
    assert page(client, following, "fr").find_class("records")


def test_the_guide_is_kept_until_something_changes(client: TestClient, home: Installation) -> None:
    first = client.get("/oai", headers=BROWSER)
    assert client.get("/oai", headers=BROWSER | {"if-none-match": first.headers["etag"]}).status_code == 304
    factories.published(home)
    assert client.get("/oai", headers=BROWSER | {"if-none-match": first.headers["etag"]}).status_code == 200


def test_pages_are_packed(client: TestClient, filled: Mapping[str, str]) -> None:
    with client.stream("GET", LIST, headers=BROWSER | {"accept-encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert len(raw) < len(gzip.decompress(raw)) / 3


def test_behind_a_path_every_address_begins_with_it(tmp_path: Path) -> None:
    with factories.opened(tmp_path, base_url="https://univ.example/oer", oai_page_size=1) as home:
        for number in range(2):
            factories.published(home, files={"a.txt": b"%d" % number})
        with TestClient(app.create(home)) as client:
            for url in ("/oai", LIST, "/oai?verb=ListSets"):
                found = page(client, url)
                links = [link for link in found.xpath("//@href | //@src | //@action") if link.startswith("/")]
                assert len(links) > 5
                assert all(link.startswith("/oer/") for link in links)


@pytest.fixture
def pages(client: TestClient, filled: Mapping[str, str]) -> Iterator[html.HtmlElement]:
    identifier = filled["lesson 0"]
    queries = (
        "",
        "?verb=Identify",
        "?verb=ListSets",
        "?verb=ListRecords&metadataPrefix=oai_dc",
        "?verb=x",
        f"?verb=GetRecord&metadataPrefix=oai_dc&identifier={identifier}",
    )
    return (page(client, f"/oai{query}", lang) for query in queries for lang in LANGUAGES)


def test_pages_can_be_read_aloud_and_walked_by_keyboard(pages: Iterator[html.HtmlElement]) -> None:
    for found in pages:
        levels = [int(node.tag[1]) for node in found.xpath("//h1 | //h2 | //h3 | //h4")]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        ids = found.xpath("//@id")
        assert len(ids) == len(set(ids))
        assert set(found.xpath("//@aria-labelledby")) <= set(ids)
        for control in found.xpath("//a | //button | //summary"):
            name = control.get("aria-label", "")
            words = " ".join(control.text_content().split())
            assert name or words
            assert words in name or not name, "who speaks to a computer says what they see"
        for code in found.xpath("//code"):
            assert code.get("dir") == "ltr"


FOREIGN = {
    "oai_dc": '<dc xmlns="http://purl.org/dc/elements/1.1/"><title xml:lang="fr">F</title>'
    '<title xml:lang="ar">ع</title></dc>',
    "lom": '<lom xmlns="http://ltsc.ieee.org/xsd/LOM"><general><title><string language="fr">F</string>'
    '<string language="ar">ع</string></title></general></lom>',
    "mods": '<mods xmlns="http://www.loc.gov/mods/v3"><titleInfo xml:lang="fr"><title>F</title></titleInfo>'
    '<titleInfo xml:lang="ar"><title>ع</title></titleInfo>'
    '<relatedItem><titleInfo xml:lang="en"><title>other</title></titleInfo></relatedItem></mods>',
    "datacite": '<resource xmlns="http://datacite.org/schema/kernel-4"><titles><title xml:lang="fr">F</title>'
    '<title xml:lang="ar">ع</title></titles><relatedItem><titles><title xml:lang="en">other</title></titles>'
    "</relatedItem></resource>",
    "marc": '<record xmlns="http://www.loc.gov/MARC21/slim"><datafield tag="245"/></record>',
}


@pytest.mark.parametrize(("prefix", "named"), [(name, name != "marc") for name in FOREIGN])
def test_titles_are_found_in_every_format_that_calls_them_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, filled: Mapping[str, str], prefix: str, named: bool
) -> None:
    answered = client.get(f"/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier={filled['lesson 0']}").text
    other = re.sub("<metadata>.*</metadata>", f"<metadata>{FOREIGN[prefix]}</metadata>", answered, flags=re.DOTALL)
    monkeypatch.setattr("harvest.provider.respond", lambda *_, **__: other.encode())
    for lang, title in (("ar", "ع"), ("fr", "F"), ("en", "F")):
        assert said(page(client, "/oai?verb=GetRecord", lang).xpath("//ol//h2")) == ([title] if named else [])
