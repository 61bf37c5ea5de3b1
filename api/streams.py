"""Bodies of any length, from the server's loop into a thread that blocks: flat memory, deadlines, no short ends.

The thread pulls some 4 MiB at a time; while it hashes and writes them, the next are received. Nothing is copied on
the way. Threads of uploads are apart
from those of all other requests, so that slow senders keep nobody waiting.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from starlette.requests import Request
from starlette.types import Message

from api.errors import DoorError
from oer.errors import Invalid
from storage import checksums

PIECE = 4 << 20
_AHEAD = 0  # the next lot is received while the thread works on one, and waits in the hand
_SILENCE = 60.0  # seconds without a byte after which a line counts as broken
_LINGERING = 5.0  # seconds without a byte after which the same sender may come again on another line
_RETRY = 10  # seconds
_AT_ONCE = 4  # whole files that are read once more

Result = TypeVar("Result")


class BrokenOff(Exception):
    """The body ended before its end. Whoever has kept what came before may go on from there."""


@dataclass(eq=False)
class _Flow:
    """One body under way."""

    name: str | None
    heard: float = field(default_factory=time.monotonic)
    whole: bool = False
    over: anyio.Event = field(default_factory=anyio.Event)
    receiving: anyio.CancelScope = field(default_factory=anyio.CancelScope)


_named: dict[str, _Flow] = {}


def declared(request: Request) -> int | None:
    """``Content-Length`` in bytes, None for a chunked body. Raises DoorError for nonsense."""
    given = request.headers.get("content-length")
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise DoorError("request.malformed")
    return int(given)


def promised(request: Request) -> str | None:
    """The SHA-256 that ``Content-Digest`` promises (lower-case hex); other algorithms count as absent.

    Raises Invalid.
    """
    given = ",".join(request.headers.getlist("content-digest"))
    try:
        return checksums.parse_digest_field(given) if given else None
    except ValueError:
        raise Invalid("request.invalid", field="Content-Digest") from None


async def into_thread(
    request: Request, work: Callable[[Iterator[bytes]], Result], *, name: str | None = None, size: int = PIECE
) -> Result:
    """What ``work`` makes of the body, in a thread of its own. It need not read to the end.

    The pieces are as the line brought them and change hands ``size`` bytes at a time. They raise BrokenOff where the
    line breaks, falls silent or brings another length than it said; what came before is handed out first. ``name`` is
    for :func:`let_go`. Raises what ``work`` raises, and DoorError where too many bodies come at once.
    """
    flow, gate = _Flow(name), _gate(request)
    try:
        gate.acquire_on_behalf_of_nowait(flow)
    except anyio.WouldBlock:
        raise DoorError("uploads.too-many", headers={"Retry-After": str(_RETRY)}) from None
    if name is not None:
        _named.setdefault(name, flow)  # a second line is about to be refused, and must not hide the first
    into, out = anyio.create_memory_object_stream[list[bytes]](_AHEAD)

    def run() -> Result | Exception:
        # Returned, not raised: a task group would wrap it.
        try:
            return work(_pieces(flow, out))
        except Exception as error:  # noqa: BLE001 - raised again below
            return error

    try:
        with into, out:
            async with anyio.create_task_group() as group:
                group.start_soon(_fill, request, flow, into, size)
                outcome = await anyio.to_thread.run_sync(run, limiter=anyio.CapacityLimiter(1))
                group.cancel_scope.cancel()
    finally:
        gate.release_on_behalf_of(flow)
        if name is not None and _named.get(name) is flow:
            del _named[name]
        flow.over.set()
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


async def apart(
    request: Request,
    work: Callable[[], Result],
    *,
    lane: str = "finishing",
    at_once: int = _AT_ONCE,
    patience: float = math.inf,
) -> Result:
    """Long work, a few of each ``lane`` at a time: who waits for a turn takes no thread from anybody.

    Raises TimeoutError where the turn does not come within ``patience`` seconds.
    """
    state, turn = request.app.state, object()
    if not hasattr(state, f"lane_{lane}"):
        setattr(state, f"lane_{lane}", anyio.CapacityLimiter(at_once))
    limiter: anyio.CapacityLimiter = getattr(state, f"lane_{lane}")
    with anyio.fail_after(patience):
        await limiter.acquire_on_behalf_of(turn)
    try:
        return await anyio.to_thread.run_sync(work, limiter=anyio.CapacityLimiter(1))
    finally:
        limiter.release_on_behalf_of(turn)


async def let_go(name: str) -> None:
    """Break off a body of this name that has fallen silent, and wait until what it brought is kept.

    A sender whose line broke without a word is back before the old line is known to be dead.
    """
    flow = _named.get(name)
    if flow is not None and time.monotonic() - flow.heard > _LINGERING:
        flow.receiving.cancel()
        with anyio.move_on_after(_SILENCE):
            await flow.over.wait()


def _gate(request: Request) -> anyio.CapacityLimiter:
    state = request.app.state
    if not hasattr(state, "uploads"):
        state.uploads = anyio.CapacityLimiter(state.installation.settings.max_uploads)
    found: anyio.CapacityLimiter = state.uploads
    return found


def _pieces(flow: _Flow, out: MemoryObjectReceiveStream[list[bytes]]) -> Iterator[bytes]:
    while True:
        try:
            lot = anyio.from_thread.run(out.receive)
        except anyio.EndOfStream:
            break
        yield from lot
        del lot  # while the next one is received
    if not flow.whole:
        raise BrokenOff


async def _fill(request: Request, flow: _Flow, into: MemoryObjectSendStream[list[bytes]], size: int) -> None:
    """Hand the body on in lots; at the end, or where it breaks off, what is left."""
    expected, received = declared(request), 0
    lot: list[bytes] = []
    handed = 0
    with into:
        while (message := await _next(request, flow)) is not None:
            if chunk := message.get("body", b""):
                lot.append(chunk)
                received += len(chunk)
            if received - handed >= size:
                await into.send(lot)
                lot, handed = [], received
            if not message.get("more_body", False):
                flow.whole = expected is None or received == expected
                break
        if lot:
            await into.send(lot)


async def _next(request: Request, flow: _Flow) -> Message | None:
    """The next part of the body, None where the line is gone."""
    if flow.receiving.cancel_called:
        return None
    flow.receiving = anyio.CancelScope(deadline=anyio.current_time() + _SILENCE)
    with flow.receiving:
        message = await request.receive()
        flow.heard = time.monotonic()
        return message if message["type"] == "http.request" else None
    return None
