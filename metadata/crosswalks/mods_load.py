"""A partner's MODS as a record: versions 3.0 to 3.8, bare, in a collection, or inside something else.

Elements are known by their local names: partners write several namespaces, and sometimes none. What MODS has a
place for and a record has none (physical form, edition, series) is told. ``recordInfo`` describes the description.
"""

import re
from collections.abc import Callable, Mapping

from metadata import licences, vocabularies, xml
from metadata.crosswalks import mods_reading as reading
from metadata.crosswalks import mods_subjects, understood, wording
from metadata.crosswalks.described import Loaded
from metadata.crosswalks.fitting import fitted
from metadata.crosswalks.gathering import Gathering
from metadata.crosswalks.mods_reading import language, said
from metadata.crosswalks.nodes import children, local
from metadata.record import AgeRange

Reader = Callable[[Gathering, xml.Element], None]

_AGES = re.compile(r"(?=\D*\d)(\d{1,3})?\s*[-–]\s*(\d{1,3})?|(\d{1,3})", re.ASCII)
# Values of typeOfResource; "software, multimedia" and "mixed material" may be anything.
_TYPES = {
    "cartographic": "map",
    "moving image": "video",
    "notated music": "sheet_music",
    "sound recording": "audio",
    "sound recording-musical": "audio",
    "sound recording-nonmusical": "audio",
    "still image": "image",
    "text": "text",
}
# Notes by type or by the last part of typeURI → field, vocabulary.
_FACTS = {
    "educationaluse": ("educational_use", "educational-use"),
    "interactivitytype": ("interactivity", "interactivity"),
    "accessmode": ("accessibility.modes", "access-modes"),
    "accessibilityfeature": ("accessibility.features", "accessibility-features"),
    "accessibilityhazard": ("accessibility.hazards", "accessibility-hazards"),
    "accessibilitycontrol": ("accessibility.controls", "accessibility-controls"),
}
_TEXT_NOTES = {
    "preferred citation": "citation_note",
    "accessibilitysummary": "accessibility.summary",
    "equipment": "classroom.equipment",
}
_INTERNET = frozenset(["none", "download-once", "always"])


def load(root: xml.Element) -> Loaded:
    """The first ``mods`` at or below the root; others beside it are told. Without one, all that is said is."""
    gathering = Gathering()
    found = [node for node in root.iter() if local(node) == "mods"]
    if not found:
        gathering.leave(local(root) or "root", said(root))
        return fitted(gathering.loaded())
    first = found[0]
    for other in found[1:]:
        gathering.leave("mods", said(other))
    gathering.leave("text between elements", " ".join([first.text or "", *(node.tail or "" for node in first)]))
    order = sorted((node for node in first if local(node)), key=_precise_first)
    for node in order:
        _READERS.get(local(node), _left)(gathering, node)
    mods_subjects.subjects(gathering, [node for node in order if local(node) == "subject"])
    reading.dates(gathering, [node for node in order if local(node) == "originInfo"])
    mods_subjects.alignments(gathering, order)
    gathering.embargo()
    return fitted(gathering.loaded())


def _precise_first(node: xml.Element) -> int:
    """Titles as such before translations, what has an address before what has none, a genre before a type."""
    if local(node) == "titleInfo":
        return 1 if node.get("type") or node.get("otherType") else 0
    if local(node) in ("genre", "accessCondition"):
        return 0 if reading.addresses(node) else 1
    return 2 if local(node) == "typeOfResource" else 1


def _left(gathering: Gathering, node: xml.Element) -> None:
    gathering.leave(local(node), said(node))


def _unread(_gathering: Gathering, _node: xml.Element) -> None:
    """Read elsewhere, or about the description."""


# ── What each element gives ──────────────────────────────────────────────────────────────────────


def _title(gathering: Gathering, node: xml.Element) -> None:
    """A translation is the title in another language; whatever else has a type, or comes second, is an alternative."""
    words, lang = reading.title(node)
    text = understood.text(words, lang)
    if text is None:
        return
    main = node.get("type") in (None, "", "translated") and not node.get("otherType")
    field = "title" if main and not gathering.speaks("title", text.lang) else "alternative"
    gathering.text(field, "titleInfo", words, lang)


def _type(gathering: Gathering, node: xml.Element) -> None:
    """By address, else by name. What says no more than the type that is known already is not told."""
    words = said(node)
    candidates = [*reading.addresses(node), words]
    found = next((uri for one in candidates if (uri := understood.resource_type(one))), None)
    if local(node) == "typeOfResource":
        coarse = _TYPES.get(" ".join(words.lower().split()))
        found = found or (wording.HCRT + coarse if coarse else None)
        if found and gathering.get("resource_type"):
            return
    gathering.set("resource_type", found, local(node), words)


def _language(gathering: Gathering, node: xml.Element) -> None:
    """One language in several codes: a tag before a code before a name. Those of summaries are left."""
    terms = sorted(children(node, "languageTerm"), key=_exact_first)
    tags = [tag for term in terms if (tag := understood.language(said(term)))]
    if tags and not node.get("objectPart"):
        gathering.add("languages", tags[0], "language", said(node))
        terms = [term for term in terms if not understood.language(said(term))]
    for term in terms or ([] if children(node, "languageTerm") else [node]):
        gathering.leave("language", said(term))


def _exact_first(term: xml.Element) -> int:
    return 0 if (term.get("authority") or "").startswith("rfc") else 1 if term.get("type") != "text" else 2


def _physical(gathering: Gathering, node: xml.Element) -> None:
    for child in node:
        words = said(child)
        if local(child) == "extent" and child.get("unit") == "duration" and understood.duration(words):
            gathering.set("play_time", words, "physicalDescription/extent", words)
        else:
            gathering.leave(f"physicalDescription/{local(child)}", words)


def _abstract(gathering: Gathering, node: xml.Element) -> None:
    gathering.text("description", "abstract", said(node), language(node), joined="\n\n")


def _audience(gathering: Gathering, node: xml.Element) -> None:
    words = said(node)
    ages = _AGES.fullmatch(words)
    if ages:
        low, high = (int(end) if end else None for end in (ages[1] or ages[3], ages[2] or ages[3]))
        gathering.set("age_range", AgeRange(minimum=low, maximum=high), "targetAudience", words)
        return
    for one in (*reading.addresses(node), words):
        for field, found in (("levels", understood.level(one)), ("audience", understood.audience(one))):
            if found:
                gathering.add(field, found, "targetAudience", words)
                return
    _left(gathering, node)


def _note(gathering: Gathering, node: xml.Element) -> None:
    kind, words = reading.note_type(node), said(node)
    if kind in _TEXT_NOTES:
        gathering.text(_TEXT_NOTES[kind], "note", words, language(node))
    elif kind in _FACTS:
        field, scheme = _FACTS[kind]
        found = (vocabularies.canonical(scheme, one) for one in (*reading.addresses(node), words))
        uri = next((uri for uri in found if uri), None)
        if not uri:
            gathering.leave(f"note[{kind}]", words)
        elif field == "interactivity":
            gathering.set(field, uri, "note", words)
        else:
            gathering.add(field, uri, "note", words)
    elif not _need(gathering, kind, words):
        gathering.leave(f"note[{kind}]" if kind else "note", words)


def _need(gathering: Gathering, kind: str, words: str) -> bool:
    """Time and classroom, as our own MODS writes them; whether it was any of them."""
    ages = _AGES.fullmatch(words)
    if kind == "timerequired" and understood.duration(words):
        gathering.set("study_time", words, "note", words)
    elif kind == "accessmodesufficient":
        modes = [vocabularies.canonical("access-modes-sufficient", one.strip()) for one in words.split(",")]
        if not all(modes):
            return False
        gathering.add("accessibility.sufficient", modes, "note", words)
    elif kind == "device" and words in wording.DEVICES:
        gathering.add("classroom.devices", words, "note", words)
    elif kind == "internet connection" and words in _INTERNET:
        gathering.set("classroom.internet", words, "note", words)
    elif kind == "group size" and ages:
        for field, end in (("group_minimum", ages[1] or ages[3]), ("group_maximum", ages[2] or ages[3])):
            if end:
                gathering.set(f"classroom.{field}", int(end), "note", words)
    else:
        return False
    return True


def _identifier(gathering: Gathering, node: xml.Element) -> None:
    words = said(node)
    if (node.get("type") or "").lower() == "citation":
        gathering.text("citation_note", "identifier", words, language(node))
        return
    found = None if node.get("invalid") == "yes" else reading.identifier(node)
    if found:
        gathering.add("identifiers", found, "identifier", words)
    else:
        gathering.leave("identifier", f"{node.get('type') or ''} {words}")


def _location(gathering: Gathering, node: xml.Element) -> None:
    """Pages are identifiers of the work; files and previews are not."""
    for child in node:
        words = said(child)
        found = understood.identifier(words) if local(child) == "url" else None
        if found and child.get("access") not in ("raw object", "preview"):
            gathering.add("identifiers", found, "location/url", words)
        else:
            gathering.leave(f"location/{local(child)}", words)


def _access(gathering: Gathering, node: xml.Element) -> None:
    """Licence and access by address or by name; other words are a note on rights."""
    words = said(node)
    holder = next((one for one in node.iter() if local(one) in ("rights.holder", "rightsHolder")), None)
    if holder is not None:
        gathering.set("rights_holder", " ".join(said(holder).split()), "accessCondition", words)
    candidates = [*reading.addresses(node), words]
    access = next((found for one in candidates if (found := understood.access(one))), None)
    uri = None if access else next((known for one in candidates if (known := understood.licence(one))), None)
    if access and access.until:
        gathering.set("until", access.until, "accessCondition", words)
    elif access:
        gathering.set("access", access, "accessCondition", words)
    elif uri:
        gathering.set("licence", uri, "accessCondition", words)
    if not access and not (uri and _only_names(uri, words)):
        gathering.text("rights_note", "accessCondition", words, language(node), joined="\n")


def _only_names(uri: str, words: str) -> bool:
    """Whether the words say no more than which licence it is."""
    known = licences.get(uri)
    return not words or licences.canonical(words) == uri or (known is not None and words in known.labels.values())


_READERS: Mapping[str, Reader] = {
    "abstract": _abstract,
    "accessCondition": _access,
    "classification": _unread,
    "genre": _type,
    "identifier": _identifier,
    "language": _language,
    "location": _location,
    "name": reading.name,
    "note": _note,
    "originInfo": reading.publisher,
    "physicalDescription": _physical,
    "recordInfo": _unread,
    "relatedItem": reading.related,
    "subject": _unread,
    "targetAudience": _audience,
    "titleInfo": _title,
    "typeOfResource": _type,
}
