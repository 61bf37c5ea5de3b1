"""What a crosswalk is given and what it gives back: a record with the plain facts around it."""

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


@dataclass(frozen=True)
class Loaded:
    """What was understood of somebody else's description, cleaned as every record is, and what was not.

    ``unmapped`` tells element and text of what found no place in the record, such as ``dc:relation: see also``, so
    that nothing is lost without a trace. A record may lack what publishing needs: judging is for others.
    """

    record: Record
    unmapped: Sequence[str] = ()
