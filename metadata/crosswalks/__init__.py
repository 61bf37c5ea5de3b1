"""One record, many formats: :data:`FORMATS` by OAI metadata prefix, one module per format."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from metadata.crosswalks import (
    lom,
    lom_load,
    marc21,
    mets,
    mods,
    mods_load,
    oai_datacite,
    oai_datacite_load,
    oai_dc,
    oai_dc_load,
    oai_dcterms,
    oai_dcterms_load,
    oai_openaire,
)
from metadata.crosswalks.described import Described, FileLink, Loaded
from metadata.xml import Element

__all__ = ["FORMATS", "Described", "FileLink", "Format", "Loaded"]


@dataclass(frozen=True)
class Format:
    """A format: prefix, schema URL and namespace as ListMetadataFormats shows them.

    ``dump`` gives one namespaced element in UTF-8 without XML declaration, for every record that passed the publish
    rules, and the same bytes for the same input. ``revision`` changes with every change of the crosswalk that shows
    in its output: kept renderings of an older one are made anew. ``load`` reads the root element of a partner's
    description in this format, parsed by :func:`metadata.xml.parse`, where we can; it takes what is sound and never
    raises on what is not. A format that ``needs_files`` is offered for records whose files anybody may have.
    """

    prefix: str
    schema: str
    namespace: str
    dump: Callable[[Described], bytes]
    revision: str
    load: Callable[[Element], Loaded] | None = None
    needs_files: bool = False


def _format(module: Any, load: Callable[[Element], Loaded] | None = None, *, needs_files: bool = False) -> Format:
    named = (module.PREFIX, module.SCHEMA, module.NAMESPACE, module.dump, module.REVISION)
    return Format(*named, load=load, needs_files=needs_files)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        one.prefix: one
        for one in (
            _format(oai_dc, oai_dc_load.load),
            _format(oai_dcterms, oai_dcterms_load.load),
            _format(lom, lom_load.load),
            _format(mods, mods_load.load),
            _format(marc21),
            _format(oai_datacite, oai_datacite_load.load),
            _format(oai_openaire),
            _format(mets, needs_files=True),
        )
    }
)
