"""ListSets: every set with its names, root by root in the order of the alphabet, parents before children.

The sets of one root are read when a page comes to them, so that a page in the middle costs what it shows. A set that
everything has left is listed while its name can be told: its harvesters learn from it what has gone.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from sqlmodel import Session

from harvest.envelope import SetShown
from metadata import languages, licences, vocabularies
from oer import institutions, queries
from oer.exposure import memberships
from oer.exposure.memberships import COLLECTIONS, INSTITUTIONS, LANGUAGES, LICENCES, OER, SUBJECTS, TYPES

Names = Mapping[str, str]

_ROOTS: Mapping[str, Names] = {
    COLLECTIONS: {"ar": "المجموعات", "fr": "Collections", "en": "Collections"},
    INSTITUTIONS: {"ar": "المؤسسات", "fr": "Institutions", "en": "Institutions"},
    LANGUAGES: {"ar": "اللغات", "fr": "Langues", "en": "Languages"},
    LICENCES: {"ar": "الرخص", "fr": "Licences", "en": "Licences"},
    OER: {"ar": "موارد تعليمية مفتوحة", "fr": "Ressources éducatives libres", "en": "Open educational resources"},
    SUBJECTS: {"ar": "المواضيع", "fr": "Matières", "en": "Subjects"},
    TYPES: {"ar": "أنواع الموارد", "fr": "Types de ressources", "en": "Resource types"},
}
_DESCRIPTIONS: Mapping[str, Names] = {
    OER: {
        "ar": "موارد برخصة مفتوحة ووصول مفتوح، مع ملفاتها",
        "fr": "Ressources sous licence libre, en libre accès, avec leurs fichiers",
        "en": "Resources under an open licence, in open access, with their files",
    }
}
_SCHEMES: Mapping[str, Names] = {
    "isced-f": {
        "ar": "مجالات التعليم والتدريب (إسكد 2013)",
        "fr": "Domaines d’éducation et de formation (CITE-F 2013)",
        "en": "Fields of education and training (ISCED-F 2013)",
    },
    "unesco-thesaurus": {"ar": "مكنز اليونسكو", "fr": "Thésaurus de l’UNESCO", "en": "UNESCO Thesaurus"},
}


def place(spec: str) -> list[str]:
    """Where a set stands: compared part by part, since ``-`` sorts before ``:``."""
    return spec.split(":")


def after(session: Session, spec: str | None, *, language: str, limit: int) -> list[SetShown]:
    """Up to ``limit`` sets behind ``spec``, from the beginning without one. ``language`` is that of set names."""
    found: list[SetShown] = []
    for root, read in _READERS.items():
        if len(found) >= limit:
            break
        if spec is None or place(spec)[0] <= root:
            below = sorted(read(session, language), key=lambda one: place(one.spec))
            found += [one for one in below if spec is None or place(one.spec) > place(spec)]
    return found[:limit]


def count(session: Session, *, language: str) -> int:
    return sum(sum(1 for _ in read(session, language)) for read in _READERS.values())


def _shown(spec: str, names: Names, language: str, descriptions: Names | None = None) -> SetShown:
    name = next((names[one] for one in (language, *vocabularies.LANGUAGES) if one in names), spec)
    return SetShown(spec, name, names, descriptions or {})


def _root(root: str, language: str) -> SetShown:
    return _shown(root, _ROOTS[root], language, _DESCRIPTIONS.get(root))


def _institutions(session: Session, language: str) -> Iterator[SetShown]:
    everyone = queries.institutions.everyone(session)
    slugs = {institution.id: institution.slug for institution in everyone}
    if everyone:
        yield _root(INSTITUTIONS, language)
    for one in everyone:
        spec = memberships.institution_spec([slugs[above] for above in one.ancestors] + [one.slug])
        yield SetShown(spec, institutions.name_in(one, language)[0], one.names, one.descriptions)


def _collections(session: Session, language: str) -> Iterator[SetShown]:
    everyone = queries.collections.all_published(session)
    if everyone:
        yield _root(COLLECTIONS, language)
    for one in everyone:
        yield _shown(memberships.collection_spec(one.public_id), one.titles, language, one.descriptions)


def _terms(root: str, session: Session, language: str) -> Iterator[SetShown]:
    """Sets of a vocabulary that anything was ever in."""
    for spec in queries.records.set_specs(session, below=root):
        names = _ROOTS[root] if spec == root else _NAMES[root](place(spec)[1:])
        yield _shown(spec, names, language, _DESCRIPTIONS.get(spec))


def _subject_names(parts: list[str]) -> Names:
    scheme, *below = parts
    if not below:
        return _SCHEMES.get(scheme, {})
    return _labels(vocabularies.with_notation(scheme, below[-1]))


def _type_names(parts: list[str]) -> Names:
    return _labels(vocabularies.with_notation("hcrt", parts[0]))


def _language_names(parts: list[str]) -> Names:
    return {shown: named for shown in vocabularies.LANGUAGES if (named := languages.name(parts[-1], shown))}


def _licence_names(parts: list[str]) -> Names:
    found = (one for one in licences.everything() if memberships.licence_name(one) == parts[0])
    licence = next(found, None)
    return licence.labels if licence else {}


def _labels(term: vocabularies.Term | None) -> Names:
    return term.labels if term else {}


_NAMES: Mapping[str, Callable[[list[str]], Names]] = {
    LANGUAGES: _language_names,
    LICENCES: _licence_names,
    SUBJECTS: _subject_names,
    TYPES: _type_names,
}
_READERS: Mapping[str, Callable[[Session, str], Iterator[SetShown]]] = {
    COLLECTIONS: _collections,
    INSTITUTIONS: _institutions,
    **{root: partial(_terms, root) for root in (LANGUAGES, LICENCES, OER, SUBJECTS, TYPES)},
}
