"""``oer terms``: what records may say."""

from typing import Annotated

import typer

from metadata import vocabularies
from oer.cli import context, output
from oer.cli.context import AsJson
from oer.errors import NotFound


def terms(
    vocabulary: Annotated[
        str | None,
        typer.Argument(metavar="[VOCABULARY]", help="Name of a vocabulary, or of a field; without it all are listed."),
    ] = None,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORDS…]", help="Beginnings of words of a name, or a code.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Terms for records, with their URIs; without a name, the vocabularies and the fields that take them."""
    with context.errors_said(as_json=as_json):
        if vocabulary is None:
            _tell_all(as_json=as_json)
            return
        names = vocabularies.FIELDS.get(vocabulary, [vocabulary])
        if not set(names) <= set(vocabularies.NAMES):
            raise NotFound("vocabulary.unknown", name=vocabulary, known=", ".join(vocabularies.NAMES))
        wanted = " ".join(words or [])
        found = [(name, term) for name in names for term in vocabularies.matching(name, wanted) if term.offered]
    if as_json:
        output.emit([{"uri": term.uri, "code": term.notation, "labels": dict(term.labels)} for _, term in found])
        return
    for name, term in found:
        output.say(f"{term.uri}  {vocabularies.label(name, term.uri, output.language())}")


def _tell_all(*, as_json: bool) -> None:
    fields = {
        name: [field for field, names in vocabularies.FIELDS.items() if name in names] for name in vocabularies.NAMES
    }
    if as_json:
        output.emit([{"name": name, "fields": taking} for name, taking in fields.items()])
        return
    for name, taking in fields.items():
        output.say(f"{name}  {', '.join(taking)}")
