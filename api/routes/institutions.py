"""``/api/institutions``: the tree."""

from typing import Annotated, Any

from fastapi import Body, Path, Query, Request
from pydantic import Field
from sqlmodel import Session
from starlette.responses import Response

from api import conditional, deps, paging, writing
from api.deps import Caller, Here
from api.routes.people import MATCHED, RESPONSES
from api.routing import MERGE_PATCH, Router
from api.schemas import institutions as bodies
from api.writing import Answer
from oer import fields, institutions, queries
from oer.db import reading
from oer.exposure import memberships
from oer.installation import Installation
from oer.models import Institution
from oer.policy import Actor
from oer.workflow import Role

router = Router(prefix="/api/institutions", tags=["institutions"], responses=RESPONSES)

Slug = Annotated[str, Path(description="Slug of the institution", examples=["carthage"])]


class Listing(paging.Asked):
    parent: str | None = Field(
        None, max_length=100, description="Only those right below this institution; empty: those at the top"
    )
    within: str | None = Field(None, max_length=100, description="Only this institution and those below it")
    kind: bodies.Kind | None = Field(None, max_length=100, description="Only institutions of this kind")
    country: str | None = Field(None, max_length=100, description="ISO 3166 code")


@router.read("", policy="reader", response_model=bodies.InstitutionList, summary="The tree of institutions")
def listed(request: Request, here: Here, caller: Caller, asked: Annotated[Listing, Query()]) -> Response:
    paging.require_each_once(request)
    size, key = asked.page_size(here), paging.position(here, request, asked)
    wanted = fields.of_institution(
        {name: value for name, value in (("kind", asked.kind), ("country", asked.country)) if value is not None}
    )
    with reading(here.engine) as session:
        deps.reader(session, here, caller)
        if asked.parent:
            wanted["parent_id"] = institutions.find(session, asked.parent).id
        if asked.within is not None:
            wanted["within"] = institutions.find(session, asked.within).path
        rows = queries.institutions.walked(
            session, after=key[0] if key else "", top=asked.parent == "", limit=size + 1, **wanted
        )
        page, more = rows[:size], len(rows) > size
        above = queries.institutions.by_ids(session, ids={one for row in page for one in row.ancestors})
    items = [_shown(here, row, above) for row in page]
    following = paging.following(here, request, asked, (page[-1].path,)) if more else None
    return paging.answer(request, bodies.InstitutionList(items=items, next=following), following)


@router.write(
    "POST",
    "",
    policy="manager",
    status_code=201,
    response_model=bodies.InstitutionShown,
    summary="Add an institution",
    description="Below one that you manage; at the top as an administrator.",
)
def add(request: Request, here: Here, caller: Caller, new: bodies.InstitutionIn) -> Response:
    told = new.model_dump(exclude_unset=True, exclude={"slug", "parent", "publish_role"})

    def deed(session: Session, actor: Actor) -> Answer:
        parent = institutions.above(session, new.parent) if new.parent is not None else None
        role = Role.named(new.publish_role) if new.publish_role is not None else Role.REVIEWER
        added = institutions.add(
            session, actor, slug=new.slug, parent=parent, publish_role=role, now=here.now(), **told
        )
        shown = body(session, here, added)
        return writing.created(shown, location=url(here, added.slug), etag=writing.tag(shown, added.lock))

    return writing.write(request, here, caller, deed)


@router.read("/{slug}", policy="reader", response_model=bodies.InstitutionShown, summary="One institution")
def shown(request: Request, here: Here, caller: Caller, slug: Slug) -> Response:
    with reading(here.engine) as session:
        deps.reader(session, here, caller)
        found = institutions.find(session, slug)
        content = body(session, here, found).content()
    etag = conditional.tag(content, lock=found.lock)
    return conditional.answer(request, content, media_type="application/json", etag=etag)


@router.write(
    "PATCH",
    "/{slug}",
    policy="manager",
    matched=True,
    response_model=bodies.InstitutionShown,
    responses=MATCHED,
    summary="Change an institution, or move it",
    description=(
        "With another `parent` the institution moves with all below it, and the resources of the whole branch change "
        "their OAI-PMH sets: managers of the old and of the new place may. The slug stays for ever."
    ),
)
def change(
    request: Request,
    here: Here,
    caller: Caller,
    slug: Slug,
    patch: Annotated[bodies.InstitutionPatch, Body(media_type=MERGE_PATCH)],
) -> Response:
    changes = patch.model_dump(exclude_unset=True)

    def deed(session: Session, actor: Actor) -> Answer:
        institutions.held(session, actor, slug)
        expected = writing.expected(request, "institution.stale", slug=slug)
        changed = institutions.edit(
            session, actor, slug, changes, repository_id=here.repository_id, expected=expected, now=here.now()
        )
        shown = body(session, here, changed)
        return writing.shown(shown, etag=writing.tag(shown, changed.lock))

    return writing.write(request, here, caller, deed)


@router.write(
    "DELETE",
    "/{slug}",
    policy="manager",
    matched=True,
    status_code=204,
    responses=MATCHED,
    summary="Remove an institution",
    description="Only one without resources, collections and institutions below it.",
)
def remove(request: Request, here: Here, caller: Caller, slug: Slug) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        found = institutions.held(session, actor, slug)
        expected = writing.expected(request, "institution.stale", slug=slug)
        institutions.remove(session, actor, found, expected=expected, now=here.now())
        return writing.NOTHING

    return writing.write(request, here, caller, deed)


def url(here: Installation, slug: str) -> str:
    return f"{here.settings.base_url}/api/institutions/{slug}"


def body(session: Session, here: Installation, found: Institution) -> bodies.InstitutionShown:
    return _shown(here, found, queries.institutions.by_ids(session, ids=found.ancestors))


def _shown(here: Installation, found: Institution, above: dict[int, Institution]) -> bodies.InstitutionShown:
    slugs = [above[ancestor].slug for ancestor in found.ancestors]
    told: dict[str, Any] = found.model_dump(
        include={
            *("slug", "kind", "country", "ror", "homepage", "colour"),
            *("default_licence", "default_language", "publish_role", "created"),
        }
    )
    logo = {"url": f"{url(here, found.slug)}/logo", "media_type": found.logo_type} if found.logo else None
    return bodies.InstitutionShown.model_validate(
        told
        | {
            "names": dict(sorted(found.names.items())),
            "descriptions": dict(sorted(found.descriptions.items())),
            "parent": slugs[-1] if slugs else None,
            "ancestors": slugs,
            "logo": logo,
            "oai_set": memberships.institution_spec([*slugs, found.slug]),
            "url": url(here, found.slug),
        }
    )
