"""Licences: what exists, what each permits, which one fits an author's answers, what a remix may carry.

A licence is known by its URI. What is said here is advice, not law. An adaptation (a translation is one) must please
the licence of every source; a collection keeps each part as it is. The rules for Creative Commons follow the
adapter's licence chart of its FAQ (cells that are permitted but not recommended count as no) and its list of
ShareAlike-compatible licences; those between other share-alike licences are the few that the texts or their stewards
state. Where none speaks, the answer is ``licence.remix-unsure``. Reasons are codes with parameters (short names of
licences, the same in all languages).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

from metadata import vocabularies
from metadata.licence_table import Kind, Licence, add, everything, get, remove

__all__ = [
    "Advice",
    "Kind",
    "Licence",
    "Reason",
    "add",
    "canonical",
    "choose",
    "collection",
    "everything",
    "get",
    "offered",
    "remix",
    "remove",
]

# Rows of the chart: terms of a source → terms under which an adaptation of it may be published.
_CHART: dict[Kind, tuple[Kind, ...]] = {
    "PD": ("PD", "BY", "BY-SA", "BY-NC", "BY-NC-SA", "BY-ND", "BY-NC-ND"),
    "BY": ("BY", "BY-SA", "BY-NC", "BY-NC-SA", "BY-ND", "BY-NC-ND"),
    "BY-SA": ("BY-SA",),
    "BY-NC": ("BY-NC", "BY-NC-SA", "BY-NC-ND"),
    "BY-NC-SA": ("BY-NC-SA",),
    "BY-ND": (),
    "BY-NC-ND": (),
}
_ORDER = tuple(_CHART)
_ELEMENTS = {"yes": "", "share-alike": "-sa", "no": "-nd"}

# One share-alike licence accepting another as the licence of an adaptation, by SPDX id. Sources: Creative Commons'
# compatible licences (BY-SA 4.0), LGPL 2.1 section 3, LGPL 3.0 section 2, MPL 2.0 sections 1.12 and 3.3.
_GPL2 = frozenset(["GPL-2.0-only", "GPL-2.0-or-later"])
_GPL3 = frozenset(["GPL-3.0-only", "GPL-3.0-or-later"])
_LGPL = frozenset(["LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later"])
_AGPL = frozenset(["AGPL-3.0-only", "AGPL-3.0-or-later"])
_BECOMES: dict[str, frozenset[str]] = {
    "CC-BY-SA-4.0": frozenset(["GPL-3.0-only", "LAL-1.3"]),
    "LAL-1.3": frozenset(["CC-BY-SA-4.0"]),
    "LGPL-2.1-only": _GPL2 | _GPL3,
    "LGPL-2.1-or-later": _GPL2 | _GPL3,
    "LGPL-3.0-only": frozenset(["GPL-3.0-only"]),
    "LGPL-3.0-or-later": _GPL3,
    "MPL-2.0": _GPL2 | _GPL3 | _LGPL | _AGPL,
}
# Permissive licences that the Free Software Foundation lists as unfit for a program under the GPL of that version.
_NOT_INTO = {"Apache-2.0": frozenset(["GPL-2.0-only", "LGPL-2.1-only"])}
_GNU = _GPL2 | _GPL3 | _LGPL | _AGPL


@dataclass(frozen=True, slots=True)
class Reason:
    """A code of the catalogue ``licences`` and what its sentence names."""

    code: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Advice:
    """``options``: URIs under which the adaptation may be published, the freest first. ``reasons``: why, or why not."""

    allowed: bool
    options: tuple[str, ...]
    reasons: tuple[Reason, ...]


def canonical(value: str) -> str | None:
    """The URI to store for what somebody wrote: all that ``get`` takes, and full names in Arabic, French, English."""
    found = get(value)
    return found.uri if found else vocabularies.canonical("licences", value)


def offered(*, igo: bool = False) -> list[Licence]:
    """What a form shows, the freest first.

    With ``igo`` also the six 3.0 IGO licences, which only intergovernmental organisations use.
    """
    found = [licence for licence in everything() if licence.offered or (igo and licence.offered_to_igo)]
    return sorted(found, key=_freedom)


def choose(
    own_work: bool, commercial: bool, adaptation: Literal["yes", "share-alike", "no"], igo: bool = False
) -> str | None:
    """The licence for plain answers: may others earn with it, may they adapt it (``share-alike``: on the same terms)?

    None where the work is not the asker's own: nobody can license the work of others, it keeps its licence.
    """
    if not own_work:
        return None
    code = f"by{'' if commercial else '-nc'}{_ELEMENTS[adaptation]}"
    return f"https://creativecommons.org/licenses/{code}/{'3.0/igo' if igo else '4.0'}/"


def remix(sources: Sequence[str], target: str | None = None) -> Advice:
    """May one adaptation be made of these works (URIs of their licences), and published under ``target``?

    Without a target: is any licence left, and which. No sources: an own work, everything is open. Options are the
    licences a form offers and share-alike licences of the sources; ``target`` itself may be any licence.
    """
    known, unknown = _known(sources)
    if unknown:
        return Advice(False, (), unknown)
    options = tuple(licence.uri for licence in _candidates(known) if not any(_obstacles(known, licence)))
    if not options:
        return Advice(False, (), (*_conflicts(known), Reason("licence.remix-collection")))
    if target is None:
        return Advice(True, options, _duties(known))
    wanted = get(target)
    if wanted is None:
        return Advice(False, options, (Reason("licence.remix-unknown", {"licence": target}),))
    obstacles = tuple(_obstacles(known, wanted))
    return Advice(not obstacles, options, obstacles or _duties(known))


def collection(sources: Sequence[str]) -> Advice:
    """May these works stand side by side, unchanged? Always, if their licences are known and let copies be passed on.

    Each part keeps its licence, so there are no options; parts that are non-commercial bind the use of the whole.
    """
    known, unknown = _known(sources)
    barred = tuple(
        Reason("licence.remix-unsure", {"licence": licence.short}) for licence in known if licence.kind is None
    )
    if unknown or barred:
        return Advice(False, (), unknown + barred)
    closed = tuple(
        Reason("licence.collection-noncommercial", {"licence": licence.short})
        for licence in known
        if "NC" in (licence.kind or "")
    )
    return Advice(True, (), (Reason("licence.collection-allowed"), *closed))


def _known(sources: Sequence[str]) -> tuple[list[Licence], tuple[Reason, ...]]:
    """The licences, each once and in order, and a reason for each address that means none."""
    found: dict[str, Licence] = {}
    unknown: dict[str, Reason] = {}
    for source in sources:
        licence = get(source)
        if licence:
            found[licence.uri] = licence
        else:
            unknown[source] = Reason("licence.remix-unknown", {"licence": source})
    return list(found.values()), tuple(unknown.values())


def _candidates(known: Sequence[Licence]) -> list[Licence]:
    chosen = [licence for licence in offered() if licence.creative_commons and licence.code != "mark"]
    # an old ShareAlike version may accept nothing but itself, and a program stays under its own licence at ease
    own = (source for source in known if "ShareAlike" in source.requires or not source.creative_commons)
    return sorted([*chosen, *(source for source in own if source not in chosen)], key=_freedom)


def _freedom(licence: Licence) -> tuple[int, bool, bool]:
    return _ORDER.index(licence.kind) if licence.kind else len(_ORDER), licence.code == "mark", licence.igo


def _obstacles(known: Sequence[Licence], target: Licence) -> Iterator[Reason]:
    """Why an adaptation of these may not be published under the target: at most one reason per source."""
    if target.code == "mark":
        # the mark says that nobody has rights; whoever adapts has some, and gives them up by CC0
        yield Reason("licence.remix-target-mark", {"target": target.short})
        return
    for source in known:
        code = _obstacle(source, target)
        if code:
            yield Reason(code, {"licence": source.short, "target": target.short})


def _obstacle(source: Licence, target: Licence) -> str | None:
    given, wanted = source.kind, target.kind
    if given is None or wanted is None:
        return "licence.remix-unsure"
    if not _CHART[given]:
        return "licence.remix-no-derivatives"
    if given.endswith("SA"):
        return _share_alike_obstacle(source, target)
    if "NC" in given and "NC" not in wanted:
        return "licence.remix-target-noncommercial"
    if not target.creative_commons:
        return None if _fits(source, target) else "licence.remix-unsure"
    return None if wanted in _CHART[given] else "licence.remix-target-attribution"


def _share_alike_obstacle(source: Licence, target: Licence) -> str | None:
    if target.spdx and target.spdx in _BECOMES.get(source.spdx, ()):
        return None
    if source.code != target.code:
        return "licence.remix-target-share-alike"
    return None if _same_or_later(source, target) else "licence.remix-target-version"


def _same_or_later(source: Licence, target: Licence) -> bool:
    """Same family assumed. The 1.0 share-alike licences of Creative Commons know no later version of themselves."""
    if source.uri == target.uri:
        return True
    bound = source.version == "1.0" if source.creative_commons else not source.or_later
    return not bound and _number(target) >= _number(source)


def _fits(source: Licence, target: Licence) -> bool:
    """Whether work without share-alike may go into one under a licence from outside Creative Commons."""
    if source.creative_commons:
        # of the attribution licences, the stewards of the GPL name BY 4.0 alone as fit for it
        return source.kind == "PD" or (source.spdx == "CC-BY-4.0" and target.spdx in _GNU)
    return target.spdx not in _NOT_INTO.get(source.spdx, ())


def _number(licence: Licence) -> tuple[int, ...]:
    return tuple(int(part) for part in licence.version.split(".") if part.isdigit())


def _conflicts(known: Sequence[Licence]) -> list[Reason]:
    """Why no licence is left: each source that forbids adapting, else each pair that cannot meet."""
    alone = [
        Reason(
            "licence.remix-unsure" if licence.kind is None else "licence.remix-no-derivatives",
            {"licence": licence.short},
        )
        for licence in known
        if licence.kind is None or not _CHART[licence.kind]
    ]
    if alone:
        return alone
    pairs = [_conflict(a, b) for a, b in combinations(known, 2) if not _meet(a, b)]
    return pairs or [Reason("licence.remix-unsure", {"licence": ", ".join(licence.short for licence in known)})]


def _meet(a: Licence, b: Licence) -> bool:
    return any(not any(_obstacles((a, b), option)) for option in _candidates((a, b)))


def _conflict(a: Licence, b: Licence) -> Reason:
    closed = ["CommercialUse" in licence.prohibits for licence in (a, b)]
    alike = ["ShareAlike" in licence.requires for licence in (a, b)]
    if all(alike) and a.code == b.code:
        code = "licence.remix-share-alike-version"
    elif all(alike):
        code = "licence.remix-share-alike-differs"
    elif any(closed) and any(alike):
        code = "licence.remix-share-alike-noncommercial"
    else:
        return Reason("licence.remix-unsure", {"licence": f"{a.short}, {b.short}"})
    first, second = (a, b) if alike[0] else (b, a)
    return Reason(code, {"licence": first.short, "other": second.short})


def _duties(known: Sequence[Licence]) -> tuple[Reason, ...]:
    """What whoever adapts must do, for an adaptation that is allowed."""
    reasons = []
    for licence in known:
        named = {"licence": licence.short}
        if "ShareAlike" in licence.requires:
            reasons.append(Reason("licence.remix-share-alike", named))
        if "CommercialUse" in licence.prohibits:
            reasons.append(Reason("licence.remix-noncommercial", named))
        if licence.requires & {"Attribution", "Notice"}:
            reasons.append(Reason("licence.remix-attribution", named))
        if licence.igo:
            reasons.append(Reason("licence.remix-disclaimer", named))
    return tuple(reasons) or (Reason("licence.remix-free"),)
