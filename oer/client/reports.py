"""``client.reports``: problems that visitors report, and what is answered."""

from collections.abc import Iterator

from oer.client.line import Answer, Line
from oer.client.nouns import id_of, matching, pages, path, said
from oer.client.things import Resource, Thing


class Report(Thing):
    """``data["details"]`` is for reviewers of the resource's institution: its words, and whom to answer."""

    @property
    def reference(self) -> str:
        return self._text("reference")

    @property
    def state(self) -> str:
        """``open``, ``examining`` or ``answered``."""
        return self._text("state")

    @property
    def outcome(self) -> str | None:
        """``kept``, ``mended`` or ``withdrawn``."""
        return self._maybe("outcome")

    @property
    def answer(self) -> str:
        return self._text("answer")


class Reports:
    """Problems that visitors report. Nobody needs a token to file one."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def file(
        self,
        resource: Resource | str,
        reason: str,
        words: str,
        *,
        email: str | None = None,
        language: str | None = None,
        key: str | None = None,
    ) -> Report:
        """``reason``: copyright, privacy, harmful, error, broken-file, accessibility or other."""
        body = said(reason=reason, words=words, email=email, language=language)
        address = path("resources", id_of(resource), "reports")
        return _report(self._line.ask("POST", address, json=body, key=key))

    def one(self, reference: str) -> Report:
        """However the reference is written."""
        return _report(self._line.ask("GET", path("reports", reference)))

    def all(self, *, state: str | None = None, institution: str | None = None) -> Iterator[Report]:
        """On the resources that you review: those that wait, unless ``state`` says which."""
        return map(Report, pages(self._line, path("reports"), {"state": state, "institution": institution}))

    def examine(self, report: Report | str, *, note: str = "") -> Report:
        """Take the resource out of sight; ``note`` are words for its tombstone."""
        return self._step(report, {"state": "examining", "note": note})

    def answer(self, report: Report | str, outcome: str, words: str = "", *, note: str = "") -> Report:
        """``kept`` and ``mended`` bring it back into sight, ``withdrawn`` leaves a tombstone with ``note``."""
        return self._step(report, {"state": "answered", "outcome": outcome, "answer": words, "note": note})

    def _step(self, report: Report | str, body: dict[str, str]) -> Report:
        reference = report if isinstance(report, str) else report.reference
        headers = {"If-Match": "*"} if isinstance(report, str) else matching(report)
        return _report(self._line.ask("PATCH", path("reports", reference), json=body, headers=headers))


def _report(answer: Answer) -> Report:
    return Report(answer.json, answer.etag)
