"""The bytes of one OAI-PMH record: header, metadata, about. Pure, without namespaces of their own.

The envelope around them declares ``http://www.openarchives.org/OAI/2.0/`` as the default namespace.
Source: OAI-PMH 2.0, sections 2.5 (record) and 3.3 (UTC datestamps).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from metadata.xml import NAMESPACES, escape


def datestamp(moment: datetime) -> str:
    """``2024-05-17T08:30:00Z``: UTC, whole seconds. Raises ValueError where the moment has no time zone."""
    if moment.utcoffset() is None:
        raise ValueError("a datestamp needs a moment with a time zone")
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def header(identifier: str, stamp: datetime, sets: Iterable[str] = (), deleted: bool = False) -> bytes:
    """``<header>`` with the sets in the order given; ``status="deleted"`` for a tombstone."""
    status = ' status="deleted"' if deleted else ""
    specs = "".join(f"<setSpec>{escape(spec)}</setSpec>" for spec in sets)
    written = (
        f"<header{status}><identifier>{escape(identifier)}</identifier>"
        f"<datestamp>{datestamp(stamp)}</datestamp>{specs}</header>"
    )
    return written.encode()


def as_deleted(head: bytes) -> bytes:
    """The header of a tombstone for a record that is not one: to harvesters of a format that it has left."""
    return head.replace(b"<header>", b'<header status="deleted">', 1)


def body(metadata: bytes, about: Sequence[bytes] = ()) -> bytes:
    """What follows the header of a record that is not deleted: a format's bytes and any number of about containers."""
    abouts = b"".join(b"<about>" + part + b"</about>" for part in about)
    return b"<metadata>" + metadata + b"</metadata>" + abouts


@lru_cache(maxsize=64)
def rights(licence: str) -> bytes:
    """The content of an about container: the description is under the licence with this URI. ``xsi`` is the envelope's.

    Source: Conveying rights expressions about metadata in the OAI-PMH framework, section 2.
    """
    namespace = NAMESPACES["rights"]
    schema = "http://www.openarchives.org/OAI/2.0/rights.xsd"
    return (
        f'<rights xmlns="{namespace}" xsi:schemaLocation="{namespace} {schema}">'
        f'<rightsReference ref="{escape(licence)}"/></rights>'
    ).encode()


def record(head: bytes, following: bytes = b"") -> bytes:
    """``<record>`` from a header's bytes and a :func:`body`; without one the record is a deleted one."""
    return b"<record>" + head + following + b"</record>"
