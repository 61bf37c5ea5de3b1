"""``oer withdraw``, ``restore``, ``hide``, ``unhide``: resources taken out of sight and shown again."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from oer import publishing
from oer.cli import context
from oer.cli.context import As, AsJson
from oer.cli.deposits import Id, tell
from oer.db import transaction
from oer.workflow import REASONS

Reason = Annotated[str, typer.Option(help=f"One of {', '.join(REASONS)}.")]
Words = Annotated[str, typer.Option("--note", help="Public words for the tombstone.")]


def withdraw(public_id: Id, reason: Reason, note: Words = "", as_: As = None, as_json: AsJson = False) -> None:
    """Withdraw a resource: a public tombstone stays, harvesters see it deleted."""
    _step(publishing.withdraw, public_id, "withdrawn", as_, as_json=as_json, reason=reason, note=note)


def restore(public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """Bring a withdrawn resource back as it was."""
    _step(publishing.restore, public_id, "restored", as_, as_json=as_json)


def hide(public_id: Id, reason: Reason, note: Words = "", as_: As = None, as_json: AsJson = False) -> None:
    """Take a resource out of sight while a complaint is examined."""
    _step(publishing.hide, public_id, "hidden", as_, as_json=as_json, reason=reason, note=note)


def unhide(public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """Show a hidden resource again."""
    _step(publishing.unhide, public_id, "published", as_, as_json=as_json)


def _step(
    verb: Callable[..., Any], public_id: str, state: str, email: str | None, *, as_json: bool, **why: str
) -> None:
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            actor = context.actor(session, email)
            verb(session, actor, public_id, repository_id=found.repository_id, now=found.now(), **why)
        tell(found, public_id, state, as_json=as_json)
