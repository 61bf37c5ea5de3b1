"""What Identify tells of the repository besides the protocol's own facts: contents of description containers. Pure.

Sources: OAI-PMH guidelines for optional containers (oai-identifier, eprints, friends, branding) and Conveying rights
expressions about metadata in the OAI-PMH framework, section 3.1 (rightsManifest).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from harvest.envelope import leaf
from metadata.xml import NAMESPACES, escape

_OAI = "http://www.openarchives.org/OAI"


@dataclass(frozen=True, slots=True)
class Policies:
    """Words for people, or the URL of a page with them; each in the order of the eprints schema, empty for none."""

    content: str = ""
    metadata: str = ""
    data: str = ""
    submission: str = ""


# What is true of every installation, said where the operator says nothing; the protocol speaks English.
_USUAL = Policies(
    content="Open educational resources of institutions, described in Arabic, French and English.",
    metadata="Descriptions may be harvested and shown by anybody; each record names its licence.",
    data="Files may be used as the licence of each resource allows; those under embargo when that has ended.",
    submission="Members of the participating institutions deposit; reviewers look at what they deposit.",
)


def oai_identifier(repository_id: str, sample_id: str) -> bytes:
    parts = [
        leaf("scheme", "oai"),
        leaf("repositoryIdentifier", repository_id),
        leaf("delimiter", ":"),
        leaf("sampleIdentifier", sample_id),
    ]
    namespace = NAMESPACES["oai_id"]
    return _container("oai-identifier", namespace, f"{namespace}.xsd", parts)


def eprints(policies: Policies) -> bytes:
    names = ("content", "metadataPolicy", "dataPolicy", "submissionPolicy")
    said = [getattr(policies, field.name) or getattr(_USUAL, field.name) for field in fields(Policies)]
    parts = [f"<{name}>{_words(words)}</{name}>" for name, words in zip(names, said, strict=True)]
    return _container("eprints", NAMESPACES["eprints"], f"{_OAI}/1.1/eprints.xsd", parts)


def _words(words: str) -> str:
    return leaf("URL" if words.startswith(("https://", "http://")) and " " not in words else "text", words)


def friends(base_urls: Sequence[str]) -> bytes:
    parts = [leaf("baseURL", url) for url in base_urls]
    return _container("friends", NAMESPACES["friends"], f"{_OAI}/2.0/friends.xsd", parts)


def branding(icon: str, link: str, title: str) -> bytes:
    icons = f"<collectionIcon>{leaf('url', icon)}{leaf('link', link)}{leaf('title', title)}</collectionIcon>"
    return _container("branding", NAMESPACES["branding"], f"{_OAI}/2.0/branding.xsd", [icons])


def rights_manifest(licence: str) -> bytes:
    """All descriptions are under the licence with this URI."""
    rights = f'<rights><rightsReference ref="{escape(licence)}"/></rights>'
    applies = f' appliesTo="{_OAI}/2.0/entity#metadata"'
    return _container("rightsManifest", NAMESPACES["rights"], f"{_OAI}/2.0/rightsManifest.xsd", [rights], applies)


def _container(name: str, namespace: str, schema: str, parts: Sequence[str], attributes: str = "") -> bytes:
    opening = f'<{name} xmlns="{namespace}" xsi:schemaLocation="{namespace} {schema}"{attributes}>'
    return f"{opening}{''.join(parts)}</{name}>".encode()


def everything(
    *,
    name: str,
    base_url: str,
    repository_id: str,
    sample_id: str,
    policies: Policies,
    friendly: Sequence[str],
    icon: str,
    licence: str,
) -> Iterator[bytes]:
    """All that there is to tell; ``icon`` and ``licence`` may be empty."""
    yield oai_identifier(repository_id, sample_id)
    yield eprints(policies)
    if friendly:
        yield friends(friendly)
    yield branding(icon or f"{base_url}/static/favicon.svg", base_url, name)
    if licence:
        yield rights_manifest(licence)
