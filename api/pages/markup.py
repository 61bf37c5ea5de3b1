"""XML for people to read: indented, escaped, each value in a direction of its own."""

from collections.abc import Iterator

from markupsafe import Markup

from metadata import xml
from metadata.xml import Element

_LANGUAGE = xml.name("xml:lang")


def pretty(node: Element) -> Markup:
    """The element for a box that reads from left to right: one block a line, and ``class="in"`` around each level.

    Namespaces stand where the document declares them first. White space around words is left out, all else is as it
    came. Values are ``<bdi>`` in the language that the document gives them: an Arabic title must not turn the
    brackets around it.
    """
    return Markup("").join(_lines(node))


def _lines(node: Element) -> Iterator[Markup]:
    name = _name(node)
    opening = Markup("&lt;{}{}").format(name, Markup("").join(_attributes(node)))
    inside = list(_inside(node))
    if not len(node):
        closing = Markup("&gt;{}&lt;/{}&gt;").format(inside[0], name) if inside else Markup("/&gt;")
        yield _line(opening + closing)
        return
    yield _line(opening + Markup("&gt;"))
    yield Markup('<div class="in">{}</div>').format(Markup("").join(inside))
    yield _line(Markup("&lt;/{}&gt;").format(name))


def _inside(node: Element) -> Iterator[Markup]:
    """Words and elements in their order; words stand in a line of their own where there are elements."""
    mixed = len(node) > 0
    for words, child in [(node.text, None), *((child.tail, child) for child in node)]:
        if child is not None:
            yield from _lines(child)
        if words and words.strip():
            said = _value(_words(words.strip()), node.get(_LANGUAGE) or "")
            yield _line(said) if mixed else said


def _line(content: Markup) -> Markup:
    return Markup("<div>{}</div>").format(content)


def _name(node: Element) -> str:
    local = local_name(node)
    return f"{node.prefix}:{local}" if node.prefix else local


def local_name(node: Element) -> str:
    return str(node.tag).rpartition("}")[2]


def _attributes(node: Element) -> Iterator[Markup]:
    parent = node.getparent()
    inherited = {} if parent is None else parent.nsmap
    for prefix, namespace in node.nsmap.items():
        if inherited.get(prefix) != namespace:
            yield _attribute(f"xmlns:{prefix}" if prefix else "xmlns", namespace)
    prefixes = {namespace: prefix for prefix, namespace in node.nsmap.items() if prefix}
    prefixes[xml.NAMESPACES["xml"]] = "xml"
    for name, value in node.attrib.items():
        namespace, _, local = str(name).rpartition("}")
        yield _attribute(f"{prefixes[namespace[1:]]}:{local}" if namespace else local, str(value))


def _attribute(name: str, value: str) -> Markup:
    return Markup(' {}="{}"').format(name, _value(xml.escape(value), ""))


def _words(text: str) -> str:
    """As they stand in a document, but for line ends, which people want to see."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _value(written: str, language: str) -> Markup:
    known = Markup(' lang="{}"').format(language) if language else ""
    return Markup("<bdi{}>{}</bdi>").format(known, written)
