"""``/invitation``: where the link of an invitation leads.

The secret stands behind the link's ``#`` and never comes here: the page's script puts it into the form, and sends that
to the API.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from api import render, security
from api.pages.frame import sent
from oer import passwords
from oer.workflow import Role


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """``shortest`` and ``longest``: characters of a password."""

    accept_path: str
    shortest: int
    longest: int
    roles: tuple[str, ...]


def show(request: Request) -> Response:
    shortest, longest = passwords.LENGTHS
    path = f"{request.app.state.prefix}/api/invitations/accept"
    page = InvitationPage(path, shortest, longest, tuple(role.word for role in Role if role is not Role.NONE))
    content = render.html(request, "invitation.html", page)
    return sent(request, content, render.spoken(request), policy=security.SCRIPTED)
