import pytest
from factories import act, drafted, published
from sqlmodel import select

from oer import deposits, files, publishing, queries, reviews
from oer.db import reading
from oer.errors import Conflict, Forbidden, Invalid, NotFound, OerError, Stale
from oer.installation import Installation
from oer.models import DraftFile, VersionFile
from oer.policy import Actor


def names(home: Installation) -> list[str]:
    with reading(home.engine) as session:
        return [file.name for file in session.exec(select(DraftFile).order_by(DraftFile.position))]


def rows(home: Installation) -> list[tuple[str, str, str | None, str]]:
    with reading(home.engine) as session:
        found = session.exec(select(DraftFile).order_by(DraftFile.position))
        return [(file.name, file.role, file.language, file.media_type) for file in found]


def test_a_file_gets_another_name_role_and_language_and_keeps_its_bytes_and_place(home):
    public_id = drafted(home, files={"a.txt": b"a", "b.txt": b"b"})
    file = act(
        home, files.describe, public_id, "a.txt", {"name": "../درس\u202e.vtt", "role": "caption", "language": "ara"}
    )
    assert file.name == "درس.vtt"
    assert rows(home) == [("درس.vtt", "caption", "ar", "text/plain"), ("b.txt", "main", None, "text/plain")]
    act(home, files.describe, public_id, "درس.vtt", {"language": None})
    act(home, files.describe, public_id, "درس.vtt", {"media_type": "text/vtt", "seen": file.key})
    assert rows(home)[0] == ("درس.vtt", "caption", None, "text/vtt")


def test_a_name_is_found_in_any_unicode_form(home):
    public_id = drafted(home, files={"e\u0301.txt": b"a"})
    act(home, files.describe, public_id, "e\u0301.txt", {"role": "extra"})
    act(home, files.describe, public_id, "\u00e9.txt", {"name": "\u00e9.txt"})
    act(home, deposits.detach, public_id, "e\u0301.txt")
    assert names(home) == []


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"name": "b.txt"}, "file.name-taken"),
        ({"name": "x/b.txt"}, "file.name-taken"),
        ({"role": "poster"}, "file.role-invalid"),
        ({"language": "no language"}, "request.invalid"),
        ({"language": "a\0"}, "request.invalid"),
        ({"language": "\ud800"}, "request.invalid"),
        ({"seen": "0" * 64, "name": "c.txt"}, "write.collided"),
    ],
)
def test_a_wrong_description_changes_nothing(home, told, code):
    public_id = drafted(home, files={"a.txt": b"a", "b.txt": b"b"})
    before = rows(home)
    with pytest.raises(OerError) as caught:
        act(home, files.describe, public_id, "a.txt", told)
    assert caught.value.code == code
    assert rows(home) == before


@pytest.mark.parametrize("name", ["c.txt", "", "a\0", "\ud800", "../a.txt"])
def test_a_file_that_is_not_there_is_not_described(home, name):
    public_id = drafted(home)
    with pytest.raises(NotFound) as caught:
        act(home, files.describe, public_id, name, {"role": "extra"})
    assert caught.value.code == "file.unknown"


def test_files_are_put_in_any_order(home):
    public_id = drafted(home, files={"a": b"a", "b": b"b", "c": b"c"})
    act(home, files.arrange, public_id, ["c", "a", "b"])
    assert names(home) == ["c", "a", "b"]
    stored = home.store.put([b"d"])
    act(home, deposits.attach, public_id, home.store, stored, name="d", media_type="text/plain", limits=home.settings)
    assert names(home) == ["c", "a", "b", "d"]
    act(home, publishing.publish, public_id, repository_id=home.repository_id)
    with reading(home.engine) as session:
        kept = session.exec(select(VersionFile).order_by(VersionFile.position)).all()
        assert [(file.position, file.name) for file in kept] == [(1, "c"), (2, "a"), (3, "b"), (4, "d")]


@pytest.mark.parametrize("wanted", [[], ["a"], ["a", "b", "b"], ["a", "c"], ["a", "b", "c"], ["a", "\ud800"]])
def test_an_order_names_every_file_once(home, wanted):
    public_id = drafted(home, files={"a": b"a", "b": b"b"})
    with pytest.raises(Invalid) as caught:
        act(home, files.arrange, public_id, wanted)
    assert caught.value.code == "files.order-incomplete"
    assert names(home) == ["a", "b"]


def test_another_order_or_role_alone_is_a_new_version(home):
    public_id = published(home, files={"a": b"a", "b": b"b"})
    act(home, deposits.revise, public_id)
    with pytest.raises(Conflict):
        act(home, deposits.submit, public_id)
    act(home, files.arrange, public_id, ["b", "a"])
    assert act(home, publishing.publish, public_id, repository_id=home.repository_id).number == 2


def test_files_are_described_under_the_rules_of_the_draft(home):
    public_id = drafted(home)
    stranger = Actor(person_id=None, name="x")
    for verb, what in ((files.describe, ("lesson.txt", {"role": "extra"})), (files.arrange, (["lesson.txt"],))):
        with reading(home.engine) as session:
            lock = queries.drafts.of_resource(session, public_id=public_id)[2].lock
        with pytest.raises(Stale):
            act(home, verb, public_id, *what, expected=lock + 1)
        with pytest.raises(NotFound):
            act(home, verb, public_id, *what, actor=stranger)
        act(home, verb, public_id, *what, expected=lock)
        with reading(home.engine) as session:
            entries = queries.audit.of_object(session, kind="resource", object_id=public_id)
        assert entries[-1].action in {"draft.describe-file", "draft.arrange"}
    act(home, deposits.submit, public_id)
    with pytest.raises(Conflict):
        act(home, files.arrange, public_id, ["lesson.txt"])
    act(home, reviews.reject, public_id, "no")
    with pytest.raises((Conflict, Forbidden)):
        act(home, files.describe, public_id, "lesson.txt", {"role": "extra"})
