"""Whatever an endpoint answers, an examination ends with a report."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oai_endpoints import Asked, Endpoint, Spoil, edited, kept, rules

from harvest.check import QUICK, Scope
from harvest.fetching import Reply
from metadata import xml
from metadata.crosswalks import FORMATS
from metadata.xml import Schema, escape

SMALL = Scope(formats=1, sets=1, samples=1)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with kept(tmp_path_factory.mktemp("endpoint"), formats={"oai_dc": FORMATS["oai_dc"]}) as made:
        yield made


def damaged(cuts: list[tuple[float, int, bytes]]) -> Spoil:
    """Pieces of every answer replaced by bytes of chance."""

    def spoil(asked: Asked, inner: Callable[[Asked], Reply]) -> Reply:
        content = inner(asked).content
        for where, length, put in cuts:
            at = int(where * len(content))
            content = content[:at] + put + content[at + length :]
        return replace(inner(asked), content=content)

    return spoil


CUTS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 400), st.binary(max_size=20)), min_size=1, max_size=3)
NAMES = ["responseDate", "request", "Identify", "earliestDatestamp", "granularity", "metadataFormat", "metadataPrefix",
         "set", "setSpec", "header", "identifier", "datestamp", "record", "metadata", "resumptionToken",
         "repositoryIdentifier", "baseURL"]  # fmt: skip
VALUES = st.text(max_size=20) | st.sampled_from(["0000-00-00", "9999-12-31T23:59:60Z", "0001-01-01", "٢٠٢٦-٠١-٠١", ":"])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=CUTS)
def test_damaged_answers_never_make_it_raise(endpoint: Endpoint, cuts: list[tuple[float, int, bytes]]) -> None:
    assert json.dumps(asdict(endpoint.check(damaged(cuts), scope=QUICK)))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(NAMES), value=VALUES)
def test_odd_values_never_make_it_raise(endpoint: Endpoint, name: str, value: str) -> None:
    spoil = edited(f"<{name}>[^<]*<", lambda _: f"<{name}>{escape(value)}<")
    assert json.dumps(asdict(endpoint.check(spoil, scope=QUICK)))


@pytest.mark.parametrize("attribute", ["cursor", "completeListSize", "expirationDate", "status", "code"])
@pytest.mark.parametrize(
    "value", ["", "-1", "9" * 5000, "٣", "1e9", "nan", "2026-13-45T99:99:99Z"], ids=lambda value: value[:5]
)
def test_odd_attributes_never_make_it_raise(endpoint: Endpoint, attribute: str, value: str) -> None:
    assert endpoint.check(edited(f' {attribute}="[^"]*"', f' {attribute}="{value}"'), scope=SMALL).findings


@pytest.mark.parametrize(
    "element",
    [
        "identifier",
        "datestamp",
        "header",
        "record",
        "resumptionToken",
        "request",
        "responseDate",
        "metadataFormat",
        "set",
    ],
)
def test_missing_elements_never_make_it_raise(endpoint: Endpoint, element: str) -> None:
    report = endpoint.check(edited(f"<{element}[ >].*?</{element}>|<{element}[^>]*/>", ""), scope=SMALL)
    assert report.breaks


MANY = 5_000


def many(pattern: str, change: Callable[[str, int], str]) -> Spoil:
    """What the pattern finds first, so many times, each with a change."""
    return edited(pattern, lambda match: "".join(change(match[0], number) for number in range(MANY)), count=1)


HOSTILE = {
    "email": edited("<adminEmail>[^<]*", f"<adminEmail>a@{'a.' * MANY} b"),
    "formats": many("<metadataFormat>.*?</metadataFormat>", lambda found, n: found.replace("oai_dc<", f"x{n}<")),
    "one format": many("<metadataFormat>.*?</metadataFormat>", lambda found, _: found),
    "sets": many("<set>.*?</set>", lambda found, n: found.replace("</setSpec>", f"{n}</setSpec>")),
    "sets of a record": many("<setSpec>[^<]*</setSpec>", lambda found, n: found.replace("<setSpec>", f"<setSpec>{n}")),
    "errors": many("<error [^>]*>[^<]*</error>", lambda found, _: found),
    "set": edited("<setSpec>[^<]*", f"<setSpec>{'a:' * MANY}!"),
    "identifier": edited("<identifier>[^<]*", f"<identifier>oai:{'%41' * MANY} "),
    "date": edited("<responseDate>[^<]*", f"<responseDate>{'2' * MANY}"),
}


@pytest.fixture(scope="module")
def schemas(shared: Path) -> Schema:
    return xml.schema(shared / "xsd")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_sizes_take_no_time(endpoint: Endpoint, schemas: Schema, name: str) -> None:
    began = time.monotonic()
    assert json.dumps(asdict(endpoint.check(HOSTILE[name], scope=SMALL, schema=schemas)))
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("email", "ok"),
    [("a@b.c", True), ("a@b.c.d", True), ("a@b@c.d", True), ("a@..b", True), ("a@b", False), ("a@.b", False),
     ("a@b.", False), ("@b.c", False), ("a b@c.d", False), ("a@b.c d@e.f", False), ("", False)],
)  # fmt: skip
def test_email_addresses_are_those_of_the_schema(endpoint: Endpoint, email: str, ok: bool) -> None:
    report = endpoint.check(edited("<adminEmail>[^<]*", f"<adminEmail>{email}"), scope=SMALL)
    assert ("identify.email" not in rules(report)) == ok
    assert bool(re.fullmatch(r"\S+@(\S+\.)+\S+", email)) == ok
