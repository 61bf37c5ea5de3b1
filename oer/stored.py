"""Records read back from where they are stored. A damaged one is told and logged, and stops no other."""

import logging

from pydantic import BaseModel

from metadata.record import Record, Text
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


class _Named(BaseModel):
    """As much of a stored record as a list of names needs; the rest is passed over, ten times as fast."""

    title: list[Text] = []


def title_of(text: str, *, resource: str) -> list[Text]:
    """The title in a stored record of the resource with this public id. Errors as for :func:`record_of`."""
    try:
        return _Named.model_validate_json(text).title
    except ValueError as error:
        told = {"resource": resource, "error": type(error).__name__}
        logger.error("a stored record cannot be read", extra=told)  # noqa: TRY400 - the trace would quote the record
        raise Unavailable("record.damaged", id=resource) from None
