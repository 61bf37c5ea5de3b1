"""Which network a request comes from, for limits. Of strangers only what the operator's own proxies say is believed."""

from collections.abc import Sequence
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import Request

from oer.installation import Installation

_HOUSEHOLD = 64  # bits of an IPv6 address that a provider gives to one customer

Address = IPv4Address | IPv6Address


def of(request: Request, here: Installation) -> str:
    """An IPv4 address, or the /64 around an IPv6 one; what the server says, where that is no address (a socket)."""
    peer = request.client.host if request.client is not None else ""
    address = _address(peer)
    if address is None:
        return peer[:100]
    proxies = _networks(here.settings.trusted_proxies)
    for name in reversed(",".join(request.headers.getlist("x-forwarded-for")).split(",")):
        # Each proxy adds whom it was called by at the end; further to the front anybody can have written anything.
        before = _address(name.strip()) if _is_in(address, proxies) else None
        if before is None:
            break
        address = before
    return _widened(address)


def _address(text: str) -> Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _widened(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((address, _HOUSEHOLD), strict=False))


def _is_in(address: Address, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)


@cache
def _networks(names: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(name) for name in names)
