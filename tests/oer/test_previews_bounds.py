"""What the process that makes previews may take, say and do: bounds on its time, its answer and its doings."""

import io
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from previewing import PDF, make, noisy, pdf, scan

from oer.apart import network, running
from oer.apart.running import Bounds, Stopped
from oer.previews import child, frames, making
from oer.previews.making import Told


def test_what_takes_too_long_is_ended_and_keeps_what_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "_DRAWN", Bounds(seconds=0.0, answer=1 << 20))
    began = time.monotonic()
    told, _ = make(pdf([(300, 400)] * 12), PDF, tmp_path)
    assert told.state == "failed"
    assert time.monotonic() - began < 10


def test_more_than_is_taken_of_an_answer_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "_DRAWN", Bounds(seconds=60.0, answer=200_000))
    told, kept = make(noisy(1200, 1200), "image/png", tmp_path)
    assert told == Told("made")
    assert set(kept) == {("cover", 1)}  # which had come whole


def test_the_maker_can_write_and_start_nothing_and_has_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OER_SECRET_FOR_TEST", "sesame")
    seen: list[tuple[dict[str, str], list[tuple[int, int]], str]] = []

    def look() -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until and not seen:
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error, OSError):
                    if "oer.previews.child" in process.cmdline():
                        names = (psutil.RLIMIT_AS, psutil.RLIMIT_CPU, psutil.RLIMIT_FSIZE, psutil.RLIMIT_NPROC)
                        bounds = [process.rlimit(one) for one in names]
                        if bounds[-1] == (0, 0):
                            status = Path(f"/proc/{process.pid}/status").read_text()
                            seen.append((process.environ(), bounds, status))

    watching = threading.Thread(target=look)
    watching.start()
    make(scan(3), PDF, tmp_path)
    watching.join()
    [(environment, bounds, status)] = seen
    assert "sesame" not in str(environment)
    assert bounds == [(child.MEMORY, child.MEMORY), (child.CPU, child.CPU + 5), (0, 0), (0, 0)]
    assert ("Seccomp:\t2" in status) == network.can_close()


def test_whoever_stops_waits_for_no_file(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        make(pdf([(300, 400)] * 12), PDF, tmp_path, stop=stop)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"nonsense",
        b'{"kind": "cover"}\n',
        b'{"kind": "cover", "number": 1, "size": -5}\n',
        b'{"kind": "cover", "number": 1, "size": 99}\nRIFF',
        b'{"kind": "audio", "number": 1, "size": 4}\nRIFF',
        b'{"kind": "cover", "number": 1, "size": 4}\n<htm',
        b'{"kind": "cover", "number": true, "size": 4}\nRIFF',
        b'{"kind": ["cover"], "number": 1, "size": 4}\nRIFF',
        b"[]\n",
        b"[" * 1000,
    ],
)
def test_a_process_that_has_lost_its_way_hands_nothing_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    def lost(_command, _descriptor, answer, **_named) -> int:
        answer(said)
        return 0

    monkeypatch.setattr(running, "run", lost)
    assert make(b"x", "image/png", tmp_path)[1] == {}


def test_what_was_handed_over_is_read_as_it_was_written() -> None:
    out = io.BytesIO()
    frames.write(out, frames.PAGES, b"", number=7)
    frames.write(out, "page", b"abc\n{", number=2, pixels=(9, 8))
    found = [(frame.kind, frame.number, frame.width, frame.height, begin) for frame, begin in frames.read(out)]
    assert [one[:4] for one in found] == [("pages", 7, None, None), ("page", 2, 9, 8)]
    assert out.getvalue()[found[1][4] :] == b"abc\n{"
