import pytest
from factories import START, drafted, institution, member, person

from oer import accounts, deposits, institutions, queries
from oer.db import reading, transaction
from oer.errors import Conflict, Forbidden, Invalid, NotFound
from oer.policy import ANONYMOUS, OPERATOR
from oer.workflow import Role


def test_paths_lead_from_the_root_down(home):
    with transaction(home.engine) as session:
        ministry = institution(session, "ministry")
        university = institution(session, "university", parent=ministry)
        faculty = institution(session, "faculty", parent=university)
        assert ministry.path == f"/{ministry.id}/"
        assert faculty.path == f"/{ministry.id}/{university.id}/{faculty.id}/"
        assert ministry.ancestors == []
        assert faculty.ancestors == [ministry.id, university.id]


def test_a_branch_is_an_institution_and_all_below_it(home):
    with transaction(home.engine) as session:
        for number in range(11):  # so that /1/ is a prefix of /1…/ as text
            institution(session, f"root-{number}")
        root = institutions.find(session, "root-0")
        school = institution(session, "school", parent=root)
        club = institution(session, "club", parent=school)
        found = {one.slug for one in queries.institutions.branch(session, path=root.path)}
        assert found == {"root-0", "school", "club"}
        assert [one.slug for one in queries.institutions.everyone(session)][-2:] == ["school", "club"]
        assert club.parent_id == school.id


def test_an_institution_is_found_by_its_slug(home):
    with transaction(home.engine) as session:
        made = institution(session)
        assert institutions.find(session, "college").id == made.id


@pytest.mark.parametrize("slug", ["nowhere", "", "College", "a\0b", "\ud800"])
def test_other_slugs_are_unknown(home, slug):
    with transaction(home.engine) as session:
        institution(session)
        with pytest.raises(NotFound) as caught:
            institutions.find(session, slug)
    assert caught.value.code == "institution.unknown"


def test_a_slug_is_taken_once(home):
    with transaction(home.engine) as session:
        parent = institution(session)
        with pytest.raises(Invalid) as caught:
            institution(session, parent=parent)
    assert caught.value.code == "institution.slug-taken"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"slug": "A College"}, "institution.slug-invalid"),
        ({"slug": "college\n"}, "institution.slug-invalid"),
        ({"slug": "كلية"}, "institution.slug-invalid"),
        ({"kind": "castle"}, "institution.kind-unknown"),
        ({"names": {}}, "institution.name-missing"),
        ({"names": {"ar": " \u200f "}}, "institution.name-missing"),
        ({"names": {"de": "Schule"}}, "request.invalid"),
        ({"names": {"en": "a\x01b"}}, "request.invalid"),
        ({"names": {"en": "n" * 301}}, "request.invalid"),
        ({"country": "ZZ"}, "institution.country-unknown"),
        ({"country": "Tunisia"}, "institution.country-unknown"),
        ({"default_licence": "https://example.org/mine"}, "request.invalid"),
        ({"default_language": "arabic!"}, "request.invalid"),
        ({"homepage": "javascript:alert(1)"}, "request.invalid"),
        ({"homepage": "www.example.org"}, "request.invalid"),
        ({"ror": "https://ror.org/nothing"}, "request.invalid"),
    ],
)
def test_what_an_institution_cannot_be(home, fields, code):
    wanted = {"slug": "college", "names": {"en": "College"}, "kind": "school"} | fields
    with transaction(home.engine) as session:
        with pytest.raises(Invalid) as caught:
            institutions.add(session, OPERATOR, now=START, **wanted)
        assert queries.institutions.everyone(session) == []
    assert caught.value.code == code


def test_names_countries_and_licences_are_kept_in_one_form(home):
    with transaction(home.engine) as session:
        made = institutions.add(
            session,
            OPERATOR,
            slug="college",
            names={"ar": "  الكلية\u200f ", "fr": ""},
            kind="university",
            country=" tn ",
            default_licence="http://creativecommons.org/licenses/by/4.0",
            default_language="AR",
            homepage="https://college.example.org/عن",
            ror="https://ror.org/03yrm5c26",
            now=START,
        )
        assert made.names == {"ar": "الكلية"}
        assert (made.country, made.default_language) == ("TN", "ar")
        assert (made.homepage, made.ror) == ("https://college.example.org/عن", "https://ror.org/03yrm5c26")
        assert made.default_licence == "https://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize(
    "kind",
    ["organisation", "ministry", "national_commission", "university", "school", "centre", "club", "chair", "partner"],
)
def test_every_kind_of_institution(home, kind):
    with transaction(home.engine) as session:
        made = institutions.add(session, OPERATOR, slug="one", names={"en": "One"}, kind=kind, now=START)
        assert made.kind == kind


def test_only_administrators_add_at_the_top_and_managers_below_their_own(home):
    manager = member(home, Role.MANAGER)
    with transaction(home.engine) as session:
        college, beside = institutions.find(session, "college"), institution(session, "beside")
        child = {"slug": "child", "names": {"en": "Child"}, "kind": "club", "now": START}
        for actor, parent in ((manager, None), (manager, beside), (ANONYMOUS, college)):
            with pytest.raises(Forbidden):
                institutions.add(session, actor, parent=parent, **child)
        assert institutions.add(session, manager, parent=college, **child).parent_id == college.id


def test_an_empty_institution_is_removed_with_its_memberships_and_stays_in_the_log(home):
    with transaction(home.engine) as session:
        college = institution(session)
        teacher = person(session)
        accounts.grant(session, OPERATOR, teacher, college, Role.MANAGER, now=START)
    with transaction(home.engine) as session:
        institutions.remove(session, OPERATOR, institutions.find(session, "college"), now=START)
    with reading(home.engine) as session:
        assert queries.institutions.by_slug(session, slug="college") is None
        assert queries.institutions.memberships(session, person_id=teacher.id) == []
        log = queries.audit.of_object(session, kind="institution", object_id="college")
        assert [entry.action for entry in log] == ["institution.add", "institution.remove"]


def test_an_institution_with_branches_or_resources_is_not_removed(home):
    drafted(home, at="college")
    with transaction(home.engine) as session:
        ministry = institution(session, "ministry")
        institution(session, "school", parent=ministry)
    for slug in ("college", "ministry"):
        with transaction(home.engine) as session, pytest.raises(Conflict) as caught:
            institutions.remove(session, OPERATOR, institutions.find(session, slug), now=START)
        assert (caught.value.code, caught.value.params) == ("institution.not-empty", {"slug": slug})


def test_an_institution_whose_only_draft_was_discarded_is_empty(home):
    public_id = drafted(home)
    with transaction(home.engine) as session:
        deposits.discard(session, OPERATOR, public_id, now=START)
    with transaction(home.engine) as session:
        institutions.remove(session, OPERATOR, institutions.find(session, "college"), now=START)


def test_only_its_managers_remove_an_institution(home):
    reviewer = member(home, Role.REVIEWER)
    with transaction(home.engine) as session, pytest.raises(Forbidden):
        institutions.remove(session, reviewer, institutions.find(session, "college"), now=START)


def test_a_name_in_the_language_asked_for_or_the_next_there_is(home):
    with transaction(home.engine) as session:
        made = institution(session, names={"fr": "Le collège", "en": "The college"})
        assert institutions.name_in(made, "en") == ("The college", "en")
        assert institutions.name_in(made, "ar") == ("Le collège", "fr")
        made.names = {}
        assert institutions.name_in(made, "ar") == ("college", "und")
        session.rollback()
