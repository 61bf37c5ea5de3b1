"""When a lighter variant of a file is worth to be kept beside it."""

_HEAVY = 300_000  # bytes from which one is tried
_GAIN = 0.7  # of the bytes, at most, that it is kept with


def is_heavy(size: int) -> bool:
    return size >= _HEAVY


def is_light(size: int, *, of: int) -> bool:
    """Whether a variant of ``size`` bytes is light beside ``of``."""
    return 0 < size <= _GAIN * of
