"""Everybody who calls: a person in each role at home, above, beside and elsewhere, and tokens that may do less."""

from typing import Any

from policy_words import SCOPES, Caller

from oer.workflow import Role

# account → roles; those of ``FORMER`` are taken away again when they have begun what is theirs
PEOPLE: dict[str, dict[str, str]] = {
    "nobody": {},
    "outsider": {},
    "author": {"college": "depositor", "studio": "depositor"},
    "former": {},
    "colleague": {"college": "depositor"},
    "root": {},
    "steward": {},
    "erased": {},
    **{
        f"{role} {place}": {place: role}
        for place in ("college", "ministry", "school", "academy")
        for role in ("depositor", "reviewer", "manager")
    },
}
FORMER = {"college": Role.DEPOSITOR}


def callers() -> list[Caller]:
    def one(name: str, who: str, **more: Any) -> Caller:
        return Caller(name, who, PEOPLE[who], administrator=who == "root", **more)

    whole = [one(who, who) for who in PEOPLE if who not in ("outsider", "colleague", "steward", "erased")]
    less = [
        one(f"{who}, a token without {scope}", who, scopes=SCOPES - {scope})
        for who in ("author", "reviewer college", "manager college", "root")
        for scope in sorted(SCOPES)
    ]
    return [
        Caller("the public", by="nothing"),
        Caller("a token that is none", by="wrong"),
        *whole,
        *less,
        one("root, by cookie", "root", by="cookie"),
        one("manager college, by cookie", "manager college", by="cookie"),
        one("manager college, by cookie from another site", "manager college", by="foreign"),
    ]
