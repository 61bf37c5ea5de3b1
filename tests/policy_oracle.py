"""What the design gives every caller: a rule for each operation, and what lists show to whom."""

from collections.abc import Callable, Iterable

import policy_rules as rules
from policy_words import ALLOWED, FORBIDDEN, NOBODY, SCOPES, Caller, Rule, Thing

RULES: dict[str, Rule] = {
    "GET /api/resources": rules.public_list,
    "POST /api/resources": rules.begin,
    "POST /api/resources (form)": rules.begin,
    "GET /api/resources/{public_id}": rules.read_version,
    "GET /api/resources/{public_id}/similar": rules.read_version,
    "GET /api/resources/{public_id}/usage": rules.in_collections,
    "GET /api/suggest": rules.reads,
    "GET /api/feed": rules.reads,
    "GET /resources/{public_id}": rules.page,
    "GET /resources/{public_id}/linkset": rules.page,
    "GET /resources/{public_id}/versions/{number}": rules.page,
    "GET /resources/{public_id}/versions/{number}/diff/{other}": rules.page,
    "GET /resources/{public_id}/report": rules.page,
    "POST /resources/{public_id}/report": rules.page,
    "GET /collections/{public_id}": rules.collection_page,
    "GET /resources/{public_id}/embed": rules.page,
    "GET /resources/{public_id}/qr.svg": rules.page,
    "GET /api/oembed": rules.embedded,
    "GET /resources/{public_id}/linkset.json": rules.page,
    "GET /resourcesync/resources/{public_id}/manifest.xml": rules.page,
    "GET /api/resources/{public_id}/versions": rules.read_version,
    "POST /api/resources/{public_id}/versions": rules.resource_step("revise"),
    "GET /api/resources/{public_id}/versions/{number}": rules.read_version,
    "GET /api/resources/{public_id}/files/{name}": rules.download,
    "GET /api/resources/{public_id}/versions/{number}/files/{name}": rules.download_first,
    "GET /api/resources/{public_id}/files/{name}/previews": rules.download,
    "GET /api/resources/{public_id}/files/{name}/previews/{kind}/{position}": rules.download,
    "GET /api/resources/{public_id}/versions/{number}/files/{name}/previews": rules.download_first,
    "GET /api/resources/{public_id}/versions/{number}/files/{name}/previews/{kind}/{position}": rules.download_first,
    "GET /api/resources/{public_id}/versions/{number}/diff/{other}": rules.read_version,
    "GET /api/resources/{public_id}/reviews": rules.reviews,
    "GET /api/resources/{public_id}/history": rules.history,
    "GET /api/resources/{public_id}/collections": rules.in_collections,
    "POST /api/resources/{public_id}/withdraw": rules.resource_step("withdraw"),
    "POST /api/resources/{public_id}/hide": rules.resource_step("hide"),
    "POST /api/resources/{public_id}/restore": rules.resource_step("restore"),
    "POST /api/resources/{public_id}/unhide": rules.resource_step("unhide"),
    "POST /api/resources/{public_id}/reports": rules.page,
    "GET /api/reports": rules.signed_in("review"),
    "GET /api/reports/{reference}": rules.anybody,
    "PATCH /api/reports/{reference}": rules.step_report,
    "POST /api/suggestions": rules.judge_draft,
    "GET /api/drafts": rules.signed_in("read"),
    "GET /api/resources/{public_id}/draft": rules.read_draft,
    "PUT /api/resources/{public_id}/draft": rules.draft_step("edit"),
    "PATCH /api/resources/{public_id}/draft": rules.draft_step("edit"),
    "DELETE /api/resources/{public_id}/draft": rules.draft_step("discard"),
    "POST /api/resources/{public_id}/draft/validate": rules.judge_draft,
    "GET /api/resources/{public_id}/draft/diff": rules.read_draft,
    "GET /api/resources/{public_id}/draft/files": rules.read_draft,
    "PUT /api/resources/{public_id}/draft/files": rules.draft_step("edit"),
    "GET /api/resources/{public_id}/draft/files/{name}": rules.read_draft,
    "PUT /api/resources/{public_id}/draft/files/{name}": rules.draft_step("edit"),
    "PATCH /api/resources/{public_id}/draft/files/{name}": rules.draft_step("edit"),
    "DELETE /api/resources/{public_id}/draft/files/{name}": rules.draft_step("edit"),
    "POST /api/resources/{public_id}/draft/submit": rules.draft_step("submit"),
    "POST /api/resources/{public_id}/draft/recall": rules.draft_step("recall"),
    "POST /api/resources/{public_id}/draft/publish": rules.draft_step("publish"),
    "POST /api/resources/{public_id}/draft/reviews": rules.answer,
    "GET /api/uploads": rules.signed_in("deposit"),
    "OPTIONS /api/uploads": rules.anybody,
    "OPTIONS /api/uploads/{upload_id}": rules.anybody,
    "POST /api/uploads": rules.draft_step("edit"),
    "HEAD /api/uploads/{upload_id}": rules.ask_upload,
    "PATCH /api/uploads/{upload_id}": rules.send_upload,
    "POST /api/uploads/{upload_id}": rules.send_upload,
    "DELETE /api/uploads/{upload_id}": rules.own_upload,
    "GET /api/collections": rules.reads,
    "POST /api/collections": rules.begin,
    "GET /api/collections/{public_id}": rules.read_collection,
    "GET /api/collections/{public_id}/pack": rules.read_collection,
    "GET /api/collections/{public_id}/pack.json": rules.read_collection,
    "GET /api/resources/{public_id}/pack": rules.download,
    "GET /api/resources/{public_id}/pack.json": rules.download,
    "PATCH /api/collections/{public_id}": rules.collection_step("edit"),
    "DELETE /api/collections/{public_id}": rules.collection_step("delete"),
    "POST /api/collections/{public_id}/publish": rules.collection_step("publish"),
    "POST /api/collections/{public_id}/unpublish": rules.collection_step("unpublish"),
    "PUT /api/collections/{public_id}/units": rules.collection_step("edit"),
    "POST /api/collections/{public_id}/items": rules.put_in,
    "DELETE /api/collections/{public_id}/items/{resource_id}": rules.take_out,
    "GET /api/institutions": rules.reads,
    "POST /api/institutions": rules.add_institution,
    "GET /api/institutions/{slug}": rules.reads,
    "PATCH /api/institutions/{slug}": rules.manage,
    "DELETE /api/institutions/{slug}": rules.remove_institution,
    "GET /api/institutions/{slug}/logo": rules.read_logo,
    "PUT /api/institutions/{slug}/logo": rules.manage,
    "DELETE /api/institutions/{slug}/logo": rules.remove_logo,
    "GET /api/institutions/{slug}/announcements": rules.list_announcements,
    "POST /api/institutions/{slug}/announcements": rules.manage,
    "GET /api/institutions/{slug}/announcements/feed": rules.reads,
    "GET /api/institutions/{slug}/announcements/{announcement_id}": rules.read_announcement,
    "PATCH /api/institutions/{slug}/announcements/{announcement_id}": rules.write_announcement,
    "DELETE /api/institutions/{slug}/announcements/{announcement_id}": rules.write_announcement,
    "GET /api/institutions/{slug}/members": rules.manage,
    "GET /api/institutions/{slug}/members/{person_id}": rules.member,
    "PUT /api/institutions/{slug}/members/{person_id}": rules.put_member,
    "DELETE /api/institutions/{slug}/members/{person_id}": rules.member,
    "GET /api/institutions/{slug}/invitations": rules.manage,
    "GET /api/institutions/{slug}/usage": rules.reads,
    "POST /api/institutions/{slug}/invitations": rules.manage,
    "DELETE /api/invitations/{invitation_id}": rules.revoke_invitation,
    "POST /api/invitations/accept": rules.accept,
    "GET /api/me": rules.signed_in("read"),
    "PATCH /api/me": rules.signed_in("manage"),
    "GET /api/people": rules.look_after_people,
    "POST /api/people": rules.administer,
    "GET /api/people/{person_id}": rules.about("read"),
    "PATCH /api/people/{person_id}": rules.about("manage", rights=True),
    "DELETE /api/people/{person_id}": rules.about("manage"),
    "GET /api/people/{person_id}/export": rules.about("manage"),
    "PUT /api/people/{person_id}/password": rules.about("manage", of_others=SCOPES),
    "GET /api/people/{person_id}/tokens": rules.about("manage"),
    "POST /api/people/{person_id}/tokens": rules.about("read", "deposit", "manage"),
    "DELETE /api/people/{person_id}/tokens/{token_id}": rules.about("manage"),
    "POST /api/session": rules.anybody,
    "GET /api/session": rules.by_cookie,
    "DELETE /api/session": rules.by_cookie,
    "POST /api/imports": rules.place_order,
    "GET /api/exports/resources.jsonl": rules.public_list,
    "GET /api/exports/resources.csv": rules.public_list,
    "GET /api/dump.jsonl": rules.anybody,
    "GET /oai/check": rules.administrators_page,
    "POST /oai/check": rules.administrators_page,
    "GET /oai/check/{number}": rules.read_check,
    "GET /api/jobs": rules.signed_in("read"),
    "GET /api/jobs/{job_id}": rules.read_job,
    "GET /api/jobs/{job_id}/report": rules.read_report,
    "POST /api/jobs/{job_id}/cancel": rules.cancel_job,
    "POST /api/jobs/{job_id}/retry": rules.retry_job,
    "GET /api/audit": rules.read_log,
    "GET /api/problems/{code}": rules.anybody,
    "GET /api/vocabularies": rules.anybody,
    "GET /api/vocabularies/{vocabulary}": rules.anybody,
}

# These look at no credentials at all.
BLIND = {"POST /api/resources/{public_id}/reports"}  # whoever files one is nobody's business
BLIND |= {"POST /api/session", "GET /api/dump.jsonl", "GET /api/problems/{code}", "GET /resources/{public_id}"}
BLIND |= {"GET /resources/{public_id}/linkset", "GET /resources/{public_id}/linkset.json"}
BLIND |= {"GET /resources/{public_id}/embed", "GET /resources/{public_id}/qr.svg", "GET /api/oembed"}
BLIND |= {f"GET /resources/{{public_id}}/versions/{{number}}{rest}" for rest in ("", "/diff/{other}")}
BLIND |= {"GET /resources/{public_id}/report", "POST /resources/{public_id}/report", "GET /collections/{public_id}"}
BLIND |= {"GET /resourcesync/resources/{public_id}/manifest.xml"}
BLIND |= {"GET /api/vocabularies", "GET /api/vocabularies/{vocabulary}"}
BLIND |= {"OPTIONS /api/uploads", "OPTIONS /api/uploads/{upload_id}"}


def expected(operation: str, caller: Caller, thing: Thing) -> int:
    """The status that the design gives this call; 200 stands for every success."""
    if caller.by == "wrong" and operation not in BLIND:
        return NOBODY
    if caller.by == "foreign" and not operation.startswith(("GET", "HEAD", "OPTIONS")):
        return FORBIDDEN
    return RULES[operation](caller, thing) or ALLOWED


# ── what lists show ─────────────────────────────────────────────────────────────────────────────


def _concealed(state: str) -> Callable[[Caller, Thing], bool]:
    return lambda caller, thing: thing.state == state and not rules.sight(caller, thing)


def _drafts(caller: Caller, thing: Thing) -> bool:
    return not rules.draft_sight(caller, thing)


# address → things of which kind it lists, under which name, and which of them this caller finds there
LISTS: dict[str, tuple[str, str, Callable[[Caller, Thing], bool]]] = {
    "/api/resources": ("known", "public_id", lambda _caller, thing: thing.state == "published"),
    "/api/resources?sort=title": ("known", "public_id", lambda _caller, thing: thing.state == "published"),
    "/api/resources?state=hidden": ("known", "public_id", _concealed("hidden")),
    "/api/resources?state=withdrawn": ("known", "public_id", _concealed("withdrawn")),
    "/api/drafts": ("known", "public_id", _drafts),
    "/api/exports/resources.jsonl": ("known", "public_id", lambda _caller, thing: thing.state == "published"),
    "/api/exports/resources.jsonl?state=hidden": ("known", "public_id", _concealed("hidden")),
    "/api/exports/resources.jsonl?state=withdrawn": ("known", "public_id", _concealed("withdrawn")),
    "/api/exports/resources.jsonl?state=draft": ("known", "public_id", _drafts),
    "/api/collections": ("collection", "public_id", lambda _caller, thing: thing.state == "published"),
    "/api/collections?state=draft": (
        "collection",
        "public_id",
        lambda caller, thing: thing.state == "draft" and rules.edits(caller, thing),
    ),
    "/api/jobs": ("job", "job_id", lambda caller, thing: not rules.job_sight(caller, thing)),
    "/api/uploads": ("upload", "upload_id", lambda caller, thing: bool(thing.draft) and caller.person == thing.owner),
    "/api/people": ("human", "person_id", rules.looked_after),
    "/api/reports": (
        "report",
        "reference",
        lambda caller, thing: thing.state != "answered" and not rules.at_least(caller, "reviewer", thing.place),
    ),
    "/api/reports?state=answered": (
        "report",
        "reference",
        lambda caller, thing: thing.state == "answered" and not rules.at_least(caller, "reviewer", thing.place),
    ),
}


def listed(address: str, caller: Caller, things: Iterable[Thing]) -> set[str]:
    """The names of what the list of this address shows to the caller."""
    _, name, shown = LISTS[address]
    return {thing.params[name] for thing in things if shown(caller, thing)}


def contents(caller: Caller, items: Iterable[Thing]) -> set[tuple[str, bool]]:
    """Of what is in a collection, what the caller finds there, and whether with its title.

    Others see what is published; its editors all, since they put it in order, without the words of what they may not
    see.
    """
    found = set()
    for item in items:
        brought = item.brings
        assert brought is not None
        if brought.state == "published" or rules.edits(caller, item):
            found.add((item.params["resource_id"], not rules.sight(caller, brought)))
    return found
