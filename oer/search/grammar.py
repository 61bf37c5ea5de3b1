"""The language of questions: words, "phrases", -without, field:value, OR and parentheses. Whatever is written means
something; there are no errors, and nothing of it reaches the engine as it is.

========================  ================================================================================
``نهر النيل``             all of the words
``"دورة الماء"``          words that stand together; ``« »`` and ``“ ”`` do as well
``fractions -décimales``  without; ``NOT`` and ``-"a phrase"`` and ``-(a group)`` too
``ماء OR هواء``           one of both; ``|``, ``OU`` and ``أو`` mean the same
``(a OR b) c``            a group
``creator:أمينة``         in one place; the names of places are known in three languages
``type:video``            with this value; what is no place and no kind of value is taken for words
========================  ================================================================================
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

LONGEST = 1000
"""Characters of a question that are read."""
MOST = 32
"""Words of a question that count, those of phrases too."""
_PHRASES = 4  # of a question; words of more stand alone
_DEEPEST = 8  # groups in groups: what lies deeper is read as if its parentheses were not there


@dataclass(frozen=True, slots=True)
class Word:
    """Words as they are written, ``place`` where they must stand or None. More than one: a phrase."""

    words: str
    place: str | None = None
    phrase: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """Of what is counted, a value as somebody has written it."""

    facet: str
    value: str


@dataclass(frozen=True, slots=True)
class Without:
    part: "Node"


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class One:
    """At least one of these."""

    parts: tuple["Node", ...]


Node = Word | Value | Without | All | One

PLACES = {
    name: place
    for place, names in {
        "title": "title titre عنوان العنوان",
        "text": "text description texte وصف الوصف",
        "subject": "about sujet موضوع",
        "name": "creator author name auteur nom مؤلف المؤلف اسم",
        "file": "file fichier contenu ملف محتوى",
        "code": "id doi isbn orcid معرف",
    }.items()
    for name in names.split()
}
FACETS = {
    name: facet
    for facet, names in {
        "institution": "institution établissement etablissement مؤسسة",
        "subject": "subject",
        "level": "level niveau مستوى",
        "type": "type نوع",
        "language": "language lang langue لغة",
        "licence": "licence license رخصة",
        "audience": "audience public جمهور",
        "media": "media format média صيغة",
        "year": "year année annee سنة",
    }.items()
    for name in names.split()
}
_OR = frozenset({"OR", "OU", "أو", "|", "||"})
_AND = frozenset({"AND", "ET", "&", "&&"})
_NOT = frozenset({"NOT", "SAUF"})
QUOTES = '"“”„«»'
_TOKEN = re.compile(
    rf"""(?P<minus>(?:(?<=\s)|(?<=\()|^)[-−–](?=[^\s)]))
    | (?P<place>(?:(?<=[\s(\-−–])|^)[^\W\d_]+)[:：](?=[^\s)])(?!//)
    | [{QUOTES}](?P<phrase>[^{QUOTES}]*)[{QUOTES}]?
    | (?P<bracket>[()])
    | (?P<word>[^\s(){QUOTES}]+)""",
    re.VERBOSE,
)


def parse(text: str) -> Node | None:
    """What is asked for; None where nothing is."""
    legal = text[:LONGEST].encode("utf-8", "replace").decode("utf-8")  # a terminal gives surrogates for broken bytes
    return _simple(_Reader(legal).all(0))


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = list(_TOKEN.finditer(text))
        self._at = 0
        self._left = MOST
        self._phrases = _PHRASES

    def _next(self) -> re.Match[str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def all(self, depth: int) -> Node:
        """Everything up to the end of the group: choices between what stands together."""
        choices: list[Node] = []
        parts: list[Node] = []
        while (token := self._next()) is not None:
            self._at += 1
            if token["bracket"] == ")":
                if depth:
                    break
                continue  # one that closes nothing
            if token["word"] in _OR:
                choices.append(All(tuple(parts)))
                parts = []
            elif token["word"] not in _AND and (part := self._part(token, depth)) is not None:
                parts.append(part)
        return One((*choices, All(tuple(parts)))) if choices else All(tuple(parts))

    def _part(self, token: re.Match[str], depth: int) -> Node | None:
        if token["minus"] is not None or token["word"] in _NOT:
            following = self._following(depth)
            return None if following is None else Without(following)
        if token["bracket"] is not None:
            return self.all(depth + 1) if depth < _DEEPEST else None
        if token["place"] is not None:
            return self._placed(token["place"], depth)
        return self._words(token)

    def _following(self, depth: int) -> Node | None:
        token = self._next()
        if token is None or token["bracket"] == ")":
            return None
        self._at += 1
        return self._part(token, depth)

    def _words(self, token: re.Match[str], place: str | None = None) -> Node | None:
        if token["phrase"] is None:
            return self._taken(token["word"], place) if token["word"] else None
        words = token["phrase"].split()[: self._left]
        if self._phrases:
            self._phrases -= 1
            self._left -= len(words)
            return Word(" ".join(words), place, phrase=True)
        return All(tuple(found for one in words if (found := self._taken(one, place)) is not None))

    def _taken(self, word: str, place: str | None = None) -> Word | None:
        if not self._left:
            return None
        self._left -= 1
        return Word(word, place)

    def _placed(self, written: str, depth: int) -> Node | None:
        token, name = self._next(), written.lower()
        if token is None or (name not in PLACES and name not in FACETS):
            return self._taken(written)  # what follows is read as if it stood alone
        self._at += 1
        if token["word"] is None and token["phrase"] is None:
            group = self._part(token, depth)
            return group if group is None else _moved(group, name)
        if name in PLACES:
            return self._words(token, PLACES[name])
        if not self._left:
            return None
        self._left -= 1
        return Value(FACETS[name], token["word"] or token["phrase"])


def _moved(node: Node, name: str) -> Node:
    """What stands in a group behind the name of a place or of a facet."""
    if isinstance(node, Word) and node.place is None:
        return replace(node, place=PLACES[name]) if name in PLACES else Value(FACETS[name], node.words)
    if isinstance(node, Without):
        return Without(_moved(node.part, name))
    if isinstance(node, (All, One)):
        return type(node)(tuple(_moved(part, name) for part in node.parts))
    return node


def _simple(node: Node) -> Node | None:
    """The same without empty groups and groups of one."""
    if isinstance(node, Without):
        inner = _simple(node.part)
        if isinstance(inner, Without):
            return inner.part
        return None if inner is None else Without(inner)
    if isinstance(node, (All, One)):
        parts = tuple(part for one in node.parts if (part := _simple(one)) is not None)
        if len(parts) < 2:
            return parts[0] if parts else None
        return type(node)(parts)
    return node


def words(node: Node | None) -> Iterator[Word]:
    """The words that are asked for, not those to be without."""
    if isinstance(node, Word):
        yield node
    elif isinstance(node, (All, One)):
        for part in node.parts:
            yield from words(part)
