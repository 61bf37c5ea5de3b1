"""New rows without files, which an import writes many at once."""

import secrets
from pathlib import Path
from typing import Any

import factories
import importing
import pytest
import snapshots
from factories import Watch
from importing import RECORD, codes, count, lay, row, run, statuses

from oer import identifiers
from oer.errors import Forbidden
from oer.installation import Installation
from oer.models import Resource
from oer.transfer import bulk
from oer.workflow import Role


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return importing.folder_in(tmp_path)


def without_files(count: int) -> list[dict[str, Any]]:
    record = RECORD | {"access": {"kind": "metadata-only"}}
    return [{"item": f"{n}", "record": record | {"title": [{"value": f"درس {n}", "lang": "ar"}]}} for n in range(count)]


@pytest.mark.parametrize("publish", [True, False])
def test_new_rows_written_all_at_once_are_what_one_by_one_would_be(
    tmp_path: Path, folder: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch, publish: bool
) -> None:
    """The short way must write what the services write, to the last column."""
    lay(folder, *without_files(7))
    written: list[dict[str, list[tuple[Any, ...]]]] = []
    for way in ("short", "long"):
        numbers = iter(range(100))
        with monkeypatch.context() as patch, factories.opened(tmp_path / way, now=watch) as home:
            patch.setattr(identifiers, "new_public_id", lambda numbers=numbers: f"{next(numbers):010}")
            patch.setattr(secrets, "randbelow", lambda _: 0)
            if way == "long":
                patch.setattr(bulk, "begin", lambda *_, **__: (_ for _ in ()).throw(Forbidden("action.forbidden")))
            actor = factories.member(home, Role.REVIEWER)
            assert statuses(run(home, folder, actor=actor, publish=publish)) == ["created"] * 7
            found = snapshots.tables(home)
            found.pop("identity")
            found["audit_entry"] = sorted((row[1:] for row in found["audit_entry"]), key=repr)
            written.append(found)
    assert written[0].keys() == written[1].keys()
    for table, rows in written[0].items():
        assert rows == written[1][table], table
    assert len(written[0]["version" if publish else "draft"]) == 7


def test_who_may_not_publish_is_told_for_each_row(place: Installation, folder: Path) -> None:
    depositor = factories.member(place, Role.DEPOSITOR)
    results = run(place, lay(folder, *without_files(3)), actor=depositor)
    assert [codes(result) for result in results] == [[("action.forbidden", "")]] * 3
    assert count(place, Resource) == 0
    assert statuses(run(place, folder, actor=depositor, publish=False)) == ["created"] * 3


def test_new_and_known_rows_with_and_without_files_go_together(place: Installation, folder: Path) -> None:
    rows = without_files(4)
    run(place, lay(folder, rows[0], rows[2], row("a.txt")))
    changed = rows[2] | {"record": rows[2]["record"] | {"rights_holder": "x"}}
    results = run(place, lay(folder, rows[0], rows[1], changed, row("a.txt"), row("b.txt"), rows[3]))
    assert statuses(results) == ["unchanged", "created", "updated", "unchanged", "created", "created"]
    assert [result.item for result in results] == ["0", "1", "2", "a.txt", "b.txt", "3"]
    assert count(place, Resource) == 6
    assert statuses(run(place, folder)) == ["unchanged"] * 6


def test_a_row_that_bears_the_id_of_a_resource_is_that_resource_and_no_new_one(
    place: Installation, folder: Path
) -> None:
    public_id = factories.published(place, described=factories.record(access={"kind": "metadata-only"}), files={})
    (one,) = without_files(1)
    (result,) = run(place, lay(folder, one | {"item": "x", "id": public_id}))
    assert (result.status, result.id) == ("updated", public_id)
    assert count(place, Resource) == 1
