"""How values of a record are said in any format: what several crosswalks share on their way out."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from metadata import values, vocabularies
from metadata.crosswalks.described import FileLink
from metadata.record import Agent, Identifier, Record, Text

_ARABIC = re.compile("[\u0620-\u06ff]")
_BEFORE = {"doi": "https://doi.org/", "handle": "https://hdl.handle.net/", "isbn": "urn:isbn:", "issn": "urn:issn:"}
_ACCESS = {"open": "open", "embargoed": "embargoed", "institution": "restricted", "metadata-only": "closed"}


def language(text: Text) -> str | None:
    """The tag for xml:lang, left out where nobody knows the language or the tag is not one (the schemas check)."""
    return None if text.lang == "und" else values.language(text.lang)


def name(agent: Agent) -> str:
    """``Family, Given`` where both are known, as libraries ask; the name as shown otherwise."""
    if not (agent.family and agent.given):
        return agent.name
    comma = "،" if _ARABIC.search(agent.family) else ","
    return f"{agent.family}{comma} {agent.given}"


def labels(term: vocabularies.Term | None) -> Iterator[tuple[str, str]]:
    """(label, language) of a term in the order ar, fr, en; nothing where the term is unknown."""
    for tag in vocabularies.LANGUAGES:
        if term and tag in term.labels:
            yield term.labels[tag], tag


def bare(identifier: Identifier) -> str:
    """The identifier without what names its scheme: ``10.1234/x``, ``978-3-16-148410-0``, a URL as it is."""
    value = identifier.value.strip()
    before = (_BEFORE.get(identifier.scheme, ""), "doi:", "hdl:", "http://dx.doi.org/", "http://hdl.handle.net/")
    for start in before:
        if start and identifier.scheme in _BEFORE and value.lower().startswith(start):
            return value[len(start) :].strip()
    return value


def followable(identifier: Identifier) -> str:
    """As something to follow where the scheme has such a form: ``https://doi.org/10.1234/x``."""
    value = identifier.value
    if "://" in value or value.lower().startswith("urn:"):
        return value
    without = value.split(":", 1)[1] if value.lower().startswith(("doi:", "hdl:")) else value
    return _BEFORE.get(identifier.scheme, "") + without.strip()


def access_right(record: Record) -> str:
    """``info:eu-repo/semantics/…Access`` (DRIVER Guidelines 2.0)."""
    return f"info:eu-repo/semantics/{_ACCESS[record.access.kind]}Access"


def dcmi_type(file: FileLink) -> str:
    """The DCMI Type of a file, such as ``MovingImage``; empty where it has none."""
    return vocabularies.media_group(file.media_type, PurePosixPath(file.name).suffix).extra.get("dcmi_type", "")
