"""Requests and resumption tokens, without any database."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest import protocol
from harvest.protocol import Listing, ListSets, OaiError

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SECRET = b"0123456789abcdef"


def parsed(query: str) -> protocol.Request:
    found = protocol.arguments(protocol.form_pairs(query.encode()))
    return protocol.request(found, secret=SECRET, now=NOW)


def refused(query: str | bytes) -> str:
    """The code of the error that this query meets."""
    pairs = protocol.form_pairs(query if isinstance(query, bytes) else query.encode())
    with pytest.raises(OaiError) as caught:
        protocol.request(protocol.arguments(pairs), secret=SECRET, now=NOW)
    return caught.value.code


LIST = "verb=ListRecords&metadataPrefix=oai_dc"


@pytest.mark.parametrize(
    "query", ["", "verb=", "verb=identify", "verb=Get%00Record", "verb=%FF", "metadataPrefix=oai_dc"]
)
def test_a_verb_that_is_missing_or_unknown_is_a_bad_verb(query: str) -> None:
    assert refused(query) == "badVerb"


def test_a_repeated_verb_is_a_bad_verb_even_when_equal() -> None:
    assert refused("verb=Identify&verb=Identify") == "badVerb"


@pytest.mark.parametrize(
    "query",
    [
        "verb=Identify&metadataPrefix=oai_dc",
        "verb=Identify&resumptionToken=x",
        "verb=GetRecord&identifier=oai:a.b:1&metadataPrefix=oai_dc&resumptionToken=x",
        "verb=ListMetadataFormats&set=a",
        "verb=ListSets&metadataPrefix=oai_dc",
        f"{LIST}&identifier=oai:a.b:1",
        f"{LIST}&Set=a",
        f"{LIST}&=",
    ],
)
def test_an_unknown_argument_is_a_bad_argument_with_every_verb(query: str) -> None:
    assert refused(query) == "badArgument"


@pytest.mark.parametrize("query", [f"{LIST}&metadataPrefix=oai_dc", f"{LIST}&set=a&set=b", "verb=Identify&x=1&x=2"])
def test_a_repeated_argument_is_a_bad_argument(query: str) -> None:
    assert refused(query) == "badArgument"


@pytest.mark.parametrize(
    "query",
    [
        "verb=ListRecords",
        "verb=ListIdentifiers&from=2024-01-01",
        "verb=GetRecord&identifier=oai:a.b:1",
        "verb=GetRecord&metadataPrefix=oai_dc",
    ],
)
def test_a_missing_argument_is_a_bad_argument(query: str) -> None:
    assert refused(query) == "badArgument"


@pytest.mark.parametrize("query", ["&resumptionToken=x", "&resumptionToken="])
def test_a_token_goes_with_no_other_argument_even_when_it_is_bad(query: str) -> None:
    assert refused(LIST + query) == "badArgument"
    assert refused("verb=ListRecords" + query) == "badResumptionToken"


@pytest.mark.parametrize(
    "raw",
    [
        b"&set=%ff",
        b"&set=\xc3",
        b"&set=a%00",
        b"&%FF=a",
        b"&from=%ED%A0%80",
        b"&set=%EF%BF%BE",
        b"&set=%0B",
        b"&set=%1b",
    ],
)
def test_what_is_not_utf8_or_cannot_stand_in_xml_is_a_bad_argument(raw: bytes) -> None:
    assert refused(LIST.encode() + raw) == "badArgument"
    assert refused(b"verb=ListRecords&resumptionToken=%00") == "badArgument"


@pytest.mark.parametrize(
    "date",
    [
        "2020-02-31",
        "2020-1-1",
        "2020",
        "2020-01",
        "2020-01-01T00:00:00",
        "2020-01-01T00:00Z",
        "2020-01-01T00:00:00+00:00",
        "2020-01-01T00:00:00.0Z",
        "2020-01-01T24:00:00Z",
        "2020-01-01T23:59:60Z",
        "2020-01-01t00:00:00z",
        "2020-01-01 00:00:00Z",
        "2020-W01-1",
        "20200101",
        "0000-01-01",
        "٢٠٢٠-٠١-٠١",
        "2020-01-01\n",
        " 2020-01-01",
        "",
    ],
)
@pytest.mark.parametrize("name", ["from", "until"])
def test_a_date_in_another_form_is_a_bad_argument(name: str, date: str) -> None:
    assert refused(f"{LIST}&{urlencode({name: date})}") == "badArgument"


def test_from_later_than_until_is_a_bad_argument_and_the_same_moment_is_not() -> None:
    assert refused(f"{LIST}&from=2024-01-02&until=2024-01-01") == "badArgument"
    assert refused(f"{LIST}&from=2024-01-01T00:00:01Z&until=2024-01-01T00:00:00Z") == "badArgument"
    parsed(f"{LIST}&from=2024-01-01T00:00:00Z&until=2024-01-01T00:00:00Z")


def test_bounds_of_different_granularity_are_a_bad_argument() -> None:
    assert refused(f"{LIST}&from=2024-01-01&until=2024-01-02T00:00:00Z") == "badArgument"
    assert refused(f"{LIST}&from=2024-01-01T00:00:00Z&until=2024-01-02") == "badArgument"


def test_until_a_day_means_its_last_second_and_from_a_day_its_first() -> None:
    asked = parsed(f"{LIST}&from=2024-02-29&until=2024-02-29")
    assert isinstance(asked, Listing)
    assert asked.since == datetime(2024, 2, 29, tzinfo=UTC)
    assert asked.until == datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("date", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59Z"])
def test_the_ends_of_the_calendar_are_dates(date: str) -> None:
    assert isinstance(parsed(f"{LIST}&from={date}&until={date}"), Listing)


@pytest.mark.parametrize("spec", ["", ":a", "a:", "a::b", "a b", "a/b", "درس", "a%3C"])
def test_a_set_spec_that_the_schema_forbids_is_a_bad_argument(spec: str) -> None:
    assert refused(f"{LIST}&set={spec}") == "badArgument"


@pytest.mark.parametrize("identifier", ["", "x", ":x", "oai:a b", "oai:%zz", "oai:a<b", "oai:درس", "oai:[", "oai:a%0A"])
def test_an_identifier_that_is_no_uri_is_a_bad_argument(identifier: str) -> None:
    assert refused(f"verb=GetRecord&metadataPrefix=oai_dc&identifier={identifier}") == "badArgument"


def test_a_form_is_decoded_as_browsers_write_it() -> None:
    pairs = protocol.form_pairs(b"a=1+2&b=%D8%AF%2b&&c&d=e=f")
    assert pairs == [(b"a", b"1 2"), (b"b", "د+".encode()), (b"c", b""), (b"d", b"e=f")]


# ── Tokens ───────────────────────────────────────────────────────────────────────────────────────

moments = st.none() | st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
listings = st.builds(
    Listing,
    verb=st.sampled_from(["ListRecords", "ListIdentifiers"]),
    prefix=st.sampled_from(["oai_dc", "lom", "x.y-z"]),
    since=moments,
    until=moments,
    within=st.none() | st.sampled_from(["institution", "institution:a:b-c"]),
)
numbers = st.integers(1, 2**53)


def made(asked: Listing | ListSets, after: int | str = 7, sent: int = 3, size: int = 10, secret: bytes = SECRET) -> str:
    expires = protocol.expiry(NOW, 1)
    return protocol.token(asked, after=after, sent=sent, size=size, secret=secret, expires=expires)


def resumed(verb: str, token: str, now: datetime = NOW) -> protocol.Request:
    return protocol.request({"verb": verb, "resumptionToken": token}, secret=SECRET, now=now)


def refusal(verb: str, token: str, now: datetime = NOW) -> str:
    with pytest.raises(OaiError) as caught:
        resumed(verb, token, now)
    return caught.value.code


A_LIST = Listing("ListRecords", "oai_dc", None, None, "institution:a")


@given(listings, numbers, numbers, numbers)
def test_a_token_brings_back_the_whole_request(asked: Listing, after: int, sent: int, size: int) -> None:
    again = resumed(asked.verb, made(asked, after, sent, size))
    assert again == Listing(
        asked.verb, asked.prefix, asked.since, asked.until, asked.within, after=after, cursor=sent, size=size
    )


def test_a_token_of_sets_brings_back_where_it_was() -> None:
    assert resumed("ListSets", made(ListSets(), "institution:a", 5, 9)) == ListSets("institution:a", 5, 9)


@given(st.data())
def test_a_token_altered_anywhere_is_refused(data: st.DataObject) -> None:
    token = made(A_LIST)
    place = data.draw(st.integers(0, len(token) - 1))
    cut = data.draw(st.integers(0, 3))
    altered = token[:place] + data.draw(st.text(max_size=3)) + token[place + cut :]
    if altered != token:
        assert refusal("ListRecords", altered) == "badResumptionToken"


@pytest.mark.parametrize("token", ["", ".", "x", "W10.", "é.é", "a" * 10_000])
def test_what_was_never_a_token_is_refused(token: str) -> None:
    assert refusal("ListRecords", token) == "badResumptionToken"


def test_a_token_of_another_repository_is_refused() -> None:
    assert refusal("ListRecords", made(A_LIST, secret=b"another")) == "badResumptionToken"


def test_a_token_of_another_verb_is_refused() -> None:
    assert refusal("ListIdentifiers", made(A_LIST)) == "badResumptionToken"
    assert refusal("ListSets", made(A_LIST)) == "badResumptionToken"
    assert refusal("ListRecords", made(ListSets(), "institution:a")) == "badResumptionToken"


def test_a_token_is_good_until_the_second_it_names() -> None:
    token = made(A_LIST)
    day = timedelta(days=1)
    assert resumed("ListRecords", token, NOW + day - timedelta(seconds=1))
    assert refusal("ListRecords", token, NOW + day) == "badResumptionToken"
