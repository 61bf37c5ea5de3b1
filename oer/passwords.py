"""Passwords: kept as argon2id hashes (RFC 9106), and proved without telling whether there was anything to prove."""

import secrets
import threading
from functools import cache

import argon2

from metadata.findings import Problem
from oer.errors import Invalid

LENGTHS = (10, 200)  # characters; NIST SP 800-63B asks for 8 at least and 64 at most or more
_AT_ONCE = 2

_hasher = argon2.PasswordHasher()  # argon2id with the parameters of RFC 9106's second choice
# Each hash takes 64 MiB while it is made: ten at once, as a process has threads, would fill a small machine.
_turns = threading.BoundedSemaphore(_AT_ONCE)


def hashed(password: str, *, field: str = "password") -> str:
    """The hash to keep. Raises Invalid (:func:`require_good`)."""
    require_good(password, field=field)
    with _turns:
        return _hasher.hash(_bytes(password))


def require_good(password: str, *, field: str = "password") -> None:
    """Raises Invalid where the password is too short, too long or of hardly any characters."""
    problem = _problem(password, field)
    if problem is not None:
        raise Invalid(problem.code, [problem], **problem.params)


def _problem(password: str, field: str) -> Problem | None:
    shortest, longest = LENGTHS
    if len(password) < shortest:
        return Problem("password.too-short", field, {"minimum": shortest})
    if len(password) > longest:
        return Problem("password.too-long", field, {"maximum": longest})
    if len(set(password)) < 4:
        return Problem("password.too-common", field, {})
    return None


def fits(kept: str | None, password: str) -> bool:
    """Whether this is the password of which ``kept`` is the hash; None fits nothing, after the same work."""
    stand_in = _nobody()  # asked for in every case: the first time it takes as long as a proof
    with _turns:
        try:
            _hasher.verify(kept or stand_in, _bytes(password))
        except argon2.exceptions.VerificationError:
            return False
    return kept is not None


def renewed(kept: str, password: str) -> str | None:
    """A new hash of a password that has just fitted, where the old one was made at less cost than today's."""
    if not _hasher.check_needs_rehash(kept):
        return None
    with _turns:
        return _hasher.hash(_bytes(password))


@cache
def _nobody() -> str:
    with _turns:
        return _hasher.hash(secrets.token_hex(16))


def _bytes(text: str) -> bytes:
    """UTF-8, of lone surrogates too, which JSON can carry: a password of them is wrong, not an accident."""
    return text.encode("utf-8", "surrogatepass")
