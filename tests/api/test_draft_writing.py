"""Drafts by REST: what they say is changed in the state that was read, dropped, and judged."""

from typing import Any

import factories
import pytest
from calling import RESOURCES, Someone, begun, code, draft, faults, someone, told
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.schemas import drafts as bodies
from oer.installation import Installation
from oer.policy import OPERATOR
from oer.workflow import Role


@pytest.fixture
def reviewer(home: Installation, client: TestClient) -> Someone:
    return someone(home, client, Role.REVIEWER)


# ── writing ─────────────────────────────────────────────────────────────────────────────────────


def test_a_put_replaces_all_that_the_draft_says(author: Someone) -> None:
    public_id = begun(author, note="قديم")
    etag = author.get(draft(public_id)).headers["etag"]
    record = told(factories.record("جديد"))
    answer = author.put(draft(public_id), {"record": record, "note": "سبب"}, match=etag)
    assert (answer.status_code, answer.json()["record"], answer.json()["note"]) == (200, record, "سبب")
    assert answer.headers["etag"] != etag
    assert answer.headers["content-location"] == answer.json()["url"]
    shown = author.get(draft(public_id))
    assert (shown.content, shown.headers["etag"]) == (answer.content, answer.headers["etag"])
    assert author.put(draft(public_id), {"record": record}).json()["note"] == ""


def test_a_patch_changes_what_it_names(author: Someone) -> None:
    described = factories.record(
        keywords=[{"value": "ضوء", "lang": "ar"}], coverage={"countries": ["TN"], "period": "2001"}
    )
    public_id = begun(author, described, note="سبب")
    patch = {"record": {"coverage": {"period": None, "countries": ["MA", "DZ"]}, "keywords": None, "issued": "2024"}}
    answer = author.patch(draft(public_id), patch)
    wanted = {name: value for name, value in told(described).items() if name != "keywords"}
    assert answer.json()["record"] == {**wanted, "coverage": {"countries": ["MA", "DZ"]}, "issued": "2024"}
    assert answer.json()["note"] == "سبب"
    assert author.patch(draft(public_id), {"note": None}).json()["note"] == ""
    embargoed = author.patch(draft(public_id), {"record": {"access": {"kind": "embargoed", "until": "2027-01-01"}}})
    assert embargoed.json()["record"]["access"] == {"kind": "embargoed", "until": "2027-01-01"}
    opened = author.patch(draft(public_id), {"record": {"access": None}}, content_type="application/json")
    assert "access" not in opened.json()["record"]
    assert author.patch(draft(public_id), {}).status_code == 200


@pytest.mark.parametrize(
    ("patch", "found"),
    [
        ({"record": None}, ("record", "field.missing")),
        ({"record": {"title": [{"value": "x", "lang": "xx-no-no"}]}}, ("record.title[0].lang", "language.invalid")),
        ({"record": {"access": {"until": "2027-01-01"}}}, ("record.access.until", "access.until-unexpected")),
        ({"record": {"owner": "me"}}, ("record.owner", "field.unknown")),
        ({"note": "a\u202eb"}, ("note", "text.illegal-character")),
        ({"note": 5}, ("note", "request.parameter-invalid")),
        ({"record": 5}, ("record", "request.parameter-invalid")),
        ([], ("body", "request.parameter-invalid")),
    ],
)
def test_a_patch_that_leads_to_something_wrong_changes_nothing(
    author: Someone, patch: Any, found: tuple[str, str]
) -> None:
    public_id = begun(author)
    before = author.get(draft(public_id))
    answer = author.patch(draft(public_id), patch)
    assert answer.status_code == 422
    assert found in faults(answer)
    assert author.get(draft(public_id)).headers["etag"] == before.headers["etag"]


def test_a_patch_as_deep_as_json_may_be_is_refused(author: Someone) -> None:
    public_id = begun(author)
    for depth in (13, 400, 5000):
        patch: bytes = b'{"record": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
        answer = author.patch(draft(public_id), raw=patch)
        assert answer.status_code == 422, depth
    huge = author.patch(draft(public_id), raw=b'{"record": {"age_range": {"minimum": ' + b"9" * 5000 + b"}}}")
    assert huge.status_code in (400, 422)
    infinite = author.patch(draft(public_id), raw=b'{"record": {"age_range": {"minimum": 1e999, "maximum": NaN}}}')
    assert faults(infinite) >= {("record.age_range.minimum", "number.invalid")}
    twice = author.patch(draft(public_id), raw=b'{"note": "a", "note": "b"}')
    assert faults(twice) == {("", "json.duplicate-key")}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
        max_leaves=15,
    )
)
@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_patch_is_an_accident(author: Someone, patch: Any) -> None:
    with_id = getattr(author.client, "draft_id", None) or begun(author)
    author.client.draft_id = with_id  # type: ignore[attr-defined]
    for body in (patch, {"record": patch}, {"record": {"title": patch, "access": patch, "age_range": patch}}):
        assert author.patch(draft(with_id), body).status_code in (200, 400, 422)


def test_a_body_of_another_kind_is_refused(author: Someone) -> None:
    public_id = begun(author)
    for answer in (
        author.put(draft(public_id), {"record": {}}, content_type="text/plain"),
        author.put(draft(public_id), {"record": {}}, content_type="application/merge-patch+json"),
        author.patch(draft(public_id), {"note": "x"}, content_type="application/json-patch+json"),
    ):
        assert code(answer) == (415, "media-type.unsupported")
    assert code(author.put(draft(public_id), content_type="application/json")) == (422, "body.missing")
    assert code(author.post(draft(public_id, "submit"), {"state": "published"})) == (422, "body.unexpected")


def test_of_two_who_change_the_same_state_the_second_is_told(author: Someone, reviewer: Someone) -> None:
    public_id = begun(author)
    seen = author.get(draft(public_id)).headers["etag"]
    other = told(factories.record("من المراجع"))
    assert reviewer.put(draft(public_id), {"record": other}, match=seen).status_code == 200
    mine = told(factories.record("من الكاتب"))
    for answer in (
        author.put(draft(public_id), {"record": mine}, match=seen),
        author.patch(draft(public_id), {"record": {"title": mine["title"]}}, match=seen),
        author.patch(draft(public_id), {"record": {"title": 5}}, match=seen),
        author.post(draft(public_id, "submit"), match=seen),
        author.delete(draft(public_id), match=seen),
    ):
        assert code(answer) == (412, "draft.stale")
    assert author.get(draft(public_id)).json()["record"] == other


@pytest.mark.parametrize("match", ["1", '"1"', 'W/"1-000000000000000000000000"', '"x"', '"1-00", "2-00"', '""'])
def test_a_tag_that_is_none_of_ours_matches_nothing(author: Someone, match: str) -> None:
    public_id = begun(author)
    assert code(author.put(draft(public_id), {"record": {}}, match=match)) == (412, "draft.stale")


def test_one_tag_of_several_may_match(author: Someone) -> None:
    public_id = begun(author)
    seen = author.get(draft(public_id)).headers["etag"]
    assert code(author.patch(draft(public_id), {"note": "x"}, match=f'W/{seen}, "zzz"')) == (412, "draft.stale")
    assert author.patch(draft(public_id), {"note": "x"}, match=f'"zzz", {seen}').status_code == 200


def test_a_key_belongs_to_what_was_insisted_on_too(author: Someone) -> None:
    public_id = begun(author)
    seen = author.get(draft(public_id)).headers["etag"]
    first = author.patch(draft(public_id), {"note": "x"}, match=seen, idempotency_key="k-9")
    again = author.patch(draft(public_id), {"note": "x"}, match=seen, idempotency_key="k-9")
    assert (first.status_code, again.content) == (200, first.content)
    other = author.patch(draft(public_id), {"note": "x"}, match="*", idempotency_key="k-9")
    assert code(other) == (422, "idempotency.key-reused")


def test_every_change_asks_what_was_read(author: Someone) -> None:
    public_id = begun(author)
    for method, path, body in (
        ("PUT", "", {"record": {}}),
        ("PATCH", "", {"note": "x"}),
        ("DELETE", "", None),
        ("POST", "/submit", None),
        ("POST", "/recall", None),
        ("POST", "/publish", None),
        ("POST", "/reviews", {"decision": "reject", "comment": "x"}),
        ("PUT", "/files", {"names": []}),
        ("PATCH", "/files/a.txt", {"role": "extra"}),
        ("DELETE", "/files/a.txt", None),
    ):
        answer = author.ask(method, draft(public_id) + path, body, match=None)
        assert code(answer) == (428, "precondition.required"), (method, path)


def test_a_change_whose_reply_was_lost_may_be_sent_again(author: Someone) -> None:
    public_id = begun(author)
    seen = author.get(draft(public_id)).headers["etag"]
    record = told(factories.record("جديد"))
    first = author.put(draft(public_id), {"record": record, "note": "x"}, match=seen)
    again = author.put(draft(public_id), {"record": record, "note": "x"}, match=seen)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["etag"] == first.headers["etag"]
    patch = {"record": {"issued": "2024", "title": None}}
    done = author.patch(draft(public_id), patch, match=first.headers["etag"])
    repeated = author.patch(draft(public_id), patch, match=first.headers["etag"])
    assert (repeated.status_code, repeated.content) == (200, done.content)
    late = author.put(draft(public_id), {"record": record, "note": "x"}, match=seen)
    assert code(late) == (412, "draft.stale")


def test_what_was_read_of_a_draft_that_is_gone_does_not_match_the_next(home: Installation, author: Someone) -> None:
    public_id = factories.published(home)
    revised = someone(home, author.client, Role.REVIEWER)
    first = revised.post(f"{RESOURCES}/{public_id}/versions")
    assert revised.delete(draft(public_id)).status_code == 204
    revised.post(f"{RESOURCES}/{public_id}/versions")
    answer = revised.put(draft(public_id), {"record": {}}, match=first.headers["etag"])
    assert code(answer) == (412, "draft.stale")


def test_what_reviewers_look_at_does_not_move(home: Installation, author: Someone) -> None:
    public_id = factories.drafted(home, actor=author.actor)
    assert author.post(draft(public_id, "submit")).status_code == 200
    for answer in (
        author.put(draft(public_id), {"record": {}}),
        author.patch(draft(public_id), {"note": "x"}),
        author.delete(draft(public_id)),
        author.delete(draft(public_id, "files", "lesson.txt")),
        author.patch(draft(public_id, "files", "lesson.txt"), {"role": "extra"}),
        author.put(draft(public_id, "files"), {"names": ["lesson.txt"]}),
    ):
        assert code(answer) == (409, "transition.impossible")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ar", {"التعديل", "قيد المراجعة", "الاسترجاع من المراجعة"}),
        ("fr", {"modifier", "soumis à la relecture", "retirer de la relecture"}),
        ("en", {"edit", "submitted for review", "recall from review"}),
    ],
)
def test_a_step_that_is_not_possible_is_told_in_words_with_the_one_to_take_first(
    home: Installation, author: Someone, language: str, words: set[str]
) -> None:
    public_id = factories.drafted(home, actor=author.actor)
    author.post(draft(public_id, "submit"))
    author.client.headers["accept-language"] = language
    detail = author.patch(draft(public_id), {"note": "x"}).json()["detail"]
    for word in words:
        assert word in detail
    assert language == "en" or "submitted" not in detail


def test_who_may_not_publish_is_told_to_submit(author: Someone) -> None:
    bare = told(factories.record(access={"kind": "metadata-only"}))
    made = author.post(RESOURCES, {"institution": "college", "record": bare})
    for answer in (
        author.post(draft(made.json()["id"], "publish")),
        author.post(f"{RESOURCES}?publish=true", {"institution": "college", "record": bare}),
    ):
        assert code(answer) == (403, "action.forbidden")
        assert "submit it for review" in answer.json()["detail"]


def test_a_record_does_not_grow_beyond_its_limit_by_patches(home: Installation, author: Someone) -> None:
    settings = home.settings.model_copy(update={"max_record_size": 2048})
    object.__setattr__(home, "settings", settings)
    public_id = begun(author)
    text = "ن" * 300
    answers = [
        author.patch(draft(public_id), {"record": {name: [{"value": text, "lang": "ar"}]}})
        for name in ("alternative", "description", "rights_note", "citation_note")
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 413, 413]
    assert code(answers[-1]) == (413, "record.too-large")


def test_a_dropped_draft_takes_a_resource_along_that_was_never_published(home: Installation, author: Someone) -> None:
    public_id = begun(author)
    answer = author.delete(draft(public_id), match=author.get(draft(public_id)).headers["etag"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert code(author.delete(draft(public_id))) == (404, "draft.unknown")
    assert code(author.get(f"{RESOURCES}/{public_id}")) == (404, "resource.unknown")
    other = factories.published(home, actor=OPERATOR)
    reviewer = someone(home, author.client, Role.MANAGER)
    reviewer.post(f"{RESOURCES}/{other}/versions")
    assert reviewer.delete(draft(other)).status_code == 204
    assert reviewer.get(f"{RESOURCES}/{other}").json()["version"]["number"] == 1


# ── judging ─────────────────────────────────────────────────────────────────────────────────────


def test_a_dry_run_tells_all_problems_at_once_and_changes_nothing(home: Installation, author: Someone) -> None:
    nc = {"title": "x", "licence": "https://creativecommons.org/licenses/by-nc-nd/4.0/"}
    public_id = begun(author, factories.record(description=[], creators=[], sources=[nc]))
    before = author.get(draft(public_id)).headers["etag"]
    answer = author.post(draft(public_id, "validate"), match=None, accept_language="fr")
    bodies.Verdict.model_validate_json(answer.content)
    assert answer.status_code == 200
    assert answer.json()["publishable"] is False
    found = {(one["field"], one["code"], one["severity"]) for one in answer.json()["problems"]}
    assert found == {
        ("record.description", "description.missing", "error"),
        ("record.creators", "creators.missing", "error"),
        ("record.licence", "licence.remix-conflict", "warning"),
        ("files", "files.missing", "error"),
    }
    assert answer.headers["content-language"] == "fr"
    assert "Ajoutez-en" in answer.text
    after = author.get(draft(public_id))
    assert after.headers["etag"] == before
    assert after.json()["problems"] == 3
    refused = author.post(draft(public_id, "submit"))
    assert code(refused) == (422, "record.not-publishable")
    assert faults(refused) == {(field, name) for field, name, severity in found if severity == "error"}


def test_warnings_forbid_nothing_and_an_unchanged_revision_is_told(home: Installation, reviewer: Someone) -> None:
    sound = factories.drafted(home, actor=reviewer.actor)
    assert reviewer.post(draft(sound, "validate")).json() == {"publishable": True, "problems": []}
    public_id = factories.published(home)
    reviewer.post(f"{RESOURCES}/{public_id}/versions")
    told_ = reviewer.post(draft(public_id, "validate")).json()
    assert [(one["field"], one["code"]) for one in told_["problems"]] == [("", "version.unchanged")]
    assert told_["publishable"] is False
    assert code(reviewer.post(draft(public_id, "submit"))) == (409, "version.unchanged")
