"""IRIs as the URIs that formats and programs ask for."""

import re
from urllib.parse import quote

from metadata import values

_HOST = re.compile(r"([^:/?#]+://(?:[^/?#@]*@)?)([^/?#:]*)(.*)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9.-]+")
_KEPT = "".join(map(chr, range(0x21, 0x7F)))


def uri(iri: str) -> str | None:
    """An IRI as a URI (RFC 3987, section 3.1), its host as the DNS knows it; None for what is no IRI."""
    if not values.is_iri(iri):
        return None
    match = _HOST.fullmatch(iri)
    start, host, rest = match.groups() if match else ("", "", iri)
    return quote(start, safe=_KEPT) + _host(host) + quote(rest, safe=_KEPT)


def _host(name: str) -> str:
    if name.isascii():
        return name
    try:
        found = name.encode("idna").decode("ascii")
    except UnicodeError:
        found = ""
    # a letter that compatibility takes apart may bring a space or a slash with it
    return found if _NAME.fullmatch(found) else quote(name, safe=_KEPT)
