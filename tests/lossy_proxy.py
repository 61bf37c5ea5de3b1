"""A TCP proxy on loopback that slows, cuts or garbles what passes: a bad network before a good server."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_PIECE = 16 * 1024


@dataclass
class Trouble:
    """What to do to the bytes of each connection, counted from its beginning; None: leave them alone."""

    cut_down_at: int | None = None  # hang up after so many bytes from the server
    flip_down_at: int | None = None  # turn one bit of what the server sends
    flip_up_at: int | None = None  # turn one bit of what the client sends
    cut_up_at: int | None = None
    pause: float = 0.0  # seconds before each piece from the server
    done: list[str] = field(default_factory=list)


@contextmanager
def proxy(target: str, trouble: Trouble) -> Iterator[str]:
    """``host:port`` that leads to ``target`` (``host:port``) through the trouble."""
    host, _, port = target.partition(":")
    listener = socket.create_server(("127.0.0.1", 0))
    open_sockets: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection((host, int(port)))
            open_sockets.extend((client, server))
            for work in ((client, server, True), (server, client, False)):
                thread = threading.Thread(target=_pump, args=(*work, trouble))
                threads.append(thread)
                thread.start()

    accepting = threading.Thread(target=serve)
    accepting.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for each in open_sockets:
            _hang_up(each)
        for thread in threads:
            thread.join()
        for each in open_sockets:
            each.close()


def _pump(source: socket.socket, target: socket.socket, up: bool, trouble: Trouble) -> None:
    passed = 0
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            flip, cut = (trouble.flip_up_at, trouble.cut_up_at) if up else (trouble.flip_down_at, trouble.cut_down_at)
            if not up:
                time.sleep(trouble.pause)
            if flip is not None and passed <= flip < passed + len(piece):
                at = flip - passed
                piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]
                trouble.done.append("flipped")
            if cut is not None and passed + len(piece) > cut:
                target.sendall(piece[: cut - passed])
                trouble.done.append("cut")
                break
            target.sendall(piece)
            passed += len(piece)
    _hang_up(source)
    _hang_up(target)


def _hang_up(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
