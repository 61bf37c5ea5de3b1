"""``/api/suggestions``: what a depositor may want to say, drawn from the files of a draft."""

from functools import partial

from fastapi import Request
from starlette.responses import Response

from api import conditional, deps, lookup, render, searching, streams, writing
from api.deps import Caller, Here
from api.routes import drafts
from api.routing import Router
from api.schemas import suggestions as bodies
from oer import policy, queries, suggestions
from oer.db import reading
from oer.errors import Unavailable
from oer.extraction.texts import Reading
from oer.suggestions import Suggestion

router = Router(tags=["drafts"], responses=drafts.router.responses)

_AT_ONCE = 2  # for each process: files are read meanwhile, and each takes a processor
_PATIENCE = 10.0  # seconds


@router.write(
    "POST",
    "/api/suggestions",
    policy="draft",
    response_model=bodies.SuggestionsOut,
    summary="Languages, titles, keywords and subjects, drawn from the files of a draft; nothing is changed",
)
async def suggest(request: Request, here: Here, caller: Caller, asked: bodies.SuggestionsIn) -> Response:
    """Each with a score and the files it comes from. The first time the files are read, which takes some seconds."""
    work = partial(_suggested, request, here, caller, asked)
    try:
        return await streams.apart(request, work, lane="suggestions", at_once=_AT_ONCE, patience=_PATIENCE)
    except TimeoutError:
        raise Unavailable("suggestions.busy") from None


def _suggested(request: Request, here: Here, caller: Caller, asked: bodies.SuggestionsIn) -> Response:
    writing.require_key(request)
    with reading(here.engine) as session:
        actor = deps.signed_in(session, here, caller)
        policy.require_scope(actor, "read")
        found = lookup.draft(session, actor, asked.resource)
        files = queries.resources.draft_files(session, draft_id=found.draft.id or 0)
    lang = render.language(request)
    work = Reading(here.engine, here.store, folder=here.settings.data, now=here.now)
    told = suggestions.suggest(work, here.search, files)
    shown = bodies.SuggestionsOut(
        languages=[
            bodies.LanguageSuggestion(value=one.value, label=searching.label("language", one.value, lang), **_why(one))
            for one in told.languages
        ],
        titles=[bodies.TextSuggestion(value=one.value, lang=one.lang or "und", **_why(one)) for one in told.titles],
        keywords=[bodies.TextSuggestion(value=one.value, lang=one.lang or "und", **_why(one)) for one in told.keywords],
        subjects=[
            bodies.SubjectSuggestion(value=one.value, label=searching.label("subject", one.value, lang), **_why(one))
            for one in told.subjects
        ],
        unread=list(told.unread),
    )
    headers = {"Cache-Control": conditional.PRIVATE, "Content-Language": lang, "Vary": "Accept-Language"}
    return Response(shown.content(), headers=headers, media_type="application/json")


def _why(one: Suggestion) -> dict[str, object]:
    sources = [bodies.SourceOut(file=source.file, origin=source.origin) for source in one.sources]
    return {"score": round(one.score, 3), "sources": sources}
