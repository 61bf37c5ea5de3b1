"""What can go wrong, as codes. Sentences in three languages live with the doors (``api/locale``).

Each class is one answer that a caller can act on; each code names one cause. A test walks every class and
every code of :data:`CODES` in every language.
"""

from collections.abc import Sequence
from typing import ClassVar

from metadata.findings import Problem


class OerError(Exception):
    """The root: ``code`` is stable and for programs, ``params`` fill its sentence."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.code} ({details})" if details else self.code


class Invalid(OerError):
    """The input breaks rules; ``problems`` names each with its field."""

    def __init__(self, code: str, problems: Sequence[Problem] = (), **params: object) -> None:
        super().__init__(code, **params)
        self.problems = tuple(problems)


class Unauthenticated(OerError):
    """Nobody, or nobody we know, asks."""


class Forbidden(OerError):
    """The person is known and may not."""


class NotFound(OerError):
    """No such thing, or none that this person may know of."""


class Gone(OerError):
    """It was here and was withdrawn; a tombstone tells why."""


class Conflict(OerError):
    """The thing is not in a state that allows this."""


class Stale(OerError):
    """It changed since the caller read it (HTTP 412)."""


class TooMany(OerError):
    """Tried too often; ``seconds`` of its params says when to come back."""


class TooLarge(OerError):
    """More bytes, files or rows than the limits allow."""


class Full(OerError):
    """No room is left where it should be written; reading still works."""


class Unavailable(OerError):
    """A database or a store does not answer now; the same call may work later."""

    retry_after: ClassVar[int] = 5  # seconds


class Misconfigured(OerError):
    """The settings cannot work together; only the operator can mend it."""


CODES: dict[type[OerError], frozenset[str]] = {
    Invalid: frozenset(
        {
            "bench.no-collection",
            "bench.no-postgresql",
            "oai.check.address-wrong",
            "oai.check.argument-wrong",
            "search.published-only",
            "search.value-unknown",
            "import.id-missing",
            "import.digest-missing",
            "import.row-stale",
            "import.column-fixed",
            "import.cell-unread",
            "import.kept-as-draft",
            "import.elsewhere",
            "record.invalid",
            "record.not-publishable",
            "format.needs-files",
            "request.invalid",
            "cursor.invalid",
            "dump.since-unknown",
            "file.name-taken",
            "file.name-invalid",
            "form.part-repeated",
            "form.file-nameless",
            "files.order-incomplete",
            "file.role-invalid",
            "file.vanished",
            "file.unreadable",
            "files.missing",
            "institution.slug-invalid",
            "institution.slug-taken",
            "institution.name-missing",
            "institution.kind-unknown",
            "institution.country-unknown",
            "institution.colour-invalid",
            "institution.parent-below",
            "institution.too-deep",
            "logo.not-image",
            "person.email-invalid",
            "person.email-taken",
            "person.name-missing",
            "person.language-unknown",
            "password.too-short",
            "password.too-long",
            "password.too-common",
            "password.not-given",
            "password.old-wrong",
            "token.scope-unknown",
            "token.expiry-invalid",
            "role.unknown",
            "reason.unknown",
            "reason.missing",
            "export.target-exists",
            "export.unwritable",
            "import.source-unreadable",
            "import.index-missing",
            "import.files-missing",
            "import.kind-unknown",
            "import.encoding",
            "import.json-invalid",
            "import.json-key-repeated",
            "import.list-missing",
            "import.csv-invalid",
            "import.columns-repeated",
            "import.row-repeated",
            "import.row-not-object",
            "import.row-cells",
            "import.row-files",
            "import.row-name",
            "import.file-alone",
            "import.file-outside",
            "import.file-not-packed",
            "import.file-not-there",
            "import.empty",
            "archive.invalid",
            "archive.encrypted",
            "archive.member-damaged",
            "argument.not-text",
            "record.not-given",
            "body.missing",
            "body.unexpected",
            "idempotency.key-reused",
            "checksum.mismatch",
            "announcement.text-missing",
            "announcement.until-early",
            "announcement.time-far",
            "report.words-missing",
        }
    ),
    Unauthenticated: frozenset(
        {"token.invalid", "token.expired", "sign-in.failed", "sign-in.required", "session.ended"}
    ),
    Forbidden: frozenset(
        {
            "action.forbidden",
            "scope.missing",
            "role.above-own",
            "files.restricted",
            "files.embargoed",
            "files.metadata-only",
            "origin.foreign",
            "collection.closed",
            "collection.not-own",
        }
    ),
    NotFound: frozenset(
        {
            "job.unknown",
            "job.report-unknown",
            "resource.unknown",
            "upload.unknown",
            "version.unknown",
            "version.none",
            "vocabulary.unknown",
            "file.unknown",
            "preview.unknown",
            "draft.unknown",
            "institution.unknown",
            "person.unknown",
            "account.unknown",
            "member.unknown",
            "invitation.unknown",
            "logo.unknown",
            "token.unknown",
            "page.unknown",
            "collection.unknown",
            "collection.item-unknown",
            "announcement.unknown",
            "report.unknown",
        }
    ),
    Gone: frozenset({"resource.withdrawn", "resource.hidden", "upload.expired", "upload.draft-gone"}),
    Conflict: frozenset(
        {
            "demo.slug-taken",
            "demo.partly-there",
            "job.finished",
            "job.not-failed",
            "job.superseded",
            "import.too-many",
            "oai.check.too-many",
            "transition.impossible",
            "draft.exists",
            "version.unchanged",
            "write.collided",
            "write.again",
            "upload.offset-wrong",
            "institution.not-empty",
            "person.last-administrator",
            "invitation.used",
            "invitation.ended",
            "collection.holds-already",
            "collection.unit-not-empty",
            "resource.not-published",
        }
    ),
    Stale: frozenset(
        {
            "draft.stale",
            "file.stale",
            "resource.stale",
            "institution.stale",
            "member.stale",
            "person.stale",
            "collection.stale",
            "announcement.stale",
            "report.stale",
        }
    ),
    TooMany: frozenset({"sign-in.too-many", "reports.too-many"}),
    TooLarge: frozenset(
        {
            "import.too-large",
            "logo.too-large",
            "file.too-large",
            "draft.too-large",
            "quota.person",
            "quota.institution",
            "upload.too-long",
            "files.too-many",
            "record.too-large",
            "request.too-large",
            "import.too-many-rows",
            "import.index-too-large",
            "archive.bomb",
            "archive.too-many",
            "export.too-many-for-zip",
            "collection.too-many-units",
            "collection.too-many-items",
        }
    ),
    Full: frozenset({"store.full", "database.full", "export.full"}),
    Unavailable: frozenset(
        {
            "harvest.busy",
            "database.busy",
            "database.unreachable",
            "database.damaged",
            "database.read-only",
            "store.unavailable",
            "store.damaged",
            "record.damaged",
            "blob.being-removed",
            "bench.unanswered",
            "rendering.interrupted",
            "search.building",
            "suggestions.busy",
            "pack.busy",
        }
    ),
    Misconfigured: frozenset(
        {
            "settings.invalid",
            "settings.repository-id-fixed",
            "settings.store-unknown",
            "settings.database-unknown",
            "settings.data-unwritable",
            "labels.invalid",
            "settings.port-unusable",
            "database.not-migrated",
            "database.newer",
        }
    ),
}
