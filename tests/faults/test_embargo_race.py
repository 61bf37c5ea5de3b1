"""Embargoes that end while somebody withdraws the same resource: what is withdrawn stays withdrawn for the world."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import soundness
from factories import START, Watch, opened, published, record
from fault_counts import TIMEOUT
from sqlmodel import Session, select

from oer import publishing, queries
from oer.db import transaction
from oer.installation import Installation
from oer.models import Resource
from oer.policy import OPERATOR

pytestmark = pytest.mark.timeout(TIMEOUT)


def withdraw(home: Installation, public_id: str) -> None:
    with transaction(home.engine) as session:
        publishing.withdraw(
            session, OPERATOR, public_id, reason="rights", repository_id=home.repository_id, now=home.now()
        )


def faults_after_race(folder: Path, monkeypatch: pytest.MonkeyPatch, ends: Callable[..., Any]) -> list[str]:
    """A withdrawal comes between the look for ended embargoes (``ends``) and what follows; what is wrong then."""
    watch = Watch()
    with opened(folder, now=watch) as home, ThreadPoolExecutor(1) as pool:
        until = (START + timedelta(days=1)).date().isoformat()
        public_id = published(home, described=record(access={"kind": "embargoed", "until": until}))
        watch.forward(days=2)
        withdrawals = []

        def slowly(*arguments: Any, **named: Any) -> Any:
            ended = ends(*arguments, **named)
            withdrawals.append(pool.submit(withdraw, home, public_id))
            wait_for(withdrawals, timeout=0.5)
            return ended

        monkeypatch.setattr(queries.resources, "embargo_ends", slowly)
        with transaction(home.engine) as session:
            assert publishing.lift_embargoes(session, repository_id=home.repository_id, now=home.now()) == 1
        withdrawals[0].result()
        return soundness.faults(home)


def test_a_withdrawal_while_embargoes_are_lifted_is_not_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults_after_race(tmp_path, monkeypatch, queries.resources.embargo_ends) == []


def test_without_the_rows_held_it_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not os.environ.get("OER_TEST_DATABASE_URL"):
        pytest.skip("SQLite lets one writer in at a time, whatever rows are held (tests/with_servers.py --postgres)")

    def unheld(session: Session, **_: Any) -> Sequence[Resource]:
        return session.exec(select(Resource).where(Resource.access == "embargoed")).all()

    found = faults_after_race(tmp_path, monkeypatch, unheld)
    assert any("withdrawn, its record says deleted=False" in fault for fault in found)
