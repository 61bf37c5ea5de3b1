"""The words in which the rules of the policy matrix are told: callers, things, ranks and refusals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

ALLOWED, NOBODY, FORBIDDEN, UNKNOWN, CONFLICT, GONE = 200, 401, 403, 404, 409, 410
SCOPES = frozenset({"read", "deposit", "review", "manage"})
RANKS = {"depositor": 1, "reviewer": 2, "manager": 3}
ACCESS = ("open", "embargoed", "institution", "metadata-only")

# what everybody sends and every resource has
PASSWORD = "what it was, and mine alone"
FILE = "lesson.txt"
PREVIEW = {"kind": "cover", "position": "1"}
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"

# place → (the place above, the lowest role whose drafts need no review)
PLACES = {
    "ministry": ("", "reviewer"),
    "college": ("ministry", "reviewer"),
    "studio": ("college", "depositor"),
    "club": ("college", "reviewer"),
    "school": ("ministry", "reviewer"),
    "academy": ("", "reviewer"),
}


@dataclass(frozen=True)
class Caller:
    """``person`` is whose account it is; ``by`` how they come: token, cookie, foreign (cookie from another site's
    page), wrong (a token that is none), nothing.
    """

    name: str
    person: str = ""
    roles: Mapping[str, str] = field(default_factory=dict, hash=False)
    administrator: bool = False
    scopes: frozenset[str] = SCOPES
    by: str = "token"


@dataclass(frozen=True)
class Thing:
    """What a request is about. ``owner`` began it; ``draft`` is the state of the open draft that ``drafter`` began;
    ``access`` that of the current version, ``was`` of the first; ``brings`` a resource on its way into a collection.
    """

    name: str
    place: str = ""
    owner: str = ""
    state: str = ""
    draft: str = ""
    drafter: str = ""
    access: str = "open"
    was: str = ""
    membership: str = ""
    kind: str = ""
    brings: "Thing | None" = None
    person: str = ""
    roles: Mapping[str, str] = field(default_factory=dict, hash=False)
    also: tuple[str, ...] = ()
    query: str = ""
    params: Mapping[str, str] = field(default_factory=dict, hash=False)


Rule = Callable[[Caller, Thing], int]


def above(place: str) -> list[str]:
    parent = PLACES[place][0]
    return [parent, *above(parent)] if parent else []


def rank(caller: Caller, place: str) -> int:
    """0 for no role. Managers count in the places below theirs, administrators as managers everywhere."""
    if caller.administrator or any(caller.roles.get(higher) == "manager" for higher in above(place)):
        return RANKS["manager"]
    return RANKS.get(caller.roles.get(place, ""), 0)


def first(*found: int) -> int:
    """The first refusal; 0 for none."""
    return next((one for one in found if one), 0)


def unless(allowed: bool, refusal: int) -> int:
    return 0 if allowed else refusal


def person(caller: Caller) -> int:
    return unless(bool(caller.person), NOBODY)


def scope(caller: Caller, *names: str) -> int:
    mine = caller.scopes if caller.person else {"read"}
    return unless(set(names) <= set(mine), FORBIDDEN)


def at_least(caller: Caller, role: str, place: str) -> int:
    return unless(rank(caller, place) >= RANKS[role], FORBIDDEN)


def began(caller: Caller, owner: str, place: str) -> bool:
    """An author counts as one as long as they may deposit there."""
    return bool(owner) and caller.person == owner and rank(caller, place) >= RANKS["depositor"]


def is_one(caller: Caller, who: str, owner: str, place: str) -> bool:
    """``who`` is a lowest role, with ``author`` where the author may without it."""
    *others, role = who.split()
    return rank(caller, place) >= RANKS[role] or ("author" in others and began(caller, owner, place))
