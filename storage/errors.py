"""Everything a store raises. No error of a backend's library, and no OSError of a backend's own, leaves a store."""


class StoreError(Exception):
    """Root of the store's errors: a code, and values for the sentence that a door makes of it."""

    code = "storage.error"

    def __init__(self, **params: str | int) -> None:
        self.params = params
        super().__init__(", ".join([self.code, *(f"{name}={value}" for name, value in params.items())]))

    @property
    def why(self) -> str:
        """The reason in short, for a sentence: what the backend said, or the code."""
        return str(self.params.get("reason", self.code))


class Missing(StoreError):
    """No finished object of this key, or no open upload of this id."""

    code = "storage.missing"


class WrongOffset(StoreError):
    """An append that does not start where the durable bytes end; ``expected`` is where they end (bytes)."""

    code = "storage.wrong-offset"

    def __init__(self, expected: int) -> None:
        self.expected = expected
        super().__init__(expected=expected)


class Busy(StoreError):
    """Another append, finish or abort of the same upload is under way; ask for the size again, later."""

    code = "storage.busy"


class ChecksumMismatch(StoreError):
    """The bytes do not have the promised sha256 (both lower-case hex)."""

    code = "storage.checksum-mismatch"

    def __init__(self, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(expected=expected, found=found)


class Full(StoreError):
    """No room for more bytes: disk, quota, or the server's own store."""

    code = "storage.full"


class TooLarge(StoreError):
    """More bytes than the backend can keep in one object. The limits of people and institutions are the caller's."""

    code = "storage.too-large"


class Unavailable(StoreError):
    """The backend does not answer, refuses, or answers nonsense; ``reason`` is a word for operators."""

    code = "storage.unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


class Damaged(StoreError):
    """What is kept is not what was put: too short, too long, another digest. Never served as if it were right."""

    code = "storage.damaged"

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(key=key, reason=reason)
