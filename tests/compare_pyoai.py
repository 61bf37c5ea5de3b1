"""How fast one list is harvested whole from us and from pyoai's server, in one run: ``python tests/compare_pyoai.py``.

What makes it fair:

- The same records. Ours are harvested, and what they say is what pyoai serves: identifiers, datestamps, sets and every
  value of ``oai_dc``. Before anything is measured, pyoai's whole list is read too and each record compared with ours.
  pyoai knows no ``xml:lang``, no ``about`` and no size of a list, so its records say less; they count all the same.
- The same server, client and pages. One process of granian each; one client replays the requests of a whole harvest
  over two lines and parses nothing; pages have 100 records. What counts is plain pages against plain pages. Most
  harvesters ask for gzip, which pyoai does not know: what they get from us is told beside it.
- pyoai as somebody sets it up who knows it: BatchingServer, which asks for a page where Server asks for the whole list
  every time; all records ready in memory, where a repository would read them from somewhere; Identify made once; and
  ``cgi.parse_qs`` given back to it, which Python lost in 3.8 and without which its second page is a 500.
- Rounds in turn, so that a machine that drifts treats both alike. Medians are told, and server CPU beside them.

pyoai builds the XML of each record at each request; we keep it from when the record changed. That difference is what
shows here. Nothing else is compared: pyoai is a library for any kind of holdings, and far more is left to who uses it.
"""

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from statistics import median
from urllib.parse import quote

from lxml import etree

from metadata.xml import NAMESPACES
from oer.cli import asking, harvesting, scratch, seeding
from oer.cli.harvesting import Rate
from oer.cli.scratch import Server

PYOAI = "2.5.0"
PAGE = 100  # records: our default
_ENOUGH = 50_000  # records that ours are measured with at least
_NAMES = {"ours": "ours, plain", "packed": "ours, gzip", "pyoai": "pyoai"}
_ADDRESS = "/oai?verb=ListRecords&"
_OAI, _DC = (f"{{{NAMESPACES[prefix]}}}" for prefix in ("oai", "dc"))

# identifier, datestamp, whether it is deleted, sets, values by element
Record = tuple[str, str, bool, list[str], dict[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Requests:
    """A whole harvest, to be sent again: a request for each page, and how many records the page has."""

    sent: list[bytes]
    counts: list[int]

    def ends(self, pages: int) -> "Requests":
        """That many pages, half from the start and half from the end; all where there are no more."""
        if len(self.sent) <= pages:
            return self
        first, last = pages - pages // 2, len(self.sent) - pages // 2
        return Requests(self.sent[:first] + self.sent[last:], self.counts[:first] + self.counts[last:])

    def often(self, records: int) -> "Requests":
        """Again and again, until that many records have been asked for: server CPU is counted in hundredths."""
        times = -(-records // self.records)
        return Requests(self.sent * times, self.counts * times)

    def packed(self) -> "Requests":
        return Requests([one.replace(b"identity", b"gzip") for one in self.sent], self.counts)

    @property
    def records(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Round:
    ours: Rate
    packed: Rate
    pyoai: Rate


@dataclass(frozen=True, slots=True)
class Found:
    """``pages`` are seconds of a page at the start and at the end of the list, ``part`` the pages of pyoai replayed."""

    records: int
    part: int
    rounds: list[Round]
    pages: dict[str, tuple[float, float]]

    def faster(self, side: str = "ours") -> float:
        return median(getattr(each, side).records / each.pyoai.records for each in self.rounds)

    def less_cpu(self, side: str = "ours") -> float:
        return median(each.pyoai.cpu / getattr(each, side).cpu for each in self.rounds)


# ── Both sides ───────────────────────────────────────────────────────────────────────────────────


@contextmanager
def serving(folder: Path, records: int) -> Iterator[Server]:
    """Ours, over a scratch installation with that many records, rendered as the worker would have done by then."""
    with scratch.opened(folder) as home:
        seeding.seed(home, records, progress=lambda _done: None)
        harvesting._render(home, ["oai_dc"])
        base_url = home.settings.base_url
    with scratch.served(folder, OER_RATE_LIMIT="0", OER_BASE_URL=base_url, OER_OAI_PAGE_SIZE=str(PAGE)) as server:
        yield server


@contextmanager
def serving_pyoai(folder: Path, records: Path) -> Iterator[Server]:
    port = scratch.free_port()
    here = str(Path(__file__).parent)
    options = ["--interface", "wsgi", "--workers", "1", "--port", str(port), "--log-level", "warning"]
    command = [str(installed(folder / "venv")), *options, "--working-dir", here, "pyoai_app:application"]
    environment = {"RECORDS": str(records), "PAGE": str(PAGE)}
    log = folder / "pyoai.txt"
    with scratch.answering(command, port, "/oai?verb=Identify", log=log, environment=environment) as pid:
        yield Server(port, pid)


def installed(folder: Path) -> Path:
    """The command of our web server in an environment of its own, beside pyoai from PyPI."""
    venv.create(folder, with_pip=True)
    ours = [f"{name}=={version(name)}" for name in ("granian", "lxml")]
    # It takes for granted what Python came with once: pkg_resources, and cgi before 3.13.
    lost = ["setuptools<81", 'legacy-cgi>=2.6; python_version >= "3.13"']
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    subprocess.run([*pip, f"pyoai=={PYOAI}", *ours, *lost], check=True)
    return folder / "bin" / "granian"


# ── The same records ─────────────────────────────────────────────────────────────────────────────


def walked(port: int, requests: Requests) -> Iterator[list[Record]]:
    """The records of each page, which follows the token of the one before. ``requests`` grows with each."""

    def ask(arguments: str) -> None:
        requests.sent.append(asking.get(port, _ADDRESS + arguments, **{"Accept-Encoding": "identity"}))

    ask("metadataPrefix=oai_dc")
    for _, body in asking.answers(port, requests.sent):  # the list grows while it is read
        root = etree.fromstring(body)
        page = [_record(node) for node in root.iter(f"{_OAI}record")]
        requests.counts.append(len(page))
        yield page
        token = root.findtext(f"{_OAI}ListRecords/{_OAI}resumptionToken")
        if token:
            ask(f"resumptionToken={quote(token)}")


def _record(node: etree._Element) -> Record:
    head = node[0]
    identifier, stamp = (head.findtext(f"{_OAI}{name}") or "" for name in ("identifier", "datestamp"))
    sets = [spec.text or "" for spec in head.iterfind(f"{_OAI}setSpec")]
    fields: dict[str, list[str]] = {}
    for value in node.iterfind(f"{_OAI}metadata/*/*"):
        fields.setdefault(value.tag.removeprefix(_DC), []).append(value.text or "")
    return identifier, stamp, head.get("status") == "deleted", sets, fields


def exported(port: int, file: Path) -> Requests:
    """All that our list says, in the file. Exits where it says nothing of a record, or names one twice."""
    requests, names = Requests([], []), set()
    with file.open("wb") as out:
        for page in walked(port, requests):
            pickle.dump(page, out)
            names.update(record[0] for record in page)
            if empty := [record[0] for record in page if not record[2] and "title" not in record[4]]:
                raise SystemExit(f"no title: {empty[0]}")
    if len(names) != requests.records:
        raise SystemExit(f"{requests.records} records, but {len(names)} identifiers")
    return requests


def compared(port: int, file: Path) -> Requests:
    """pyoai's list, which says of every record what ours says. Exits where it does not."""
    requests = Requests([], [])
    theirs = (record for page in walked(port, requests) for record in page)
    for mine, other in zip_longest(_kept(file), theirs):
        if mine != other:
            raise SystemExit(f"pyoai says something else:\nours  {mine}\npyoai {other}")
    return requests


def _kept(file: Path) -> Iterator[Record]:
    with file.open("rb") as pages:
        while pages.peek(1):
            yield from pickle.load(pages)


# ── Measuring ────────────────────────────────────────────────────────────────────────────────────


def measured(folder: Path, records: int, rounds: int, pages: int) -> Found:
    file = folder / "records.pickle"
    with serving(folder, records) as ours:
        whole = exported(ours.port, file)
        if whole.records != records:
            raise SystemExit(f"{whole.records} records instead of {records}")
        with serving_pyoai(folder, file) as pyoai:
            theirs = compared(pyoai.port, file)
            part, often = theirs.ends(pages), whole.often(_ENOUGH)
            _tell(f"pyoai {PYOAI} says of all {theirs.records} records what we say; {_load()}")
            if part is not theirs:
                _tell(f"of its {len(theirs.sent)} pages {len(part.sent)} are replayed, from the start and from the end")
            done = []
            for _ in range(rounds):
                done.append(Round(_rate(ours, often), _rate(ours, often.packed()), _rate(pyoai, part)))
                for side, rate in asdict(done[-1]).items():
                    _tell(f"{_NAMES[side]:11} {_words(Rate(**rate))}")
            times = {"ours": _ends(ours, whole), "pyoai": _ends(pyoai, theirs)}
    return Found(records, len(part.sent), done, times)


def _rate(server: Server, requests: Requests) -> Rate:
    return harvesting._rate(server, requests.sent, requests.records)


def _ends(server: Server, requests: Requests) -> tuple[float, float]:
    first, last = (harvesting._page(server.port, requests.sent[at]) for at in (0, -1))
    return first, last


def _words(rate: Rate) -> str:
    size = rate.bytes / rate.records
    return f"{rate.records:,.0f} records/s of {size:,.0f} bytes, {1e6 * rate.cpu:,.1f} µs CPU each"


def _load() -> str:
    return f"load of this machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=100_000, help="records of the list")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; medians are told")
    parser.add_argument("--pages", type=int, default=1000, help="pages of pyoai in a round, at most")
    parser.add_argument("--folder", type=Path, help="where to work; what is made there is removed")
    parser.add_argument("--json", action="store_true", help="all figures as JSON")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=wanted.folder) as place:
        found = measured(Path(place), wanted.records, wanted.rounds, wanted.pages)
    if wanted.json:
        told = {"faster": found.faster(), "less_cpu": found.less_cpu(), "load": os.getloadavg()[0]}
        print(json.dumps({**asdict(found), **told}))
        return
    for side, (first, last) in found.pages.items():
        print(f"{side}: first page {1000 * first:.2f} ms, last page {1000 * last:.2f} ms")
    for side in ("ours", "packed"):
        faster, cpu = found.faster(side), found.less_cpu(side)
        print(f"{_NAMES[side]}: {faster:.1f} times as many records a second as pyoai, each for 1/{cpu:.1f} of its CPU")
    print(f"{found.records:,} records, {_load()}")


if __name__ == "__main__":
    main()
