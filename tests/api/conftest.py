"""One installation with its doors, and resources whose files have a type of their own."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import calling
import factories
import mirror
import pytest
import sqlalchemy as sa
import tus
from calling import Someone
from factories import Watch, token_of
from mirror import Ask, Checked
from starlette.testclient import TestClient
from tus import Sender

from api import app
from metadata.record import Record
from oer import deposits, publishing
from oer.db import transaction
from oer.installation import Installation
from oer.policy import OPERATOR
from oer.workflow import Role


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def home(tmp_path: Path, watch: Watch) -> Iterator[Installation]:
    with factories.opened(tmp_path, now=watch, page_size=2) as found:
        yield found


@pytest.fixture
def client(home: Installation) -> Iterator[TestClient]:
    """Asks under a host name that no answer may repeat."""
    with TestClient(app.create(home), base_url="http://forged.example", raise_server_exceptions=False) as found:
        found.headers["accept-language"] = "en"
        yield found


@pytest.fixture(scope="session")
def checked(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return mirror.checker(shared, tmp_path_factory.mktemp("schemas"))


@pytest.fixture
def ask(client: TestClient, checked: Checked) -> Ask:
    """The root of a ResourceSync document or sitemap at this path, valid by the schemas."""
    return mirror.asking(client, checked)


@pytest.fixture
def small(tmp_path: Path, watch: Watch, checked: Checked) -> Iterator[tuple[Installation, Ask]]:
    """Another installation, whose lists are cut behind six addresses."""
    with (
        factories.opened(tmp_path / "small", now=watch, resourcesync_page_size=6) as found,
        TestClient(app.create(found), base_url="http://forged.example") as client,
    ):
        yield found, mirror.asking(client, checked)


@pytest.fixture
def publish(home: Installation) -> Callable[..., str]:
    """Publishes files given as name → (bytes, media type); answers the public id."""

    def do(files: Mapping[str, tuple[bytes, str]], *, at: str = "college", described: Record | None = None) -> str:
        public_id = factories.drafted(home, at=at, described=described, files={})
        _fill(home, public_id, files)
        return public_id

    return do


@pytest.fixture
def revise(home: Installation) -> Callable[..., None]:
    """Publishes a next version with another record, or with files replaced or added."""

    def do(public_id: str, files: Mapping[str, tuple[bytes, str]], *, described: Record | None = None) -> None:
        with transaction(home.engine) as session:
            deposits.revise(session, OPERATOR, public_id, now=home.now())
            if described is not None:
                deposits.save(session, OPERATOR, public_id, described, note="مراجعة", now=home.now())
        _fill(home, public_id, files)

    return do


@pytest.fixture
def poison(home: Installation) -> Callable[[str], None]:
    """Spoils the stored record of every version of a resource, as a damaged disk or a strange hand would."""

    def do(public_id: str) -> None:
        with transaction(home.engine) as session:
            wanted = sa.text(
                "UPDATE version SET record = :text WHERE resource_id = (SELECT id FROM resource WHERE public_id = :id)"
            )
            session.connection().execute(wanted, {"text": '{"title": 5}', "id": public_id})

    return do


def _fill(home: Installation, public_id: str, files: Mapping[str, tuple[bytes, str]]) -> None:
    stored = {name: home.store.put([content]) for name, (content, _) in files.items()}
    with transaction(home.engine) as session:
        for name, kept in stored.items():
            deposits.attach(
                session,
                OPERATOR,
                public_id,
                home.store,
                kept,
                name=name,
                media_type=files[name][1],
                replace=True,
                limits=home.settings,
                now=home.now(),
            )
        publishing.publish(session, OPERATOR, public_id, repository_id=home.repository_id, now=home.now())


@pytest.fixture
def member(home: Installation) -> Callable[..., dict[str, str]]:
    """``member("college")``: the header of a depositor there; further arguments are scopes of the token."""

    def do(at: str = "college", *scopes: str, role: Role = Role.DEPOSITOR) -> dict[str, str]:
        return token_of(home, factories.member(home, role, at), *scopes)

    return do


@pytest.fixture
def author(home: Installation, client: TestClient) -> Someone:
    return calling.someone(home, client, Role.DEPOSITOR)


@pytest.fixture
def draft(home: Installation, author: Someone) -> str:
    """The author's, without files."""
    assert author.actor is not None
    return factories.drafted(home, files={}, actor=author.actor)


@pytest.fixture
def sender(home: Installation, client: TestClient) -> Sender:
    return tus.by_depositor(home, client)
