"""Elements as partners write them: known by their names, in whatever namespace or none."""

from metadata.xml import Element


def local(node: Element) -> str:
    """The name without namespace; empty for what is no element."""
    tag: object = node.tag  # a function for comments
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def children(node: Element, *names: str) -> list[Element]:
    """The children of these names."""
    return [child for child in node if local(child) in names]
