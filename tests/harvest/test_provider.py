"""Each verb and each protocol error of the provider."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from factories import START, Watch, drafted, institution, opened, record
from hypothesis import given, settings
from hypothesis import strategies as st
from oai_partner import Answer, Partner

from harvest import protocol, provider
from metadata.crosswalks import FORMATS
from oer import institutions
from oer.db import transaction
from oer.exposure import renderings
from oer.models import Rendering


def oai_id(partner: Partner, local: str) -> str:
    return f"oai:{partner.home.repository_id}:{local}"


# ── Identify ─────────────────────────────────────────────────────────────────────────────────────


def test_identify_says_who_and_what_this_repository_is(partner: Partner) -> None:
    answer = partner.but(name="مستودع <الموارد>", admin_emails=("a@oer.example.org", "b@oer.example.org")).ask(
        "Identify"
    )
    assert answer.texts("repositoryName") == ["مستودع <الموارد>"]
    assert answer.texts("baseURL") == ["https://oer.example.org/oai"]
    assert answer.texts("adminEmail") == ["a@oer.example.org", "b@oer.example.org"]
    assert answer.texts("protocolVersion") == ["2.0"]
    assert answer.texts("deletedRecord") == ["persistent"]
    assert answer.texts("granularity") == ["YYYY-MM-DDThh:mm:ssZ"]
    assert answer.texts("oai_id:repositoryIdentifier") == [partner.home.repository_id]
    assert answer.texts("oai_id:sampleIdentifier") == [oai_id(partner, "7k3v9qm2xd")]


def test_compression_is_declared_as_the_door_does_it(partner: Partner) -> None:
    assert partner.ask("Identify").texts("compression") == []
    assert partner.but(compression=("gzip",)).ask("Identify").texts("compression") == ["gzip"]


def test_the_earliest_datestamp_is_that_of_no_record_too_late_deleted_ones_included(partner: Partner) -> None:
    assert partner.ask("Identify").texts("earliestDatestamp") == [START.strftime("%Y-%m-%dT%H:%M:%SZ")]
    partner.watch.forward(hours=1)
    first, second = partner.publish(2)
    partner.watch.forward(hours=1)
    partner.touch(first)
    partner.withdraw(second)
    partner.watch.forward(hours=1)
    partner.publish()
    stamps = [header.datestamp for page in partner.pages("ListIdentifiers") for header in page.headers]
    assert partner.ask("Identify").texts("earliestDatestamp") == [min(stamps)]


def test_every_answer_bears_the_time_in_utc_seconds(partner: Partner) -> None:
    partner.watch.forward(days=2, microseconds=999_999)
    for verb in ("Identify", "ListSets", "ListMetadataFormats", "ListRecords", "Nonsense"):
        assert partner.ask(verb).date == "2026-03-03T08:00:00Z"


def test_a_clock_that_steps_back_takes_no_answer_back(partner: Partner) -> None:
    partner.watch.forward(hours=1)
    assert partner.ask("Identify").date == "2026-03-01T09:00:00Z"
    partner.watch.forward(hours=-5)
    assert partner.ask("Identify").date == "2026-03-01T09:00:00Z"


# ── Formats ──────────────────────────────────────────────────────────────────────────────────────


def test_every_registered_format_is_listed_with_and_without_a_record(partner: Partner) -> None:
    [local] = partner.publish()
    for answer in (
        partner.ask("ListMetadataFormats"),
        partner.ask("ListMetadataFormats", identifier=oai_id(partner, local)),
    ):
        assert answer.texts("metadataPrefix") == list(FORMATS)
        assert answer.texts("schema") == [one.schema for one in FORMATS.values()]
        assert answer.texts("metadataNamespace") == [one.namespace for one in FORMATS.values()]


@pytest.mark.parametrize(
    "identifier", ["oai:other.example.org:7k3v9qm2xd", "oai:x", "https://oer.example.org/1", "a:b"]
)
def test_an_identifier_that_is_not_ours_does_not_exist(partner: Partner, identifier: str) -> None:
    assert partner.ask("ListMetadataFormats", identifier=identifier).error == "idDoesNotExist"
    assert partner.ask("GetRecord", "oai_dc", identifier=identifier).error == "idDoesNotExist"


def test_an_identifier_of_ours_that_was_never_given_does_not_exist(partner: Partner) -> None:
    unknown = oai_id(partner, "0000000000")
    assert partner.ask("ListMetadataFormats", identifier=unknown).error == "idDoesNotExist"
    assert partner.ask("GetRecord", "oai_dc", identifier=unknown).error == "idDoesNotExist"
    assert partner.ask("GetRecord", "nonsense", identifier=unknown).error == "idDoesNotExist"


def test_a_format_that_is_not_here_cannot_be_disseminated(partner: Partner) -> None:
    [local] = partner.publish()
    assert partner.ask("GetRecord", "nonsense", identifier=oai_id(partner, local)).error == "cannotDisseminateFormat"
    assert partner.begin("ListRecords", "nonsense").error == "cannotDisseminateFormat"
    assert partner.begin("ListIdentifiers", "nonsense").error == "cannotDisseminateFormat"


# ── GetRecord ────────────────────────────────────────────────────────────────────────────────────


def test_a_record_has_its_header_its_sets_and_its_body(partner: Partner) -> None:
    [local] = partner.publish(described=record("الماء & <الضوء>"))
    answer = partner.ask("GetRecord", "oai_dc", identifier=oai_id(partner, local))
    [header] = answer.headers
    assert header.identifier == oai_id(partner, local)
    assert header.places == ("institution", "institution:college")
    assert answer.texts("dc:title") == ["الماء & <الضوء>"]
    assert f"https://oer.example.org/resources/{local}" in answer.texts("dc:identifier")


def test_a_kept_rendering_and_one_made_on_the_spot_are_the_same(partner: Partner) -> None:
    [local] = partner.publish()
    pair = [(b"verb", b"GetRecord"), (b"metadataPrefix", b"oai_dc"), (b"identifier", oai_id(partner, local).encode())]
    before = partner.raw(*pair)
    home = partner.home
    assert renderings.catch_up(home.engine, home.issuer) == 1
    assert partner.raw(*pair) == before


def test_a_kept_rendering_is_what_a_page_shows_until_the_record_changes(partner: Partner) -> None:
    [local] = partner.publish(described=record("قبل"))
    home = partner.home
    renderings.catch_up(home.engine, home.issuer)
    with transaction(home.engine) as session:
        kept = b"<metadata><oai_dc:dc xmlns:oai_dc='http://www.openarchives.org/OAI/2.0/oai_dc/'/></metadata>"
        session.connection().execute(sa.update(Rendering).values(content=kept))
    assert partner.begin().texts("dc:title") == []
    partner.touch(local)
    assert partner.begin().texts("dc:title") == ["قبل"]


def test_a_withdrawn_record_is_a_deleted_header_with_the_time_of_deletion_wherever_one_asks(partner: Partner) -> None:
    [local] = partner.publish()
    partner.watch.forward(minutes=1)
    partner.withdraw(local)
    one = partner.ask("GetRecord", "oai_dc", identifier=oai_id(partner, local))
    for answer in (one, partner.begin("ListRecords"), partner.begin("ListIdentifiers")):
        [header] = answer.headers
        assert header.deleted
        assert header.datestamp == "2026-03-01T08:01:00Z"
        assert header == one.headers[0]
        assert answer.bodies == 0


def test_a_restored_record_is_live_again_with_a_new_datestamp(partner: Partner) -> None:
    [local] = partner.publish()
    partner.watch.forward(minutes=1)
    partner.withdraw(local)
    partner.watch.forward(minutes=1)
    partner.restore(local)
    answer = partner.ask("GetRecord", "oai_dc", identifier=oai_id(partner, local))
    assert [(header.deleted, header.datestamp) for header in answer.headers] == [(False, "2026-03-01T08:02:00Z")]
    assert answer.bodies == 1


def test_a_draft_that_was_never_published_is_unknown(partner: Partner) -> None:
    local = drafted(partner.home)
    assert partner.ask("GetRecord", "oai_dc", identifier=oai_id(partner, local)).error == "idDoesNotExist"
    assert partner.begin().error == "noRecordsMatch"


# ── ListSets ─────────────────────────────────────────────────────────────────────────────────────


def tree(partner: Partner) -> None:
    """institution → a → (a-b, b → c); institution → a-a. By slug alone ``a-a`` would come between ``a`` and ``a:b``."""
    with transaction(partner.home.engine) as session:
        top = institution(session, "a", names={"fr": "Université <A>", "ar": "جامعة"})
        branch = institution(session, "b", parent=top)
        institution(session, "c", parent=branch)
        institution(session, "a-b", parent=top)
        institution(session, "a-a", names={"en": "Only English"})


SPECS = ["institution", "institution:a", "institution:a:a-b", "institution:a:b", "institution:a:b:c", "institution:a-a"]


def test_a_repository_without_institutions_has_no_set_hierarchy(partner: Partner) -> None:
    assert partner.ask("ListSets").error == "noSetHierarchy"


def test_sets_are_the_tree_of_institutions_with_or_without_resources(partner: Partner) -> None:
    tree(partner)
    answer = partner.but(page_size=100).ask("ListSets")
    assert answer.texts("setSpec") == SPECS
    assert answer.resumption is None


def test_sets_are_named_in_the_first_language_and_described_in_all(partner: Partner) -> None:
    tree(partner)
    answer = partner.but(page_size=100, language="fr").ask("ListSets")
    names = dict(zip(answer.texts("setSpec"), answer.texts("setName"), strict=True))
    assert names["institution"] == "Institutions"
    assert names["institution:a"] == "Université <A>"
    assert names["institution:a-a"] == "Only English"
    assert {"جامعة", "Université <A>"} <= set(answer.texts("dc:title"))


def test_sets_come_in_pages_with_tokens_of_their_own(partner: Partner) -> None:
    tree(partner)
    first = partner.but(page_size=4).ask("ListSets")
    second = partner.but(page_size=4).resume(first, "ListSets")
    assert first.texts("setSpec") + second.texts("setSpec") == SPECS
    assert [answer.resumption.get("cursor") for answer in (first, second) if answer.resumption is not None] == [
        "0",
        "4",
    ]
    assert second.resumption is not None
    assert second.token is None


def test_sets_that_go_between_two_pages_leave_no_empty_list(partner: Partner) -> None:
    tree(partner)
    first = partner.but(page_size=5).ask("ListSets")
    with transaction(partner.home.engine) as session:
        institutions.find(session, "a-a").slug = "0"
    second = partner.but(page_size=5).resume(first, "ListSets")
    assert second.texts("setSpec") == ["institution:a:b:c"]
    assert second.token is None


# ── What is echoed ───────────────────────────────────────────────────────────────────────────────


def test_nothing_is_echoed_after_a_bad_verb_or_argument(partner: Partner) -> None:
    assert partner.ask("Nonsense").echoed == {}
    assert partner.ask("ListRecords", "oai_dc", since="2024").echoed == {}


def test_every_other_answer_echoes_exactly_the_arguments(partner: Partner) -> None:
    answer = partner.begin(since="2024-01-01", set="institution:x")
    assert answer.error == "noRecordsMatch"
    asked = {"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "2024-01-01", "set": "institution:x"}
    assert answer.echoed == asked
    token = "x\"<&>\t\n'د"
    assert partner.ask("ListSets", resumptionToken=token).echoed == {"verb": "ListSets", "resumptionToken": token}


# ── Whatever anybody sends ───────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, checked: Callable[[bytes], Answer]) -> Iterator[Partner]:
    """A repository with five records that tests of this module only read."""
    folder: Path = tmp_path_factory.mktemp("full")
    watch = Watch()
    with opened(folder, now=watch, oai_page_size=2) as home:
        partner = Partner(home, watch, provider.repository_of(home), checked)
        partner.publish(5)
        yield partner


def likely(partner: Partner) -> st.SearchStrategy[tuple[bytes, bytes]]:
    """Arguments near to right ones: known names, values that are often good."""
    first = partner.begin()
    names = ["verb", "metadataPrefix", "from", "until", "set", "identifier", "resumptionToken", "Verb", ""]
    values = [*protocol.VERBS, "oai_dc", "2026-03-01", "2026-03-01T08:00:00Z", "2026-03-02", "institution:college"]
    values += [
        first.headers[0].identifier,
        first.token or "",
        "oai:x:y",
        "//",
        "a://b:99999/",
        "ftp://[::1]/",
        "urn:%41",
    ]
    text = st.sampled_from(values) | st.text(max_size=20) | st.from_regex(r"[a-z]+:[!-~]{0,20}", fullmatch=True)
    return st.tuples(
        st.sampled_from(names).map(str.encode), text.map(lambda value: value.encode("utf-8", "surrogatepass"))
    )


def test_no_arguments_break_an_answer(full: Partner) -> None:
    raw = st.tuples(st.binary(max_size=8), st.binary(max_size=20))
    right = st.fixed_dictionaries({b"verb": st.sampled_from(list(protocol.VERBS)).map(str.encode)})

    @settings(max_examples=300, deadline=None)
    @given(right.map(dict.items).map(list), st.lists(likely(full), max_size=4), st.lists(raw, max_size=1))
    def check(
        verb: list[tuple[bytes, bytes]], some: list[tuple[bytes, bytes]], noise: list[tuple[bytes, bytes]]
    ) -> None:
        full.checked(full.raw(*verb, *some, *noise))
        full.checked(full.raw(*some, *noise))

    check()


def test_no_identifier_that_we_echo_breaks_the_schema(full: Partner) -> None:
    # Two libraries disagree about anyURI in the corners; whatever passes ours has to pass the schema's.
    alphabet = st.text("aZ09-._~!$&'()*+,;=:@/?#[]%|{}^ é\\\"", max_size=25)

    @settings(max_examples=500, deadline=None)
    @given(alphabet.map(lambda rest: f"oai:{rest}") | alphabet)
    def check(identifier: str) -> None:
        assert full.ask("GetRecord", "oai_dc", identifier=identifier).error in {"badArgument", "idDoesNotExist"}

    check()
