"""DataCite's ``subject``, for ``oai_datacite`` and ``oai_openaire``: terms, keywords, levels, ages, goals."""

import re
from collections.abc import Iterator, Mapping

from metadata import vocabularies
from metadata.crosswalks import datacite, wording
from metadata.crosswalks.datacite import Value, value
from metadata.record import AgeRange, Alignment, Record

# Scheme of the vocabulary → its name and address as DataCite's subjectScheme and schemeURI ask for them.
SCHEMES: Mapping[str, tuple[str, str]] = {
    "unesco-thesaurus": ("UNESCO Thesaurus", "http://vocabularies.unesco.org/thesaurus"),
    "isced-f": ("ISCED-F 2013", "http://data.europa.eu/snb/isced-f/"),
    "isced-levels": ("ISCED 2011", "https://w3id.org/kim/educationalLevel/"),
    "audience": ("LRMI Educational Audience Role", "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/"),
    "sdg": ("Sustainable Development Goals", "http://metadata.un.org/sdg/"),
    "ict-cft": ("UNESCO ICT Competency Framework for Teachers", "https://unesdoc.unesco.org/ark:/48223/pf0000265721"),
    "hcrt": ("Higher Education Resource Types", "https://w3id.org/kim/hcrt/scheme"),
}
AGE_RANGE = ("typicalAgeRange", "https://schema.org/typicalAgeRange")
_NOTATIONS = frozenset({"isced-f", "isced-levels", "sdg"})  # the notations of the others are parts of their URIs


def subjects(record: Record, *, audience: bool = True, codes: bool = True) -> Iterator[Value]:
    """Terms in three languages with their addresses, keywords, levels, audience, age and what is aligned with.

    ``codes``: whether ``classificationCode`` (DataCite 4.4) may be used.
    """
    said = (
        *(entry for uri in record.subjects for entry in _term(vocabularies.find(uri), uri)),
        *datacite.texts(record.keywords),
        *(entry for uri in record.levels for entry in term("isced-levels", uri)),
        *(entry for uri in record.audience if audience for entry in term("audience", uri)),
        *_age(record.age_range),
        *(entry for alignment in record.alignments for entry in _alignment(alignment)),
    )
    for text, attributes in said:
        yield text, attributes if codes else tuple(pair for pair in attributes if pair[0] != "classificationCode")


def term(scheme: str, uri: str) -> Iterator[Value]:
    """A term of one vocabulary, in each language it has a label for."""
    return _term(vocabularies.term(scheme, uri), uri)


def _term(found: vocabularies.Term | None, uri: str) -> Iterator[Value]:
    attributes: dict[str, str | None] = {"valueURI": datacite.address(uri)}
    if found:
        name, scheme_uri = SCHEMES[found.scheme]
        code = found.notation if found.scheme in _NOTATIONS else None
        attributes = {"subjectScheme": name, "schemeURI": scheme_uri, **attributes, "classificationCode": code}
    labels: list[tuple[str, str | None]] = [*wording.labels(found)] or [(uri, None)]
    yield from (value(label, {**attributes, "xml:lang": tag}) for label, tag in labels)


def _age(ages: AgeRange | None) -> Iterator[Value]:
    """As schema.org writes ``typicalAgeRange``: ``7-9``, ``11-``."""
    low, high = (ages.minimum, ages.maximum) if ages else (None, None)
    if low is None and high is None:
        return
    span = str(low) if low == high else f"{'' if low is None else low}-{'' if high is None else high}"
    yield value(span, {"subjectScheme": AGE_RANGE[0], "schemeURI": AGE_RANGE[1]})


def _alignment(alignment: Alignment) -> Iterator[Value]:
    scheme = "sdg" if alignment.kind == "sdg" else "ict-cft"
    known = vocabularies.term(scheme, alignment.target)
    code = alignment.target if re.fullmatch(r"[\w.-]+", alignment.target) else None
    named = list(
        datacite.texts(
            alignment.name,
            {
                "subjectScheme": SCHEMES[scheme][0] if known else alignment.framework,
                "schemeURI": SCHEMES[scheme][1] if known else None,
                "valueURI": datacite.address(alignment.target),
                "classificationCode": code,
            },
        )
    )
    yield from named
    if known:
        yield from _term(known, alignment.target)
    elif not named:
        yield value(
            alignment.target,
            {
                "subjectScheme": alignment.framework,
                "valueURI": datacite.address(alignment.target),
                "classificationCode": code,
            },
        )
