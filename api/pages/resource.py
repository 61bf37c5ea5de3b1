"""``/resources/{id}``: one resource for people. This is the address that ``dc:identifier`` gives out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from api import counting, formats, i18n, lookup, plain_licences, preferences, render, showing
from api.lookup import Found
from api.pages import cards, facts, frame, headed, previewing, shelves, steps
from api.pages.cards import Card
from api.pages.facts import Fact
from api.pages.headed import Head
from api.pages.linkset import signposted
from api.pages.previewing import Preview
from api.pages.shelves import Shown
from api.pages.steps import Step
from api.plain_licences import LicenceShown
from harvest import signposting
from metadata import attribution, vocabularies
from metadata.crosswalks.exports import EVERY
from metadata.record import Agent, Record, Text, pick
from oer import packs, queries, stored
from oer.db import reading
from oer.errors import Unavailable
from oer.exposure import renderings
from oer.installation import Installation
from oer.models import Institution, Version, VersionFile
from oer.policy import ANONYMOUS
from oer.queries.usage import Count

_SIMILAR, _COLLECTIONS = 4, 6
_DEMO = "demo-"  # how the names of institutions of a demonstration begin


@dataclass(frozen=True, slots=True)
class Creator:
    name: str
    orcid: str | None


@dataclass(frozen=True, slots=True)
class FileShown:
    name: str
    kind: str
    extension: str
    size: int
    role: str
    url: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What one click gets: a file, or so many of them packed."""

    files: int
    name: str
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class Credit:
    """A sentence to be copied; ``code``: it is marked up."""

    label: str
    text: str
    code: bool


@dataclass(frozen=True, slots=True)
class ResourcePage:
    """``card`` is the resource as lists show it; ``past``: it is not the current version; ``credit``: the attribution
    with its addresses written out.
    """

    card: Card
    trail: Sequence[Step]
    title: Text
    other_titles: Sequence[Text]
    descriptions: Sequence[Text]
    institution: Text
    creators: Sequence[Creator]
    facts: Sequence[Fact]
    licence: LicenceShown | None
    rights_notes: Sequence[Text]
    attribution: Markup
    credit: str
    credits: Sequence[Credit]
    formats: Sequence[str]
    files: Sequence[FileShown]
    previews: Sequence[Preview]
    saving: bool
    take: Taken | None
    light: Taken | None
    access: str
    available: date | None
    open: bool
    number: int
    past: bool
    demo: bool
    versions: Sequence[Version]
    collections: Sequence[Shown]
    similar: Sequence[Card]
    usage: Count | None
    url: str
    head: Head
    api_path: str
    qr_url: str
    embed: str
    report_path: str


def show(request: Request) -> Response:
    """Raises NotFound, Gone, whose page is the tombstone, and Unavailable for a damaged record."""
    here: Installation = request.app.state.installation
    public_id, number = request.path_params["public_id"], request.path_params.get("number")
    with reading(here.engine) as session:
        found = lookup.version(session, ANONYMOUS, public_id, number)
        files = queries.resources.files(session, version_id=found.version.id or 0)
        if number is None and formats.rather(request.headers, with_files=bool(files)):
            # Here a description of what `dc:identifier` names is asked for: it has an address (RFC 9110, 15.4.4).
            return frame.elsewhere(request, f"/api/resources/{public_id}")
        record = stored.record_of(found.resource, found.version)
        page = _page(request, session, here, found, files, record)
    # What links name is of the current version.
    linked = files if found.is_current else ()
    links = signposting.header(signposting.level_1(signposted(here, found, record, linked)))
    content = render.html(request, "resource.html", page)
    answer = frame.sent(request, content, render.spoken(request), headers={"Link": links})
    return counting.viewed(request, found, answer)


def _page(
    request: Request,
    session: Session,
    here: Installation,
    found: Found,
    files: Sequence[VersionFile],
    record: Record,
) -> ResourcePage:
    spoken, prefix, base_url = render.spoken(request), request.app.state.prefix, here.settings.base_url
    resource, version, institution = found.resource, found.version, found.institution
    public_id, resource_id = resource.public_id, resource.id or 0
    kind, available = found.access
    past = not found.is_current
    url = renderings.landing_url(base_url, public_id)
    title = pick(record.title, spoken) or Text(value=public_id)
    is_open = found.is_open(today=here.now().date())
    saving = preferences.of(request).low_data
    (card,) = cards.of_items(request, session, [showing.body(here, found, files).content()])
    above = queries.institutions.above(session, institution=institution)
    place = previewing.Place(here.settings, prefix, public_id, version.number if past else None, title)
    shown = [_file(place, file, spoken) for file in files]
    return ResourcePage(
        card=card,
        trail=steps.to_institution(request, [*above, institution]),
        title=title,
        other_titles=[text for text in (*record.title, *record.alternative) if text is not title],
        descriptions=_chosen_first(record.description, spoken),
        institution=frame.institution_name(institution, spoken),
        creators=_creators(record.creators, institution, spoken),
        facts=facts.of(record, version, spoken),
        licence=plain_licences.licence(record.licence, spoken),
        rights_notes=_chosen_first(record.rights_note, spoken),
        attribution=Markup(attribution.attribution(record, url, spoken, "html")),  # noqa: S704 - it escapes values
        credit=attribution.attribution(record, url, spoken, "text"),
        credits=list(_credits(record, url, here.settings.languages, spoken)),
        formats=[name for name, form in EVERY.items() if (is_open and files) or not form.needs_files],
        files=shown,
        previews=previewing.of(session, here.store, place, files, spoken=spoken, low_data=saving) if is_open else (),
        saving=saving and is_open and bool(files),
        take=_taken(place, packs.chosen(files, light=False), spoken),
        light=_light(session, place, files),
        access=kind,
        available=available,
        open=is_open,
        number=version.number,
        past=past,
        demo=institution.slug.startswith(_DEMO),
        versions=list(reversed(queries.resources.versions(session, resource_id=resource_id))),
        collections=shelves.holding(request, session, resource_id=resource_id, limit=_COLLECTIONS),
        similar=() if past or saving else _similar(request, session, here, record, resource_id),
        usage=queries.usage.total(session, resource_id=resource_id) if here.settings.usage else None,
        url=url,
        api_path=f"{prefix}/api/resources/{public_id}",
        qr_url=f"{prefix}/resources/{public_id}/qr.svg",
        embed=_embed(url, title.value),
        report_path=f"/resources/{public_id}/report",
        head=headed.of(request, session, found, record, files if is_open else (), title=title, card=card),
    )


def _similar(request: Request, session: Session, here: Installation, record: Record, resource_id: int) -> list[Card]:
    try:
        ids = here.search.similar(record, resource_id, limit=_SIMILAR)
    except Unavailable:
        return []  # the index is being built
    return cards.shown(request, session, ids)


def _chosen_first(texts: Sequence[Text], spoken: str) -> list[Text]:
    first = pick(texts, spoken)
    return [first, *(text for text in texts if text is not first)] if first else []


def _creators(agents: Sequence[Agent], institution: Institution, spoken: str) -> list[Creator]:
    """An institution among the authors is named in the reader's language; the only author is named below anyway."""
    own = institution.names.values()
    if all(agent.name in own for agent in agents):
        return []
    here = frame.institution_name(institution, spoken).value
    named = {here if agent.name in own else agent.name: agent for agent in reversed(agents)}
    return [_creator(agent, name) for name, agent in reversed(named.items())]


def _creator(agent: Agent, name: str) -> Creator:
    orcid = agent.orcid.rpartition("/")[2] if agent.orcid else None
    return Creator(name, f"https://orcid.org/{orcid}" if orcid else None)


def _file(place: previewing.Place, file: VersionFile, spoken: str) -> FileShown:
    extension = file.name.rpartition(".")[2] if "." in file.name else ""
    group = vocabularies.media_group(file.media_type, extension)
    kind = group.labels.get(spoken, group.labels["en"])
    # Our own address without its host, so that the download keeps the file's name (`download` is same-origin only).
    shown = extension.upper() if 1 < len(extension) < 6 else ""
    return FileShown(file.name, kind, shown, file.size, file.role, place.url(file.name))


def _taken(place: previewing.Place, files: Sequence[VersionFile], spoken: str) -> Taken | None:
    """The one file that there is, else all that belongs to the resource in a ZIP; of a past version the first."""
    if not files:
        return None
    if len(files) == 1 or place.number is not None:
        return Taken(1, files[0].name, files[0].size, place.url(files[0].name))
    url = f"{place.prefix}/api/resources/{place.public_id}/pack?lang={spoken}"
    return Taken(len(files), f"{place.public_id}.zip", sum(file.size for file in files), url)


def _light(session: Session, place: previewing.Place, files: Sequence[VersionFile]) -> Taken | None:
    """A light variant that somebody has added, else one that was made from the first file that has one."""
    for file in files:
        if file.role == "light":
            return Taken(1, file.name, file.size, place.url(file.name))
    made = queries.previews.of(session, keys=[file.key for file in files])
    for file in files:
        for one in made.get(file.key, ()):
            if one.kind in ("light", "audio"):
                return Taken(1, file.name, one.size, place.picture(file.name, one).url)
    return None


def _credits(record: Record, url: str, offered: Sequence[str], spoken: str) -> Iterator[Credit]:
    for lang in offered:
        text = attribution.attribution(record, url, lang, "text")
        yield Credit(i18n.language_name(lang, spoken), text, code=False)
    for form, label in (("html", "HTML"), ("markdown", "Markdown")):
        yield Credit(label, attribution.attribution(record, url, spoken, form), code=True)  # type: ignore[arg-type]


def _embed(url: str, title: str) -> str:
    return str(
        Markup(
            '<iframe src="{}/embed" title="{}" width="480" height="260" loading="lazy" style="border:0"></iframe>'
        ).format(url, title)
    )
