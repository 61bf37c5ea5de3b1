"""What a crosswalk is given and what it gives back: a record with the plain facts around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import PurePosixPath

from metadata import vocabularies
from metadata.record import Identifier, Record, Text


@dataclass(frozen=True)
class FileLink:
    """One file as the world may fetch it: absolute URL, size in bytes, SHA-256 in hexadecimal."""

    url: str
    name: str
    media_type: str
    size: int
    sha256: str

    @cached_property
    def group(self) -> vocabularies.Term:
        """What kind of file it is (vocabulary ``media-groups``)."""
        return vocabularies.media_group(self.media_type, PurePosixPath(self.name).suffix)


@dataclass(frozen=True, eq=False)
class Described:
    """A published version, ready to be written in any format; each is a thing of its own, whatever it holds.

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

    @cached_property
    def page(self) -> Identifier:
        """The landing page as a name of the work."""
        return Identifier(scheme="url", value=self.url)


@dataclass(frozen=True)
class Loaded:
    """What was understood of somebody else's description, cleaned as every record is, and what was not.

    ``unmapped`` tells element and text of what found no place in the record, such as ``dc:relation: see also``, so
    that nothing is lost without a trace. A record may lack what publishing needs: judging is for others.
    """

    record: Record
    unmapped: Sequence[str] = ()
