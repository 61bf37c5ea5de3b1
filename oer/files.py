"""The files of a draft beside their bytes: what they are called, what they are for, and their order."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from sqlmodel import Session

from oer import deposits, queries, texts
from oer.errors import Conflict, Invalid
from oer.models import FILE_ROLES, DraftFile
from oer.policy import Actor
from storage import file_names
from storage.store import Store, Stored


class Description(TypedDict, total=False):
    """What may be said of a file; what is left out stays. ``seen`` is the key of the bytes that the caller looked
    into for the ``media_type``, which a new name may refine.
    """

    name: str
    role: str
    language: str | None
    media_type: str
    seen: str


def renamed(store: Store, file: DraftFile, new_name: str) -> Description:
    """The new name, with the media type that the bytes have under it. It reads the store: let no transaction wait."""
    media_type = deposits.detect(store, Stored(file.key, file.size), name=file_names.safe_name(new_name))
    return Description(name=new_name, media_type=media_type, seen=file.key)


def describe(
    session: Session,
    actor: Actor,
    public_id: str,
    name: str,
    told: Description,
    *,
    expected: int | None = None,
    now: datetime,
) -> DraftFile:
    """Give a file another name, role or language.

    Raises Invalid for a name that is taken, an unknown role, a language that is none; Conflict where other bytes
    have come under this name since the caller looked into them.
    """
    found = deposits.editable(session, actor, public_id, expected=expected, now=now)
    file = deposits.file_of(session, found, name)
    if told.get("seen", file.key) != file.key:
        raise Conflict("write.collided")
    role = told.get("role", file.role)
    if role not in FILE_ROLES:
        raise Invalid("file.role-invalid", field="role", role=role, known=", ".join(FILE_ROLES))
    safe = file_names.safe_name(told.get("name", file.name))
    others = queries.resources.draft_files(session, draft_id=found.draft.id or 0)
    if any(other.name == safe and other.id != file.id for other in others):
        raise Invalid("file.name-taken", field="name", name=safe)
    file.name, file.role, file.media_type = safe, role, told.get("media_type", file.media_type)
    if "language" in told:
        file.language = texts.language(told["language"])
    session.add(file)
    deposits.log(session, actor, "draft.describe-file", found.resource, now=now, name=name, new_name=safe)
    return file


def arrange(
    session: Session,
    actor: Actor,
    public_id: str,
    names: Sequence[str],
    *,
    expected: int | None = None,
    now: datetime,
) -> None:
    """Put the files in this order. Raises Invalid unless it names every one of them, and each once."""
    found = deposits.editable(session, actor, public_id, expected=expected, now=now)
    files = {file.name: file for file in queries.resources.draft_files(session, draft_id=found.draft.id or 0)}
    wanted = [unicodedata.normalize("NFC", name) for name in names]
    if sorted(wanted) != sorted(files):
        raise Invalid("files.order-incomplete", field="names")
    for position, name in enumerate(wanted, 1):
        files[name].position = position
        session.add(files[name])
    deposits.log(session, actor, "draft.arrange", found.resource, now=now)
