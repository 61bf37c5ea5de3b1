"""Make ``metadata/terms/*.json`` from the raw vocabularies: ``python -m metadata.terms.build [FOLDER]``.

FOLDER holds the raw copies (CSV, Turtle), itself or in ``vocabularies``; without it ``$OER_SHARED`` is read, else the
folder ``shared`` beside the project. The sources and their licences stand in ``NOTICE``.
The same input gives the same bytes. One file per scheme, one term per line, in the order in which a picker shows
them (as the raw list has them; the thesaurus by concept number). Needs rdflib, hence not part of the wheel.

A term: ``id`` (joined to ``base`` unless it is a whole URI), ``notation`` (where it is not the id), ``labels`` and
``alt`` by language, ``broader`` (ids), ``offered`` (false: accepted, not offered), ``review`` (languages whose label
was written for this project and wants a reviewer), ``extra`` (mappings to other formats, all of them strings).
"""

import csv
import gzip
import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import RDF, SKOS

HERE = Path(__file__).resolve().parent
LANGUAGES = ("ar", "fr", "en")
LRMI = "http://purl.org/dcx/lrmi-vocabs/"
A11Y = "https://www.w3.org/2021/a11y-discov-vocab/latest/"
# The document that defines the framework; UNESCO gives its competencies no URI, the part after # is ours.
ICT_CFT = "https://unesdoc.unesco.org/ark:/48223/pf0000265721#"
THESAURUS = "http://vocabularies.unesco.org/thesaurus/"
UNESCO = Namespace("http://vocabularies.unesco.org/ontology#")
ISO_THES = Namespace("http://purl.org/iso25964/skos-thes#")
CC = "https://creativecommons.org/"

# What is written together with the word behind it: and, with, to, the.
_PARTICLES = re.compile("(و?(?:بال|كال|لل|ال)?)(.+)")

Row = dict[str, str]
TermData = dict[str, Any]

# The eight version names have no French or Arabic upstream.
_COAR_VERSIONS = {
    "c_b1a7d7d4d402bcce": ("Version originale de l’auteur", "النسخة الأصلية للمؤلف"),
    "c_71e4c1898caa6e32": ("Manuscrit soumis, en cours d’évaluation", "مخطوطة مقدَّمة قيد التحكيم"),
    "c_ab4af688f83e57aa": ("Manuscrit accepté", "مخطوطة مقبولة للنشر"),
    "c_fa2ee174bc00049f": ("Épreuve", "تجربة طباعية"),
    "c_970fb48d4fbd8a85": ("Version publiée de référence", "النسخة المنشورة المرجعية"),
    "c_e19f295774971610": ("Version publiée corrigée", "النسخة المنشورة المصحَّحة"),
    "c_dc82b40f9837b551": ("Version publiée enrichie", "النسخة المنشورة المزيدة"),
    "c_be7fb7dd8ff6fe43": ("Sans objet ou inconnue", "لا ينطبق أو غير معروف"),
}


def tidy(text: str) -> str:
    """NFC, single spaces, no tatweel (decoration that breaks comparing)."""
    return " ".join(unicodedata.normalize("NFC", text).replace("\u0640", "").split())


def rows(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def labels(row: Row, suffix: str = "") -> dict[str, str]:
    return {lang: tidy(row[lang + suffix]) for lang in LANGUAGES if row.get(lang + suffix)}


def review(row: Row, house: Iterable[str] = ()) -> list[str]:
    """Languages whose label is in-house: named by ``<lang>_status``, or ``house`` where ``labels_status`` says so."""
    marked = {lang for lang in LANGUAGES if row.get(f"{lang}_status", "").startswith("in-house")}
    if row.get("labels_status", "").startswith("in-house"):
        marked.update(house)
    return [lang for lang in LANGUAGES if lang in marked and row.get(lang)]


def term(identifier: str, names: dict[str, str], **rest: Any) -> TermData:
    """A term without its empty parts; ``notation`` equal to the id says nothing and is left out."""
    if rest.get("notation") == identifier:
        del rest["notation"]
    data: TermData = {"id": identifier, "labels": names}
    for key in ("notation", "alt", "broader", "offered", "review", "extra"):
        value = rest.pop(key, None)
        if key == "extra" and value:
            value = {name: text for name, text in value.items() if text}
        if value is False or (value and value is not True):
            data[key] = value
    assert not rest, f"unknown parts: {sorted(rest)}"
    return data


def plain(house: Iterable[str], base: str, *extra: str) -> Callable[[Iterable[Row]], Iterator[TermData]]:
    """A list whose rows have id, labels and nothing that needs thought."""

    def build(source: Iterable[Row]) -> Iterator[TermData]:
        for row in source:
            identifier = row["uri"].removeprefix(base) if "uri" in row else row["id"]
            yield term(identifier, labels(row), review=review(row, house), extra={name: row[name] for name in extra})

    return build


def isced_f(folder: Path) -> Iterator[TermData]:
    for row in rows(folder / "isced-f-2013.csv"):
        marked = review(row)
        if "in-house" in row["fr_note"]:
            marked = [lang for lang in LANGUAGES if lang in {*marked, "fr"}]
        yield term(
            row["code"],
            labels(row),
            broader=[row["parent"]] if row["parent"] else [],
            # "field unknown" is a field to the statistician and noise to the teacher
            offered=row["kind"] == "field" and not row["code"].startswith("99"),
            review=marked,
            extra={"kind": row["kind"], "level": row["level"]},
        )


def isced_levels(folder: Path) -> Iterator[TermData]:
    for row in rows(folder / "isced-2011-levels.csv"):
        yield term(
            row["id"],
            labels(row),
            notation=row["isced2011"] or row["id"],
            broader=[row["parent"]] if row["parent"] else [],
            offered=row["id"] != "level_B",
            review=review(row),
        )


def accessibility(folder: Path, kind: str) -> Iterator[TermData]:
    for row in rows(folder / "accessibility.csv"):
        if row["property"] == kind:
            yield term(
                row["section"].removeprefix(A11Y),
                labels(row),
                notation=row["value"],
                offered=row["status"] != "deprecated",
                review=review(row, LANGUAGES),
            )


def contributor_roles(folder: Path) -> Iterator[TermData]:
    for row in rows(folder / "contributor-roles.csv"):
        mapped = {
            "dc_element": row["dc_element"],
            "datacite_role": row["datacite_role"],
            "lom_role": row["lom_lifecycle_role"],
        }
        yield term(row["marc"], labels(row), review=review(row, ("ar", "fr")), extra=mapped)


def ict_cft(folder: Path) -> Iterator[TermData]:
    """Six aspects, each followed by its competencies on three levels."""
    seen: set[str] = set()
    for row in rows(folder / "ict-cft-v3.csv"):
        aspect = f"ict-cft-v3-{row['aspect']}"
        if aspect not in seen:
            seen.add(aspect)
            yield term(aspect, {lang: tidy(row[f"aspect_{lang}"]) for lang in LANGUAGES}, offered=False, review=["ar"])
        extra = {"level": row["level"]} | {f"level_{lang}": tidy(row[f"level_{lang}"]) for lang in LANGUAGES}
        yield term(row["id"], labels(row), broader=[aspect], review=review(row), extra=extra)


def sdg(folder: Path) -> Iterator[TermData]:
    """Goals under the short names that people know, with the whole sentence beside; targets have no short name."""
    for row in rows(folder / "sdg" / "sdg.csv"):
        short, long = labels(row, "_short"), labels(row)
        names = short or long
        alt = {lang: [text] for lang, text in long.items() if text != names[lang]}
        broader = [row["parent"]] if row["parent"] else []
        yield term(row["code"], names, alt=alt, broader=broader, extra={"kind": row["kind"]})


def coar_types(folder: Path) -> Iterator[TermData]:
    for row in rows(folder / "coar-resource-types.csv"):
        chosen = row["oer_subset"] == "yes"
        extra = {"openaire_4_0": row["in_oaire_4.0_xsd"], "openaire_4_1": row["in_oaire_4.1_xsd"]}
        marked = [lang for lang in ("ar", "fr") if row[lang]]
        yield term(row["id"], labels(row), offered=chosen, review=marked, extra=extra)


def coar_versions(folder: Path) -> Iterator[TermData]:
    for row in rows(folder / "coar-versions.csv"):
        french, arabic = _COAR_VERSIONS[row["id"]]
        names = {"ar": tidy(arabic), "fr": tidy(french), "en": tidy(row["en"])}
        yield term(row["id"], names, review=["ar", "fr"])


def thesaurus(folder: Path) -> Iterator[TermData]:
    """Concepts by number. Six have no Arabic label: ``vocabularies.label`` falls back to English for them."""
    graph = _thesaurus(folder)
    found = [str(concept) for concept in graph.subjects(RDF.type, SKOS.Concept)]
    for uri in sorted(found, key=lambda uri: (len(uri), uri)):
        concept = URIRef(uri)
        names = _preferred(graph, concept)
        alt: dict[str, set[str]] = {}
        for label in graph.objects(concept, SKOS.altLabel):
            if (
                isinstance(label, Literal)
                and label.language in LANGUAGES
                and _spelled(label) != names.get(label.language)
            ):
                alt.setdefault(label.language, set()).add(_spelled(label))
        yield term(
            uri.removeprefix(THESAURUS),
            {lang: names[lang] for lang in LANGUAGES if lang in names},
            alt={lang: sorted(alt[lang] - {names.get(lang)}) for lang in LANGUAGES if lang in alt},
            broader=_ids(graph.objects(concept, SKOS.broader)),
        )


def thesaurus_groups(folder: Path) -> Iterator[TermData]:
    """Its seven domains and their microthesauri, with the concepts at the top of each: what it is browsed by.

    They are no subjects: nothing is about *1.05*.
    """
    graph = _thesaurus(folder)
    for kind in (UNESCO.Domain, UNESCO.MicroThesaurus):
        for identifier in _ids(graph.subjects(RDF.type, kind)):
            group = URIRef(THESAURUS + identifier)
            members = (one for one in graph.objects(group, SKOS.member) if (one, SKOS.topConceptOf, None) in graph)
            yield term(
                identifier,
                _preferred(graph, group),
                notation=str(graph.value(group, SKOS.notation)),
                broader=_ids(graph.objects(group, ISO_THES.superGroup)),
                offered=False,
                extra={"top": " ".join(_ids(members))},
            )


@cache
def _thesaurus(folder: Path) -> Graph:
    graph = Graph()
    graph.parse(data=gzip.decompress((folder / "unesco-thesaurus.ttl.gz").read_bytes()), format="turtle")
    return graph


def _preferred(graph: Graph, of: URIRef) -> dict[str, str]:
    told = [label for label in graph.objects(of, SKOS.prefLabel) if isinstance(label, Literal)]
    names = {label.language: _spelled(label) for label in told}
    return {lang: names[lang] for lang in LANGUAGES if lang in names}


def _spelled(label: Literal) -> str:
    """Upstream most Arabic words have lost the hamza that they begin with; ``hamza.csv`` has them as schools write."""
    words = tidy(str(label))
    return " ".join(map(_with_hamza, words.split())) if label.language == "ar" else words


def _with_hamza(word: str) -> str:
    known = _hamza()
    if word in known:
        return known[word]
    before, rest = _PARTICLES.fullmatch(word).groups()  # type: ignore[union-attr]
    return before + known.get(rest, rest)


@cache
def _hamza() -> dict[str, str]:
    return {row["written"]: row["right"] for row in rows(HERE / "hamza.csv")}


def _ids(nodes: Iterable[Any]) -> list[str]:
    return sorted((str(node).removeprefix(THESAURUS) for node in nodes), key=lambda name: (len(name), name))


def licences(folder: Path) -> Iterator[TermData]:
    yield from (_cc(row) for row in rows(folder / "cc-licenses.csv"))
    for row in rows(HERE / "spdx-licences.csv"):
        extra = {
            "code": row["code"],
            "version": row["version"],
            "later": row["later"],
            "spdx": row["spdx"],
            "permits": "DerivativeWorks Distribution Reproduction",
            "requires": row["requires"],
            "also": row["also"],
        }
        uri = f"https://spdx.org/licenses/{row['spdx']}"
        yield term(uri, labels(row), notation=row["short"], offered=False, review=["ar", "fr"], extra=extra)


def _cc(row: Row) -> TermData:
    permits = set(row["permits"].split())
    if row["code"] in ("by", "by-nc", "by-sa", "by-nc-sa"):
        # upstream forgets it in the four Scottish licences of 2.5 that allow adaptations
        permits.add("DerivativeWorks")
    extra = {name: row[name] for name in ("code", "version", "jurisdiction", "spdx", "requires", "prohibits")}
    extra["permits"] = " ".join(sorted(permits))
    extra["deprecated"] = "yes" if row["is_deprecated"] == "yes" else ""
    extra["replaced_by"] = row["replaced_by"]
    offered = row["code"] in ("zero", "mark") or row["version"] == "4.0"
    if not offered and row["version"] == "3.0" and row["jurisdiction"] == "igo":
        extra["offered_to"] = "igo"
    identifier = row["uri"].removeprefix(CC)
    return term(identifier, labels(row), notation=row["short"], offered=offered, review=LANGUAGES, extra=extra)


def lrmi(folder: Path, scheme: str) -> Iterator[TermData]:
    chosen = (row for row in rows(folder / "lrmi" / "labels.csv") if row["scheme"] == scheme)
    return plain((), f"{LRMI}{scheme}/")(chosen)


def worded(scheme: str, data: TermData) -> TermData:
    """The term with labels and names as schools here say them (``wording.csv``); the upstream label still finds it."""
    for row in _wording().get((scheme, data["id"]), ()):
        lang, names = row["lang"], data["labels"]
        others = {*data.get("alt", {}).get(lang, ()), *filter(None, row["also"].split("|"))}
        if row["label"]:
            others.add(names[lang])
            marked = {*data.get("review", ()), lang}
            data = {
                **data,
                "labels": {**names, lang: row["label"]},
                "review": [one for one in LANGUAGES if one in marked],
            }
        others.discard(data["labels"][lang])
        alt = {**data.get("alt", {}), lang: sorted(others)}
        rest = {key: value for key, value in data.items() if key not in ("id", "labels")}
        rest["alt"] = {one: alt[one] for one in LANGUAGES if alt.get(one)}
        data = term(data["id"], data["labels"], **rest)
    return data


@cache
def _wording() -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows(HERE / "wording.csv"):
        found.setdefault((row["scheme"], row["id"]), []).append(row)
    return found


def _of(file: str, build: Callable[[Iterable[Row]], Iterator[TermData]]) -> Callable[[Path], Iterator[TermData]]:
    return lambda folder: build(rows(folder / file))


def _a11y(kind: str) -> Callable[[Path], Iterator[TermData]]:
    return lambda folder: accessibility(folder, kind)


def _lrmi(scheme: str) -> tuple[str, Callable[[Path], Iterator[TermData]]]:
    return f"{LRMI}{scheme}/", lambda folder: lrmi(folder, scheme)


_HCRT, _DCMI = "https://w3id.org/kim/hcrt/", "http://purl.org/dc/dcmitype/"
_RIGHTS = "http://purl.org/coar/access_right/"
_GROUP = ("media_types", "extensions", "dcmi_type", "coar", "schema_type")

SCHEMES: dict[str, tuple[str, Callable[[Path], Iterator[TermData]]]] = {
    "access-modes": (A11Y, _a11y("accessMode")),
    "access-modes-sufficient": (A11Y, _a11y("accessModeSufficient")),
    "accessibility-controls": (A11Y, _a11y("accessibilityControl")),
    "accessibility-features": (A11Y, _a11y("accessibilityFeature")),
    "accessibility-hazards": (A11Y, _a11y("accessibilityHazard")),
    "alignment-relations": _lrmi("alignmentType"),
    "audience": _lrmi("educationalAudienceRole"),
    "coar-access-rights": (_RIGHTS, _of("coar-access-rights.csv", plain(("ar", "fr"), _RIGHTS))),
    "coar-resource-types": ("http://purl.org/coar/resource_type/", coar_types),
    "coar-versions": ("http://purl.org/coar/version/", coar_versions),
    "contributor-roles": ("http://id.loc.gov/vocabulary/relators/", contributor_roles),
    "dcmi-types": (_DCMI, _of("dcmi-type.csv", plain(("ar", "fr"), _DCMI, "coar_default", "narrower_of"))),
    "educational-use": _lrmi("educationalUse"),
    "hcrt": (_HCRT, _of("hcrt.csv", plain((), _HCRT))),
    "ict-cft": (ICT_CFT, ict_cft),
    "institution-kinds": ("", _of("institution-kinds.csv", plain(LANGUAGES, "", "schema_type"))),
    "interactivity": _lrmi("interactivityType"),
    "isced-f": ("http://data.europa.eu/snb/isced-f/", isced_f),
    "isced-levels": ("https://w3id.org/kim/educationalLevel/", isced_levels),
    "licences": (CC, licences),
    "lrmi-resource-types": _lrmi("learningResourceType"),
    "media-groups": ("", _of("media-type-groups.csv", plain(LANGUAGES, "", *_GROUP))),
    "sdg": ("http://metadata.un.org/sdg/", sdg),
    "unesco-thesaurus": (THESAURUS, thesaurus),
    "unesco-thesaurus-groups": (THESAURUS, thesaurus_groups),
}


def compiled(scheme: str, folder: Path) -> str:
    """The text of ``<scheme>.json``. Raises OSError, KeyError where the raw file is missing or has other columns."""
    base, _ = SCHEMES[scheme]
    lines = [json.dumps(data, ensure_ascii=False, separators=(",", ":")) for data in _all(scheme, folder)]
    head = json.dumps({"scheme": scheme, "base": base}, ensure_ascii=False)[:-1]
    return f'{head}, "terms": [\n' + ",\n".join(lines) + "\n]}\n"


def _all(scheme: str, folder: Path) -> Iterator[TermData]:
    unused = {identifier for named, identifier in _wording() if named == scheme}
    for data in SCHEMES[scheme][1](folder):
        unused.discard(data["id"])
        yield worded(scheme, data)
    if unused:
        raise KeyError(f"wording.csv names what {scheme} has not: {sorted(unused)}")


def main() -> None:
    given = (
        sys.argv[1] if len(sys.argv) > 1 else os.environ.get("OER_SHARED", str(HERE.parent.parent.parent / "shared"))
    )
    folder = Path(given)
    if (folder / "vocabularies").is_dir():
        folder /= "vocabularies"
    for scheme in SCHEMES:
        text = compiled(scheme, folder)
        (HERE / f"{scheme}.json").write_bytes(text.encode())
        count = len(re.findall(r'^\{"id"', text, re.MULTILINE))
        sys.stdout.write(f"{scheme}: {count} terms, {len(text.encode())} bytes\n")


if __name__ == "__main__":
    main()
