"""Whoever fetches over HTTP in tests: in no hurry, and without sleep."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from oai_server import Said

from api import i18n
from harvest import fetching
from harvest.addresses import EVERYWHERE, Reach
from harvest.fetching import Fetcher, Limits, Reply, Unanswered

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
QUICK = Limits(connect=2, silence=1, whole=2, tries=1)


@dataclass
class Naps:
    """Sleeps that only count."""

    lengths: list[float] = field(default_factory=list)

    def __call__(self, length: float) -> None:
        self.lengths.append(length)


def fetcher(limits: Limits | None = None, naps: Naps | None = None, reach: Reach = EVERYWHERE) -> Fetcher:
    return Fetcher(agent="test", now=lambda: NOW, limits=limits or Limits(), reach=reach, sleep=naps or Naps())


def fetched(said: Said, limits: Limits | None = None, naps: Naps | None = None, **options: object) -> Reply:
    with fetcher(limits, naps) as asking:
        return asking.fetch(f"{said.url}/oai", **options)  # type: ignore[arg-type]


def code(said: Said, limits: Limits = QUICK) -> str:
    with pytest.raises(Unanswered) as raised:
        fetched(said, limits)
    assert raised.value.code in fetching.CODES
    for language in i18n.LANGUAGES:
        words = i18n.message(raised.value.code, language, **raised.value.params)
        assert words != raised.value.code
        assert "…" not in words
    return raised.value.code
