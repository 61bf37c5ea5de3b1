"""Who may do what, told once more: from the design alone, in tables, without a line of the code that decides.

A rule gives the status of the first refusal, or 0. Their order: who is nobody hears so on writes (401); then whether
the thing may be known (404, 410); then whether its state has such a step (409); then scope and role (403). What
reads asks for the scope first.
"""

from policy_words import (
    CONFLICT,
    FORBIDDEN,
    GONE,
    NOBODY,
    PLACES,
    RANKS,
    UNKNOWN,
    Caller,
    Rule,
    Thing,
    at_least,
    first,
    is_one,
    person,
    rank,
    scope,
    unless,
)

# ── resources ───────────────────────────────────────────────────────────────────────────────────


def sight(caller: Caller, thing: Thing) -> int:
    if thing.state == "published" or is_one(caller, "author reviewer", thing.owner, thing.place):
        return 0
    return UNKNOWN if thing.state == "unpublished" else GONE


def has_version(thing: Thing) -> int:
    return unless(thing.state != "unpublished", UNKNOWN)


def read_version(caller: Caller, thing: Thing) -> int:
    return first(scope(caller, "read"), sight(caller, thing), has_version(thing))


STRICTNESS = ("open", "embargoed", "institution", "metadata-only")


def download(caller: Caller, thing: Thing) -> int:
    member = rank(caller, thing.place) >= RANKS["depositor"]  # an author who has left is none
    return first(read_version(caller, thing), unless(thing.access == "open" or member, FORBIDDEN))


def download_first(caller: Caller, thing: Thing) -> int:
    """A version of the past is never more open than the current one."""
    strictest = max(thing.access, thing.was or "open", key=STRICTNESS.index)
    return download(caller, Thing(thing.name, thing.place, thing.owner, thing.state, access=strictest))


def page(_caller: Caller, thing: Thing) -> int:
    """The page shows what the public sees, to everybody."""
    return sight(Caller("public"), thing)


def embedded(_caller: Caller, thing: Thing) -> int:
    """What is no page is unknown, tombstone or not."""
    return unless(thing.state == "published", UNKNOWN)


def in_collections(caller: Caller, thing: Thing) -> int:
    return first(scope(caller, "read"), sight(caller, thing))


def reviews(caller: Caller, thing: Thing) -> int:
    seen = is_one(caller, "author reviewer", thing.owner, thing.place)
    return first(person(caller), scope(caller, "read"), sight(caller, thing), unless(seen, FORBIDDEN))


def history(caller: Caller, thing: Thing) -> int:
    return first(person(caller), sight(caller, thing), scope(caller, "read"), at_least(caller, "reviewer", thing.place))


# state → who may take the step, and the scope it needs
RESOURCE_STEPS = {
    "revise": {"published": ("author reviewer", "deposit")},
    "hide": {"published": ("reviewer", "review")},
    "withdraw": {"published": ("reviewer", "review"), "hidden": ("reviewer", "review")},
    "unhide": {"hidden": ("reviewer", "review")},
    "restore": {"withdrawn": ("manager", "review")},
}


def resource_step(action: str) -> Rule:
    def rule(caller: Caller, thing: Thing) -> int:
        hidden = UNKNOWN if thing.state == "unpublished" and sight(caller, thing) else 0
        step = RESOURCE_STEPS[action].get(thing.state)
        if step is None:
            return first(person(caller), hidden, CONFLICT)
        who, needed = step
        able = is_one(caller, who, thing.owner, thing.place)
        busy = CONFLICT if action == "revise" and thing.draft else 0
        return first(person(caller), hidden, scope(caller, needed), unless(able, FORBIDDEN), busy)

    return rule


# ── drafts ──────────────────────────────────────────────────────────────────────────────────────

DRAFT_STEPS = {
    "edit": {"editing": "author reviewer", "changes-requested": "author reviewer"},
    "submit": {"editing": "author reviewer", "changes-requested": "author reviewer"},
    "recall": {"submitted": "author manager"},
    "answer": {"submitted": "reviewer"},
    "publish": {"editing": "trusted", "submitted": "reviewer"},
    "discard": {"editing": "author manager", "changes-requested": "author manager", "rejected": "author manager"},
}


def draft_sight(caller: Caller, thing: Thing) -> int:
    seen = bool(thing.draft) and is_one(caller, "author reviewer", thing.drafter, thing.place)
    return unless(seen, UNKNOWN)


def read_draft(caller: Caller, thing: Thing) -> int:
    return first(scope(caller, "read"), draft_sight(caller, thing))


def judge_draft(caller: Caller, thing: Thing) -> int:
    return first(person(caller), read_draft(caller, thing))


def draft_step(action: str) -> Rule:
    def rule(caller: Caller, thing: Thing) -> int:
        unknown = first(person(caller), draft_sight(caller, thing))
        who = DRAFT_STEPS[action].get(thing.draft)
        if who is None:
            return unknown or CONFLICT
        if who == "trusted":
            who = PLACES[thing.place][1]
        needed = "review" if thing.draft == "submitted" and action != "recall" else "deposit"
        able = is_one(caller, who, thing.drafter, thing.place)
        # What is out of sight is shown again before a next version of it is.
        later = CONFLICT if action == "publish" and thing.state in ("hidden", "withdrawn") else 0
        return first(unknown, scope(caller, needed), unless(able, FORBIDDEN), later)

    return rule


def answer(caller: Caller, thing: Thing) -> int:
    """A review, by each of its decisions: what was not submitted is not judged."""
    return draft_step("publish" if thing.kind == "publish" and thing.draft == "submitted" else "answer")(caller, thing)


def begin(caller: Caller, thing: Thing) -> int:
    role = PLACES[thing.place][1] if thing.kind == "publish" else "depositor"
    return first(person(caller), scope(caller, "deposit"), at_least(caller, role, thing.place))


def place_order(caller: Caller, thing: Thing) -> int:
    anywhere = unless(bool(caller.roles) or caller.administrator, FORBIDDEN)
    wanted = at_least(caller, "depositor", thing.place) if thing.place else anywhere
    return first(person(caller), scope(caller, "deposit"), wanted)


# ── uploads ─────────────────────────────────────────────────────────────────────────────────────


def own_upload(caller: Caller, thing: Thing) -> int:
    return first(person(caller), scope(caller, "deposit"), unless(caller.person == thing.owner, UNKNOWN))


def ask_upload(caller: Caller, thing: Thing) -> int:
    return first(own_upload(caller, thing), unless(bool(thing.draft), GONE))


def send_upload(caller: Caller, thing: Thing) -> int:
    return first(ask_upload(caller, thing), draft_step("edit")(caller, thing))


# ── collections ─────────────────────────────────────────────────────────────────────────────────

COLLECTION_STEPS = {
    "edit": {"draft": ("author reviewer", "deposit"), "published": ("reviewer", "deposit")},
    "publish": {"draft": ("reviewer", "review")},
    "unpublish": {"published": ("reviewer", "review")},
    "delete": {"draft": ("author reviewer", "deposit"), "published": ("manager", "review")},
}


def edits(caller: Caller, thing: Thing) -> bool:
    return is_one(caller, COLLECTION_STEPS["edit"][thing.state][0], thing.owner, thing.place)


def collection_sight(caller: Caller, thing: Thing) -> int:
    return unless(thing.state == "published" or edits(caller, thing), UNKNOWN)


def read_collection(caller: Caller, thing: Thing) -> int:
    return first(scope(caller, "read"), collection_sight(caller, thing))


def collection_page(_caller: Caller, thing: Thing) -> int:
    """The page shows what the public sees, to everybody."""
    return collection_sight(Caller("public"), thing)


def collection_step(action: str) -> Rule:
    def rule(caller: Caller, thing: Thing) -> int:
        unknown = first(person(caller), collection_sight(caller, thing))
        step = COLLECTION_STEPS[action].get(thing.state)
        if step is None:
            return unknown or CONFLICT
        able = is_one(caller, step[0], thing.owner, thing.place)
        return first(unknown, scope(caller, step[1]), unless(able, FORBIDDEN))

    return rule


def _entry(caller: Caller, thing: Thing) -> int:
    entered = thing.membership == "open" or edits(caller, thing)
    return first(person(caller), collection_sight(caller, thing), scope(caller, "deposit"), unless(entered, FORBIDDEN))


def put_in(caller: Caller, thing: Thing) -> int:
    brought = thing.brings
    assert brought is not None
    entry = _entry(caller, thing) or sight(caller, brought)
    if edits(caller, thing):
        return entry
    mine = at_least(caller, "depositor", brought.place)
    return first(entry, mine, unless(brought.state == "published", CONFLICT))


def take_out(caller: Caller, thing: Thing) -> int:
    """``person`` has put it in."""
    brought = thing.brings
    assert brought is not None
    entry = _entry(caller, thing)
    if edits(caller, thing):
        return entry
    if not thing.person or caller.person != thing.person:
        return first(entry, FORBIDDEN if brought.state == "published" else UNKNOWN)
    return first(entry, at_least(caller, "depositor", brought.place))


# ── institutions, members, invitations ──────────────────────────────────────────────────────────


def manage(caller: Caller, thing: Thing) -> int:
    """``also`` are further places that the change touches: of a move, where from and where to."""
    places = [at_least(caller, "manager", place) for place in (thing.place, *thing.also)]
    return first(person(caller), scope(caller, "manage"), *places)


def add_institution(caller: Caller, thing: Thing) -> int:
    top = unless(caller.administrator, FORBIDDEN)
    allowed = at_least(caller, "manager", thing.place) if thing.place else top
    return first(person(caller), scope(caller, "manage"), allowed)


def remove_institution(caller: Caller, thing: Thing) -> int:
    return first(manage(caller, thing), unless(thing.state == "empty", CONFLICT))


def read_logo(caller: Caller, thing: Thing) -> int:
    return first(scope(caller, "read"), unless(thing.kind == "logo", UNKNOWN))


def remove_logo(caller: Caller, thing: Thing) -> int:
    return first(manage(caller, thing), unless(thing.kind == "logo", UNKNOWN))


def member(caller: Caller, thing: Thing) -> int:
    return first(manage(caller, thing), unless(thing.place in thing.roles, UNKNOWN))


def put_member(caller: Caller, thing: Thing) -> int:
    return first(manage(caller, thing), unless(looked_after(caller, thing), UNKNOWN))


def revoke_invitation(caller: Caller, thing: Thing) -> int:
    known = unless(rank(caller, thing.place) >= RANKS["manager"], UNKNOWN)
    used = unless(thing.state != "accepted", CONFLICT)
    return first(person(caller), known, scope(caller, "manage"), used)


def accept(caller: Caller, thing: Thing) -> int:
    """The request knows no password of the account there is: only its owner accepts without."""
    if not thing.person:
        return 0
    return scope(caller, "manage") if caller.person == thing.person else NOBODY


# ── announcements, reports ──────────────────────────────────────────────────────────────────────


def announcement_sight(caller: Caller, thing: Thing) -> int:
    """What is yet to be published is there for managers alone."""
    return unless(thing.state != "scheduled" or rank(caller, thing.place) >= RANKS["manager"], UNKNOWN)


def read_announcement(caller: Caller, thing: Thing) -> int:
    return first(scope(caller, "read"), announcement_sight(caller, thing))


def list_announcements(caller: Caller, thing: Thing) -> int:
    """``state`` is what is asked for."""
    managed = first(person(caller), at_least(caller, "manager", thing.place)) if thing.state == "scheduled" else 0
    return first(scope(caller, "read"), managed)


def write_announcement(caller: Caller, thing: Thing) -> int:
    return first(person(caller), announcement_sight(caller, thing), manage(caller, thing))


REPORT_STEPS = {"examine": ("open",), "answer": ("open", "examining")}


def step_report(caller: Caller, thing: Thing) -> int:
    """``kind`` is the step. Whoever has the reference may know that the report is there."""
    possible = unless(thing.state in REPORT_STEPS[thing.kind], CONFLICT)
    return first(person(caller), possible, scope(caller, "review"), at_least(caller, "reviewer", thing.place))


# ── people, tokens, sessions ────────────────────────────────────────────────────────────────────


def about(*scopes: str, rights: bool = False, of_others: frozenset[str] = frozenset()) -> Rule:
    """One's own account, or any as an administrator: who is neither does not learn that there is one.

    ``rights`` are an administrator's to change; ``of_others`` what a token needs besides for somebody else's.
    """

    def rule(caller: Caller, thing: Thing) -> int:
        own = thing.person == "self"
        known = (own or caller.administrator) and thing.state != "erased"
        needed = {*scopes, *(of_others if not own else ())}
        mine = unless(caller.administrator or not (rights and thing.kind == "rights"), FORBIDDEN)
        return first(person(caller), unless(known, UNKNOWN), scope(caller, *needed), mine)

    return rule


def signed_in(*scopes: str) -> Rule:
    return lambda caller, _thing: first(person(caller), scope(caller, *scopes))


def look_after_people(caller: Caller, thing: Thing) -> int:
    somewhere = caller.administrator or "manager" in caller.roles.values()
    there = at_least(caller, "manager", thing.place) if thing.place else 0
    return first(person(caller), scope(caller, "manage"), unless(somewhere, FORBIDDEN), there)


def read_log(caller: Caller, _thing: Thing) -> int:
    return look_after_people(caller, Thing("log"))


def administer(caller: Caller, _thing: Thing) -> int:
    return first(person(caller), scope(caller, "manage"), unless(caller.administrator, FORBIDDEN))


def by_cookie(caller: Caller, _thing: Thing) -> int:
    return unless(caller.by in ("cookie", "foreign"), NOBODY)


def administrators_page(caller: Caller, _thing: Thing) -> int:
    """Pages know people by their cookie alone."""
    return first(unless(caller.by in ("cookie", "foreign"), NOBODY), unless(caller.administrator, FORBIDDEN))


def read_check(caller: Caller, thing: Thing) -> int:
    return first(administrators_page(caller, thing), unless(thing.kind == "oai.check", UNKNOWN))


# ── jobs, lists ─────────────────────────────────────────────────────────────────────────────────


def job_sight(caller: Caller, thing: Thing) -> int:
    own = caller.person != "" and caller.person == thing.owner
    managed = thing.place != "" and rank(caller, thing.place) >= RANKS["manager"]
    return unless(own or managed or caller.administrator, UNKNOWN)


def read_job(caller: Caller, thing: Thing) -> int:
    return first(person(caller), scope(caller, "read"), job_sight(caller, thing))


def read_report(caller: Caller, thing: Thing) -> int:
    return first(read_job(caller, thing), unless(thing.kind == "import", UNKNOWN))


def cancel_job(caller: Caller, thing: Thing) -> int:
    needed = scope(caller, "deposit" if caller.person == thing.owner else "manage")
    return first(
        person(caller), job_sight(caller, thing), needed, unless(thing.state in ("waiting", "running"), CONFLICT)
    )


def retry_job(caller: Caller, thing: Thing) -> int:
    able = unless(caller.administrator, FORBIDDEN)
    return first(
        person(caller),
        job_sight(caller, thing),
        scope(caller, "manage"),
        able,
        unless(thing.state == "failed", CONFLICT),
    )


def public_list(caller: Caller, thing: Thing) -> int:
    """``state`` is what is asked for: of what is not public everybody gets what they may see, and nobody nothing."""
    concealed = person(caller) if thing.state in ("hidden", "withdrawn", "drafts") else 0
    return first(concealed, scope(caller, "read"))


def reads(caller: Caller, _thing: Thing) -> int:
    return scope(caller, "read")


def anybody(_caller: Caller, _thing: Thing) -> int:
    return 0


def looked_after(caller: Caller, thing: Thing) -> bool:
    """People are known to managers of wherever they have a role, and to administrators."""
    return caller.administrator or any(rank(caller, place) >= RANKS["manager"] for place in thing.roles)
