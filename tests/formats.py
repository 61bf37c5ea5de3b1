"""What the tests of every format share: golden records with their surroundings, and comparison with golden files."""

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxml import etree

from metadata import xml
from metadata.crosswalks import FORMATS, Described, FileLink
from metadata.record import Record, Text
from metadata.validate import parse_json, problems

GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(file.stem for file in (GOLDEN / "records").glob("*.json"))
INSTITUTION = (Text(value="جامعة المثال", lang="ar"), Text(value="Université de l’Exemple", lang="fr"))
PUBLISHED = datetime(2024, 3, 1, 23, 30, tzinfo=UTC)
FILES = (
    FileLink("https://oer.example.org/files/1/%D8%AF%D8%B1%D8%B3.pdf", "درس.pdf", "application/pdf", 1, "0" * 64),
    FileLink("https://oer.example.org/files/1/v.mp4?a=1&b=2", "v.mp4", "video/mp4", 2, "1" * 64),
)
EMPTY = Described("oai:x.org:1", "https://x.org/1", Record(), (), PUBLISHED)


def around(described_record: Record, files: tuple[FileLink, ...] = FILES) -> Described:
    url = "https://oer.example.org/resources/k7m2p9qd"
    return Described("oai:oer.example.org:k7m2p9qd", url, described_record, INSTITUTION, PUBLISHED, 1, files)


def golden_record(name: str) -> Record:
    """One of the rich records under ``golden/records``: ``ar``, ``fr`` or ``en``."""
    found, _ = parse_json((GOLDEN / "records" / f"{name}.json").read_bytes())
    assert found is not None
    return found


def assert_golden(prefix: str, name: str) -> None:
    """The rendering of a golden record is that of ``golden/<prefix>/<name>.xml``, which is indented for people.

    ``OER_WRITE_GOLDEN=1`` writes the files anew: read the difference before it is committed.
    """
    root = xml.parse(FORMATS[prefix].dump(around(golden_record(name))))
    etree.indent(root, space="  ")
    written = etree.tostring(root, encoding="unicode") + "\n"
    file = GOLDEN / prefix / f"{name}.xml"
    if os.environ.get("OER_WRITE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(written, encoding="utf-8")
    assert written == file.read_text(encoding="utf-8")


def assert_revised(prefix: str) -> None:
    """Golden files that have changed come with another ``REVISION``: without it kept renderings would stay old.

    ``OER_WRITE_GOLDEN=1`` notes the files of a revision that is new.
    """
    file = GOLDEN / "revisions.json"
    noted = json.loads(file.read_text(encoding="utf-8"))
    written = sorted((GOLDEN / prefix).glob("*.xml"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in written)).hexdigest()
    told = {"revision": FORMATS[prefix].revision, "sha256": digest}
    if os.environ.get("OER_WRITE_GOLDEN") and noted.get(prefix, {}).get("revision") != told["revision"]:
        noted[prefix] = told
        file.write_text(json.dumps(dict(sorted(noted.items())), indent=2) + "\n", encoding="utf-8")
    assert noted[prefix] == told, f"{prefix} writes something else: give its crosswalk another REVISION"


def errors(record: Record) -> list[str]:
    """What the rules refuse, for drafts."""
    return [f"{found.field} {found.code}" for found in problems(record, "draft") if found.severity == "error"]


def plain(record: Record) -> dict[str, Any]:
    """What it says, as JSON has it."""
    return record.model_dump(mode="json", exclude_defaults=True)
