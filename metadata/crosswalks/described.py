"""What a crosswalk is given: a record and the plain facts around it, collected by whoever knows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from metadata.record import Record, Text


@dataclass(frozen=True)
class FileLink:
    """One file as the world may fetch it: absolute URL, size in bytes, SHA-256 in hexadecimal."""

    url: str
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Described:
    """A published version, ready to be written in any format.

    ``identifier`` is the OAI identifier, ``url`` the landing page, ``institution`` its names by language,
    ``published`` the moment of this version (with a time zone), ``files`` those that the access allows, in order.
    """

    identifier: str
    url: str
    record: Record
    institution: Sequence[Text]
    published: datetime
    version: int = 1
    files: Sequence[FileLink] = ()
