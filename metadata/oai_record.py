"""The bytes of one OAI-PMH record: header, metadata, about. Pure, without namespaces of their own.

The envelope around them declares ``http://www.openarchives.org/OAI/2.0/`` as the default namespace.
Source: OAI-PMH 2.0, sections 2.5 (record) and 3.3 (UTC datestamps).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from metadata.xml import escape


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


def record(head: bytes, body: bytes | None = None, about: Sequence[bytes] = ()) -> bytes:
    """``<record>`` from a header's bytes, a format's bytes and any number of about containers' contents.

    Without ``body`` the record is a deleted one: header only, and ``about`` must be empty (ValueError).
    """
    if body is None:
        if about:
            raise ValueError("a deleted record carries no about container")
        return b"<record>" + head + b"</record>"
    abouts = b"".join(b"<about>" + part + b"</about>" for part in about)
    return b"<record>" + head + b"<metadata>" + body + b"</metadata>" + abouts + b"</record>"
