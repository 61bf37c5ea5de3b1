"""Whole lists packed in blocks: the same pages, and right whatever moves."""

import dataclasses
import gzip
import random
import zlib

import pytest
import sqlalchemy as sa
from factories import record
from oai_partner import Partner

from harvest import provider
from harvest.answers import Answer, Packed
from oer.db import reading, transaction
from oer.exposure import blocks, renderings
from oer.models import Block


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "SIZE", 3)


def pack(partner: Partner) -> None:
    home = partner.home
    while renderings.catch_up(home.engine, home.issuer) or blocks.catch_up(home.engine, home.issuer):
        pass


def packed_pages(partner: Partner) -> tuple[list[str], int]:
    """The identifiers of the whole list, and how many of its pages came packed."""
    found: list[str] = []
    count = 0
    given = [(b"verb", b"ListRecords"), (b"metadataPrefix", b"oai_dc")]
    while True:
        answer = provider.answer(partner.home.engine, partner.repository, given, now=partner.watch())
        page = partner.checked(answer.plain())
        assert gzip.decompress(answer.packed()) == answer.plain()
        count += bool(answer.blocks)
        found += [header.local for header in page.headers]
        if not page.token:
            return found, count
        given = [(b"verb", b"ListRecords"), (b"resumptionToken", page.token.encode())]


def kept(partner: Partner) -> list[tuple[int, int, int]]:
    query = sa.select(Block.first, Block.last, Block.count).where(Block.prefix == "oai_dc").order_by(Block.last)
    with reading(partner.home.engine) as session:
        return [tuple(row) for row in session.connection().execute(query)]  # type: ignore[misc]


def test_packed_pages_are_those_that_would_be_made_row_by_row(partner: Partner) -> None:
    ids = partner.publish(10)
    plain = [page.bytes for page in partner.pages()]
    pack(partner)
    assert kept(partner) == [(1, 3, 3), (4, 6, 3), (7, 9, 3)]
    assert packed_pages(partner) == (ids, 2)
    assert [page.bytes for page in partner.pages()] == plain


def test_a_block_that_a_record_has_left_is_read_row_by_row_and_those_behind_it_stay_packed(partner: Partner) -> None:
    ids = partner.publish(12)
    pack(partner)
    partner.touch(ids[4])
    partner.withdraw(ids[0])
    expected = [*ids[1:4], *ids[5:], ids[4], ids[0]]
    assert packed_pages(partner) == (expected, 2)
    assert blocks.mend(partner.home.engine, partner.home.issuer) > 0
    assert [count for _, _, count in kept(partner)][:2] == [2, 2]
    assert packed_pages(partner) == (expected, 3)
    assert blocks.mend(partner.home.engine, partner.home.issuer) == 0


def test_mending_leaves_alone_what_is_to_be_packed_anew(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new address voids all blocks; one made early, far behind, would leave a gap that nobody fills."""
    monkeypatch.setattr(blocks, "_AT_ONCE", 2)
    ids = partner.publish(24)
    pack(partner)
    partner.touch(ids[20])
    home = partner.home
    elsewhere = dataclasses.replace(home.issuer, base_url="https://new.example.org")
    while renderings.catch_up(home.engine, elsewhere):
        pass
    assert blocks.mend(home.engine, elsewhere) == 0
    while blocks.catch_up(home.engine, elsewhere):
        pass
    assert [count for _, _, count in kept(partner)] == [3] * 8


def test_small_blocks_join_and_empty_ones_go(partner: Partner) -> None:
    ids = partner.publish(9)
    pack(partner)
    for public_id in (*ids[:2], *ids[3:5], *ids[6:9]):
        partner.touch(public_id)
    while blocks.mend(partner.home.engine, partner.home.issuer):
        pass
    assert kept(partner)[0] == (3, 6, 2)
    left = [ids[2], ids[5]]
    assert packed_pages(partner)[0] == left + [one for one in ids if one not in left]


@pytest.mark.parametrize("seed", range(6))
def test_lists_are_whole_while_records_change_between_their_pages(partner: Partner, seed: int) -> None:
    """Any order of publishing, touching, packing and mending: every record is seen, and last as it stands at last."""
    draw = random.Random(seed)
    ids = partner.publish(8)
    for _ in range(12):
        match draw.randrange(4):
            case 0:
                ids += partner.publish(draw.randint(1, 4))
            case 1:
                for public_id in draw.sample(ids, 2):
                    partner.touch(public_id)
            case 2:
                pack(partner)
            case 3:
                blocks.mend(partner.home.engine, partner.home.issuer)
        found, _ = packed_pages(partner)
        assert sorted(found) == sorted(ids)
        assert found == [header.local for page in partner.pages("ListIdentifiers") for header in page.headers]


def test_from_in_the_middle_of_a_block_comes_back_to_packed_pages(partner: Partner) -> None:
    first = partner.publish(4)
    since = partner.watch.forward(minutes=1).strftime("%Y-%m-%dT%H:%M:%SZ")
    later = partner.publish(8)
    pack(partner)
    pages = partner.pages("ListRecords", since=since)
    assert [header.local for page in pages for header in page.headers] == later
    assert [len(page.headers) for page in pages] == [2, 3, 3]
    assert len(first) == 4


def test_blocks_of_another_revision_are_void(partner: Partner) -> None:
    ids = partner.publish(6)
    pack(partner)
    moved = partner.but(issuer=renderings.Issuer(partner.home.repository_id, "https://new.example.org"))
    document = b"".join(page.bytes for page in moved.pages())
    assert b"https://new.example.org/resources/" in document
    assert b"https://oer.example.org/resources/" not in document
    assert len(ids) == 6


def test_a_record_that_cannot_be_rendered_does_not_stop_the_packing(partner: Partner) -> None:
    ids = partner.publish(6)
    with transaction(partner.home.engine) as session:
        session.connection().execute(sa.text("UPDATE version SET record = '{\"title\": 5}' WHERE resource_id = 2"))
    pack(partner)
    assert len(kept(partner)) == 2
    assert packed_pages(partner)[0] == ids


def test_an_answer_is_the_same_document_in_both_codings() -> None:
    parts = [record(str(number)).model_dump_json().encode() * 30 for number in range(3)]
    for count in range(4):
        made = [Packed(*_deflated(part)) for part in parts[:count]]
        answer = Answer(b"<head>", made, b"<tail/>" if made else b"")
        assert answer.plain() == b"".join([b"<head>", *parts[:count], b"<tail/>" if made else b""])
        assert gzip.decompress(answer.packed()) == answer.plain()
        assert answer.packed() == answer.packed()


def _deflated(content: bytes) -> tuple[bytes, int, int]:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH), len(content), zlib.crc32(content)
