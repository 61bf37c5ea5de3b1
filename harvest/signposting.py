"""Signposting: typed links that lead programs from a page to its files, its descriptions and back.

Sources: FAIR Signposting Profile (https://signposting.org/FAIR/), levels 1 (``Link`` header) and 2 (link set);
RFC 8288 (Web Linking), RFC 9264 (link sets), RFC 8574 (``cite-as``). ``cite-as`` is the address that we give out and
keep; other names of the work, which lead elsewhere, are ``related``, as the profile's authors advise.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from metadata import licences
from metadata.crosswalks import FORMATS, wording
from metadata.crosswalks.exports import EVERY
from metadata.record import Agent, Record
from oer.exposure import renderings
from oer.models import VersionFile

JSON = "application/linkset+json"
TEXT = "application/linkset"
# What a Link header may take: nginx in front of us refuses answers whose headers exceed 4 KiB altogether.
LONGEST = 2600

_PROFILES = {"jsonld": "https://schema.org/"}
_ORDER = ("linkset", "cite-as", "type", "license", "author", "item", "describedby", "related")


@dataclass(frozen=True, slots=True)
class Link:
    """``anchor`` is what the link is about; in a header it is left out."""

    anchor: str
    rel: str
    href: str
    media_type: str = ""
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A representation that a link leads to."""

    href: str
    media_type: str
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Object:
    """A published resource as its signposts show it: ``files`` are those that anybody may download."""

    landing: str
    record: Record
    descriptions: Sequence[Target]
    files: Sequence[Target]

    @property
    def linkset(self) -> str:
        return f"{self.landing}/linkset"


def object_of(
    base_url: str, public_id: str, record: Record, files: Sequence[VersionFile], *, with_files: bool
) -> Object:
    """``files`` are those that anybody may download; ``with_files`` whether formats that need them are there."""
    return Object(
        landing=renderings.landing_url(base_url, public_id),
        record=record,
        descriptions=descriptions(base_url, public_id, with_files=with_files),
        files=[Target(renderings.file_url(base_url, public_id, file.name), file.media_type) for file in files],
    )


def descriptions(base_url: str, public_id: str, *, with_files: bool) -> list[Target]:
    """Where the description is had in every format, the one that most can read first."""
    url = f"{base_url}/api/resources/{public_id}"
    there = [one for one in EVERY.values() if with_files or not one.needs_files]
    named = [Target(f"{url}?format={one.name}", one.media_type, _profile(one.name)) for one in there]
    return [*named[:1], Target(url, "application/json"), *named[1:]]


def _profile(name: str) -> str:
    """What tells formats of the same media type apart: the namespace of what is in them."""
    return FORMATS[name].namespace if name in FORMATS else _PROFILES.get(name, "")


def back(rel: str, base_url: str, public_id: str) -> dict[str, str]:
    """The header that leads from a file (``collection``) or a description (``describes``) to the page."""
    landing = renderings.landing_url(base_url, public_id)
    return {"Link": _written(Link("", rel, landing, "text/html"))}


def level_1(of: Object) -> list[Link]:
    """The links of the page itself."""
    return sorted(_of_page(of), key=lambda link: _ORDER.index(link.rel))


def level_2(of: Object) -> list[Link]:
    """The links of the page, of each file and of each description."""
    own = [link for link in level_1(of) if link.rel != "linkset"]
    from_files = [Link(file.href, "collection", of.landing, "text/html") for file in of.files]
    return [*own, *from_files, *(Link(one.href, "describes", of.landing, "text/html") for one in of.descriptions)]


def _of_page(of: Object) -> Iterator[Link]:
    yield Link(of.landing, "linkset", f"{of.linkset}.json", JSON)
    yield Link(of.landing, "linkset", of.linkset, TEXT)
    yield Link(of.landing, "cite-as", of.landing)
    yield from (Link(of.landing, "type", f"https://schema.org/{one}") for one in ("AboutPage", "LearningResource"))
    licence = licences.get(of.record.licence) if of.record.licence else None
    if licence:
        yield Link(of.landing, "license", _uri(licence.uri))
    yield from (Link(of.landing, "author", uri) for uri in dict.fromkeys(_authors(of.record.creators)))
    yield from (Link(of.landing, "describedby", one.href, one.media_type, one.profile) for one in of.descriptions)
    yield from (Link(of.landing, "item", file.href, file.media_type) for file in of.files)
    followed = (wording.followable(identifier) for identifier in of.record.identifiers)
    yield from (Link(of.landing, "related", _uri(uri)) for uri in dict.fromkeys(followed) if _is_followable(uri))


def _authors(creators: Iterable[Agent]) -> Iterator[str]:
    """Persons by ORCID, organisations by ROR: of others there is nothing to link to."""
    for creator in creators:
        if creator.orcid:
            yield _uri(f"https://orcid.org/{creator.orcid.rpartition('/')[2]}")
        elif creator.ror:
            yield _uri(f"https://ror.org/{creator.ror.rpartition('/')[2]}")


def _is_followable(uri: str) -> bool:
    return uri.startswith(("https://", "http://"))


def _uri(iri: str) -> str:
    """An IRI as a URI: a header holds ASCII only, and ``>`` would end the link."""
    return quote(iri, safe="%/:?#[]@!$&'()*+,;=~")


# ── How they are written ────────────────────────────────────────────────────────────────────────


def header(links: Sequence[Link], longest: int = LONGEST) -> str:
    """The value of a ``Link`` header. Where all would be too long, the last are left out: the link set has them.

    Descriptions are left out one by one; any of them will do. Of files it is all or none: some would look like all.
    """
    kept = [(link, _written(link)) for link in links]
    while len(kept) > 1 and sum(len(said) + 2 for _, said in kept) - 2 > longest:
        last, _ = kept.pop()
        if last.rel != "describedby":
            kept = [one for one in kept if one[0].rel != last.rel or last.rel == "linkset"]
    return ", ".join(said for _, said in kept)


def linkset_text(links: Iterable[Link]) -> bytes:
    """``application/linkset`` (RFC 9264, section 4.1): a header's value, with what each link is about."""
    return ",\n".join(_written(link, anchored=True) for link in links).encode() + b"\n"


def linkset_json(links: Iterable[Link]) -> bytes:
    """``application/linkset+json`` (RFC 9264, section 4.2). Attributes that RFC 8288 does not know are arrays."""
    contexts: dict[str, dict[str, object]] = {}
    for link in links:
        context = contexts.setdefault(link.anchor, {"anchor": link.anchor})
        target: dict[str, object] = {"href": link.href}
        if link.media_type:
            target["type"] = link.media_type
        if link.profile:
            target["profile"] = [link.profile]
        targets = context.setdefault(link.rel, [])
        assert isinstance(targets, list)
        targets.append(target)
    return json.dumps({"linkset": list(contexts.values())}, ensure_ascii=False, indent=1).encode() + b"\n"


_QUOTABLE = re.compile(r'["\\\x00-\x1f\x7f-\U0010ffff]')


def _written(link: Link, *, anchored: bool = False) -> str:
    attributes = [("anchor", link.anchor)] if anchored else []
    attributes += [("rel", link.rel), ("type", link.media_type), ("profile", link.profile)]
    said = "".join(f'; {name}="{_QUOTABLE.sub("", value)}"' for name, value in attributes if value)
    return f"<{link.href}>{said}"
