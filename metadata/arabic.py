"""Arabic text as a reader searches and sorts it. Stored text is never changed (``metadata.values.clean`` does that)."""

import re
import unicodedata

_BLOCKS = ((0x0600, 0x06FF), (0x0750, 0x077F), (0x0870, 0x08FF))
_LETTERS = str.maketrans("أإآٱىیةۃکؤئ", "ااااييههكوي")


def _marks() -> dict[int, None]:
    """Tashkeel and Quranic signs: the nonspacing marks of the Arabic blocks, and U+0640, the tatweel."""
    found = (code for low, high in _BLOCKS for code in range(low, high + 1) if unicodedata.category(chr(code)) == "Mn")
    return dict.fromkeys([*found, 0x0640])


def _formats() -> dict[int, None]:
    """Characters of category Cf: joiners, direction marks, soft hyphen, byte order mark, tags."""
    # nothing of this category lives between; asking all planes costs every start a tenth of a second
    codes = (*range(0x1E000), *range(0xE0000, 0xE0080))
    return dict.fromkeys(code for code in codes if unicodedata.category(chr(code)) == "Cf")


def _digits() -> dict[int, int]:
    return {zero + value: ord("0") + value for zero in (0x0660, 0x06F0) for value in range(10)}


_PERSIAN = str.maketrans("یک", "يك")  # what keyboards give for letters that Arabic has
_MARKS = _marks()
_DROPPED = _MARKS | _formats()
_FOLDED: dict[int, int | None] = {**_DROPPED, **_digits(), **_LETTERS, ord("ء"): None}

# Words that begin with alef and lam by nature; cutting them would file "commitment" under z. Forms without hamza
# are here where the same letters after an article make no word. Folded spelling.
_NOT_AN_ARTICLE = re.compile(
    r"(?:الله|اللهم|الي|الا"
    r"|(?:التزام|التهاب|التحاق|التقاء?|التقاط|التماس|التفات|التواء?|التباس|التحام|التئام|التهام|التفاف)(?:ات|ي|يه|يات)?"
    r"|الكترون.*|الماني.*|الباني.*|الومنيوم|الزهايمر|الزايمر|الياف|العاب|الوان|الحان|الاف)"
)
_WORD = re.compile(r"\S+")
_LEADING = re.compile(r"^[\W_]+")


def fold(text: str) -> str:
    """The text as index, query, facet filter and suggestions see it; folding twice changes nothing more.

    Compatibility forms become letters (NFKC); tashkeel, tatweel, format characters and the lone hamza go; alefs,
    yehs, kafs and round tehs become one each, a carried hamza becomes its carrier; both Arabic digit sets become
    ASCII; case is lost. Persian and Urdu letters that Arabic does not have (پ چ گ ڤ …) stay as they are.
    """
    folded = unicodedata.normalize("NFKC", text).translate(_FOLDED).lower()
    # what stood apart only because of a dropped joiner may now compose: e + U+200D + U+0301
    return unicodedata.normalize("NFKC", folded)


def bare(text: str) -> str:
    """The text without tashkeel, tatweel and format characters; its letters are as they were (NFC), in lower case."""
    return unicodedata.normalize("NFC", text).translate(_DROPPED).translate(_PERSIAN).lower()


def title_key(text: str) -> str:
    """What a title is sorted by (give it to a collation, not to a comparison of code points).

    Without tashkeel, tatweel and format characters, without leading punctuation, and without the article ``ال`` of
    the first word. Words that merely begin so stay whole (التزام, الله, المانيا), and so do words of which less
    than two letters would remain (الى). Otherwise the letters are those of the title. An empty or purely
    ornamental title gives what is left of it, perhaps "".
    """
    plain = unicodedata.normalize("NFC", text).translate(_DROPPED).strip()
    key = _LEADING.sub("", plain) or plain
    first = _WORD.match(key)
    if first and key[:2] in ("ال", "ٱل") and len(first.group()) >= 4:
        word = re.sub(r"\W+$", "", fold(first.group()))
        if not _NOT_AN_ARTICLE.fullmatch(word):
            return key[2:]
    return key
