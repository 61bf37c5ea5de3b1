"""Records read back from where they are stored. A damaged one is told and logged, and stops no other."""

import logging

from metadata.record import Record
from oer.errors import Unavailable
from oer.models import Draft, Resource, Version

logger = logging.getLogger(__name__)


def record_of(resource: Resource, row: Version | Draft) -> Record:
    """The record of a version or draft. Raises Unavailable, and logs, where the stored text is none."""
    try:
        return row.description()
    except ValueError as error:
        where = {"version": row.number} if isinstance(row, Version) else {"draft": row.id}
        logger.error(  # noqa: TRY400 - the trace would quote the record
            "a stored record cannot be read",
            extra={"resource": resource.public_id, **where, "error": type(error).__name__},
        )
        raise Unavailable("record.damaged", id=resource.public_id) from None
