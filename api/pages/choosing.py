"""``/preferences``: language, text size, colours, low data; kept in a cookie of this site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import deps, i18n, preferences, render
from api.pages import frame, signing_in
from oer.installation import Installation


@dataclass(frozen=True, slots=True)
class PreferencesPage:
    """``languages``: value and words of each choice; ``onward`` is where the form leads."""

    onward: str
    kept: bool
    languages: Sequence[tuple[str, str]]


def show(request: Request) -> Response:
    here: Installation = request.app.state.installation
    spoken = render.spoken(request)
    names = [(code, render.LANGUAGE_NAMES[code]) for code in here.settings.languages]
    automatic = ("", i18n.message("preferences.lang-auto", spoken))
    kept = request.query_params.get("kept") == "1"
    page = PreferencesPage(_came_from(request, here), kept, [automatic, *names])
    return frame.sent(request, render.html(request, "preferences.html", page), spoken)


def _came_from(request: Request, here: Installation) -> str:
    """The page of this site that led here: the form leads back to it."""
    try:
        referrer, own = urlsplit(request.headers.get("referer", "")), urlsplit(here.settings.base_url)
    except ValueError:
        return "/preferences?kept=1"
    path = referrer.path.removeprefix(request.app.state.prefix)
    if referrer.netloc not in (own.netloc, request.headers.get("host")) or path == "/preferences":
        return "/preferences?kept=1"
    kept = "&".join(part for part in referrer.query.split("&") if part and not part.startswith("lang="))
    return signing_in.safe(f"{path}?{kept}" if kept else path)


async def keep(request: Request) -> Response:
    return await run_in_threadpool(_keep, request, await signing_in.fields(request))


def _keep(request: Request, given: Mapping[str, str]) -> Response:
    """Raises Forbidden for what another site has sent."""
    here: Installation = request.app.state.installation
    deps.refuse_foreign(request, here)
    chosen = preferences.chosen(given)
    onward = f"{request.app.state.prefix}{signing_in.safe(given.get('next', ''))}"
    answer = RedirectResponse(onward, status_code=303)
    answer.set_cookie(
        preferences.COOKIE,
        chosen.written,
        max_age=preferences.LASTS,
        path=request.app.state.prefix or "/",
        secure=here.settings.base_url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )
    return answer
