"""HTTP to partners: which addresses are asked, and where they send us on."""

import socket
from collections.abc import Callable

import pytest
from fetchers import QUICK, code, fetched, fetcher
from oai_server import Request, Said, response, serving

from harvest import connections
from harvest.addresses import Reach, networks
from harvest.fetching import Limits, Unanswered

# ── Addresses ────────────────────────────────────────────────────────────────────────────────────


def origin(said: Said) -> tuple[str, int]:
    return "127.0.0.1", int(said.url.rpartition(":")[2])


def test_private_addresses_are_not_asked() -> None:
    with serving(lambda _: response()) as said, fetcher(reach=Reach()) as asking:
        for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"):
            with pytest.raises(Unanswered) as raised:
                asking.fetch(f"http://{host}:{origin(said)[1]}/oai")
            assert raised.value.code == "fetch.address-private", host
        assert said.requests == []


def test_redirections_to_private_addresses_are_not_followed() -> None:
    with serving(lambda _: response(b"secret")) as inner, serving(sent_on(302, inner.url)) as said:
        reach = Reach(origins=frozenset([origin(said)]))
        with fetcher(reach=reach) as asking, pytest.raises(Unanswered) as raised:
            asking.fetch(f"{said.url}/oai")
    assert raised.value.code == "fetch.address-private"
    assert "secret" not in str(raised.value.params)
    assert inner.requests == []


def test_networks_of_the_operator_are_asked() -> None:
    with serving(lambda _: response(b"<a/>")) as said, fetcher(reach=Reach(networks(["127.0.0.0/8"]))) as asking:
        assert asking.fetch(said.url).content == b"<a/>"


def test_a_name_is_asked_for_once_and_the_connection_goes_where_it_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: response(b"<a/>")) as said:
        port = origin(said)[1]
        answers = [["127.0.0.1", "93.184.215.14"], ["127.0.0.1"]]  # the second time a name server that changes its mind
        asked = []

        def looked_up(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
            if host != "partner.example.org":
                return real(host, port, *_, **__)
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers.pop(0)]

        real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", looked_up)
        reached = []

        def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
            reached.append(address)
            raise ConnectionRefusedError("nobody there")

        monkeypatch.setattr(connections, "create_connection", connect)
        with fetcher(Limits(tries=1), reach=Reach()) as asking, pytest.raises(Unanswered) as raised:
            asking.fetch(f"http://partner.example.org:{port}/")
    assert raised.value.code == "fetch.no-answer"
    assert (asked, reached) == (["partner.example.org"], [("93.184.215.14", port)])
    assert said.requests == []


# ── Redirection ──────────────────────────────────────────────────────────────────────────────────


def sent_on(status: int, target: str) -> Callable[[Request], bytes]:
    def answer(request: Request) -> bytes:
        if request.target.startswith("/oai"):
            return response(b"", status, {"Location": target})
        return response(f"{request.method} {request.target} {request.body.decode()}".encode())

    return answer


@pytest.mark.parametrize(("status", "moved"), [(301, True), (302, False), (303, False), (307, False), (308, True)])
def test_redirections_are_followed_and_those_for_ever_are_told(status: int, moved: bool) -> None:
    with serving(sent_on(status, "/new?verb=Identify")) as said:
        found = fetched(said)
        assert found.url == f"{said.url}/new?verb=Identify"
    assert (found.content, found.moved) == (b"GET /new?verb=Identify ", moved)


@pytest.mark.parametrize(("status", "wanted"), [(301, b"GET /new "), (303, b"GET /new "), (307, b"POST /new a=b")])
def test_a_form_goes_along_only_where_http_says_so(status: int, wanted: bytes) -> None:
    with serving(sent_on(status, "/new")) as said:
        assert fetched(said, form=b"a=b").content == wanted


@pytest.mark.parametrize(
    "target", ["ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "http://[/", "javascript:1"]
)
def test_redirections_lead_to_http_alone(target: str) -> None:
    with serving(sent_on(302, target)) as said:
        assert code(said) == "fetch.address-invalid"
        assert len(said.requests) == 1


def test_circles_are_left() -> None:
    with serving(lambda _: response(b"", 302, {"Location": "/oai"})) as said:
        assert code(said) == "fetch.lost"
        assert len(said.requests) == 6


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.org",
        "oai",
        "",
        "http://",
        "http://a b.org/",
        "http://a.org:0/",
        "http://a.org:99999/",
        "http://[::1",
        "http://\0/",
        f"http://{'a' * 70}.org/",
    ],
)
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(Unanswered) as raised, fetcher(QUICK) as asking:
        asking.fetch(url)
    assert raised.value.code in ("fetch.address-invalid", "fetch.no-answer")
