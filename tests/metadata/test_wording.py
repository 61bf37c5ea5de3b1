from datetime import date
from typing import get_args

import pytest

from metadata.crosswalks import lom_terms, wording
from metadata.record import Access, Agent, Classroom, Device, Record, Source


def test_every_device_has_a_word_in_three_languages() -> None:
    assert set(wording.DEVICES) == set(get_args(Device))
    assert all(list(words) == ["ar", "fr", "en"] for words in wording.DEVICES.values())


def test_on_a_line_by_itself_a_device_begins_with_a_capital() -> None:
    devices = Classroom(devices=["none", "phone", "projector", "printer"], equipment=[])
    assert list(lom_terms.needs(devices)) == [
        ("لا حاجة إلى أجهزة", "Aucun appareil nécessaire", "No device needed"),
        ("هاتف", "Téléphone", "Phone"),
        ("جهاز عرض ضوئي", "Vidéoprojecteur", "Projector"),
        ("طابعة", "Imprimante", "Printer"),
    ]


@pytest.mark.parametrize(
    ("kind", "code", "info"),
    [
        ("open", "c_abf2", "openAccess"),
        ("embargoed", "c_f1cf", "embargoedAccess"),
        ("institution", "c_16ec", "restrictedAccess"),
        ("metadata-only", "c_14cb", "closedAccess"),
    ],
)
def test_access_by_coar_and_by_info_eu_repo(kind: str, code: str, info: str) -> None:
    record = Record(access=Access.model_validate({"kind": kind, "until": "2026-01-31"}))
    assert wording.access_term(record).uri == f"http://purl.org/coar/access_right/{code}"
    assert wording.access_right(record) == f"info:eu-repo/semantics/{info}"
    ends = "info:eu-repo/date/embargoEnd/2026-01-31" if kind == "embargoed" else None
    assert wording.embargo_end(record) == ends


def test_an_embargo_without_a_day_has_no_end() -> None:
    assert wording.embargo_end(Record(access=Access(kind="embargoed"))) is None
    assert wording.embargo_end(Record(access=Access(kind="embargoed", until=date(2027, 2, 1)))) is not None


@pytest.mark.parametrize(
    ("creator", "identifier", "said"),
    [
        ("R. Haddad", "https://x.org/1", "Atlas — R. Haddad — https://x.org/1"),
        (None, "https://x.org/1", "Atlas — https://x.org/1"),
        (None, None, "Atlas"),
    ],
)
def test_a_source_is_said_in_one_line(creator: str | None, identifier: str | None, said: str) -> None:
    assert wording.source(Source(title="Atlas", creator=creator, identifier=identifier, changes=[])) == said


@pytest.mark.parametrize("said", ["05dxps055", "https://ror.org/05dxps055", "http://ror.org/05dxps055/ "])
def test_agents_have_addresses_however_their_ids_are_written(said: str) -> None:
    assert wording.agent_uris(Agent(name="A", ror=said)) == {"ror": "https://ror.org/05dxps055"}
    assert wording.agent_uris(Agent(name="A")) == {}
