"""Connections that are made to the address that was judged, and that somebody else can end.

Judging a name and then connecting to it asks the name server twice, which may answer something else the second time
(DNS rebinding): so the name is asked for once, and the connection goes to an address. The certificate is still held
against the name.
"""

import socket
import threading
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
    """The open lines of one client, each by a second handle: what TLS and responses do to the first is of no matter.

    A question goes from :meth:`begin` to :meth:`end`; in between any thread may :meth:`cut` it.
    """

    def __init__(self) -> None:
        self._open: dict[HTTPConnection, socket.socket] = {}
        self._cut = False
        self._lock = threading.Lock()

    def begin(self) -> None:
        with self._lock:
            self._cut = False

    def end(self) -> None:
        """Let go of the lines that their connections have closed. Not before: of an answer that ends with its line the
        connection lets go while the answer is still read.
        """
        with self._lock:
            for owner in [owner for owner in self._open if owner.sock is None]:
                self._open.pop(owner).close()

    def add(self, owner: HTTPConnection, line: socket.socket) -> None:
        with self._lock:
            if owner in self._open:
                self._open.pop(owner).close()
            self._open[owner] = line.dup()
            if self._cut:  # the time was up while this line was being made
                _shut(line)

    def cut(self) -> None:
        """End all of them now, whoever waits on one: reading then finds its end. Lines made later end at once."""
        with self._lock:
            self._cut = True
            for line in self._open.values():
                _shut(line)


def _shut(line: socket.socket) -> None:
    with suppress(OSError):  # it has ended by itself
        line.shutdown(socket.SHUT_RDWR)


def manager(reach: Reach, lines: Lines, timeout: urllib3.Timeout) -> urllib3.PoolManager:
    """A pool manager of such connections, without proxies and without tries of its own."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _judged(self, reach, lines)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _judged(self, reach, lines)

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
