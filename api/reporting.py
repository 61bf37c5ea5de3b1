"""Reports of problems as they come from strangers: counted by network, robots passed over in silence."""

from datetime import timedelta

from sqlmodel import Session
from starlette.requests import Request

from api import lookup, networks
from oer import attempts, reports
from oer.db import transaction
from oer.errors import TooMany
from oer.installation import Installation
from oer.models import Report
from oer.policy import ANONYMOUS


def count(request: Request, here: Installation) -> None:
    """One report more from this network, of which a keyed hash is kept as long as it counts. Raises TooMany."""
    network = attempts.subject(here.secret, "report", networks.of(request, here))
    window = timedelta(minutes=here.settings.sign_in_minutes)
    with transaction(here.engine) as session:
        try:
            attempts.take(session, network, most=here.settings.report_tries, window=window, now=here.now())
        except TooMany as error:
            raise TooMany("reports.too-many", seconds=error.params["seconds"]) from None


def filed(
    session: Session,
    here: Installation,
    public_id: str,
    *,
    reason: str,
    words: str,
    email: str | None,
    lang: str,
    website: str,
) -> Report:
    """The report on a resource that everybody sees. Raises NotFound, Gone, Invalid (``reports.file``).

    ``website`` is a field that people do not see: who fills it in is a robot, and gets a report that is kept nowhere.
    """
    resource, _ = lookup.resource(session, ANONYMOUS, public_id)
    now = here.now()
    if website:
        reference = reports.new_reference()
        return Report(
            reference=reference, resource_id=resource.id or 0, reason=reason, words="", language=lang, created=now,
            changed=now,
        )  # fmt: skip
    return reports.file(session, resource, reason=reason, words=words, email=email, lang=lang, now=now)
