"""Numbers, titles, publication and physical description of a MARC 21 record: fields 02X–04X and 2XX–3XX."""

import re
from collections.abc import Iterator

from metadata import arabic, vocabularies
from metadata.crosswalks import marc21_coded, marc_languages, material, view, wording
from metadata.crosswalks.marc21_field import Cataloguing, Field, field
from metadata.record import Text

_SOURCES = {"doi": "doi", "handle": "hdl", "url": "uri", "urn": "urn"}  # Standard Identifier Source Codes

# Appendix F: initial definite and indefinite articles.
_ARTICLES = {
    "ar": re.compile("[\u0627\u0671][\u064b-\u0652\u0670]*\u0644[\u064b-\u0652\u0670]*"),
    "fr": re.compile(r"(?:les?|la|une?)\s+(?=\S)|l['’](?=\S)", re.IGNORECASE),
    "en": re.compile(r"(?:the|an?)\s+(?=\S)", re.IGNORECASE),
}
_SUBTITLE = re.compile(r"\s*:\s+")
_YEARS = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", re.ASCII)

# Which access mode a feature helps with, and how: 341 $b textual, $c visual, $d auditory, $e tactile.
_ASSISTS = {
    "alternativeText": ("visual", "b"),
    "longDescription": ("visual", "b"),
    "describedMath": ("visual", "b"),
    "audioDescription": ("visual", "d"),
    "tactileGraphic": ("visual", "e"),
    "tactileObject": ("visual", "e"),
    "captions": ("auditory", "b"),
    "closedCaptions": ("auditory", "b"),
    "openCaptions": ("auditory", "b"),
    "transcript": ("auditory", "b"),
    "signLanguage": ("auditory", "c"),
    "highContrastAudio": ("auditory", "d"),
    "highContrastDisplay": ("textual", "c"),
    "largePrint": ("textual", "c"),
    "displayTransformability": ("textual", "c"),
    "synchronizedAudioText": ("textual", "d"),
    "ttsMarkup": ("textual", "d"),
    "braille": ("textual", "e"),
}


def fields(told: Cataloguing) -> Iterator[Field]:
    yield from _numbers(told)
    yield field("040", "  ", ("a", told.agency), ("b", marc_languages.code(told.language)), ("c", told.agency))
    yield from _languages(told)
    yield from _places_and_times(told)
    yield from _titles(told)
    yield field("250", "  ", ("a", told.word("version", str(told.described.version))))
    publisher = told.record.publisher.name if told.record.publisher else told.agency
    yield field("264", " 1", ("b", publisher), ("c", marc21_coded.issued(told).shown))
    yield from _form(told)
    yield from _accessibility(told)


def _numbers(told: Cataloguing) -> Iterator[Field]:
    yield field("024", "7 ", ("a", told.described.url), ("2", "uri"))
    for identifier in told.record.identifiers:
        bare = wording.bare(identifier)
        if identifier.scheme == "isbn":
            yield _isbn(bare)
        elif identifier.scheme == "issn":
            yield field("022", "  ", ("a", bare))
        elif identifier.scheme in _SOURCES:
            yield field("024", "7 ", ("a", bare), ("2", _SOURCES[identifier.scheme]))
        else:
            yield field("024", "8 ", ("a", bare))


def _isbn(said: str) -> Field:
    """Without hyphens; what has not the length of one is recorded as invalid."""
    bare = re.sub(r"[\s-]", "", said).upper()
    return field("020", "  ", ("a" if re.fullmatch(r"\d{9}[\dX]|\d{13}", bare, re.ASCII) else "z", bare))


def _languages(told: Cataloguing) -> Iterator[Field]:
    """041 by the MARC list, and again by RFC 5646 where a tag says more than its code."""
    codes = [code for tag in told.record.languages if (code := marc_languages.code(tag))]
    translated = "1" if told.record.translation_of else " "
    subfield = "d" if material.main(told.described) is material.AUDIO else "a"
    yield field("041", f"{translated} ", *((subfield, code) for code in dict.fromkeys(codes)))
    exact = [tag for tag in told.record.languages if "-" in tag or not marc_languages.code(tag)]
    if exact:
        yield field("041", f"{translated}7", *((subfield, tag) for tag in exact), ("2", "rfc5646"))


def _places_and_times(told: Cataloguing) -> Iterator[Field]:
    coverage = told.record.coverage
    if coverage:
        yield field("043", "  ", *(("c", country.lower()) for country in coverage.countries))
        yield from period(coverage.period or "")
    start, _, end = (told.record.created or "").partition("/")
    start, end = ("" if side in ("", "..") else side for side in (start, end))
    dates = (("j", told.record.modified), ("k", start), ("l", end))
    if any(date for _, date in dates):
        yield field("046", "  ", *dates, ("2", "edtf"))


def period(said: str) -> Iterator[Field]:
    """045: one date of our era or a range of them; what is less plain is an index term (653)."""
    dates = ["d" + "".join(part or "" for part in match.groups()) for side in said.split("/")
             if (match := _YEARS.fullmatch(side))]  # fmt: skip
    if dates and len(dates) == said.count("/") + 1 <= 2:
        yield field("045", f"{2 * (len(dates) - 1)} ", *(("b", date) for date in dates))


def _titles(told: Cataloguing) -> Iterator[Field]:
    """245; in other languages 246 where the content has them, else 242: then it was made for the description."""
    spoken = [view.primary(tag) for tag in told.record.languages]
    for title in told.record.title:
        if title is told.title:
            yield field(
                "245", f"{1 if told.creators else 0}{nonfiling(title)}", *_parted(title), ("c", _responsibility(told))
            )
        elif view.primary(title.lang) in spoken or title.lang == "und":
            yield field("246", "31", *_parted(title))
        else:
            language = marc_languages.code(title.lang)
            yield field("242", f"1{nonfiling(title)}", *_parted(title), ("y", language if title.value else None))
    yield from (field("246", "33", *_parted(title)) for title in told.record.alternative)


def _parted(title: Text) -> Iterator[tuple[str, str]]:
    """$a and $b at the first colon that a blank follows; the colon is punctuation, which the leader says to omit."""
    parts = _SUBTITLE.split(title.value, maxsplit=1)
    whole = len(parts) < 2 or not all(re.search(r"\w", part) for part in parts)
    yield from (("a", title.value),) if whole else zip("ab", parts, strict=True)


def nonfiling(title: Text) -> int:
    """How many characters precede the word under which the title is filed: ``2`` for الضوء, ``4`` for The Sun.

    What merely begins like the Arabic article (التزام) counts nothing: ``metadata.arabic`` tells it apart.
    """
    article = _ARTICLES.get(view.primary(title.lang))
    word = re.search(r"\w", title.value)
    if not article or not word:
        return 0
    found = article.match(title.value, word.start())
    if not found or (view.primary(title.lang) == "ar" and not _is_article(title.value[word.start() :])):
        return 0
    return found.end() if found.end() < 10 else 0


def _is_article(title: str) -> bool:
    """Whether sorting cuts the article off: behind a letter it would not be one."""
    return "و" + arabic.title_key(title) != arabic.title_key("و" + title)


def _responsibility(told: Cataloguing) -> str:
    names = [agent.name for agent in told.creators]
    shown = names if len(names) < 4 else [names[0]]
    comma = "، " if told.language == "ar" else ", "
    return comma.join(shown) + (f" {told.word('others')}" if len(names) > 3 else "")


def _form(told: Cataloguing) -> Iterator[Field]:
    yield field("300", "  ", ("a", told.word("extent")))
    yield field("306", "  ", ("a", marc21_coded.playing_time(told.record)))
    materials = [material.main(told.described), *material.others(told.described)]
    for code in dict.fromkeys(one.content for one in materials):
        yield field("336", "  ", ("a", told.word(code)), ("b", code), ("2", "rdacontent"))
    yield field("337", "  ", ("a", told.word("c")), ("b", "c"), ("2", "rdamedia"))
    yield field("338", "  ", ("a", told.word("cr")), ("b", "cr"), ("2", "rdacarrier"))
    for name in dict.fromkeys(one.rda_file for one in materials):
        yield field("347", "  ", ("a", told.word(name)), ("2", "rdaft"))
    for uri in told.record.audience:
        yield field("385", "  ", ("a", told.label("audience", uri)), ("0", uri))


def _accessibility(told: Cataloguing) -> Iterator[Field]:
    """One 341 for each access mode, with the features that help whoever lacks it."""
    accessibility = told.record.accessibility
    if accessibility is None:
        return
    helped: dict[str, list[tuple[str, str]]] = {}
    for uri in accessibility.modes:
        helped.setdefault(_notation("access-modes", uri), [])
    for uri in accessibility.features:
        name = _notation("accessibility-features", uri)
        if name not in ("none", "unknown"):
            mode, code = _ASSISTS.get(name, ("textual", "b"))
            helped.setdefault(mode, []).append((code, name))
    for mode, features in helped.items():
        yield field("341", "0 ", ("a", mode), *sorted(features, key=lambda feature: feature[0]), ("2", "sapdv"))


def _notation(scheme: str, uri: str) -> str:
    term = vocabularies.term(scheme, uri)
    return term.notation if term else uri
