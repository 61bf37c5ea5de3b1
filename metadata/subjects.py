"""The tree in which subjects are browsed: the fields of ISCED-F, and the UNESCO Thesaurus below its domains.

The thesaurus by itself has 585 widest concepts. Its publisher groups them into 88 microthesauri, and those into seven
domains; the groups stand above the concepts here, and are no subjects that a resource may have.
"""

from collections.abc import Mapping
from functools import cache, lru_cache

from metadata import vocabularies
from metadata.vocabularies import Term

GROUPS = "unesco-thesaurus-groups"
SCHEMES = (*vocabularies.SUBJECTS, GROUPS)
"""Whose terms are in the tree."""
_FIELDS = "isced-f"
_THESAURUS = "http://vocabularies.unesco.org/thesaurus/"


def find(uri: str) -> Term | None:
    """The subject, or the group of subjects."""
    return vocabularies.find(uri) or vocabularies.term(GROUPS, uri)


def is_field(uri: str) -> bool:
    """Whether it is a field of education (ISCED-F), not a concept or a group of the thesaurus."""
    return vocabularies.term(_FIELDS, uri) is not None


@lru_cache(maxsize=8192)
def wider(uri: str) -> tuple[str, ...]:
    """What is right above; nothing above a field, a domain, or what is not in the tree."""
    found = find(uri)
    if found is None:
        return ()
    return found.broader or _groups().get(uri, ())


@lru_cache(maxsize=8192)
def closure(uri: str) -> tuple[str, ...]:
    """A subject and everything that is wider, the widest last."""
    found, waiting = {uri: None}, [uri]
    while waiting:
        for above in wider(waiting.pop()):
            found.pop(above, None)
            found[above] = None
            waiting.append(above)
    return tuple(found)


@lru_cache(maxsize=8192)
def roots(uri: str) -> tuple[str, ...]:
    """The widest of all that a subject is in."""
    return tuple(one for one in closure(uri) if not wider(one))


@cache
def _groups() -> Mapping[str, tuple[str, ...]]:
    """Top concept → the microthesaurus that it is in."""
    groups = vocabularies.terms(GROUPS).values()
    return {_THESAURUS + one: (group.uri,) for group in groups for one in group.extra.get("top", "").split()}
