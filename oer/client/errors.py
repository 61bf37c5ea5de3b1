"""What a client may meet."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, with the field it is about, in the client's language."""

    field: str
    code: str
    message: str
    severity: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Fault":
        return cls(*(str(told.get(name, "")) for name in ("field", "code", "message", "severity")))


class ClientError(Exception):
    """Everything that the client raises but for wrong arguments."""


class ApiError(ClientError):
    """The repository refuses. Programs look at ``code``; ``detail`` and ``errors`` are for people, and so is ``str()``.

    ``code`` is empty where the answer is none of the repository's: of a proxy, say. ``retry_after``: the seconds
    after which it may be asked again, if it said so.
    """

    def __init__(
        self, status: int, code: str, detail: str, errors: Sequence[Fault] = (), *, retry_after: float | None = None
    ) -> None:
        told = [f"{fault.field}: {fault.message}" if fault.field else fault.message for fault in errors]
        super().__init__("\n  ".join([f"{status} {code}: {detail}" if code else f"{status} {detail}", *told]))
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = retry_after

    @classmethod
    def of(cls, status: int, content: bytes, *, retry_after: float | None = None) -> "ApiError":
        """From a problem document (RFC 9457), or from whatever came instead."""
        try:
            told = json.loads(content)
            errors = [Fault.of(fault) for fault in told.get("errors") or ()]
            return cls(status, str(told["code"]), str(told.get("detail", "")), errors, retry_after=retry_after)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return cls(status, "", content[:200].decode("utf-8", "replace").strip(), retry_after=retry_after)


class Unreachable(ClientError):
    """No whole answer came, however often it was asked for."""


class Damaged(ClientError):
    """Bytes are not those that the repository has told the checksum of. Nothing of them was kept."""


class Unfinished(ClientError):
    """A job has not ended in the time that was given. It goes on."""
