"""Which OAI sets a resource is in, as it stands now. Sets are hierarchical: a member of ``a:b`` is a member of ``a``
(OAI-PMH 2.0, section 2.6).

====================  ==========================================================================
``institution``       the tree, ``institution:ministry:school``
``collection``        published collections, ``collection:<id>``
``subject``           ISCED-F by its digits, ``subject:isced-f:05:053``; the UNESCO Thesaurus flat,
                      ``subject:unesco-thesaurus:concept132``, each with all that is narrower
``type``              ``type:video``, by HCRT
``language``          ``language:ar``, and ``language:ar:ar-TN`` where a region is told
``licence``           ``licence:CC-BY-4.0``
``oer``               openly licensed, open access, with files
====================  ==========================================================================

Formats that not every record has are kept in the same way under a name that no setSpec can have (:func:`format_spec`):
who harvests such a format sees what leaves it as deleted.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlmodel import Session

from metadata import licences, vocabularies
from metadata.crosswalks import FORMATS
from oer import queries
from oer.models import Institution, Resource
from oer.queries.records import Facts

INSTITUTIONS, COLLECTIONS, SUBJECTS, TYPES, LANGUAGES, LICENCES = (
    "institution",
    "collection",
    "subject",
    "type",
    "language",
    "licence",
)
OER = "oer"

_UNFIT = re.compile(r"[^A-Za-z0-9_.!~*'()-]+")  # what a part of a setSpec cannot hold (OAI-PMH.xsd, setSpecType)


def institution_spec(slugs: Sequence[str]) -> str:
    """The setSpec of the institution with these slugs from the root down; ``institution`` itself holds them all."""
    return ":".join([INSTITUTIONS, *slugs])


def collection_spec(public_id: str) -> str:
    return f"{COLLECTIONS}:{public_id}"


def format_spec(prefix: str) -> str:
    """The name under which membership in a format is kept."""
    return f"format/{prefix}"


def shown(specs: Iterable[str]) -> list[str]:
    """Those of the specs that are sets."""
    return [spec for spec in specs if "/" not in spec]


def specs(session: Session, resources: Sequence[tuple[Resource, Institution]]) -> dict[int, list[str]]:
    """All specs of each resource, by its id; the wider ones first. In three queries, whatever their number."""
    ids = [resource.id or 0 for resource, _ in resources]
    facts = queries.records.facts(session, resource_ids=ids)
    collections = queries.collections.published_with(session, resource_ids=ids)
    above = {institution.id or 0: institution for _, institution in resources}
    places = {key: institution_specs(session, institution) for key, institution in above.items()}
    found = {}
    for resource, institution in resources:
        of = facts.get(resource.id or 0, Facts("", files=False))
        within = [spec for one in collections.get(resource.id or 0, ()) for spec in (COLLECTIONS, collection_spec(one))]
        named = [*places[institution.id or 0], *within, *_described(of, open_access=resource.access == "open")]
        found[resource.id or 0] = list(dict.fromkeys(named))
    return found


def institution_specs(session: Session, institution: Institution) -> list[str]:
    """``institution``, ``institution:root``, ``institution:root:branch`` … down to this one, the widest first."""
    above = queries.institutions.by_ids(session, ids=institution.ancestors)
    slugs = [above[ancestor].slug for ancestor in institution.ancestors] + [institution.slug]
    return [institution_spec(slugs[:depth]) for depth in range(len(slugs) + 1)]


def _described(facts: Facts, *, open_access: bool) -> Iterator[str]:
    """The sets that the record itself tells of. The stored text is read as far as it can be, once for all formats."""
    record = _read(facts.record)
    for uri in _words(record.get("subjects")):
        yield from _subject(uri)
    yield from _type(record.get("resource_type"))
    for tag in _words(record.get("languages")):
        yield from _language(tag)
    licence = licences.get(str(record.get("licence") or ""))
    if licence:
        yield LICENCES
        yield f"{LICENCES}:{licence_name(licence)}"
    if open_access and facts.files:
        yield from (format_spec(format_.prefix) for format_ in FORMATS.values() if format_.needs_files)
        if licence and licence.open:
            yield OER


def _read(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _words(found: Any) -> list[str]:
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


@lru_cache(maxsize=8192)
def _subject(uri: str) -> tuple[str, ...]:
    """The term's set and those of everything broader."""
    term = vocabularies.find(uri)
    if term is None or term.scheme not in vocabularies.SUBJECTS:
        return ()
    scheme = f"{SUBJECTS}:{term.scheme}"
    if term.scheme == "isced-f":
        digits = [term.notation[:end] for end in range(2, len(term.notation) + 1)]
        return SUBJECTS, scheme, *(":".join([scheme, *digits[:depth]]) for depth in range(1, len(digits) + 1))
    return SUBJECTS, scheme, *sorted(f"{scheme}:{one.notation}" for one in _with_broader(term))


def _with_broader(term: vocabularies.Term) -> list[vocabularies.Term]:
    found, waiting = {term.uri: term}, list(term.broader)
    while waiting:
        wider = vocabularies.find(waiting.pop())
        if wider and wider.uri not in found:
            found[wider.uri] = wider
            waiting += wider.broader
    return list(found.values())


def _type(uri: Any) -> Iterator[str]:
    term = vocabularies.term("hcrt", uri) if isinstance(uri, str) else None
    if term:
        yield TYPES
        yield f"{TYPES}:{term.notation}"


def _language(tag: str) -> Iterator[str]:
    fit = part(tag)
    if fit:
        primary = fit.partition("-")[0]
        yield LANGUAGES
        yield f"{LANGUAGES}:{primary}"
        if fit != primary:
            yield f"{LANGUAGES}:{primary}:{fit}"


def licence_name(licence: licences.Licence) -> str:
    """``CC-BY-4.0``: the SPDX id, else the short name as one word."""
    return part(licence.spdx or licence.short) or "other"


def part(text: str) -> str:
    """The text as one part of a setSpec; empty where nothing of it may stand there."""
    return _UNFIT.sub("-", text).strip("-")
