"""Settings: read once at the edge from ``OER_…`` variables, then passed on as one frozen value.

``docs/settings.md`` has the table; a test compares it with this class.
"""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from metadata import values
from oer import identifiers
from oer.errors import Misconfigured

LANGUAGES = ("ar", "fr", "en")
# ASCII without quotes, query or user: it stands in HTTP headers and XML as it is.
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~%/-]*)?")
# What an address would read as its own in the name of a folder; the rest stays readable.
_ESCAPED = {ord(letter): f"%{ord(letter):02X}" for letter in "%?#\t\n\r"}
KIB, MIB, GIB = 1024, 1024**2, 1024**3
_PLAIN_NAMES = {
    "ar": "موارد تعليمية مفتوحة",
    "fr": "Ressources éducatives libres",
    "en": "Open educational resources",
}


class Settings(BaseSettings):
    """Everything an operator may decide. Sizes in bytes, times in seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="OER_", frozen=True, extra="ignore", env_ignore_empty=True)

    data: Path = Field(Path("data"), description="Folder of everything the embedded default keeps")
    database_url: str = Field(  # it may hold a password
        "", repr=False, description="SQLite file in the data folder, or postgresql://user@host/name"
    )
    database_pool: int = Field(10, ge=1, le=200, description="Database connections of one process")
    store_url: str = Field("", description="Where files are kept: file: in the data folder, or s3://host/bucket")
    store_access_key: SecretStr = Field(SecretStr(""), description="Access key of the S3 store")
    store_secret_key: SecretStr = Field(SecretStr(""), description="Secret key of the S3 store")
    base_url: str = Field("http://localhost:8000", description="The address that the world reaches this repository at")
    content_origin: str = Field(
        "", description="Origin of their own for uploaded files, such as https://files.example.org; none by default"
    )
    repository_id: str = Field("", description="Domain-like name in OAI identifiers; fixed after the first publication")
    repository_name: str = Field("", description="The name shown on pages and to harvesters; a plain one by default")
    admin_email: str = Field("admin@oer.localhost.localdomain", description="Whom harvesters and readers write to")
    languages: Annotated[tuple[str, ...], NoDecode] = Field(
        LANGUAGES, description="Interface languages in order; the first is the default"
    )
    labels: Path | None = Field(None, description="JSON file with labels that replace those of vocabulary terms")
    max_file_size: int = Field(8 * GIB, ge=1, description="Largest file of a resource")
    max_files: int = Field(500, ge=1, description="Most files of one resource")
    max_draft_size: int = Field(32 * GIB, ge=1, description="Largest draft: all of its files together")
    person_quota: int = Field(0, ge=0, description="Bytes that one person's drafts may take; 0 is no limit")
    institution_quota: int = Field(0, ge=0, description="Bytes that one institution's drafts may take; 0 is no limit")
    max_uploads: int = Field(32, ge=1, le=1000, description="Uploads that one web process receives at a time")
    upload_days: int = Field(7, ge=1, le=365, description="Days that an unfinished upload waits for its next byte")
    max_record_size: int = Field(1 * MIB, ge=1 * KIB, description="Largest metadata record as JSON")
    max_import_rows: int = Field(200_000, ge=1, description="Most rows of one import")
    max_import_size: int = Field(8 * GIB, ge=1, description="Largest import by REST: table or ZIP")
    page_size: int = Field(20, ge=1, le=100, description="Resources on one page of a REST list")
    oai_page_size: int = Field(
        100,
        ge=1,
        le=100,
        description="Records on one page of an OAI-PMH list; other numbers are slower",
    )
    oai_token_days: int = Field(7, ge=1, le=365, description="Days that an OAI-PMH resumption token stays valid")
    oai_deleted_on_leaving: bool = Field(
        True, description="Whether a record that leaves a set is shown as deleted to harvesters of that set"
    )
    oai_metadata_licence: str = Field(
        "", description="URI of the licence of all descriptions; each is under that of its resource by default"
    )
    oai_content: str = Field("", description="What Identify tells of the holdings: words, or a URL")
    oai_metadata_policy: str = Field("", description="What may be done with descriptions: words, or a URL")
    oai_data_policy: str = Field("", description="What may be done with files: words, or a URL")
    oai_submission_policy: str = Field("", description="Who may deposit: words, or a URL")
    oai_friends: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Base URLs of OAI-PMH endpoints that harvesters of this one may like too"
    )
    oai_icon: str = Field("", description="URL of the picture that service providers may show beside our records")
    resourcesync_page_size: int = Field(
        10_000, ge=1, le=50_000, description="Most addresses of one ResourceSync list or sitemap; beyond it is an index"
    )
    fetch_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Private networks whose endpoints may be asked too; by default public addresses alone"
    )
    token_days: int = Field(90, ge=1, le=3650, description="Days that an access token is valid unless it says less")
    session_days: int = Field(30, ge=1, le=365, description="Days without a visit after which a browser is signed out")
    invitation_days: int = Field(14, ge=1, le=365, description="Days that an invitation can be accepted")
    sign_in_minutes: int = Field(15, ge=1, le=1440, description="Minutes over which failed sign-ins are counted")
    sign_in_tries: int = Field(10, ge=1, le=1000, description="Failed sign-ins of one account in that time")
    sign_in_network_tries: int = Field(
        100, ge=1, le=100_000, description="Failed sign-ins from one network in that time, whatever the accounts"
    )
    report_tries: int = Field(
        20, ge=1, le=100_000, description="Reports of problems from one network in the time of `OER_SIGN_IN_MINUTES`"
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        ("127.0.0.0/8", "::1/128"), description="Networks whose X-Forwarded-For is believed: your own reverse proxies"
    )
    sweep_grace_hours: float = Field(
        24, ge=0, le=87_600, description="Age in hours from which bytes that nothing refers to are removed"
    )
    rate_limit: int = Field(
        6000,
        ge=0,
        le=10_000_000,
        description="Requests below /api/ of one caller in a minute; 0 is no limit",
    )
    usage: bool = Field(True, description="Whether views and downloads are counted, by day and without a trace of who")
    job_attempts: int = Field(5, ge=1, le=100, description="Attempts before a job is set aside")
    development: bool = Field(False, description="Whether pages about the product itself are there: /styleguide")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="What is logged, as JSON lines")

    @field_validator("languages", "trusted_proxies", "oai_friends", "fetch_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("languages")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) != len(value) or not set(value) <= set(LANGUAGES):
            raise ValueError("choose from ar, fr, en, each at most once")
        return value

    @field_validator("trusted_proxies", "fetch_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ip_network(part)) for part in value)  # ValueError says what is wrong with it

    @field_validator("oai_friends", "oai_metadata_licence", "oai_icon")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for one in value if isinstance(value, tuple) else (value,):
            if one and not re.fullmatch(r"https?://[!-~]+", one):
                raise ValueError("give an address that begins with https:// or http://")
        return value

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)  # it and .port raise ValueError for brackets and ports that cannot be
        if not _ADDRESS.fullmatch(value) or not parts.hostname or parts.port == 0:
            raise ValueError("give an address such as https://oer.example.org")
        return value.rstrip("/")

    @field_validator("content_origin")
    @classmethod
    def _origin(cls, value: str, info: ValidationInfo) -> str:
        """Cookies go to every port of a host: another port alone keeps nothing apart."""
        parts = urlsplit(value)
        if value and (not _ADDRESS.fullmatch(value) or not parts.hostname or parts.port == 0 or parts.path.strip("/")):
            raise ValueError("give an origin such as https://files.example.org")
        if value and parts.hostname == urlsplit(info.data.get("base_url", "")).hostname:
            raise ValueError("give a host of its own, other than that of OER_BASE_URL")
        return value.rstrip("/").lower()

    @field_validator(
        "repository_name", "oai_content", "oai_metadata_policy", "oai_data_policy", "oai_submission_policy"
    )
    @classmethod
    def _nameable(cls, value: str) -> str:
        cleaned = values.clean(value)
        if "\n" in cleaned or values.illegal_characters(cleaned):
            raise ValueError("give one line of text without control characters")
        return cleaned

    @field_validator("repository_id")
    @classmethod
    def _domain_like(cls, value: str) -> str:
        if value and not identifiers.is_repository_id(value):
            raise ValueError("give a domain-like name with a dot, such as oer.example.org")
        return value

    @field_validator("admin_email")
    @classmethod
    def _dotted(cls, value: str) -> str:
        name, _, domain = value.rpartition("@")
        if not name or "." not in domain.strip(".") or not value.isprintable() or " " in value:
            raise ValueError("give an address whose domain has a dot: the OAI-PMH schema insists")
        return value

    @model_validator(mode="after")
    def _place(self) -> Self:
        """Fill what follows from the data folder. ``object.__setattr__``: the model is frozen for everyone else."""
        folder = self.data.expanduser().absolute()
        escaped = str(folder).translate(_ESCAPED)
        object.__setattr__(self, "data", folder)
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{escaped}/oer.sqlite3")
        if not self.store_url:
            object.__setattr__(self, "store_url", f"file:{escaped}/store")
        return self

    def name(self, language: str | None = None) -> str:
        """The repository's name: the operator's, or a plain one in the language (the first one of the repository)."""
        return self.repository_name or _PLAIN_NAMES[language or self.languages[0]]


def load(**changes: object) -> Settings:
    """The settings of this process's environment. Raises Misconfigured, naming each variable that is wrong."""
    try:
        return Settings(**changes)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = "; ".join(
            f"OER_{str(fault['loc'][0]).upper() if fault['loc'] else ''}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        )
        raise Misconfigured("settings.invalid", faults=faults) from None
