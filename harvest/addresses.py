"""Where a question on somebody else's word may lead: to public addresses, and where the operator says so.

``ipaddress.is_global`` is not asked: Python 3.11 takes multicast, 6to4 and translated private addresses for global.

Sources: the IANA registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890 and later), and of IPv6 address
space (nothing but 2000::/3 is given out); RFC 6052 (addresses of translators hold an IPv4 address).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

_NOT_PUBLIC: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this host, this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # behind a provider's translator
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, where clouds answer for secrets
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation, as the two below
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",
        "2001::/23",  # protocol assignments; Teredo, which holds an IPv4 address, is one
        "2001:db8::/32",
        "2002::/16",  # 6to4, which holds an IPv4 address
        "3fff::/20",  # documentation
    )
)
_GIVEN_OUT = IPv6Network("2000::/3")
_TRANSLATED = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an address, as ``getaddrinfo`` writes it, is one of the public Internet. ValueError for other text."""
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        inner = _inner(found)
        if inner is None and found not in _GIVEN_OUT:
            return False
        found = inner or found
    return not any(found in network for network in _NOT_PUBLIC)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that is really reached by this one."""
    if address in _TRANSLATED:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped


@dataclass(frozen=True, slots=True)
class Reach:
    """Public addresses, besides them ``networks`` and ``origins`` (host in small letters, port); or ``everywhere``."""

    networks: tuple[Network, ...] = ()
    origins: frozenset[tuple[str, int]] = frozenset()
    everywhere: bool = False

    def allows(self, host: str, port: int, address: str) -> bool:
        """Whether ``host``, which has this address now, may be asked."""
        return (
            self.everywhere
            or (host.lower(), port) in self.origins
            or is_public(address)
            or _within(address, self.networks)
        )


EVERYWHERE = Reach(everywhere=True)
"""For whoever sits at the machine, and may ask its neighbours anyway."""


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """From what an operator writes: ``10.1.0.0/16``, ``fd00::/8``, ``192.168.1.7``. ValueError names the wrong one."""
    return tuple(map(ip_network, texts))


def _within(address: str, allowed: Iterable[Network]) -> bool:
    found = ip_address(address)
    inner = _inner(found) if isinstance(found, IPv6Address) else None
    return any((inner or found) in network for network in allowed)
