import dataclasses

import pytest
from factories import act, published, record
from sqlmodel import select

from metadata import vocabularies
from metadata.crosswalks import FORMATS
from oer import deposits, publishing, queries
from oer.db import reading, transaction
from oer.exposure import renderings
from oer.exposure.renderings import Issuer
from oer.models import Projection, Rendering

ADDRESS = "https://oer.example.org"


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(renderings, "BATCH", 2)


def issuer(home, address: str = ADDRESS) -> Issuer:
    return dataclasses.replace(home.issuer, base_url=address)


def catch_up(home, address: str = ADDRESS, **named) -> int:
    return renderings.catch_up(home.engine, issuer(home, address), **named)


def behind(home, address: str = ADDRESS, **named) -> int:
    with reading(home.engine) as session:
        return renderings.behind(session, issuer(home, address), **named)


def kept(home) -> dict[tuple[int, str], Rendering]:
    with reading(home.engine) as session:
        return {(row.resource_id, row.prefix): row for row in session.exec(select(Rendering))}


def current(home, public_id: str, address: str = ADDRESS) -> bytes | None:
    """What a page of records finds: None where it must render on the spot."""
    with reading(home.engine) as session:
        revision = renderings.revision(FORMATS["oai_dc"], issuer(home, address))
        return queries.records.one(session, public_id=public_id, prefix="oai_dc", revision=revision).content


def test_catching_up_follows_in_batches_until_nothing_is_left(home, small):
    ids = [published(home, described=record(f"title {number}")) for number in range(5)]
    walked = []
    while True:
        walked.append((behind(home), catch_up(home)))
        if walked[-1][1] == 0:
            break
    assert walked == [(5, 2), (3, 2), (1, 1), (0, 0)]
    assert len(kept(home)) == 5 * len(FORMATS)
    for number, public_id in enumerate(ids):
        content = current(home, public_id)
        assert content is not None
        assert f"title {number}" in content.decode()


def test_what_is_kept_is_what_would_be_rendered_on_the_spot(home):
    public_id = published(home)
    catch_up(home)
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        now = renderings.render(session, FORMATS["oai_dc"], [resource.id], issuer=issuer(home))
    assert now[resource.id] == current(home, public_id)
    assert f"{ADDRESS}/resources/{public_id}".encode() in now[resource.id]


def test_a_changed_record_is_found_old_until_the_projection_comes_by(home):
    public_id = published(home)
    catch_up(home)
    act(home, deposits.revise, public_id)
    act(home, deposits.save, public_id, record("آخر"))
    act(home, publishing.publish, public_id, repository_id=home.repository_id)
    assert current(home, public_id) is None
    assert behind(home) == 1
    assert catch_up(home) == 1
    assert "آخر" in current(home, public_id).decode()


def test_deletions_are_passed_over(home):
    public_id = published(home)
    act(home, publishing.withdraw, public_id, reason="error", repository_id=home.repository_id)
    assert catch_up(home) == 1
    assert kept(home) == {}
    assert behind(home) == 0


def test_a_kill_between_rendering_and_commit_starts_the_batch_again(home, small, monkeypatch):
    for number in range(3):
        published(home, described=record(str(number)))
    catch_up(home)
    before = kept(home)

    def killed(_engine):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(renderings, "transaction", killed)
        with pytest.raises(KeyboardInterrupt):
            catch_up(home)
    assert kept(home) == before
    assert behind(home) == 1
    assert catch_up(home) == 1
    assert len(kept(home)) == 3 * len(FORMATS)


def test_the_same_batch_twice_doubles_nothing(home):
    published(home)
    catch_up(home)
    before = {key: row.model_dump() for key, row in kept(home).items()}
    with transaction(home.engine) as session:
        for progress in session.exec(select(Projection)):
            session.delete(progress)
    assert catch_up(home) == 1
    assert {key: row.model_dump() for key, row in kept(home).items()} == before


def test_a_slow_worker_takes_nothing_back(home):
    public_id = published(home)
    catch_up(home)
    with transaction(home.engine) as session:  # another worker has rendered a later change meanwhile
        for row in session.exec(select(Rendering)):
            row.change, row.content = 99, b"newer"
        for progress in session.exec(select(Projection)):
            session.delete(progress)
    assert catch_up(home) == 1
    assert {row.content for row in kept(home).values()} == {b"newer"}
    assert public_id


def test_another_address_starts_anew_and_so_does_the_way_back(home):
    public_id = published(home)
    catch_up(home)
    for address in ("https://new.example.org", ADDRESS):
        assert current(home, public_id, address) is None
        assert behind(home, address) == 1
        assert catch_up(home, address) == 1
        assert address.encode() in current(home, public_id, address)
        assert catch_up(home, address) == 0


def test_another_crosswalk_revision_starts_anew(home):
    published(home)
    catch_up(home)
    changed = {"oai_dc": dataclasses.replace(FORMATS["oai_dc"], revision="next")}
    assert behind(home, formats=changed) == 1
    assert catch_up(home, formats=changed) == 1
    with reading(home.engine) as session:
        rows = session.exec(select(Rendering).where(Rendering.prefix == "oai_dc")).all()
        assert [row.revision for row in rows] == [renderings.revision(changed["oai_dc"], issuer(home))]
        assert rows[0].revision.startswith(f"next {ADDRESS} ")


def test_only_one_progress_is_remembered_and_what_it_leaves_unstamped(home):
    published(home)
    for address in (ADDRESS, "https://new.example.org"):
        catch_up(home, address)
    with reading(home.engine) as session:
        rows = {row.name: row.change for row in session.exec(select(Projection))}
        assert len(rows) == 2
        assert rows["unstamped"] == renderings.unstamped(session) == 1


def test_a_format_that_is_new_leaves_every_datestamp_true(home):
    published(home)
    catch_up(home, formats={"oai_dc": FORMATS["oai_dc"]})
    other = dataclasses.replace(FORMATS["oai_dc"], prefix="other")
    assert catch_up(home, formats={"oai_dc": FORMATS["oai_dc"], "other": other}) == 1
    with reading(home.engine) as session:
        assert renderings.unstamped(session) == 0


def test_an_ended_embargo_shows_as_open(home, watch):
    public_id = published(home, described=record(access={"kind": "embargoed", "until": "2026-03-10"}))

    def described():
        with reading(home.engine) as session:
            resource = queries.resources.by_public_id(session, public_id=public_id)
            found = renderings.describe(session, [resource.id], repository_id=home.repository_id, base_url=ADDRESS)
            return found.of[resource.id]

    assert described().record.access.kind == "embargoed"
    assert described().files == ()
    watch.forward(days=30)
    with transaction(home.engine) as session:
        publishing.lift_embargoes(session, repository_id=home.repository_id, now=watch())
    assert described().record.access.kind == "open"
    assert [file.url for file in described().files] == [f"{ADDRESS}/api/resources/{public_id}/files/lesson.txt"]


def test_addresses_escape_what_a_name_may_hold():
    name = "درس 1/2?#%.txt"
    address = renderings.file_url(ADDRESS, "7k3v9qm2xd", name)
    assert address.isascii()
    assert address.removeprefix(f"{ADDRESS}/api/resources/7k3v9qm2xd/files/").count("/") == 0


def damage(home, public_id: str) -> None:
    with transaction(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        version = queries.resources.version(session, resource_id=resource.id, number=1)
        version.record = '{"title": 5}'
        session.add(version)


def test_a_damaged_record_stops_no_other(home, caplog):
    broken, sound = published(home), published(home, described=record("سليم"))
    damage(home, broken)
    while catch_up(home):
        pass
    assert behind(home) == 0
    assert current(home, broken) is None
    assert "سليم".encode() in current(home, sound)
    assert [entry.resource for entry in caplog.records if entry.name == "oer.stored"] == [broken]
    with reading(home.engine) as session:
        assert renderings.unrendered(session, issuer(home)) == 1


def test_a_harvester_gets_a_damaged_record_by_its_name_and_all_others_whole(home):
    broken, sound = published(home), published(home, described=record("سليم"))
    damage(home, broken)
    with reading(home.engine) as session:
        ids = [queries.resources.by_public_id(session, public_id=one).id for one in (broken, sound)]
        made = renderings.render(session, FORMATS["oai_dc"], ids, issuer=issuer(home))
    assert broken.encode() in made[ids[0]]
    assert "سليم".encode() in made[ids[1]]


def test_other_labels_start_anew(home):
    public_id = published(home)
    assert catch_up(home) == 1
    assert catch_up(home) == 0
    vocabularies.override({"https://w3id.org/kim/hcrt/video": {"ar": "شريط مرئي"}})
    try:
        assert current(home, public_id) is None
        assert catch_up(home) == 1
        assert "شريط مرئي".encode() in (current(home, public_id) or b"")
    finally:
        vocabularies.override({})


def test_other_shipped_terms_start_anew(home, monkeypatch):
    public_id = published(home)
    assert catch_up(home) == 1
    with monkeypatch.context() as patch:
        patch.setattr(vocabularies, "_shipped", lambda: b"those of the next release")
        vocabularies.override({})  # what was found out before is asked for again
        assert current(home, public_id) is None
        assert catch_up(home) == 1
    vocabularies.override({})
    with reading(home.engine) as session:
        assert renderings.unstamped(session) == 1


def test_a_record_that_trips_a_crosswalk_stops_no_other(home, caplog):
    broken, sound = published(home), published(home)
    plain = FORMATS["oai_dc"]

    def dump(found):
        if broken in found.identifier:
            raise ValueError("what nobody thought of")
        return plain.dump(found)

    with caplog.at_level("ERROR"):
        assert catch_up(home, formats={"oai_dc": dataclasses.replace(plain, dump=dump)}) == 2
    assert len([entry for entry in caplog.records if entry.message == "a record cannot be rendered"]) == 1
    assert current(home, broken) is None
    assert current(home, sound) is not None


def test_a_record_that_trips_a_crosswalk_keeps_no_page_and_no_block_from_others(home):
    broken, sound = published(home), published(home, described=record("سليم"))
    plain = FORMATS["oai_dc"]

    def dump(found):
        if broken in found.identifier and found.record.title:
            raise ValueError("what nobody thought of")
        return plain.dump(found)

    with reading(home.engine) as session:
        ids = [queries.resources.by_public_id(session, public_id=one).id for one in (broken, sound)]
        made = renderings.render(session, dataclasses.replace(plain, dump=dump), ids, issuer=issuer(home))
    assert broken.encode() in made[ids[0]]
    assert "سليم".encode() in made[ids[1]]
