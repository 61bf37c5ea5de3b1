"""Connections that are made to the address that was judged, and that somebody else can end.

Judging a name and then connecting to it asks the name server twice, which may answer something else the second time
(DNS rebinding): so the name is asked for once, and the connection goes to an address. The certificate is still held
against the name.
"""

import socket
from collections.abc import Iterator
from contextlib import suppress

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.connection import create_connection

from harvest.addresses import Reach

_ATTEMPTS = 4  # addresses of one name


class OutOfReach(Exception):
    """None of the host's addresses may be asked."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


class Lines:
    """The open lines of one client, each by a second handle: what TLS does to the first is of no matter."""

    def __init__(self) -> None:
        self._open: dict[object, socket.socket] = {}

    def add(self, owner: object, line: socket.socket) -> None:
        self.drop(owner)
        self._open[owner] = line.dup()

    def drop(self, owner: object) -> None:
        if (line := self._open.pop(owner, None)) is not None:
            line.close()

    def cut(self) -> None:
        """End all of them now, whoever waits on one: reading then finds its end. From any thread."""
        for line in list(self._open.values()):
            with suppress(OSError):  # it has ended by itself
                line.shutdown(socket.SHUT_RDWR)


def manager(reach: Reach, lines: Lines, timeout: urllib3.Timeout) -> urllib3.PoolManager:
    """A pool manager of such connections, without proxies and without tries of its own."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _judged(self, reach, lines)

        def close(self) -> None:
            lines.drop(self)
            super().close()

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _judged(self, reach, lines)

        def close(self) -> None:
            lines.drop(self)
            super().close()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    made = urllib3.PoolManager(timeout=timeout, retries=False)
    made.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return made


def _judged(connection: HTTPConnection, reach: Reach, lines: Lines) -> socket.socket:
    """A line to the first address of the host that may be asked and answers. Raises OutOfReach, OSError."""
    host, port = connection.host, connection.port or connection.default_port
    allowed = [address for address in _addresses(host, port) if reach.allows(host, port, address)]
    if not allowed:
        raise OutOfReach(host)
    failed = OSError()
    for address in allowed[:_ATTEMPTS]:
        try:
            line = create_connection((address, port), connection.timeout, socket_options=connection.socket_options)
        except OSError as error:
            failed = error
        else:
            lines.add(connection, line)
            return line
    raise failed


def _addresses(host: str, port: int) -> Iterator[str]:
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    return (str(address) for *_, (address, *_) in found)
