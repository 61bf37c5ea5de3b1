"""What commands share: opening the installation, naming who acts, and turning errors into exits."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session

from metadata import validate
from oer import accounts, installation, queries, settings
from oer.cli import output
from oer.errors import Invalid, NotFound, OerError, TooLarge
from oer.installation import Installation
from oer.models import Person
from oer.policy import OPERATOR, Actor
from storage.errors import StoreError

LARGEST = 2**31 - 1  # number of a row

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
As = Annotated[str | None, typer.Option("--as", metavar="EMAIL", help="Act as this person (default: the operator).")]
Descriptions = Annotated[
    list[str] | None, typer.Option("--description", help="As ar=…, fr=… or en=…; repeated for another language.")
]


@contextmanager
def opened(*, as_json: bool = False) -> Iterator[Installation]:
    """The installation of the environment; errors inside become a sentence and an exit code."""
    with errors_said(as_json=as_json):
        found = installation.open_installation(settings.load())
        try:
            yield found
        finally:
            found.close()


@contextmanager
def errors_said(*, as_json: bool = False) -> Iterator[None]:
    try:
        yield
    except (OerError, StoreError) as error:
        output.fail(error, as_json=as_json)
    except UnicodeEncodeError:
        # Arguments that are no UTF-8 arrive as lone surrogates, which neither a database nor a digest takes.
        output.fail(Invalid("argument.not-text"), as_json=as_json)
    except typer.Abort:  # a question was not answered
        output.note(output.sentence("cli.broken-off"))
        raise typer.Exit(output.INCOMPLETE) from None
    except KeyboardInterrupt:
        raise typer.Exit(output.INTERRUPTED) from None


@contextmanager
def interrupts() -> Iterator[Callable[[], None]]:
    """Gives what to call between two steps: it raises KeyboardInterrupt where Ctrl-C was pressed and got lost.

    Python drops the exception where it comes while an object is being finalised, and would go on to the end.
    """
    pressed = False

    def note(*_: object) -> None:
        nonlocal pressed
        pressed = True
        raise KeyboardInterrupt

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)


def person(session: Session, email: str) -> Person:
    """The account of this address. Raises NotFound."""
    found = queries.people.by_email(session, email=email.strip().lower())
    if found is None:
        raise NotFound("person.unknown", email=email)
    return found


def actor(session: Session, email: str | None) -> Actor:
    """The operator, or the person who shall be named in versions and in the audit log. Raises NotFound."""
    return OPERATOR if email is None else accounts.actor_of(session, person(session, email))


def by_language(written: Sequence[str] | None) -> dict[str, str | None]:
    """Texts that are written as ``ar=…``; one without words is taken away."""
    parts = (one.partition("=") for one in written or [])
    return {language.strip(): words or None for language, _, words in parts}


def read_object(path: Path, limit: int, *, loaded: Callable[[bytes, int], Any] = validate.load) -> Any:
    """What a JSON file says (``-``: standard input). Raises Invalid with the line and column of a mistake."""
    try:
        if str(path) == "-":
            content = typer.get_binary_stream("stdin").read(limit + 1)
        else:
            with path.open("rb") as file:
                content = file.read(limit + 1)
    except OSError as error:
        raise Invalid("file.unreadable", name=str(path), reason=error.strerror or "") from None
    if len(content) > limit:
        raise TooLarge("record.too-large", limit=limit)
    found, problems = loaded(content, limit)
    if problems:
        raise Invalid("record.invalid", problems=problems, count=len(problems))
    return found
