"""Rhythms of the hand drum, told by numbers and made as WAV: no recording, so nobody's."""

import wave
from collections.abc import Mapping
from io import BytesIO
from math import exp, pi, sin

_RATE = 16_000
_BEAT = 0.26  # seconds of an eighth
# D is a deep stroke (dum), t a bright one (tak), a point a rest; one sign for an eighth.
_RHYTHMS: Mapping[str, str] = {
    "maqsum": "Dt.tD.t.",
    "ayyub": "D..tD.t.",
    "malfuf": "D..t..t.",
}
_ROUNDS = 4


def sound(name: str) -> bytes:
    """A rhythm, four times over; mono, 16 bits."""
    told = _RHYTHMS[name] * _ROUNDS
    length = int(_RATE * _BEAT)
    samples = [0.0] * (length * (len(told) + 2))
    for place, sign in enumerate(told):
        stroke = {"D": _deep, "t": _bright}.get(sign)
        for at in range(int(_RATE * 0.35) if stroke else 0):
            if stroke and place * length + at < len(samples):
                samples[place * length + at] += stroke(at / _RATE)
    made = BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(b"".join(_bytes(sample) for sample in samples))
    return made.getvalue()


def _deep(seconds: float) -> float:
    return 0.7 * exp(-seconds * 13) * sin(2 * pi * (82 + 40 * exp(-seconds * 30)) * seconds)


def _bright(seconds: float) -> float:
    tone = sin(2 * pi * 930 * seconds) + 0.6 * sin(2 * pi * 1570 * seconds) + 0.4 * sin(2 * pi * 2310 * seconds)
    return 0.22 * exp(-seconds * 38) * tone


def _bytes(sample: float) -> bytes:
    return int(max(-1.0, min(1.0, sample)) * 32_000).to_bytes(2, "little", signed=True)
