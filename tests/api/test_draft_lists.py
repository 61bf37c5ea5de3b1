import re

import factories
import pytest
import sqlalchemy as sa
from calling import RESOURCES, Someone, code, draft, faults, someone, told
from factories import Watch
from starlette.testclient import TestClient

from api.schemas import drafts as bodies
from oer import accounts, queries
from oer.db import transaction
from oer.installation import Installation
from oer.models import Person
from oer.policy import OPERATOR
from oer.workflow import Role


@pytest.fixture
def reviewer(home: Installation, client: TestClient) -> Someone:
    return someone(home, client, Role.REVIEWER)


@pytest.fixture
def strangers(home: Installation, client: TestClient, author: Someone) -> list[Someone]:
    """Everybody who may not know of the author's draft: a colleague, others' managers, one who may not read."""
    with transaction(home.engine) as session:
        college = queries.institutions.by_slug(session, slug="college")
        factories.institution(session, "club", parent=college)
    return [
        someone(home, client, Role.DEPOSITOR, email="colleague@example.org"),
        someone(home, client, Role.MANAGER, "club"),
        someone(home, client, Role.MANAGER, "other"),
    ]


def begun(who: Someone) -> str:
    answer = who.post(RESOURCES, {"institution": "college", "record": told(factories.record())})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def walked(who: Someone, query: str = "") -> list[str]:
    """Ids of every page, by the links of the answers."""
    found, url = [], f"/api/drafts{query}"
    for _ in range(30):
        answer = who.get(url)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "private, no-store"
        bodies.DraftList.model_validate_json(answer.content)
        found += [item["id"] for item in answer.json()["items"]]
        following = answer.json()["next"]
        assert answer.headers.get("link") == (f'<{following}>; rel="next"' if following else None)
        if following is None:
            return found
        url = following.removeprefix("https://oer.example.org")
    raise AssertionError("the list does not end")


def test_the_list_holds_what_one_may_see_and_nothing_else(
    home: Installation, client: TestClient, author: Someone, reviewer: Someone, strangers: list[Someone]
) -> None:
    colleague, club, other = strangers
    own = [begun(author), begun(author)]
    theirs = begun(colleague)
    far = factories.drafted(home, at="club", actor=club.actor)
    assert set(walked(author)) == set(own)
    assert walked(colleague) == [theirs]
    assert set(walked(reviewer)) == {*own, theirs}
    assert walked(club) == [far]
    assert walked(other) == []
    manager = someone(home, client, Role.MANAGER)
    assert set(walked(manager)) == {*own, theirs, far}
    assert set(walked(manager, "?institution=club")) == {far}
    assert set(walked(manager, "?institution=college")) == {*own, theirs, far}
    assert walked(other, "?institution=college") == []
    assert walked(manager, "?mine=true") == []
    assert set(walked(author, "?mine=true")) == set(own)
    assert code(manager.get("/api/drafts?institution=nowhere")) == (404, "institution.unknown")
    assert code(Someone(client).get("/api/drafts")) == (401, "sign-in.required")


def test_who_has_lost_their_role_sees_their_drafts_no_more(home: Installation, author: Someone) -> None:
    begun(author)
    with transaction(home.engine) as session:
        person = session.get(Person, author.actor.person_id)  # type: ignore[union-attr]
        college = queries.institutions.by_slug(session, slug="college")
        accounts.grant(session, OPERATOR, person, college, Role.NONE, now=home.now())  # type: ignore[arg-type]
    assert walked(author) == []


def test_the_list_is_in_the_order_of_changes_page_by_page(home: Installation, author: Someone, watch: Watch) -> None:
    ids = []
    for number in range(7):
        if number % 3:
            watch.forward(seconds=1)
        ids.append(begun(author))
    newest = ids[::-1]
    assert walked(author) == walked(author, "?limit=7") == walked(author, "?order=newest&limit=3") == newest
    assert walked(author, "?order=oldest") == walked(author, "?order=oldest&limit=1") == ids
    watch.forward(seconds=1)
    author.patch(draft(ids[0]), {"note": "x"})
    assert walked(author)[0] == ids[0]


def test_the_queue_shows_what_was_submitted(home: Installation, author: Someone, reviewer: Someone) -> None:
    begun(author)
    waiting = factories.drafted(home, actor=author.actor, described=factories.record("للمراجعة"))
    author.post(draft(waiting, "submit"))
    (line,) = reviewer.get("/api/drafts?state=submitted&order=oldest").json()["items"]
    assert line["id"] == waiting
    assert line["title"] == [{"value": "للمراجعة", "lang": "ar"}]
    assert (line["state"], line["files"], line["author"]) == ("submitted", 1, "depositor.college")
    assert line["actions"] == ["request-changes", "reject", "publish"]
    assert author.get("/api/drafts?state=submitted").json()["items"][0]["actions"] == ["recall"]
    assert walked(reviewer, "?state=rejected") == []


def test_one_damaged_draft_hides_no_other(home: Installation, author: Someone) -> None:
    ids = [begun(author) for _ in range(3)]
    with transaction(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=ids[1])
        draft_ = queries.resources.draft(session, resource_id=resource.id)  # type: ignore[union-attr,arg-type]
        draft_.record = '{"title": 5}'  # type: ignore[union-attr]
    assert set(walked(author)) == {ids[0], ids[2]}
    assert code(author.get(draft(ids[1]))) == (503, "record.damaged")
    assert author.delete(draft(ids[1])).status_code == 204


@pytest.mark.parametrize(
    ("query", "field"),
    [("state=published", "state"), ("mine=maybe", "mine"), ("order=random", "order"), ("limit=0", "limit"),
     ("page=2", "page"), ("state=editing&state=submitted", "state")],
)  # fmt: skip
def test_a_wrong_filter_is_named(author: Someone, query: str, field: str) -> None:
    answer = author.get(f"/api/drafts?{query}")
    assert code(answer) == (422, "request.invalid")
    assert {place for place, _ in faults(answer)} == {field}


def test_a_cursor_serves_its_own_list_only(author: Someone) -> None:
    for _ in range(3):
        begun(author)
    cursor = re.findall(r"cursor=([\w-]+)", author.get("/api/drafts?limit=1").json()["next"])[0]
    assert author.get(f"/api/drafts?cursor={cursor}").status_code == 200
    for query in (f"order=oldest&cursor={cursor}", f"mine=true&cursor={cursor}", "cursor=AAAA"):
        assert code(author.get(f"/api/drafts?{query}")) == (422, "cursor.invalid")
    assert code(author.get(f"{RESOURCES}?cursor={cursor}")) == (422, "cursor.invalid")


def test_the_list_needs_as_many_queries_whatever_its_length(home: Installation, author: Someone) -> None:
    for _ in range(6):
        begun(author)

    def asked(limit: int) -> int:
        seen: list[str] = []

        def note(*arguments: object) -> None:
            if str(arguments[2]).lstrip().upper().startswith("SELECT"):
                seen.append(str(arguments[2]))

        sa.event.listen(home.engine, "before_cursor_execute", note)
        try:
            assert len(author.get(f"/api/drafts?limit={limit}").json()["items"]) == limit
        finally:
            sa.event.remove(home.engine, "before_cursor_execute", note)
        return len(seen)

    assert asked(1) == asked(5) <= 6
