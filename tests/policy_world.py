"""A small world in which everybody meets everything: six institutions, people in every role, things in every state.

It is built once, and lasts as long as nothing that is done to it does (``policy_rehearsal``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import factories
from factories import START
from policy_people import FORMER, PEOPLE, callers
from policy_words import ACCESS, FILE, PASSWORD, PLACES, PNG, PREVIEW, SCOPES, Caller, Thing
from sqlmodel import Session

from oer import (
    accounts,
    announcements,
    collections,
    deposits,
    institutions,
    invitations,
    jobs,
    passwords,
    personal,
    publishing,
    queries,
    reports,
    reviews,
    sessions,
)
from oer.db import transaction
from oer.installation import Installation
from oer.models import Derivative, Institution, Invitation, Job, Person, Previewed, Upload
from oer.policy import OPERATOR, Actor
from oer.workflow import Role


@dataclass
class World:
    home: Installation
    people: dict[str, int] = field(default_factory=dict)  # account → its number
    tokens: dict[str, int] = field(default_factory=dict)  # account → number of a token of theirs
    headers: dict[str, dict[str, str]] = field(default_factory=dict)  # caller → what they send
    things: dict[str, list[Thing]] = field(default_factory=dict)


def build(home: Installation) -> World:
    world = World(home)
    with transaction(home.engine) as session:
        _Builder(world, session).all()
    return world


class _Builder:
    def __init__(self, world: World, session: Session) -> None:
        self.world, self.home, self.session = world, world.home, session
        self.places: dict[str, Institution] = {}
        self.now = world.home.now()
        self.text = self.home.store.put(["النص".encode()])
        self.picture = self.home.store.put([PNG])

    def all(self) -> None:
        things = self.world.things
        for slug, (parent, role) in PLACES.items():
            self.places[slug] = factories.institution(
                self.session, slug, parent=self.places.get(parent), publish_role=Role.named(role)
            )
        self.people()
        things["resource"] = [*self.states(), *self.strange()]
        things["upload"] = self.uploads()
        things["announcement"] = self.announcements()
        things["report"] = self.reports()
        things["collection"] = self.collections()
        things["job"] = self.jobs()
        things["invitation"], things["acceptance"] = self.invitations()
        former = self.session.get_one(Person, self.world.people["former"])
        accounts.grant(self.session, OPERATOR, former, self.places["college"], Role.NONE, now=START)
        institutions.put_logo(
            self.session, OPERATOR, "college", self.home.store, self.picture, media_type="image/png", now=self.now
        )
        self.preview()
        for caller in callers():
            self.world.headers[caller.name] = self.credentials(caller)
        personal.erase(self.session, OPERATOR, self.world.people["erased"], now=self.now)

    def preview(self) -> None:
        """Of the file that all resources have."""
        seen = {"source": self.text.key, "key": self.picture.key, "size": self.picture.size}
        self.session.add(Derivative(**seen, kind="cover", number=1, media_type="image/webp"))
        self.session.add(Previewed(key=self.text.key, revision=1, state="made", found=self.now))

    def people(self) -> None:
        hashed = passwords.hashed(PASSWORD)
        for number, (name, roles) in enumerate(PEOPLE.items(), 1):
            person = factories.person(
                self.session, f"person{number}@example.org", administrator=name in ("root", "steward")
            )
            person.password = hashed
            self.world.people[name] = person.id or 0
            given = {place: Role.named(role) for place, role in roles.items()}
            for place, role in (given or (FORMER if name == "former" else {})).items():
                accounts.grant(self.session, OPERATOR, person, self.places[place], role, now=START)
            self.world.tokens[name] = self.token(person, SCOPES)[0]

    def token(self, person: Person, scopes: frozenset[str]) -> tuple[int, str]:
        month = timedelta(days=60)
        made, secret = accounts.create_token(
            self.session, OPERATOR, person, name="test", scopes=scopes, lifetime=month, longest=month, now=self.now
        )
        return made.id or 0, secret

    def credentials(self, caller: Caller) -> dict[str, str]:
        if caller.by == "nothing":
            return {}
        if caller.by == "wrong":
            return {"authorization": "Bearer oer_nobodys"}
        person = self.session.get_one(Person, self.world.people[caller.person])
        if caller.by == "token":
            return {"authorization": f"Bearer {self.token(person, caller.scopes)[1]}"}
        _, secret = sessions.start(self.session, person, lifetime=timedelta(days=30), now=self.now)
        site = "same-origin" if caller.by == "cookie" else "cross-site"
        return {"cookie": f"__Host-session={secret}", "sec-fetch-site": site}

    def actor(self, name: str) -> Actor:
        return accounts.actor_of(self.session, self.session.get_one(Person, self.world.people[name]))

    # ── resources ───────────────────────────────────────────────────────────────────────────────

    def states(self) -> Iterator[Thing]:
        """Every state with every kind of access, begun by a depositor of the college."""
        unpublished = ("editing", "submitted", "changes-requested", "rejected")
        later = (
            ("published", ""),
            ("published", "editing"),
            ("published", "submitted"),
            ("hidden", ""),
            ("hidden", "submitted"),
            ("withdrawn", ""),
            ("withdrawn", "editing"),
        )
        for access in ACCESS:
            for draft in unpublished:
                yield self.resource("unpublished", draft, access=access)
            for state, draft in later:
                yield self.resource(state, draft, access=access)

    def strange(self) -> Iterator[Thing]:
        """Where the author has lost the role, somebody else has begun the next version, or others are trusted."""
        for draft in ("editing", "submitted"):
            yield self.resource("unpublished", draft, place="studio")
            yield self.resource("unpublished", draft, owner="former")
            yield self.resource("unpublished", draft, place="school", owner="depositor school")
        yield self.resource("published", "", access="institution", owner="former")
        yield self.resource("hidden", "", owner="former")
        yield self.resource("published", "editing", drafter="reviewer college")
        yield self.resource("published", "", place="school", owner="depositor school", access="institution")
        yield self.resource("published", "", access="institution", was="open")
        yield self.resource("published", "", access="open", was="institution")

    def resource(
        self,
        state: str,
        draft: str,
        *,
        place: str = "college",
        owner: str = "author",
        access: str = "open",
        was: str = "",
        drafter: str = "",
    ) -> Thing:
        author = self.actor(owner)
        record = self.record(was or access)
        public_id = deposits.begin(self.session, author, self.places[place], record, now=self.now).resource.public_id
        self.attach(public_id)
        if state != "unpublished":
            self.publish(public_id)
            if was:
                self.revise(public_id, OPERATOR, access)
                self.publish(public_id)
            if draft:
                self.revise(public_id, self.actor(drafter or owner), access)
        if draft not in ("", "editing"):
            self.judge(public_id, draft)
        told = {"repository_id": self.home.repository_id, "now": self.now, "reason": "rights"}
        if state in ("hidden", "withdrawn"):
            (publishing.hide if state == "hidden" else publishing.withdraw)(self.session, OPERATOR, public_id, **told)
        name = f"{state} {draft or 'without draft'} {access} ({place}, by {owner}{', was ' + was if was else ''})"
        return Thing(
            name,
            place=place,
            owner=owner,
            state=state,
            draft=draft,
            drafter=(drafter or owner) if draft else "",
            access=access,
            was=was,
            params={"public_id": public_id, "number": "1", "other": "1", "name": FILE, **PREVIEW},
        )

    def record(self, access: str, **changes: Any) -> Any:
        until = {"until": "2027-01-01"} if access == "embargoed" else {}
        return factories.record(access={"kind": access, **until}, **changes)

    def attach(self, public_id: str) -> None:
        deposits.attach(
            self.session,
            OPERATOR,
            public_id,
            self.home.store,
            self.text,
            name=FILE,
            media_type="text/plain",
            limits=self.home.settings,
            now=self.now,
        )

    def publish(self, public_id: str) -> None:
        publishing.publish(self.session, OPERATOR, public_id, repository_id=self.home.repository_id, now=self.now)

    def revise(self, public_id: str, actor: Actor, access: str) -> None:
        deposits.revise(self.session, actor, public_id, now=self.now)
        changed = self.record(access, title="الضوء والماء والهواء")
        deposits.save(self.session, OPERATOR, public_id, changed, now=self.now)

    def judge(self, public_id: str, draft: str) -> None:
        deposits.submit(self.session, OPERATOR, public_id, now=self.now)
        verdict = {"changes-requested": reviews.request_changes, "rejected": reviews.reject}.get(draft)
        if verdict is not None:
            verdict(self.session, OPERATOR, public_id, "أضف وصفًا.", now=self.now)

    def found(self, state: str, place: str = "college", **wanted: str) -> Thing:
        """A resource that is there, open unless another is wanted."""
        wanted = {"access": "open", "was": "", "owner": "author"} | wanted
        return next(
            thing
            for thing in self.world.things["resource"]
            if (thing.state, thing.place) == (state, place)
            and all(getattr(thing, name) == value for name, value in wanted.items())
        )

    # ── uploads ─────────────────────────────────────────────────────────────────────────────────

    def uploads(self) -> list[Thing]:
        editing, submitted = (self.found("unpublished", draft=draft) for draft in ("editing", "submitted"))
        left = self.found("unpublished", owner="former", draft="editing")
        away = self.found("unpublished", "school", owner="depositor school", draft="editing")
        ended = self.found("unpublished", access="institution", draft="editing")
        made = [self.upload("to a draft", editing), self.upload("to a submitted draft", submitted)]
        made += [self.upload("of who has left", left), self.upload("of a school", away)]
        gone = self.upload("to a draft that has ended", ended)
        self.session.get_one(Upload, gone.params["upload_id"]).draft_id = None
        return [*made, replace(gone, draft="", drafter="")]

    def upload(self, name: str, target: Thing) -> Thing:
        """Begun while the draft took files."""
        upload_id = self.home.store.begin()
        public_id = target.params["public_id"]
        found = deposits.opened(self.session, public_id)
        self.session.add(
            Upload(
                id=upload_id,
                draft_id=found.draft.id,
                person_id=self.world.people[target.owner],
                name=f"{len(name)}.bin",
                size=4,
                created=self.now,
                expires=self.now + timedelta(days=7),
            )
        )
        self.session.flush()
        return replace(target, name=f"upload {name}", params={"upload_id": upload_id})

    # ── collections ─────────────────────────────────────────────────────────────────────────────

    def collections(self) -> list[Thing]:
        found = [
            self.collection(state, membership, owner)
            for state in ("draft", "published")
            for membership in ("open", "closed")
            for owner in ("author", "former")
        ]
        bright = [
            self.found("published", draft=""),
            self.found("published", "school", owner="depositor school", access="institution"),
            self.found("hidden", draft=""),
            self.found("withdrawn", draft=""),
            self.found("unpublished", draft="editing"),
            self.found("unpublished", "school", owner="depositor school", draft="editing"),
        ]
        self.world.things["entry"] = [
            replace(one, name=f"{one.name}: {brought.name}", brings=brought) for one in found for brought in bright
        ]
        self.world.things["item"] = [
            replace(
                one,
                name=f"{one.name}: {brought.name} put in by {who or 'the operator'}",
                brings=brought,
                person=who,
                params={**one.params, "resource_id": brought.params["public_id"]},
            )
            for one in found
            for brought, who in self.items
        ]
        for item in self.world.things["item"]:
            self.put(item)
        return found

    def collection(self, state: str, membership: str, owner: str) -> Thing:
        actor = self.actor(owner)
        made = collections.create(
            self.session, actor, self.places["college"], titles={"ar": "علوم"}, membership=membership, now=self.now
        )
        public_id = made.collection.public_id
        if state == "published":
            collections.publish(self.session, OPERATOR, public_id, now=self.now)
        name = f"{state} {membership} collection by {owner}"
        return Thing(
            name, place="college", owner=owner, state=state, membership=membership, params={"public_id": public_id}
        )

    @property
    def items(self) -> list[tuple[Thing, str]]:
        """What is in every collection, and who has put it there; not what :attr:`collections` offers to be put in."""
        school = {"place": "school", "owner": "depositor school"}
        if "brought" not in self.world.things:
            self.world.things["brought"] = [
                self.resource("published", ""),
                self.resource("published", "", **school),
                self.resource("hidden", "", **school),
                self.resource("published", "", owner="former"),
            ]
        whose = ("", "depositor school", "depositor school", "former")
        return list(zip(self.world.things["brought"], whose, strict=True))

    def put(self, item: Thing) -> None:
        collections.add(self.session, OPERATOR, item.params["public_id"], item.params["resource_id"], now=self.now)
        self.session.flush()
        row = queries.collections.item(
            self.session,
            collection_id=collections.find(self.session, OPERATOR, item.params["public_id"]).id,
            resource_id=deposits.held(self.session, item.params["resource_id"])[0].id or 0,
        )
        assert row is not None
        row.added_by = self.world.people[item.person] if item.person else None
        self.session.add(row)

    # ── announcements, reports ──────────────────────────────────────────────────────────────────

    def announcements(self) -> list[Thing]:
        return [
            self.announcement("college", "current"),
            self.announcement("college", "past", until=self.now + timedelta(seconds=1)),
            self.announcement("college", "scheduled", published=self.now + timedelta(days=1)),
            self.announcement("school", "scheduled", published=self.now + timedelta(days=1)),
            self.announcement("academy", "current"),
        ]

    def announcement(self, place: str, state: str, **times: Any) -> Thing:
        words = {"titles": {"ar": "إعلان"}, "texts": {"ar": "نص"}}
        found = announcements.announce(self.session, OPERATOR, place, **words, **times, now=self.now)
        if state == "past":
            found.announcement.until = self.now
        params = {"slug": place, "announcement_id": found.announcement.public_id}
        return Thing(f"{state} announcement of {place}", place=place, state=state, params=params)

    def reports(self) -> list[Thing]:
        here = self.found("published", draft="")
        there = self.found("published", "school", owner="depositor school", access="institution")
        away = self.found("hidden", draft="")
        return [
            self.report("open", here),
            self.report("open", there),
            self.report("examining", here, away),
            self.report("answered", here),
        ]

    def report(self, state: str, on: Thing, hidden: Thing | None = None) -> Thing:
        """Filed while the resource was to be seen; ``hidden`` is what it is on now."""
        resource = deposits.held(self.session, on.params["public_id"])[0]
        made = reports.file(self.session, resource, reason="other", words="خطأ", lang="ar", now=self.now)
        if hidden is not None:
            resource = deposits.held(self.session, hidden.params["public_id"])[0]
            made.resource_id, made.hid = resource.id or 0, resource.changed
        made.state = state
        made.outcome, made.answered = ("kept", self.now) if state == "answered" else (None, None)
        self.session.add(made)
        name, params = f"{state} report on one of {on.place}", {"reference": made.reference}
        return Thing(name, place=on.place, state=state, params=params)

    # ── jobs, invitations ───────────────────────────────────────────────────────────────────────

    def jobs(self) -> list[Thing]:
        return [
            self.job("author", "college", "waiting"),
            self.job("author", "college", "done"),
            self.job("author", "", "running"),
            self.job("depositor school", "school", "failed"),
            self.job("former", "college", "waiting"),
            self.job("", "", "failed", kind="sweep"),
            self.job("", "college", "waiting", kind="sweep"),
            self.job("root", "", "waiting", kind="oai.check"),
        ]

    def job(self, owner: str, place: str, state: str, *, kind: str = "import") -> Thing:
        order = {"form": "jsonl", "institution": place or None, "source": "old", "update": not place, "scopes": []}
        number = jobs.enqueue(
            self.session,
            kind,
            {"url": "https://partner.example.org/oai"} if kind == "oai.check" else order,
            now=self.now,
            person_id=self.world.people.get(owner),
            institution_id=self.places[place].id if place else None,
        )
        row = self.session.get_one(Job, number)
        row.state = state
        self.session.add(row)
        name = f"{kind} of {owner or 'the repository'} for {place or 'no place'}, {state}"
        return Thing(name, place=place, owner=owner, state=state, kind=kind, params={"job_id": str(number)})

    def invitations(self) -> tuple[list[Thing], list[Thing]]:
        shown, accepted = [], []
        for place, state in (("college", "waiting"), ("college", "accepted"), ("school", "waiting")):
            made, secret = self.invite(place, f"new.{place}.{state}@example.org")
            if state == "accepted":
                self.session.get_one(Invitation, made).accepted = self.now
            else:
                accepted.append(Thing(f"a new address at {place}", place=place, params={"secret": secret}))
            params = {"invitation_id": str(made)}
            shown.append(Thing(f"{state} invitation to {place}", place=place, state=state, params=params))
        for who in ("author", "nobody", "manager college"):
            address = self.session.get_one(Person, self.world.people[who]).email
            secret = self.invite("academy", address)[1]
            accepted.append(Thing(f"the address of {who}", place="academy", person=who, params={"secret": secret}))
        return shown, accepted

    def invite(self, place: str, email: str) -> tuple[int, str]:
        made, secret = invitations.invite(
            self.session,
            OPERATOR,
            self.places[place],
            email=email,
            role=Role.DEPOSITOR,
            language="ar",
            lifetime=timedelta(days=14),
            now=self.now,
        )
        return made.id or 0, secret
