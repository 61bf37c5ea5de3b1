"""Licences in plain words: what one may do, must do, and may not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from metadata import licences
from metadata.licences import Licence

# One condition of a licence, in the order in which people ask: the right or duty of ccREL, how it weighs, its words.
Weight = Literal["may", "must", "not"]


@dataclass(frozen=True, slots=True)
class Term:
    weight: Weight
    code: str


@dataclass(frozen=True, slots=True)
class LicenceShown:
    short: str
    label: str
    url: str
    terms: Sequence[Term]


def licence(uri: str | None, spoken: str) -> LicenceShown | None:
    """None for a licence that nobody knows."""
    found = licences.get(uri) if uri else None
    if found is None:
        return None
    label = found.labels.get(spoken) or found.labels.get("en") or found.short
    return LicenceShown(found.short, label, found.uri, _terms(found))


def _terms(known: Licence) -> list[Term]:
    """A licence in plain words. What it does not mention in ccREL is not said here either."""
    adapt: Weight = "may" if "DerivativeWorks" in known.permits else "not"
    trade: Weight = "not" if "CommercialUse" in known.prohibits else "may"
    terms = [Term("may", "page.licence.share")] if "Distribution" in known.permits else []
    terms += [Term(adapt, f"page.licence.adapt-{adapt}"), Term(trade, f"page.licence.trade-{trade}")]
    duties = {"Attribution": "credit", "ShareAlike": "share-alike"}
    return terms + [Term("must", f"page.licence.{word}") for duty, word in duties.items() if duty in known.requires]
