"""A web server on loopback that says exactly what a test wants said, wrong as it may be."""

import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> bytes:
        """The arguments, wherever they came."""
        return self.body if self.method == "POST" else self.target.partition("?")[2].encode()


@dataclass
class Said:
    """What the server was asked, in order; ``url`` is where it listens, without a slash at its end."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)


def response(
    content: bytes = b"", status: int = 200, headers: Mapping[str, str] | None = None, *, length: int | None = None
) -> bytes:
    """A whole answer; ``length`` is what it says of itself, where that is to be wrong."""
    told = {"Content-Type": "text/xml; charset=utf-8"} | dict(headers or {})
    told |= {"Content-Length": str(len(content) if length is None else length), "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + content


@contextmanager
def serving(answer: Callable[[Request], bytes | Iterator[bytes]], *, port: int = 0) -> Iterator[Said]:
    """``answer`` gives the bytes of each answer with its head, at once or piece by piece; then the line is closed."""
    said = Said()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                request = _read(self)
                if request is None:
                    return
                said.requests.append(request)
                found = answer(request)
                for piece in [found] if isinstance(found, bytes) else found:
                    self.wfile.write(piece)
            except OSError:
                pass  # the client had enough

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 50

    with Server(("127.0.0.1", port), Handler) as server:
        said.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield said
        finally:
            server.shutdown()
            thread.join()


def _read(handler: socketserver.StreamRequestHandler) -> Request | None:
    line = handler.rfile.readline().decode("latin-1").split()
    if len(line) != 3:
        return None
    headers: dict[str, str] = {}
    while (header := handler.rfile.readline().decode("latin-1").strip()) != "":
        name, _, value = header.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Request(line[0], line[1], headers, handler.rfile.read(int(headers.get("content-length", 0))))
