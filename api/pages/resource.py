"""``/resources/{id}``: one resource for people. This is the address that ``dc:identifier`` gives out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from api import i18n, lookup, render
from api.pages.home import institution_name, sent
from api.pages.linkset import signposted
from harvest import signposting, sitemaps
from harvest.sitemaps import Site
from metadata import attribution, licences, vocabularies
from metadata.licences import Licence
from metadata.record import Agent, Contributor, Record, Text, pick
from oer import queries, stored
from oer.db import reading
from oer.exposure import renderings
from oer.installation import Installation
from oer.models import Version, VersionFile
from oer.policy import ANONYMOUS

# One condition of a licence, in the order in which people ask: the right or duty of ccREL, how it weighs, its words.
Weight = Literal["may", "must", "not"]


@dataclass(frozen=True, slots=True)
class Term:
    weight: Weight
    code: str


@dataclass(frozen=True, slots=True)
class LicenceShown:
    short: str
    label: str
    url: str
    terms: Sequence[Term]


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
    url: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of the facts: the code of its name, and values that are words of their own language."""

    code: str
    values: Sequence[Text]


@dataclass(frozen=True, slots=True)
class ResourcePage:
    title: Text
    other_titles: Sequence[Text]
    descriptions: Sequence[Text]
    institution: Text
    creators: Sequence[Creator]
    facts: Sequence[Fact]
    licence: LicenceShown | None
    rights_notes: Sequence[Text]
    attribution: Markup
    files: Sequence[FileShown]
    access: str
    available: date | None
    open: bool
    number: int
    versions: Sequence[Version]
    url: str
    canonical: str
    alternates: Sequence[tuple[str, str]]
    api_url: str


def show(request: Request) -> Response:
    """Raises NotFound, Gone, whose page is the tombstone, and Unavailable for a damaged record."""
    here: Installation = request.app.state.installation
    public_id = request.path_params["public_id"]
    with reading(here.engine) as session:
        found = lookup.version(session, ANONYMOUS, public_id)
        files = queries.resources.files(session, version_id=found.version.id or 0)
        versions = queries.resources.versions(session, resource_id=found.resource.id or 0)
    spoken = render.language(request)
    record = stored.record_of(found.resource, found.version)
    kind, available = found.access
    base_url = here.settings.base_url
    url = renderings.landing_url(base_url, public_id)
    title = pick(record.title, spoken) or Text(value=public_id)
    page = ResourcePage(
        title=title,
        other_titles=[text for text in (*record.title, *record.alternative) if text is not title],
        descriptions=_chosen_first(record.description, spoken),
        institution=institution_name(found.institution, spoken),
        creators=[_creator(creator) for creator in record.creators],
        facts=_facts(record, found.version, spoken),
        licence=_licence(record.licence, spoken),
        rights_notes=_chosen_first(record.rights_note, spoken),
        attribution=Markup(attribution.attribution(record, url, spoken, "html")),  # noqa: S704 - it escapes values
        files=[_file(request.app.state.prefix, public_id, file, spoken) for file in files],
        access=kind,
        available=available,
        open=found.is_open(today=here.now().date()),
        number=found.version.number,
        versions=list(reversed(versions)),
        url=url,
        canonical=f"{url}?lang={spoken}" if request.query_params.get("lang") == spoken else url,
        alternates=sitemaps.alternates(Site(base_url, here.settings.languages), url),
        api_url=f"{base_url}/api/resources/{public_id}",
    )
    links = signposting.header(signposting.level_1(signposted(here, found, record, files)))
    return sent(request, render.html(request, "resource.html", page), spoken, headers={"Link": links})


def _chosen_first(texts: Sequence[Text], spoken: str) -> list[Text]:
    first = pick(texts, spoken)
    return [first, *(text for text in texts if text is not first)] if first else []


def _creator(agent: Agent) -> Creator:
    orcid = agent.orcid.rpartition("/")[2] if agent.orcid else None
    return Creator(agent.name, f"https://orcid.org/{orcid}" if orcid else None)


def _file(prefix: str, public_id: str, file: VersionFile, spoken: str) -> FileShown:
    extension = file.name.rpartition(".")[2] if "." in file.name else ""
    group = vocabularies.media_group(file.media_type, extension)
    kind = group.labels.get(spoken, group.labels["en"])
    # Our own address without its host, so that the download keeps the file's name (`download` is same-origin only).
    path = renderings.file_url(prefix, public_id, file.name)
    return FileShown(file.name, kind, extension.upper() if 1 < len(extension) < 6 else "", file.size, path)


def _facts(record: Record, version: Version, spoken: i18n.Language) -> list[Fact]:
    def labels(scheme: str, uris: Sequence[str]) -> list[Text]:
        return [Text(value=vocabularies.label(scheme, uri, spoken), lang=spoken) for uri in uris]

    subjects = [vocabularies.find(uri) for uri in record.subjects]
    found = [
        Fact("field.resource_type", labels("hcrt", [record.resource_type] if record.resource_type else [])),
        Fact("field.languages", [_said(i18n.language_name(tag, spoken), spoken) for tag in record.languages]),
        Fact("field.subjects", [text for term in subjects if term for text in labels(term.scheme, [term.uri])]),
        Fact("field.levels", labels("isced-levels", record.levels)),
        Fact("field.audience", labels("audience", record.audience)),
        Fact("field.keywords", _keywords(record.keywords, spoken)),
        Fact("field.contributors", [_contributor(agent, spoken) for agent in record.contributors]),
        Fact("field.publisher", [Text(value=record.publisher.name)] if record.publisher else []),
        Fact("field.rights_holder", [Text(value=record.rights_holder)] if record.rights_holder else []),
        Fact("page.published", [_said(i18n.day(version.published.date(), spoken), spoken)]),
    ]
    return [fact for fact in found if fact.values]


def _keywords(keywords: Sequence[Text], spoken: str) -> list[Text]:
    """Those in the reader's language, or all where there is none; each word once."""
    own = [text for text in keywords if text.lang.partition("-")[0] == spoken]
    return list({text.value: text for text in own or keywords}.values())


def _contributor(agent: Contributor, spoken: str) -> Text:
    return Text(value=f"{agent.name} ({vocabularies.label('contributor-roles', agent.role, spoken)})")


def _said(words: str, spoken: str) -> Text:
    return Text(value=words, lang=spoken)


def _licence(uri: str | None, spoken: str) -> LicenceShown | None:
    found = licences.get(uri) if uri else None
    if found is None:
        return None
    label = found.labels.get(spoken) or found.labels.get("en") or found.short
    return LicenceShown(found.short, label, found.uri, _terms(found))


def _terms(licence: Licence) -> list[Term]:
    """A licence in plain words. What it does not mention in ccREL is not said here either."""
    adapt: Weight = "may" if "DerivativeWorks" in licence.permits else "not"
    trade: Weight = "not" if "CommercialUse" in licence.prohibits else "may"
    terms = [Term("may", "page.licence.share")] if "Distribution" in licence.permits else []
    terms += [Term(adapt, f"page.licence.adapt-{adapt}"), Term(trade, f"page.licence.trade-{trade}")]
    duties = {"Attribution": "credit", "ShareAlike": "share-alike"}
    return terms + [Term("must", f"page.licence.{word}") for duty, word in duties.items() if duty in licence.requires]
