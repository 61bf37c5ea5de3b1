"""LOM 2.3 read: who made, published, paid for a work, and when."""

from collections.abc import Iterator
from itertools import islice

from metadata import values, vocabularies
from metadata.crosswalks import lom_terms, understood, vcard, wording
from metadata.crosswalks.gathering import Gathering
from metadata.crosswalks.lom_document import MOST, Document, children
from metadata.record import Contributor, Funder
from metadata.xml import Element

_CONTRIBUTE = "lom:lifeCycle/contribute"
_DATED = {"author": "created", "creator": "created", "publisher": "issued"}
_DESCRIBED = {
    **dict.fromkeys(("created", "creation"), "created"),
    **dict.fromkeys(("published", "publication", "issued"), "issued"),
    **dict.fromkeys(("modified", "updated", "modification"), "modified"),
}


def read(document: Document, gathering: Gathering) -> None:
    for node in document.parts("lifecycle", "contribute"):
        role = document.word(node, "role")
        for card_node in islice(_entities(node), MOST):
            card = vcard.read("".join(str(piece) for piece in card_node.itertext()))
            if card:
                _place(gathering, role, card)
                document.read(card_node)
        for date in children(node, "date"):
            _date(document, gathering, role, date)


def _entities(node: Element) -> Iterator[Element]:
    """2.3.2: IEEE has the card in ``entity``, IMS in ``centity/vcard``."""
    for entity in children(node, "entity", "centity", "person"):
        yield from children(entity, "vcard") or [entity]


def _place(gathering: Gathering, role: str, card: vcard.Card) -> None:
    relator = _relator(role, card)
    code = lom_terms.local(relator) if relator else ""
    agent = card.agent.model_dump()
    if code == "fnd":
        funder = Funder(name=card.agent.name, ror=card.agent.ror, award=card.note or None)
        gathering.add("funders", funder, _CONTRIBUTE, card.agent.name)
    elif code in ("", "cre") and role in ("author", "creator"):
        gathering.add("creators", card.agent, _CONTRIBUTE, card.agent.name)
    elif not code and role == "publisher":
        if not gathering.first("publisher", card.agent):
            made = Contributor(**agent, role=f"{wording.RELATORS}pbl")
            gathering.add("contributors", made, _CONTRIBUTE, card.agent.name)
    else:
        if not relator and role not in lom_terms.RELATORS:
            gathering.leave(f"{_CONTRIBUTE}/role", f"{role} ({card.agent.name})")
        named = wording.RELATORS + lom_terms.RELATORS.get(role, "ctb")
        made = Contributor(**agent, role=relator or named)
        gathering.add("contributors", made, _CONTRIBUTE, card.agent.name)


def _relator(role: str, card: vcard.Card) -> str | None:
    """The MARC relator that the card names, if we would have written this role of LOM for it.

    A ROLE in the wild is an occupation: a teacher who is the author is the author. Otherwise what the role itself is
    called, where that is no word of LOM (``translator``).
    """
    found = vocabularies.canonical("contributor-roles", card.role) if card.role else None
    term = vocabularies.term("contributor-roles", found) if found else None
    if term and term.extra.get("lom_role") == role:
        return None if term.notation == "aut" else found
    if role in ("author", "creator", "publisher", *lom_terms.RELATORS):
        return None
    return vocabularies.canonical("contributor-roles", role)


def _date(document: Document, gathering: Gathering, role: str, node: Element) -> None:
    """2.3.3: ``dateTime`` with words beside it, which may be what happened then, or the date more exactly."""
    said = document.inside(node, "datetime", "description")
    described = (_DESCRIBED.get(one.words.lower()) for one in said)
    field = next((name for name in described if name), _DATED.get(role))
    dates = [(one, understood.date(one.words)) for one in said]
    known = [date for _, date in dates if date]
    # EDTF beside the plain date that it amounts to: "2022~" says more than "2022"
    exact = [date for date in known[1:] if values.w3cdtf(date) in (None, known[0])]
    if field and known and gathering.first(field, (exact or known)[0]):
        for one, date in dates:
            if date or one.words.lower() in _DESCRIBED:
                document.read(one.node)
