import os
import re
from pathlib import Path

import pytest
from factories import opened
from pydantic import SecretStr

from oer import installation, settings
from oer.errors import Misconfigured
from oer.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"\| `(OER_[A-Z_]+)` \| (?:`([^`]*)`)? ?\| (.+) \|")
TABLE = [
    ROW.fullmatch(line).groups()
    for line in (ROOT / "docs" / "settings.md").read_text("utf-8").splitlines()
    if line.startswith("| `")
]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):

    for name in [name for name in os.environ if name.startswith("OER_")]:
        monkeypatch.delenv(name)


# ── the documented table ────────────────────────────────────────────────────────────────────────


def test_the_table_has_every_setting_in_the_order_of_the_code():
    assert [name for name, _, _ in TABLE] == [f"OER_{field.upper()}" for field in Settings.model_fields]


@pytest.mark.parametrize(("name", "default", "meaning"), TABLE)
def test_the_table_says_what_the_code_says(monkeypatch, name, default, meaning):
    field = name.removeprefix("OER_").lower()
    assert meaning == Settings.model_fields[field].description
    without = settings.load()
    kept = Settings.model_fields[field].default
    if default is None:
        assert kept in ("", None, (), SecretStr(""))
        return
    monkeypatch.setenv(name, default)
    assert getattr(settings.load(), field) == getattr(without, field)
    assert kept not in ("", None)


# ── what is right ───────────────────────────────────────────────────────────────────────────────


def test_everything_has_a_default_inside_the_data_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = settings.load()
    assert found.data == tmp_path / "data"
    assert found.database_url == f"sqlite:///{tmp_path}/data/oer.sqlite3"
    assert found.store_url == f"file:{tmp_path}/data/store"


@pytest.mark.parametrize("name", ["b%41c", "b#c", "b?c=1", "b c", "مكتبة", "a\nb\tc", "100%"])
def test_the_data_folder_is_the_one_that_is_named_whatever_its_name_holds(monkeypatch, tmp_path, name):
    monkeypatch.setenv("OER_DATA", str(tmp_path / name))
    installation.open_installation(settings.load()).close()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert {path.name for path in (tmp_path / name).iterdir()} >= {"oer.sqlite3", "store"}


def test_an_empty_variable_counts_as_absent(monkeypatch):
    for name, _, _ in TABLE:
        monkeypatch.setenv(name, "")
    empty = settings.load()
    for name, _, _ in TABLE:
        monkeypatch.delenv(name)
    assert empty == settings.load()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("BASE_URL", "https://oer.example.org/", "https://oer.example.org"),
        ("BASE_URL", "https://example.org/oer/", "https://example.org/oer"),
        ("BASE_URL", "http://[::1]:8000", "http://[::1]:8000"),
        ("LANGUAGES", " en , ar ", ("en", "ar")),
        ("REPOSITORY_ID", "oer.example.org", "oer.example.org"),
        ("TRUSTED_PROXIES", " 10.0.0.0/8 , 192.0.2.7 ,::1", ("10.0.0.0/8", "192.0.2.7/32", "::1/128")),
        ("REPOSITORY_NAME", "  موارد\u200f ", "موارد"),
        ("MAX_FILE_SIZE", "1", 1),
        ("SWEEP_GRACE_HOURS", "0.5", 0.5),
        ("LABELS", "/etc/oer/labels.json", Path("/etc/oer/labels.json")),
    ],
)
def test_values_are_read_into_one_form(monkeypatch, name, value, expected):
    monkeypatch.setenv(f"OER_{name}", value)
    assert getattr(settings.load(), name.lower()) == expected


def test_settings_never_change():
    found = settings.load()
    with pytest.raises(ValueError, match="frozen"):
        found.page_size = 3


# ── what is wrong ───────────────────────────────────────────────────────────────────────────────

WRONG = {
    "DATABASE_POOL": ["0", "201", "many"],
    "RATE_LIMIT": ["-1", "10000001", "x"],
    "MAX_IMPORT_SIZE": ["0", "-1", "x"],
    "OAI_DELETED_ON_LEAVING": ["perhaps", "2"],
    "USAGE": ["perhaps", "2"],
    "BASE_URL": [
        *("oer.example.org", "ftp://oer.example.org", "https://", "https://h:99999", "https://h:0", "https://[::1"),
        *(
            "https://u:p@h",
            "https://h?a=b",
            "https://h#f",
            "https://h h",
            "https://h\n",
            'https://h/"',
            "https://مثال.org",
        ),
    ],
    "CONTENT_ORIGIN": [
        *("files.example.org", "ftp://files.example.org", "https://", "https://h:0", "https://h?a=b", "https://u:p@h"),
        *("https://files.example.org/oer", "http://localhost:8001", "https://مثال.org"),
    ],
    "REPOSITORY_ID": ["localhost", "oer example.org", "1.org", "oer.org\n"],
    "REPOSITORY_NAME": ["a\x01b", "two\nlines"],
    "ADMIN_EMAIL": ["admin", "admin@localhost", "@example.org", "a b@example.org", "a@example.org\n"],
    "LANGUAGES": ["de", "ar,ar", ",", "ar;fr"],
    "MAX_FILE_SIZE": ["0", "-1", "8 GiB", "1.5"],
    "MAX_FILES": ["0", "x"],
    "MAX_DRAFT_SIZE": ["0", "x"],
    "PERSON_QUOTA": ["-1", "x"],
    "INSTITUTION_QUOTA": ["-1", "x"],
    "MAX_UPLOADS": ["0", "1001", "x"],
    "UPLOAD_DAYS": ["0", "366", "x"],
    "MAX_RECORD_SIZE": ["1023", "x"],
    "MAX_IMPORT_ROWS": ["0", "x"],
    "PAGE_SIZE": ["0", "100000", "x"],
    "OAI_PAGE_SIZE": ["0", "101", "x"],
    "OAI_TOKEN_DAYS": ["0", "366", "x"],
    "OAI_METADATA_LICENCE": ["CC0", "https://", "https://example.org/a b"],
    "OAI_CONTENT": ["a\x01b", "two\nlines"],
    "OAI_METADATA_POLICY": ["a\x01b"],
    "OAI_DATA_POLICY": ["a\x01b"],
    "OAI_SUBMISSION_POLICY": ["a\x01b"],
    "OAI_FRIENDS": ["example.org/oai", "https://example.org/oai,ftp://example.org"],
    "OAI_ICON": ["icon.png", "javascript:alert(1)"],
    "RESOURCESYNC_PAGE_SIZE": ["0", "50001", "x"],
    "TOKEN_DAYS": ["0", "3651", "x"],
    "SESSION_DAYS": ["0", "366", "x"],
    "INVITATION_DAYS": ["0", "366", "x"],
    "SIGN_IN_MINUTES": ["0", "1441", "x"],
    "SIGN_IN_TRIES": ["0", "1001", "x"],
    "SIGN_IN_NETWORK_TRIES": ["0", "100001", "x"],
    "REPORT_TRIES": ["0", "100001", "x"],
    "TRUSTED_PROXIES": ["proxy.example.org", "10.0.0.1/8", "10.0.0.0/8,x", "::1/200"],
    "FETCH_NETWORKS": ["proxy.example.org", "10.0.0.1/8", "10.0.0.0/8,x", "::1/200"],
    "SWEEP_GRACE_HOURS": ["-1", "nan", "inf", "1e9", "x"],
    "JOB_ATTEMPTS": ["0", "101", "x"],
    "DEVELOPMENT": ["perhaps", "2"],
    "LOG_LEVEL": ["info", "TRACE", "INFO\n", "x"],
}
WHEN_OPENED = {"DATA", "DATABASE_URL", "STORE_URL", "STORE_ACCESS_KEY", "STORE_SECRET_KEY", "LABELS"}


def test_every_setting_has_wrong_values_here():
    assert {name.removeprefix("OER_") for name, _, _ in TABLE} == set(WRONG) | WHEN_OPENED


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(monkeypatch, name, value):
    monkeypatch.setenv(f"OER_{name}", value)
    with pytest.raises(Misconfigured) as caught:
        settings.load()
    assert caught.value.code == "settings.invalid"
    assert str(caught.value.params["faults"]).startswith(f"OER_{name}: ")
    assert len(str(caught.value.params["faults"]).split("; ")) == 1


def test_all_wrong_values_are_named_at_once(monkeypatch):
    monkeypatch.setenv("OER_PAGE_SIZE", "x")
    monkeypatch.setenv("OER_LANGUAGES", "de")
    with pytest.raises(Misconfigured) as caught:
        settings.load()
    assert re.findall(r"OER_\w+", str(caught.value.params["faults"])) == ["OER_LANGUAGES", "OER_PAGE_SIZE"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"database_url": "mysql://u:hunter2@h/x"}, "settings.database-unknown"),
        ({"database_url": "no address hunter2"}, "settings.database-unknown"),
        ({"database_url": "sqlite:///:memory:"}, "settings.database-unknown"),
        ({"store_url": "ftp://h/x"}, "settings.store-unknown"),
        ({"store_url": "s3://h/bucket"}, "settings.store-unknown"),
        ({"store_url": "s3://h/bucket", "store_access_key": "a"}, "settings.store-unknown"),
        ({"store_url": "s3://u:hunter2@h/bucket"}, "settings.store-unknown"),
        ({"data": Path("/dev/null/oer")}, "settings.data-unwritable"),
        ({"labels": Path("/nowhere/labels.json")}, "labels.invalid"),
    ],
)
def test_what_only_shows_when_it_is_opened_is_refused_then(tmp_path, changes, code):
    wanted = settings.load(**({"data": tmp_path} | changes))
    with pytest.raises(Misconfigured) as caught:
        installation.open_installation(wanted)
    assert caught.value.code == code
    assert changes.get("database_url", "").startswith("no address") or "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b'{"x": {"ar": "y"}}',
        b'{"https://w3id.org/kim/hcrt/video": {"ar": ""}}',
        b"[" * 100_000,
    ],
)
def test_labels_that_cannot_be_used_are_refused(tmp_path, content):
    file = tmp_path / "labels.json"
    file.write_bytes(content)
    with pytest.raises(Misconfigured) as caught:
        installation.open_installation(settings.load(data=tmp_path / "data", labels=file))
    assert caught.value.code == "labels.invalid"
    assert caught.value.params["path"] == str(file)


# ── secrets ─────────────────────────────────────────────────────────────────────────────────────


def test_secrets_show_in_no_text():
    found = settings.load(
        database_url="postgresql://oer:hunter2@h/x",
        store_url="s3://h/bucket",
        store_access_key="hunter2",
        store_secret_key="hunter2",
    )
    for text in (repr(found), str(found), f"{found}"):
        assert "hunter2" not in text
    assert found.store_secret_key.get_secret_value() == "hunter2"


def test_an_opened_installation_shows_no_secret_either(tmp_path):
    with opened(tmp_path) as home:
        assert home.secret.hex() not in repr(home)
        assert repr(home.secret) not in repr(home)


def test_a_wrong_secret_is_not_repeated(monkeypatch):
    monkeypatch.setenv("OER_STORE_SECRET_KEY", "hunter2")
    monkeypatch.setenv("OER_PAGE_SIZE", "hunter2")
    with pytest.raises(Misconfigured) as caught:
        settings.load()
    assert "hunter2" not in str(caught.value)
