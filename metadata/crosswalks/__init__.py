"""One record, many formats: :data:`FORMATS` by OAI metadata prefix, one module per format."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from metadata.crosswalks import oai_dc
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
    raises on what is not.
    """

    prefix: str
    schema: str
    namespace: str
    dump: Callable[[Described], bytes]
    revision: str
    load: Callable[[Element], Loaded] | None = None


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        module.PREFIX: Format(module.PREFIX, module.SCHEMA, module.NAMESPACE, module.dump, module.REVISION)
        for module in (oai_dc,)
    }
)
