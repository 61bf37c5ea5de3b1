"""Whether this process lives, and whether it can serve: for load balancers, without details for strangers."""

import json
import logging

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from oer.db import reading
from oer.errors import OerError
from oer.installation import Installation
from storage.errors import Missing, StoreError

logger = logging.getLogger(__name__)

_NOTHING = "0" * 64  # a key that no bytes have: the store has to look, and to say so


async def live(_request: Request) -> Response:
    return _said("live", 200)


async def ready(request: Request) -> Response:
    here: Installation = request.app.state.installation
    if await run_in_threadpool(_answers, here):
        return _said("ready", 200)
    return _said("unavailable", 503)


def _answers(here: Installation) -> bool:
    """Whether database and store answer; what they said instead is logged."""
    try:
        with reading(here.engine) as session:
            session.connection().execute(sa.text("SELECT 1 FROM clock"))
        here.store.stat(_NOTHING)
    except Missing:
        return True
    except (OerError, StoreError, sa.exc.SQLAlchemyError) as error:
        logger.warning("not ready", extra={"fault": str(error)})
        return False
    return True


def _said(status: str, code: int) -> Response:
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "5"} if code == 503 else {})
    return Response(json.dumps({"status": status}), code, headers, media_type="application/json")
