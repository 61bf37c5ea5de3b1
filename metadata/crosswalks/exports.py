"""Formats for one resource at a time: those that speak the reader's language, and every OAI format as a document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from metadata.crosswalks import FORMATS, bibtex, csl, ris, schema_org
from metadata.crosswalks.described import Described

Dump = Callable[[Described, str], bytes]

XML = "application/xml"

# What programs call a format by its namespace (IANA; MARCXML and DataCite by their own documentation).
_OWN_TYPES = {
    "http://www.loc.gov/mods/v3": "application/mods+xml",
    "http://www.loc.gov/METS/": "application/mets+xml",
    "http://www.loc.gov/MARC21/slim": "application/marcxml+xml",
    "http://datacite.org/schema/kernel-4": "application/vnd.datacite.datacite+xml",
}
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class Export:
    """``dump`` gives a whole document in the language of the reader (ar, fr, en), the same bytes for the same input.

    ``suffix`` ends a file name, without its first dot. ``own_type`` is a narrower media type, where the format has one
    to itself. ``spoken``: the language makes a difference. ``needs_files`` as of :class:`metadata.crosswalks.Format`.
    """

    name: str
    media_type: str
    suffix: str
    dump: Dump
    own_type: str | None = None
    spoken: bool = True
    needs_files: bool = False


EXPORTS: Mapping[str, Export] = MappingProxyType(
    {
        made.name: made
        for made in (
            Export("jsonld", "application/ld+json", "jsonld", schema_org.dump),
            Export("bibtex", "application/x-bibtex", "bib", bibtex.dump),
            Export("ris", "application/x-research-info-systems", "ris", ris.dump),
            Export("csl", "application/vnd.citationstyles.csl+json", "csl.json", csl.dump),
        )
    }
)


def _document(prefix: str) -> Export:
    form = FORMATS[prefix]

    def dump(described: Described, _language: str) -> bytes:
        return _DECLARATION + form.dump(described) + b"\n"

    alone = sum(other.namespace == form.namespace for other in FORMATS.values()) == 1
    own_type = _OWN_TYPES.get(form.namespace) if alone else None
    return Export(prefix, XML, f"{prefix}.xml", dump, own_type, spoken=False, needs_files=form.needs_files)


EVERY: Mapping[str, Export] = MappingProxyType({**EXPORTS, **{prefix: _document(prefix) for prefix in FORMATS}})
"""By name: the exports, then the OAI formats by prefix."""
