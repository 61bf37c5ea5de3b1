"""How often fault runs repeat: few times by default, as often as promised with OER_FULL_COUNTS=1 (``make faults``)."""

import os

FULL = os.environ.get("OER_FULL_COUNTS") == "1"

TIMEOUT = 3600 if FULL else 240  # seconds of one test


def count(reduced: int, full: int) -> int:
    """``full`` repetitions where the run asks for them, else ``reduced``."""
    return full if FULL else reduced
