"""Public names of things: short, without order, never reused."""

import re
import secrets

# Crockford's base 32: no i, l, o, u, so that an id survives being read aloud or written by hand.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 10  # 50 bits: a million resources collide with a chance of one in two thousand, and the key is unique

_PUBLIC_ID = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# oai-identifier guidelines, section 2.1: a domain name with at least one dot, each label starting with a letter.
_REPOSITORY_ID = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*(?:\.[a-zA-Z][a-zA-Z0-9-]*)+")


def new_public_id() -> str:
    """A fresh id such as ``7k3v9qm2xd``; the caller's unique key refuses the one in 10¹⁵ that exists already."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def is_public_id(value: str) -> bool:
    return bool(_PUBLIC_ID.fullmatch(value))


def is_slug(value: str) -> bool:
    """Whether the value can stand in an address and in an OAI setSpec: a–z, 0–9 and inner hyphens, at most 63."""
    return bool(_SLUG.fullmatch(value))


def is_repository_id(value: str) -> bool:
    return bool(_REPOSITORY_ID.fullmatch(value))


def oai_identifier(repository_id: str, public_id: str) -> str:
    """``oai:example.org:7k3v9qm2xd`` (oai-identifier guidelines, section 2)."""
    return f"oai:{repository_id}:{public_id}"


def local_part(repository_id: str, identifier: str) -> str | None:
    """The public id inside one of our OAI identifiers, or None where it is not ours or not well formed."""
    prefix = f"oai:{repository_id}:"
    local = identifier.removeprefix(prefix)
    return local if identifier.startswith(prefix) and is_public_id(local) else None
