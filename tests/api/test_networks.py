"""Which network a request comes from."""

from pathlib import Path

import factories
import pytest
from starlette.requests import Request

from api import networks


def asked(peer: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", one.encode("latin-1")) for one in forwarded]
    return Request({"type": "http", "client": (peer, 5) if peer is not None else None, "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", [], "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", [], "192.0.2.7"),
        ("fe80::1%eth0", [], "fe80::/64"),
        ("192.0.2.7", ["203.0.113.9"], "192.0.2.7"),  # anybody can write that
        ("127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("::1", ["203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),  # what came in front is the visitor's own word
        ("127.0.0.1", ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["203.0.113.9, 10.1.2.3"], "203.0.113.9"),  # two proxies, both ours
        ("127.0.0.1", ["198.51.100.1, 203.0.113.9, 10.1.2.3"], "203.0.113.9"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.9, "], "127.0.0.1"),
        ("127.0.0.1", ["2001:db8::7"], "2001:db8::/64"),
        ("testclient", ["203.0.113.9"], "testclient"),
        ("", [], ""),
        (None, ["203.0.113.9"], ""),
    ],
)
def test_only_our_own_proxies_are_believed(tmp_path: Path, peer: str, forwarded: list[str], network: str) -> None:
    with factories.opened(tmp_path, trusted_proxies="127.0.0.0/8,::1,10.0.0.0/8") as home:
        assert networks.of(asked(peer, *forwarded), home) == network


def test_an_operator_may_believe_nobody(tmp_path: Path) -> None:
    with factories.opened(tmp_path, trusted_proxies=("192.0.2.1/32",)) as home:
        assert networks.of(asked("127.0.0.1", "203.0.113.9"), home) == "127.0.0.1"
