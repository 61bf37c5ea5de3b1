"""The tree of institutions."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from metadata import licences, rules, values, vocabularies
from metadata.findings import Findings
from oer import audit, identifiers, policy, queries
from oer.errors import Conflict, Invalid, NotFound
from oer.models import Institution
from oer.policy import Actor
from oer.settings import LANGUAGES
from oer.workflow import Role


def find(session: Session, slug: str) -> Institution:
    """The institution of this slug. Raises NotFound."""
    found = queries.institutions.by_slug(session, slug=slug) if identifiers.is_slug(slug) else None
    if found is None:
        raise NotFound("institution.unknown", slug=slug)
    return found


def add(
    session: Session,
    actor: Actor,
    *,
    slug: str,
    names: Mapping[str, str],
    kind: str,
    parent: Institution | None = None,
    country: str | None = None,
    ror: str | None = None,
    homepage: str | None = None,
    default_licence: str | None = None,
    default_language: str | None = None,
    publish_role: Role = Role.REVIEWER,
    now: datetime,
) -> Institution:
    """A new institution, at the top (administrators) or below one that the actor manages.

    ``names`` maps ar, fr, en to names, one at least; ``kind`` is a notation of ``institution-kinds``. Raises
    Invalid for each of these that is wrong, and for a slug that is taken.
    """
    if parent is None:
        policy.require_administrator(actor)
    else:
        policy.require_manage(actor, parent)
    if not identifiers.is_slug(slug):
        raise Invalid("institution.slug-invalid", slug=slug)
    if queries.institutions.by_slug(session, slug=slug) is not None:
        raise Invalid("institution.slug-taken", slug=slug)
    if vocabularies.with_notation("institution-kinds", kind) is None:
        raise Invalid("institution.kind-unknown", kind=kind, known=", ".join(sorted(_kinds())))
    institution = Institution(
        slug=slug,
        names=_clean_names(names),
        kind=kind,
        parent_id=parent.id if parent else None,
        country=_country(country),
        ror=_ror(ror),
        homepage=_homepage(homepage),
        default_licence=_licence(default_licence),
        default_language=_language(default_language),
        publish_role=publish_role.word,
        created=now,
    )
    session.add(institution)
    session.flush()
    institution.path = f"{parent.path if parent else '/'}{institution.id}/"
    session.flush()
    audit.write(
        session,
        actor,
        "institution.add",
        kind="institution",
        object_id=slug,
        institution_id=institution.id,
        now=now,
        parent=parent.slug if parent else None,
    )
    return institution


def remove(session: Session, actor: Actor, institution: Institution, *, now: datetime) -> None:
    """Only an institution without resources and branches: nothing disappears with it. Raises Conflict otherwise."""
    policy.require_manage(actor, institution)
    assert institution.id is not None
    branch = queries.institutions.branch(session, path=institution.path)
    if len(branch) > 1 or queries.institutions.has_resources(session, institution_id=institution.id):
        raise Conflict("institution.not-empty", slug=institution.slug)
    for membership in queries.institutions.members(session, institution_id=institution.id):
        session.delete(membership)
    audit.write(
        session,
        actor,
        "institution.remove",
        kind="institution",
        object_id=institution.slug,
        institution_id=institution.id,
        now=now,
    )
    session.flush()
    session.delete(institution)


def _kinds() -> set[str]:
    return {term.notation for term in vocabularies.terms("institution-kinds").values() if term.notation}


def _clean_names(names: Mapping[str, str]) -> dict[str, str]:
    cleaned = {lang: values.clean(name) for lang, name in names.items() if name and values.clean(name)}
    if not cleaned:
        raise Invalid("institution.name-missing")
    for lang, name in cleaned.items():
        if lang not in LANGUAGES or values.illegal_characters(name) or len(name) > 300:
            raise Invalid("request.invalid", field=f"names.{lang}")
    return cleaned


def _country(code: str | None) -> str | None:
    if code is None:
        return None
    upper = code.strip().upper()
    if not values.is_country(upper):
        raise Invalid("institution.country-unknown", country=code)
    return upper


def _licence(value: str | None) -> str | None:
    if value is None:
        return None
    canonical = licences.canonical(value)
    if canonical is None:
        raise Invalid("request.invalid", field="default_licence")
    return canonical


def _language(tag: str | None) -> str | None:
    if tag is None:
        return None
    canonical = values.language(tag)
    if canonical is None:
        raise Invalid("request.invalid", field="default_language")
    return canonical


def _homepage(address: str | None) -> str | None:
    if address is not None and not (address.startswith(("https://", "http://")) and values.is_iri(address)):
        raise Invalid("request.invalid", field="homepage")
    return address


def _ror(value: str | None) -> str | None:
    found = Findings()
    if value is not None:
        rules.ror(found, "ror", value, None)
    if found.all():
        raise Invalid("request.invalid", field="ror")
    return value


def name_in(institution: Institution, lang: str) -> tuple[str, str]:
    """(name, its language): the one asked for, else the first there is in the order of the repository."""
    for candidate in (lang, *LANGUAGES):
        if candidate in institution.names:
            return institution.names[candidate], candidate
    return institution.slug, "und"
