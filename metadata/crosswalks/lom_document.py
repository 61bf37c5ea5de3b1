"""LOM as partners write it, read alike: IEEE and IMS bindings, LOMs inside wrappers, and what nobody has read yet.

Element names are compared without namespace and case: IEEE LOM (``lifeCycle``, ``<string language>``), IMS Learning
Resource Meta-data 1.1 and 1.2 (``lifecycle``, ``<langstring xml:lang>``), HS-OER-LOM, Common Cartridge and SCORM differ
in little else. ILOX (IMS LODE) sets several LOMs into one description; they are read as one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from metadata import xml
from metadata.crosswalks import nodes
from metadata.xml import Element

MOST = 500
"""More keywords, people or relations than this are left unread: no record holds them, and nobody wrote them by hand."""

_TRANSLATIONS = 100
_LANG = xml.name("xml:lang")
_CARD = re.compile(r"BEGIN\s*:\s*VCARD", re.IGNORECASE)
_NAMED = ("classification", "contribute", "relation")
_NAMING = ("kind", "purpose", "role")  # what such a part is, said in the path of what is left of it


@dataclass(frozen=True)
class Said:
    """A string with its language as written (None where neither it nor 3.4 says one) and where it stands."""

    words: str
    language: str | None
    node: Element

    @property
    def pair(self) -> tuple[str, str | None]:
        return self.words, self.language


def local(node: Element) -> str:
    """The name without namespace, in small letters; empty for what is no element."""
    return nodes.local(node).lower()


def children(node: Element, *names: str) -> list[Element]:
    """Children of these names, which are given in small letters."""
    return [child for child in node if local(child) in names]


class Document:
    """A description and which of its strings have not been read: those end up among ``Loaded.unmapped``."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.loms = [node for node in root.iter() if local(node) == "lom"] or [root]
        # Held, so that lxml gives the same objects again.
        self._unread = {node: True for node in root.iter() if nodes.local(node) and (node.text or "").strip()}
        self._steps: dict[Element, str] = {}
        tags = (said for meta in self.categories("metametadata") for said in self._own(meta, "language"))
        self._default = next((tag for tag in tags if tag), None)

    def categories(self, *names: str) -> list[Element]:
        """The elements right below a ``lom``, of all of them."""
        return [child for lom in self.loms for child in children(lom, *names)]

    def parts(self, category: str, *names: str) -> list[Element]:
        """Children of a category, the first :data:`MOST`."""
        return [part for node in self.categories(category) for part in children(node, *names)][:MOST]

    def strings(self, node: Element) -> list[Said]:
        """The strings of a LangString; the element's own text where it has none."""
        found = children(node, "string", "langstring")[:_TRANSLATIONS]
        language = node.get(_LANG)
        said = [Said(self._text(one), one.get("language") or one.get(_LANG) or language, one) for one in found]
        if not found:
            said = [Said(self._text(node), language, node)]
        return [Said(one.words, one.language or self._default, one.node) for one in said if one.words]

    def values(self, node: Element) -> list[Said]:
        """What a vocabulary value is called: value, id or entry; HS-OER-LOM and Invenio have the last two."""
        named = children(node, "value", "id", "entry") or [node]
        return [said for one in named for said in self.strings(one)]

    def inside(self, node: Element, *names: str) -> list[Said]:
        """The strings of these children; those of the element itself where it has no elements in it."""
        found = [said for child in children(node, *names) for said in self.strings(child)]
        return found if len(node) else self.strings(node)

    def terms(self, category: str, name: str) -> Iterator[tuple[Element, list[str]]]:
        """Vocabulary values of a category, each with all it is called."""
        for node in self.parts(category, name):
            yield node, [said.words for said in self.values(node)]

    def locations(self) -> Iterator[Said]:
        """4.3, and the ``item/location/uri`` that ILOX has outside its LOMs."""
        for node in islice((node for node in self.root.iter() if local(node) == "location"), MOST):
            yield from self.inside(node, "uri", "string", "langstring")

    def word(self, node: Element, *names: str) -> str:
        """The vocabulary value of a child in small letters, read; empty where there is none."""
        for child in children(node, *names):
            for said in self.values(child):
                self.read(child)
                return " ".join(said.words.lower().split())
        return ""

    def read(self, *nodes: Element) -> None:
        """These elements and all in them have found a place."""
        for node in nodes:
            for inside in node.iter():
                self._unread.pop(inside, None)

    def unread(self) -> Iterator[tuple[str, str]]:
        """Path and text of what nobody read, but for the category that describes the description, and for vCards.

        ``lom:technical/size`` is inside a LOM, ``item/location`` beside it in its wrapper. A card that found no place,
        of whoever left an annotation for instance, is full of telephone numbers and addresses.
        """
        for node in self._unread:
            chain = self._chain(node)
            names = [local(one) for one in chain]
            paired = any(name == "source" and _is_pair(one.getparent()) for one, name in zip(chain, names, strict=True))
            if not paired and not _CARD.match(self._text(node)) and not {"metametadata", *_NAMING} & set(names):
                inside = (above := chain[0].getparent()) is not None and local(above) == "lom"
                yield ("lom:" if inside else "") + "/".join(self._step(one) for one in chain), self._text(node)

    def _chain(self, node: Element) -> list[Element]:
        """The elements from below the LOM, or else from below the root, down to this one."""
        chain = [node]
        while (parent := chain[0].getparent()) is not None and local(parent) != "lom" and parent is not self.root:
            chain.insert(0, parent)
        return chain

    def _step(self, node: Element) -> str:
        if local(node) not in _NAMED:
            return nodes.local(node)
        if node not in self._steps:
            said = [said.words for one in children(node, *_NAMING) for said in self.values(one)][:1]
            self._steps[node] = nodes.local(node) + "".join(
                f"[{' '.join(words[:100].lower().split())}]" for words in said
            )
        return self._steps[node]

    def _own(self, node: Element, name: str) -> list[str]:
        return [self._text(one) for one in children(node, name)]

    @staticmethod
    def _text(node: Element) -> str:
        return "".join(str(piece) for piece in node.itertext()).strip()


def _is_pair(node: Element | None) -> bool:
    """Whether this is a vocabulary value, whose source need not be told."""
    return node is not None and bool(children(node, "value", "id"))
