"""Which addresses are public."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest.addresses import EVERYWHERE, Reach, is_public, networks

PUBLIC = ("1.1.1.1", "8.8.8.8", "41.231.21.5", "192.0.1.1", "172.32.0.1", "100.128.0.1", "223.255.255.255")
PUBLIC += ("2606:4700::1111", "2a01:e0a::1", "::ffff:8.8.8.8", "64:ff9b::808:808")

# One of each block, at an edge where it has one.
PRIVATE = ("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1")
PRIVATE += ("127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1")
PRIVATE += ("192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9")
PRIVATE += ("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255")
PRIVATE += ("::", "::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::a9fe:a9fe")
PRIVATE += ("64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1")
PRIVATE += ("fc00::1", "fdff::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1")


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_not_public(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_as_public_however_it_is_wrapped(address: IPv4Address) -> None:
    wrapped = (f"::ffff:{address}", str(IPv6Address(int(IPv6Address("64:ff9b::")) + int(address))))
    assert [is_public(one) for one in wrapped] == [is_public(str(address))] * 2


@given(st.ip_addresses())
def test_whatever_python_knows_to_be_private_is_not_public(address: IPv4Address | IPv6Address) -> None:
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if inner is None and (address.is_loopback or address.is_link_local or address.is_multicast or address.is_reserved):
        assert not is_public(str(address)) or str(address).startswith("64:ff9b::")


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="example"):
        is_public("example.org")


def test_reach_is_public_and_what_is_named() -> None:
    reach = Reach(networks(["10.1.0.0/16", "fd00::/8"]), frozenset({("oer.example.org", 443)}))
    assert reach.allows("partner", 80, "8.8.8.8")
    assert reach.allows("partner", 80, "10.1.2.3")
    assert reach.allows("partner", 80, "::ffff:10.1.2.3")
    assert reach.allows("partner", 80, "fd12::1")
    assert not reach.allows("partner", 80, "10.2.0.1")
    assert not reach.allows("partner", 80, "127.0.0.1")
    assert reach.allows("OER.example.org", 443, "127.0.0.1")
    assert not reach.allows("oer.example.org", 80, "127.0.0.1")
    assert EVERYWHERE.allows("partner", 80, "127.0.0.1")


def test_networks_that_are_none_are_refused_by_their_name() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        networks(["10.0.0.0/99"])
