"""``/api/problems/{code}``: what the ``type`` of a problem document leads to."""

from fastapi import Request
from starlette.responses import Response

from api import conditional, i18n, render, schemas
from api.errors import DOOR_CODES, STATUS
from api.routing import Router, refusals
from oer.errors import CODES, NotFound

router = Router(
    prefix="/api/problems",
    tags=["problems"],
    responses=refusals({404: "No such code"}),
)

_STATUS_OF = {code: STATUS[kind] for kind, codes in CODES.items() for code in codes} | dict(DOOR_CODES)


@router.read("/{code}", policy="public", response_model=schemas.ProblemMeaning, summary="What a problem code means")
def meaning(request: Request, code: str) -> Response:
    if code not in _STATUS_OF:
        raise NotFound("page.unknown")
    spoken = render.language(request)
    status = _STATUS_OF[code]
    meant = schemas.ProblemMeaning(
        code=code,
        status=status,
        title=i18n.heading(code, status, spoken),
        detail=i18n.message(code, spoken),
    )
    content = meant.content()
    return conditional.answer(
        request,
        content,
        media_type="application/json",
        etag=conditional.tag(content),
        vary="Accept-Language",
        headers={"Content-Language": spoken},
    )
