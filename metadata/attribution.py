"""The sentence by which a reader gives credit: title, author, source, licence, and what the work was made from.

In Arabic, French and English; as plain text, as HTML and as Markdown. Values are escaped and only web addresses
become links. HTML is one ``<p>`` with its own language and direction, fit to be pasted into any page, each value in
``<bdi>``. Plain text holds no invisible direction marks: they would travel into documents and addresses, and our own
records refuse them. Arabic plain text is a list instead, where each address has a line (hence a direction) of its own.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from metadata import licences
from metadata.languages import direction
from metadata.record import Record, Text, pick

Form = Literal["text", "html", "markdown"]

# One table per language. {0}: the value, marked up. "licensed" goes by the kind of licence; "trl", "ill" and "nrt" are
# MARC relators, of those whose work is in what the reader sees or hears.
_PHRASES: dict[str, dict[str, str]] = {
    "ar": {
        "quoted": "«{0}»",
        "comma": "، ",
        "and": "، ",
        "creators": "إعداد {0}",
        "trl": "ترجمة {0}",
        "ill": "رسوم {0}",
        "nrt": "بصوت {0}",
        "licensed": "مرخَّص بموجب رخصة {0}",
        "zero": "مُهدى إلى الملك العام بموجب {0}",
        "mark": "في الملك العام، {0}",
        "adapted": "مقتبَس بتصرّف من {0}",
        "translated": "ترجمة عن {0}",
        "changes": "التعديلات: {0}",
        "untitled": "عمل بلا عنوان",
        "original-authors": "مؤلفي العمل الأصلي",
        "disclaimer": "هذا العمل المقتبَس ليس من إعداد {0}، ولا يعبّر بالضرورة عن آراء {0}، "
        "ولا تقع على {0} أي مسؤولية عن محتواه أو دقته.",
        "disclaimer-wanted": "على كل من يقتبس من هذا العمل أن يبيّن أن الاقتباس ليس من إعداد {0} وأنه غير معتمد من {0}.",
    },
    "fr": {
        "quoted": "«\u00a0{0}\u00a0»",
        "comma": ", ",
        "and": " et ",
        "creators": "par {0}",
        "trl": "traduction de {0}",
        "ill": "illustrations de {0}",
        "nrt": "voix de {0}",
        "licensed": "sous licence {0}",
        "zero": "versé au domaine public par {0}",
        "mark": "dans le domaine public, {0}",
        "adapted": "Adapté de {0}",
        "translated": "Traduit de {0}",
        "changes": "modifications\u00a0: {0}",
        "untitled": "Œuvre sans titre",
        "original-authors": "les auteurs de l’œuvre originale",
        "disclaimer": "Cette adaptation n’a pas été réalisée par {0} et n’est pas approuvée par {0}, "
        "qui ne répond ni de son contenu ni de son exactitude.",
        "disclaimer-wanted": "Toute adaptation de cette œuvre doit préciser qu’elle n’a pas été réalisée par {0} "
        "et qu’elle n’est pas approuvée par {0}.",
    },
    "en": {
        "quoted": "“{0}”",
        "comma": ", ",
        "and": " and ",
        "creators": "by {0}",
        "trl": "translated by {0}",
        "ill": "illustrated by {0}",
        "nrt": "narrated by {0}",
        "licensed": "licensed under {0}",
        "zero": "dedicated to the public domain by {0}",
        "mark": "in the public domain, {0}",
        "adapted": "Adapted from {0}",
        "translated": "Translated from {0}",
        "changes": "changes: {0}",
        "untitled": "Untitled work",
        "original-authors": "the authors of the original work",
        "disclaimer": "This adaptation was not made by {0} and is not endorsed by {0}; "
        "responsibility for its content and accuracy does not lie with {0}.",
        "disclaimer-wanted": "Any adaptation of this work must state that it was not made by {0} "
        "and is not endorsed by {0}.",
    },
}

# Markdown that could start something inside a line (CommonMark 0.31, section 6; tables and strikethrough of GFM).
_MARKDOWN = re.compile(r"([\\`*_\[\]<>&|~$])")
_UNSAFE = re.compile(r"[\s<>\"'\\^`{|}]")


@dataclass(frozen=True, slots=True)
class _Work:
    """What is said of one work. ``relation`` names the phrase that introduces it, "" for the work itself.

    ``credits`` are people beside the creators, each group with the phrase that names their part.
    """

    relation: str
    title: Text
    address: str | None
    creators: Sequence[str] = ()
    credits: Sequence[tuple[str, Sequence[str]]] = ()
    licence: str | None = None
    changes: Text | None = None


def attribution(record: Record, url: str, lang: str, form: Form = "text") -> str:
    """The credit for a resource that stands at ``url``, in ``lang`` (ar, fr, en; another gives English).

    Parts of which the record says nothing are left out. A licence 3.0 IGO brings its disclaimer: for a source, that
    its authors have no part in this adaptation; for the work itself, that those who adapt it must say so.
    """
    chosen = next((tag for tag in (lang, lang.split("-")[0]) if tag in _PHRASES), "en")
    phrases = _PHRASES[chosen]
    works = _works(record, url, chosen)
    disclaimers = _disclaimers(works, _holder(record), phrases, form)
    if form == "text" and chosen == "ar":
        return "\n".join(line for work in works for line in _lines(work, phrases)) + "".join(
            f"\n{disclaimer}" for disclaimer in disclaimers
        )
    body = " ".join([_sentence(work, phrases, form) for work in works] + disclaimers)
    if form == "html":
        return f'<p lang="{chosen}" dir="{"rtl" if chosen == "ar" else "ltr"}">{body}</p>'
    return body


def _works(record: Record, url: str, lang: str) -> list[_Work]:
    untitled = Text(value=_PHRASES[lang]["untitled"], lang=lang)
    creators = [creator.name for creator in record.creators] or [agent.name for agent in (record.publisher,) if agent]
    title = pick(record.title, lang) or untitled
    works = [_Work("", title, _address(url), creators, _credits(record), record.licence)]
    original = record.translation_of
    for source in record.sources:
        by = [source.creator] if source.creator else []
        title = Text(value=source.title)
        changes = pick(source.changes, lang)
        same = original is not None and original.identifier == source.identifier
        works.append(
            _Work(
                "translated" if same else "adapted",
                title,
                _address(source.identifier),
                by,
                licence=source.licence,
                changes=changes,
            )
        )
    if original and original.identifier not in {source.identifier for source in record.sources}:
        title = Text(value=original.title or original.identifier)
        works.append(_Work("translated", title, _address(original.identifier)))
    return works


def _credits(record: Record) -> list[tuple[str, Sequence[str]]]:
    found: dict[str, list[str]] = {"trl": [], "ill": [], "nrt": []}
    for contributor in record.contributors:
        found.get(contributor.role.rpartition("/")[2], []).append(contributor.name)
    return [(role, names) for role, names in found.items() if names]


def _holder(record: Record) -> str:
    agent = record.publisher or next(iter(record.creators), None)
    return record.rights_holder or (agent.name if agent else "")


def _address(identifier: str | None) -> str | None:
    """A web address to link to: nothing but http and https, DOIs through their resolver; else None."""
    text = (identifier or "").strip()
    doi = re.fullmatch(r"(?:doi:)?(10\.\d{4,9}/\S+)", text, re.IGNORECASE)
    if doi:
        text = f"https://doi.org/{doi.group(1)}"
    if not re.match(r"https?://[^\s/]", text, re.IGNORECASE):
        return None
    return _UNSAFE.sub(lambda match: quote(match.group(), safe=""), text)


def _licence(uri: str) -> tuple[str, str, str | None]:
    """The phrase for a licence, its short name, its address."""
    found = licences.get(uri)
    if found is None:
        return "licensed", uri, _address(uri)
    phrase = found.code if found.code in ("zero", "mark") else "licensed"
    return phrase, found.short, _address(found.uri)


def _marked(text: str, form: Form, lang: str = "und") -> str:
    flat = " ".join(text.split())
    if form == "html":
        told = "" if lang == "und" else f' lang="{html.escape(lang)}" dir="{direction(lang)}"'
        return f"<bdi{told}>{html.escape(flat)}</bdi>"
    return _MARKDOWN.sub(r"\\\1", flat) if form == "markdown" else flat


def _linked(marked: str, address: str | None, form: Form) -> str:
    if not address or marked == address:
        return marked
    if form == "html":
        return f'<a href="{html.escape(address)}">{marked}</a>'
    return f"[{marked}](<{address}>)" if form == "markdown" else f"{marked} ({address})"


def _names(creators: Sequence[str], phrases: dict[str, str], form: Form) -> str:
    marked = [_marked(name, form) for name in creators]
    if len(marked) < 2:
        return "".join(marked)
    return phrases["comma"].join(marked[:-1]) + phrases["and"] + marked[-1]


def _sentence(work: _Work, phrases: dict[str, str], form: Form) -> str:
    title = phrases["quoted"].format(_marked(work.title.value, form, work.title.lang))
    parts = [_linked(title, work.address, form)]
    if work.relation:
        parts[0] = phrases[work.relation].format(parts[0])
    if work.creators:
        parts.append(phrases["creators"].format(_names(work.creators, phrases, form)))
    parts += [phrases[role].format(_names(names, phrases, form)) for role, names in work.credits]
    if work.licence:
        phrase, name, address = _licence(work.licence)
        parts.append(phrases[phrase].format(_linked(_marked(name, form), address, form)))
    sentence = phrases["comma"].join(parts)
    if work.changes:
        changes = _marked(work.changes.value.rstrip("."), form, work.changes.lang)
        sentence += f" ({phrases['changes'].format(changes)})"
    return sentence + "."


def _lines(work: _Work, phrases: dict[str, str]) -> list[str]:
    title = phrases["quoted"].format(_marked(work.title.value, "text"))
    lines = [phrases[work.relation].format(title) if work.relation else title, work.address]
    if work.creators:
        lines.append(phrases["creators"].format(_names(work.creators, phrases, "text")))
    lines += [phrases[role].format(_names(names, phrases, "text")) for role, names in work.credits]
    if work.licence:
        phrase, name, address = _licence(work.licence)
        lines += [phrases[phrase].format(name), address] if address != name else [phrases[phrase].format(""), address]
    if work.changes:
        lines.append(phrases["changes"].format(_marked(work.changes.value, "text")))
    return [line.strip() for line in lines if line]


def _disclaimers(works: Sequence[_Work], holder: str, phrases: dict[str, str], form: Form) -> list[str]:
    found: dict[str, None] = {}
    for work in works:
        licence = licences.get(work.licence) if work.licence else None
        if licence is None or not licence.igo:
            continue
        name = _names(work.creators, phrases, form) if work.relation else holder and _marked(holder, form)
        phrase = phrases["disclaimer" if work.relation else "disclaimer-wanted"]
        found[phrase.format(name or phrases["original-authors"])] = None
    return list(found)
