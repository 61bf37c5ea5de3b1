"""Reading the subjects of MODS: topics, places, times, and alignments as our own MODS writes them."""

from collections.abc import Iterable

from metadata import values, vocabularies, xml
from metadata.crosswalks import understood
from metadata.crosswalks.gathering import Gathering
from metadata.crosswalks.mods_reading import addresses, language, said
from metadata.crosswalks.nodes import children, local
from metadata.record import Alignment

_ALIGNMENTS = frozenset(["curriculum", "competency", "sdg", "occupation"])
_SERIES = "--"  # between a heading and its subdivisions


def subjects(gathering: Gathering, nodes: Iterable[xml.Element]) -> None:
    """Terms by their addresses; where there is none so, keywords that name one exactly give it as well."""
    topics: list[tuple[str, str]] = []
    for node in nodes:
        topic = None if alignment_kind(node) else _subject(gathering, node)
        if topic:
            topics.append(topic)
    named = [(understood.subject(words), words) for words, uri in topics if not uri]
    if not any(uri for _, uri in topics):
        for uri, words in named:
            if uri and not understood.resource_type(words):  # "Text" tells what the work is
                gathering.add("subjects", uri, "subject", words)


def _subject(gathering: Gathering, node: xml.Element) -> tuple[str, str] | None:
    """A single term by what it is; a heading with subdivisions as one keyword. Words and URI (or "") of a topic."""
    parts = [child for child in node if said(child)]
    if len(parts) == 1:
        return _part(gathering, node, parts[0])
    words = _SERIES.join(said(part) for part in parts) or said(node)
    lang = language(node) or next((language(part) for part in parts), None)
    return words, _term(gathering, words, lang, addresses(node))


def _part(gathering: Gathering, node: xml.Element, part: xml.Element) -> tuple[str, str] | None:
    words, lang, element = said(part), language(part) or language(node), f"subject/{local(part)}"
    match local(part):
        case "geographic":
            gathering.text("coverage.places", element, words, lang, joined="; ")
        case "hierarchicalGeographic":
            gathering.text("coverage.places", element, _SERIES.join(map(said, part)), lang, joined="; ")
        case "geographicCode" if values.is_country(words.upper()) and part.get("authority") != "marccountry":
            gathering.add("coverage.countries", words.upper(), element, words)
        case "temporal" if period := understood.date(words):
            gathering.set("coverage.period", period, element, words)
        case "geographicCode" | "temporal" | "cartographics":
            gathering.leave(element, words)
        case _:
            own = [words] if "unescot" in (part.get("authority"), node.get("authority")) else []
            return words, _term(gathering, words, lang, [*addresses(part), *addresses(node), *own])
    return None


def _term(gathering: Gathering, words: str, lang: str | None, candidates: Iterable[str]) -> str:
    """The term that one of the candidates is; without one the words are a keyword."""
    uri = next((uri for one in candidates if (uri := understood.subject(one))), "")
    if uri:
        gathering.add("subjects", uri, "subject", words)
    else:
        gathering.keyword("subject", words, lang)
    return uri


def alignment_kind(node: xml.Element) -> str:
    """``sdg`` of ``displayLabel="sdg, teaches"`` on what belongs to a group, as our own MODS writes alignments."""
    kind = (node.get("displayLabel") or "").partition(",")[0]
    return kind if kind in _ALIGNMENTS and node.get("altRepGroup") else ""


def alignments(gathering: Gathering, nodes: Iterable[xml.Element]) -> None:
    """Each classification with the names of its group; a classification that is none of ours is told."""
    groups: dict[str, list[xml.Element]] = {}
    for node in nodes:
        if local(node) in ("classification", "subject") and alignment_kind(node):
            groups.setdefault(node.get("altRepGroup") or "", []).append(node)
        elif local(node) == "classification":
            gathering.leave("classification", f"{node.get('authority') or ''} {said(node)}")
    for members in groups.values():
        code = next((node for node in members if local(node) == "classification"), None)
        found = _alignment(code, members) if code is not None else None
        if found:
            gathering.add("alignments", found, "classification", said(members[0]))
        else:
            gathering.leave("classification", "; ".join(said(node) for node in members))


def _alignment(code: xml.Element, members: list[xml.Element]) -> Alignment | None:
    kind, _, relation = (code.get("displayLabel") or "").partition(",")
    target = next(iter(addresses(code)), said(code))
    scheme = "sdg" if kind == "sdg" else "ict-cft"
    term = vocabularies.term(scheme, target)
    topics = [topic for node in members for topic in children(node, "topic")]
    names = understood.texts((said(topic), language(topic)) for topic in topics)
    if term:
        names = [text for text in names if term.labels.get(text.lang) != text.value]
    framework = code.get("authority") or None
    made = Alignment.model_validate(
        {
            "kind": kind,
            "target": target,
            "name": names,
            "framework": None if kind == "sdg" else framework,
            "relation": vocabularies.canonical("alignment-relations", relation) if relation.strip() else None,
        }
    )
    return made if made.target else None
