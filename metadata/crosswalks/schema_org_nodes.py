"""What a description in schema.org is made of: addresses, people, concepts, alignments, files, accessibility.

A node without an id that is a URI has none, since the schemas of AMB check the form (``format: uri``).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from metadata import licences, vocabularies, xml
from metadata.crosswalks import view, wording
from metadata.crosswalks.described import FileLink
from metadata.crosswalks.uris import uri
from metadata.record import Accessibility, Affiliation, Agent, Alignment, Funder, Identifier, Record, Reference, Source

Node = dict[str, Any]

# ISO 639-1 as AMB closes it (schemas/language.json): all that a description may be in, and say that a content is in.
_LISTED = (
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el "
    "en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it "
    "iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt "
    "my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl "
    "sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo "
    "za zh zu"
)
LANGUAGES = frozenset(_LISTED.split())

_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]$", re.ASCII)
_ROR = re.compile(r"0[a-z0-9]{8}$", re.ASCII)
_MEDIA_TYPE = re.compile(
    r"(application|audio|example|font|image|message|model|multipart|text|video)/[a-zA-Z0-9\-+_.]+", re.ASCII
)
_LICENCES = re.compile(
    r"https?://(creativecommons\.org/(licenses|licences|publicdomain)/|www\.gnu\.org/licenses/"
    r"|www\.apache\.org/licenses/|opensource\.org/licenses/MIT|www\.opensource\.org/licenses/BSD)"
)
_SCHEMES = {"doi": "DOI", "isbn": "ISBN", "issn": "ISSN", "handle": "Handle", "urn": "URN", "other": "local"}
_ALIGNED = {"sdg": "sdg", "competency": "ict-cft"}
_FRAMEWORKS = {
    "sdg": "Sustainable Development Goals",
    "ict-cft": "UNESCO ICT Competency Framework for Teachers",
    "isced-f": "ISCED-F 2013",
    "unesco-thesaurus": "UNESCO Thesaurus",
}


def filled(node: Mapping[str, Any]) -> Node:
    """Without what says nothing."""
    return {name: value for name, value in node.items() if value not in (None, "", [], {})}


def uris(iris: Iterable[str]) -> list[str]:
    return [found for iri in iris if (found := uri(iri))]


def languages(tags: Iterable[str]) -> list[str]:
    """``ar`` for ``ar-EG``; a language without two letters of its own is left out."""
    return [tag for tag in dict.fromkeys(map(view.primary, tags)) if tag in LANGUAGES]


def agent(given: Agent) -> Node:
    person = given.kind == "person"
    return filled(
        {
            "type": "Person" if person else "Organization",
            "id": (_orcid(given.orcid) if person else None) or _ror(given.ror),
            "name": given.name or " ".join(filter(None, (given.given, given.family))),
            "givenName": given.given if person else None,
            "familyName": given.family if person else None,
            "affiliation": next(map(_affiliation, given.affiliations), None),
        }
    )


def agents(given: Iterable[Agent]) -> list[Node]:
    """Those with a name."""
    return [node for node in map(agent, given) if "name" in node]


def _affiliation(given: Affiliation) -> Node | None:
    return filled({"type": "Organization", "id": _ror(given.ror), "name": given.name}) if given.name else None


def _orcid(value: str | None) -> str | None:
    found = _ORCID.search(value or "")
    return f"https://orcid.org/{found[0]}" if found else None


def _ror(value: str | None) -> str | None:
    found = _ROR.search((value or "").lower())
    return f"https://ror.org/{found[0]}" if found else None


def funder(given: Funder) -> Node:
    return filled({"type": "Organization", "id": _ror(given.ror), "name": given.name})


def grant(given: Funder) -> Node:
    return filled({"type": "Grant", "identifier": given.award, "funder": funder(given)})


def concept(term: vocabularies.Term) -> Node:
    labels = {tag: label for tag, label in term.labels.items() if tag in LANGUAGES}
    return filled({"type": "Concept", "id": term.uri, "prefLabel": labels})


def concepts(scheme: str, given: Iterable[str]) -> list[Node]:
    """Terms of a vocabulary; what it does not know is left out."""
    return [concept(term) for each in given if (term := vocabularies.term(scheme, each))]


def licence(given: str) -> Node | None:
    """By that address of the licence which is on AMB's list, where there is one."""
    known = licences.get(given)
    addresses = [known.uri, *known.also] if known else [given]
    # AMB knows the BSD licences at an address that has moved
    addresses += [each.replace("//opensource", "//www.opensource") for each in addresses if "/BSD" in each]
    listed = next((each for each in addresses if _LICENCES.match(each)), addresses[0])
    address = uri(listed)
    return {"id": address} if address else None


def alignment(given: Alignment, language: str) -> Node:
    term = _aligned(given)
    relation = vocabularies.term("alignment-relations", given.relation or "")
    name = view.said(given.name, language) or (view.label(term, language).value if term else "")
    return filled(
        {
            "type": "AlignmentObject",
            "alignmentType": relation.notation if relation else None,
            "educationalFramework": _FRAMEWORKS[term.scheme] if term else given.framework,
            "targetName": name,
            "targetUrl": uri(given.target),
            "targetDescription": None if uri(given.target) else given.target,
        }
    )


def _aligned(given: Alignment) -> vocabularies.Term | None:
    scheme = _ALIGNED.get(given.kind)
    return vocabularies.term(scheme, given.target) if scheme else None


def aligned(given: Iterable[Alignment], relation: str) -> list[Node]:
    """Targets with an address, of alignments of one kind (``teaches``), as AMB takes them."""
    found = []
    for each in given:
        known = vocabularies.term("alignment-relations", each.relation or "")
        if known and known.notation == relation and (address := uri(each.target)):
            term = _aligned(each)
            named = {view.primary(text.lang): text.value for text in reversed(each.name) if text.value}
            labels = {tag: label for tag, label in named.items() if tag in LANGUAGES}
            found.append(concept(term) if term else filled({"id": address, "prefLabel": labels}))
    return found


def subject(address: str, label: str) -> Node:
    """A subject that AMB's ``about`` does not take."""
    term = vocabularies.find(address)
    return filled(
        {
            "type": "AlignmentObject",
            "alignmentType": "educationalSubject",
            "educationalFramework": _FRAMEWORKS[term.scheme] if term else None,
            "targetName": label,
            "targetUrl": address,
        }
    )


def reference(given: Reference) -> Node | None:
    address = uri(given.identifier)
    return filled({"id": address, "name": given.title}) if address else None


def references(given: Iterable[Reference]) -> list[Node]:
    return [node for each in given if (node := reference(each))]


def source(given: Source) -> Node | None:
    """AMB would have to know whether the creator is a person: the name is credited as it stands."""
    if not given.title:
        return None
    return filled(
        {
            "id": uri(given.identifier or ""),
            "name": given.title,
            "creditText": given.creator,
            "license": licence(given.licence) if given.licence else None,
        }
    )


def identifier(given: Identifier) -> Node | None:
    bare = wording.bare(given)
    if given.scheme == "url" or not bare:
        return None
    address = uri(wording.followable(given))
    return filled({"type": "PropertyValue", "propertyID": _SCHEMES[given.scheme], "value": bare, "url": address})


def file(given: FileLink) -> Node:
    media_type = given.media_type.partition(";")[0].strip()
    return filled(
        {
            "type": "MediaObject",
            "contentUrl": uri(given.url),
            "encodingFormat": media_type if _MEDIA_TYPE.fullmatch(media_type) else None,
            "contentSize": str(given.size),
            "sha256": given.sha256,
            "name": given.name,
        }
    )


def files(given: Iterable[FileLink]) -> list[Node]:
    return [node for node in map(file, given) if "contentUrl" in node]


def accessibility(given: Accessibility) -> Iterator[tuple[str, Any]]:
    yield "accessMode", _codes("access-modes", given.modes)
    sufficient = (_codes("access-modes-sufficient", each) for each in given.sufficient)
    yield "accessModeSufficient", [{"type": "ItemList", "itemListElement": each} for each in sufficient if each]
    yield "accessibilityFeature", _codes("accessibility-features", given.features)
    yield "accessibilityHazard", _codes("accessibility-hazards", given.hazards)
    yield "accessibilityControl", _codes("accessibility-controls", given.controls)


def _codes(scheme: str, given: Iterable[str]) -> list[str]:
    return [term.notation for each in given if (term := vocabularies.term(scheme, each))]


def places(record: Record, language: str) -> list[Node]:
    if record.coverage is None:
        return []
    named = [{"type": "Place", "name": text.value} for text in view.several(record.coverage.places, language)]
    return [*({"type": "Country", "name": code} for code in record.coverage.countries), *named]


def legal(value: Any) -> Any:
    """The same with every character replaced that UTF-8 or XML cannot hold."""
    match value:
        case str():
            return xml.legal(value)
        case dict():
            return {name: legal(inner) for name, inner in value.items()}
        case list():
            return [legal(inner) for inner in value]
        case _:
            return value
