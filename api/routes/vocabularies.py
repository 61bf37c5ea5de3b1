"""``/api/vocabularies``: the terms that records are written with, for pickers and for programs that deposit."""

from typing import Annotated

from fastapi import Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from api import paging
from api.deps import Here
from api.routing import Router, refusals
from api.schemas import vocabularies as bodies
from metadata import vocabularies
from metadata.vocabularies import Term
from oer.errors import NotFound

router = Router(prefix="/api/vocabularies", tags=["vocabularies"])


class Sought(paging.Asked):
    q: str = Field("", max_length=200, description="Beginnings of words of a name in any language, or a code")
    all: bool = Field(False, description="Also terms that are valid, and no longer for new records")


@router.read("", policy="public", response_model=bodies.VocabularyList, summary="The vocabularies that records use")
def listed(request: Request, here: Here) -> Response:
    items = [
        bodies.VocabularyOut(
            name=name,
            fields=[field for field, names in vocabularies.FIELDS.items() if name in names],
            terms=len(vocabularies.terms(name)),
            url=f"{here.settings.base_url}/api/vocabularies/{name}",
        )
        for name in vocabularies.NAMES
    ]
    return paging.answer(request, bodies.VocabularyList(items=items), None)


@router.read(
    "/{vocabulary}",
    policy="public",
    response_model=bodies.TermList,
    responses=refusals({404: "No such vocabulary"}),
    summary="The terms of a vocabulary",
)
def terms(
    request: Request,
    here: Here,
    vocabulary: Annotated[str, Path(description="Name of the vocabulary", examples=["isced-levels"])],
    asked: Annotated[Sought, Query()],
) -> Response:
    """In the order in which people choose best."""
    paging.require_each_once(request)
    if vocabulary not in vocabularies.NAMES:
        raise NotFound("vocabulary.unknown", name=vocabulary, known=", ".join(vocabularies.NAMES))
    size, key = asked.page_size(here), paging.position(here, request, asked)
    start = int(key[0]) if key else 0
    found = [term for term in vocabularies.matching(vocabulary, asked.q) if term.offered or asked.all]
    more = len(found) > start + size
    following = paging.following(here, request, asked, (start + size,)) if more else None
    items = [_body(term) for term in found[start : start + size]]
    return paging.answer(request, bodies.TermList(items=items, next=following), following)


def _body(term: Term) -> bodies.TermOut:
    return bodies.TermOut(
        uri=term.uri,
        code=term.notation,
        labels=dict(term.labels),
        alternative={language: list(names) for language, names in term.alternative.items()},
        broader=list(term.broader),
        offered=term.offered,
    )
