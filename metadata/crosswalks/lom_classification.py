"""LOM 9, classification: subjects, levels, alignments and accessibility as paths through their systems."""

from collections.abc import Iterator

from metadata import vocabularies
from metadata.crosswalks import lom_terms, wording
from metadata.crosswalks.lom_writing import Strings, lang_string, texts, vocabulary
from metadata.record import Accessibility, Alignment, Record
from metadata.xml import Node

Taxon = tuple[str, Strings]  # 9.2.2.1 id, 9.2.2.2 entry
Path = tuple[tuple[str, str], list[Taxon]]  # 9.2.1 source with its language, taxons from the widest down


def write(root: Node, record: Record) -> None:
    """One ``<classification>`` per purpose, in the order of the fields."""
    paths: dict[str, list[Path]] = {}
    for purpose, path in _paths(record):
        paths.setdefault(purpose, []).append(path)
    summary = record.accessibility.summary if record.accessibility else []
    if summary:
        paths.setdefault("accessibility restrictions", [])
    for purpose, found in paths.items():
        node = root.sub("lom:classification")
        vocabulary(node, "purpose", purpose)
        for path in found:
            _path(node, path)
        if purpose == "accessibility restrictions":
            lang_string(node, "description", texts(summary))


def _paths(record: Record) -> Iterator[tuple[str, Path]]:
    for uri in record.subjects:
        term = vocabularies.find(uri)
        if term:
            yield "discipline", _of_terms(term.scheme, uri)
    for uri in record.levels:
        yield "educational level", _of_terms("isced-levels", uri)
    for alignment in record.alignments:
        yield lom_terms.purpose(alignment), _aligned(alignment)
    if record.accessibility:
        for scheme, uri in _accessible(record.accessibility):
            yield "accessibility restrictions", _of_terms(scheme, uri)


def _of_terms(scheme: str, uri: str) -> Path:
    taxons: list[Taxon] = [(term.uri, list(wording.labels(term))) for term in lom_terms.path(scheme, uri)]
    return (lom_terms.SOURCES[scheme], "en"), taxons or [(uri, ())]


def _aligned(alignment: Alignment) -> Path:
    """Through our own frameworks from the top; elsewhere the target alone. What the author calls it, is its entry."""
    scheme = "sdg" if alignment.kind == "sdg" else "ict-cft"
    known = vocabularies.term(scheme, alignment.target)
    if known:
        source, taxons = _of_terms(scheme, alignment.target)
    else:
        source, taxons = (alignment.framework or "", "und"), [(alignment.target, ())]
    if alignment.name:
        taxons[-1] = (alignment.target, list(texts(alignment.name)))
    return source, taxons


def _accessible(accessibility: Accessibility) -> Iterator[tuple[str, str]]:
    for scheme, uris in (
        ("access-modes", accessibility.modes),
        ("accessibility-features", accessibility.features),
        ("accessibility-hazards", accessibility.hazards),
        ("accessibility-controls", accessibility.controls),
    ):
        yield from ((scheme, uri) for uri in uris)


def _path(parent: Node, path: Path) -> None:
    source, taxons = path
    node = parent.sub("lom:taxonPath")
    lang_string(node, "source", [source])
    for identifier, entry in taxons:
        taxon = node.sub("lom:taxon")
        taxon.leaf("lom:id", identifier)
        lang_string(taxon, "entry", entry)
