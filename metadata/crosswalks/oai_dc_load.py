"""Unqualified Dublin Core as it is found, read into a record.

The fifteen elements say little, and repositories use them in many ways: what could mean several things is left and
told, not guessed (a ``dc:relation``, a second ``dc:date``, a ``dc:source`` that names the journal). Refinements of DCMI
Metadata Terms are read as the element they refine ("dumb-down", DCMI Grammatical Principles).
"""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from metadata import licences, rules, values, vocabularies
from metadata.crosswalks import understood, wording
from metadata.crosswalks.described import Loaded
from metadata.crosswalks.gathering import Gathering, parted
from metadata.record import Alignment, Contributor, Source
from metadata.xml import NAMESPACES, Element

_PREFIXES = {NAMESPACES["dc"]: "dc:", NAMESPACES["dcterms"]: "dcterms:"}
_REFINES = {
    "abstract": "description",
    "alternative": "title",
    "created": "date",
    "issued": "date",
    "modified": "date",
    "license": "rights",
    "accessRights": "rights",
    "rightsHolder": "rights",
    "spatial": "coverage",
    "temporal": "coverage",
}
_ROLE = re.compile(r"^(.*\S)\s*\(([^()]+)\)$")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:")  # those of a repository (DSpace: accessioned), not of a work
_MOST = 10_000  # statements of one description that are read; the longest recorded one has 716
_ADDRESSED = "subjects by address"
_FEW_WORDS = 5  # fewer are a catchword, no description: "Abstract", "12 pages, 3 figures"


class Statement(NamedTuple):
    """One element that is not empty: its local name, its name as it is told, text and language."""

    term: str
    name: str
    said: str
    lang: str | None


Reader = Callable[[Gathering, Statement], None]


def load(root: Element) -> Loaded:
    """The description in ``<oai_dc:dc>``, or in any other container of Dublin Core elements."""
    return read(root, READERS)


def read(root: Element, readers: Mapping[str, Reader]) -> Loaded:
    """Every child by the reader of its term; in whatever namespace, since many write a wrong one or none."""
    gathering = Gathering()
    gathering.leave("text between elements", " ".join([root.text or "", *(node.tail or "" for node in root)]))
    statements = list(islice(_statements(root), _MOST))
    if len(root) > _MOST:
        gathering.leave("statements after the first", str(len(root) - _MOST))
    redundant = _labels_of_terms(statements)
    for statement in sorted(statements, key=_precise_first):
        reader = readers.get(statement.term) or readers.get(_REFINES.get(statement.term, ""))
        if (statement.term, _folded(statement.said)) in redundant:
            continue
        if reader:
            reader(gathering, statement)
        else:
            gathering.leave(statement.name, statement.said)
    gathering.take(_ADDRESSED)
    gathering.embargo()
    return gathering.loaded()


def _statements(root: Element) -> Iterator[Statement]:
    for node in root:
        namespace, _, local = node.tag.rpartition("}")
        said = "".join(str(piece) for piece in node.itertext()).strip()
        if said:
            lang = node.get(f"{{{NAMESPACES['xml']}}}lang") or node.get("lang")
            yield Statement(local, _PREFIXES.get(namespace.lstrip("{"), "") + local, said, lang)


def _precise_first(statement: Statement) -> int:
    """What says more goes first: an address before its labels, a type before "text", a day before a moment."""
    address = re.match(r"(?:https?|info|cc):", statement.said) is not None
    if statement.term == "type":
        found = understood.resource_type(statement.said)
        return 0 if address and found else 1 if found and not found.endswith("/text") else 2
    if statement.term in ("rights", "license", "accessRights", "subject"):
        return 0 if address else 1
    if statement.term in ("description", "abstract"):
        return 0 if len(statement.said.split()) >= _FEW_WORDS else 1
    return 1 if statement.term == "date" and _MOMENT.match(statement.said) else 0


_TERMS: Mapping[str, tuple[str, ...]] = {
    "subject": ("unesco-thesaurus", "isced-f", "sdg", "ict-cft"),
    "conformsTo": ("sdg", "ict-cft"),
}


def _labels_of_terms(statements: list[Statement]) -> set[tuple[str, str]]:
    """Element and label, where the same element gives the term's URI: such labels are not keywords besides."""
    found: set[tuple[str, str]] = set()
    for statement in statements:
        for scheme in _TERMS.get(statement.term, ()) if "://" in statement.said else ():
            uri = vocabularies.canonical(scheme, statement.said)
            term = vocabularies.term(scheme, uri) if uri else None
            found |= {(statement.term, _folded(label)) for label in (term.labels.values() if term else ())}
    return found


def _folded(said: str) -> str:
    return " ".join(html.unescape(said).split()).casefold()


# ── What each element gives ──────────────────────────────────────────────────────────────────────


def title(gathering: Gathering, statement: Statement) -> None:
    """The first in a language is the title, the second an alternative title."""
    said = " ".join(statement.said.split())
    text = understood.text(said, statement.lang)
    field = "alternative" if text and gathering.speaks("title", text.lang) else "title"
    gathering.text(field, statement.name, said, statement.lang)


def description(gathering: Gathering, statement: Statement) -> None:
    """Several in one language become paragraphs of one; catchwords beside them are left."""
    text = understood.text(statement.said, statement.lang)
    if text and gathering.speaks("description", text.lang) and len(text.value.split()) < _FEW_WORDS:
        gathering.leave(statement.name, statement.said)
    else:
        gathering.text("description", statement.name, statement.said, statement.lang, joined="\n\n")


def creator(gathering: Gathering, statement: Statement) -> None:
    for name in _names(statement):
        agent = understood.agent(re.sub(r"\s*\((?:author|creator|auteur|مؤلف)\)$", "", name, flags=re.IGNORECASE))
        gathering.add("creators", agent, statement.name, name)


def contributor(gathering: Gathering, statement: Statement) -> None:
    """``Finch, Joyce (Interviewer)`` names the role; otherwise it is "contributor"."""
    for name in _names(statement):
        match = _ROLE.match(name)
        role = vocabularies.canonical("contributor-roles", match[2]) if match else None
        agent = understood.agent(match[1] if match and role else name)
        made = Contributor(**agent.model_dump(), role=role or f"{wording.RELATORS}ctb") if agent else None
        gathering.add("contributors", made, statement.name, name)


def _names(statement: Statement) -> list[str]:
    text = understood.text(statement.said, None)
    return list(parted(text.value, ";؛\n")) if text else []


def publisher(gathering: Gathering, statement: Statement) -> None:
    """The first; as an organisation, since ``Routledge, London`` is no person."""
    gathering.set("publisher", understood.agent(statement.said, "organisation"), statement.name, statement.said)


def subject(gathering: Gathering, statement: Statement) -> None:
    """Addresses are terms; words are keywords, and terms besides where the description has no addresses of any."""
    for piece in _topics(statement):
        if "://" in piece:
            _topic_by_address(gathering, statement.name, piece)
        elif re.search(r"[^\W\d_]", piece):
            gathering.keyword(statement.name, piece, statement.lang)
            # "Article" and "Text" tell what the work is, whatever concepts of that name the thesaurus has
            if not gathering.get(_ADDRESSED) and not understood.resource_type(piece):
                uri = understood.subject(piece)
                if uri:
                    gathering.add("subjects", uri, statement.name, piece)
        else:
            gathering.leave(statement.name, piece)


def _topic_by_address(gathering: Gathering, name: str, piece: str) -> None:
    target, uri = alignment(piece), understood.subject(piece)
    if target:
        gathering.add("alignments", target, name, piece)
    elif uri:
        gathering.add("subjects", uri, name, piece)
        gathering.put(_ADDRESSED, True)
    else:
        gathering.leave(name, piece)


def _topics(statement: Statement) -> Iterator[str]:
    """Several in one element are parted, at commas only where the whole is no heading: too long for one."""
    text = understood.text(statement.said, None)
    for piece in parted(text.value, ";؛\n") if text else ():
        if len(piece) > rules.LIMITS["keywords.value"] and len(re.findall("[,،]", piece)) > 1:
            yield from parted(piece, ",،")
        else:
            yield piece


def alignment(said: str) -> Alignment | None:
    """A goal or target of the SDG, or a competency of the ICT-CFT, by its URI."""
    goal = vocabularies.canonical("sdg", said)
    if goal:
        return Alignment(kind="sdg", target=goal, name=[])
    competency = vocabularies.canonical("ict-cft", said)
    return Alignment(kind="competency", target=competency, framework="ict-cft", name=[]) if competency else None


def dated(gathering: Gathering, statement: Statement) -> None:
    """The first date is that of issue, a day before a moment; the end of an embargo is about access."""
    end = understood.access(statement.said)
    edtf = None if end else understood.date(statement.said)
    if end and end.until:
        gathering.set("until", end.until, statement.name, statement.said)
    else:
        gathering.set("issued", edtf, statement.name, statement.said)


def kind(gathering: Gathering, statement: Statement) -> None:
    gathering.set("resource_type", understood.resource_type(statement.said), statement.name, statement.said)


def identifier(gathering: Gathering, statement: Statement) -> None:
    gathering.add("identifiers", understood.identifier(statement.said), statement.name, statement.said)


def source(gathering: Gathering, statement: Statement) -> None:
    """A work that this one adapts only where it is said as we say it: ``Title — Creator — https://…``."""
    parts = [part.strip() for part in statement.said.split(wording.SEPARATOR)]
    if 2 <= len(parts) <= 3 and understood.is_iri(parts[-1]) and all(0 < len(part) <= 300 for part in parts):
        creator = parts[1] if len(parts) == 3 else None
        made = Source(title=parts[0], creator=creator, identifier=parts[-1], changes=[])
        gathering.add("sources", made, statement.name, statement.said)
    else:
        gathering.leave(statement.name, statement.said)


def language(gathering: Gathering, statement: Statement) -> None:
    """One, or several with marks between them, each of which must be understood."""
    said = statement.said
    several = parted(said, ";,/|،") if re.search("[;,/|،]", said) else said.split()
    tags = [understood.language(piece) for piece in ([said] if understood.language(said) else several)]
    if not all(tags):
        gathering.leave(statement.name, said)
        return
    for tag in tags:
        gathering.add("languages", tag, statement.name, said)


def coverage(gathering: Gathering, statement: Statement) -> None:
    """A country by its code, a period where it is a date, otherwise the name of a place."""
    edtf = understood.date(statement.said)
    if values.is_country(statement.said):
        gathering.add("coverage.countries", statement.said, statement.name, statement.said)
    elif edtf:
        gathering.set("coverage.period", edtf, statement.name, statement.said)
    elif re.search(r"[^\W\d_]", statement.said):
        mark = "؛ " if (statement.lang or "").startswith("ar") else "; "
        gathering.text("coverage.places", statement.name, point_name(statement.said), statement.lang, joined=mark)
    else:
        gathering.leave(statement.name, statement.said)


def point_name(said: str) -> str:
    """The name in a DCMI Point or Box (``name=Chantelouve; east=5.969; …``), else what was said."""
    match = re.search(r"(?:^|;)\s*name\s*=\s*([^;]+)", said)
    return match[1].strip() if match else said


def rights(gathering: Gathering, statement: Statement) -> None:
    """Licence and access where they are named; a sentence that names one stays as a note as well."""
    access, uri = understood.access(statement.said), understood.licence(statement.said)
    if access and access.until:
        gathering.set("until", access.until, statement.name, statement.said)
    elif access:
        gathering.set("access", access, statement.name, statement.said)
    elif uri:
        gathering.set("licence", uri, statement.name, statement.said)
    if not access and not licences.canonical(statement.said):
        gathering.text("rights_note", statement.name, statement.said, statement.lang, joined="\n")


READERS: Mapping[str, Reader] = {
    "title": title,
    "creator": creator,
    "subject": subject,
    "description": description,
    "publisher": publisher,
    "contributor": contributor,
    "date": dated,
    "type": kind,
    "identifier": identifier,
    "source": source,
    "language": language,
    "coverage": coverage,
    "rights": rights,
}
"""Formats tell of files, and a relation does not say of which kind it is: both are left."""
