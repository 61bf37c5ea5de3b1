"""Arabic words brought back to what a dictionary lists: without what is written onto them, plurals to their singular.

The dictionary is simplemma's. A word that it does not know as it stands is tried without particles in front (و ف ب ل ك
and the article), without pronouns and the endings of dual and plural behind, in the order of how little is taken away;
then as a broken plural of a singular that is known. Hamza, ة and ى may be missing, as people type.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby

from metadata import arabic

_SHORTEST = 3  # letters of a word that anything was taken from
_BEFORE = (
    *("", "ال", "و", "ف", "ب", "ل", "ك", "لل"),
    *("وال", "فال", "بال", "كال", "ولل", "فلل", "وب", "ول", "وك", "فب", "فل", "وبال", "فبال", "وكال"),
)
# Behind a word, and what stood there instead.
_BEHIND = (
    *((ending, "") for ending in ("", "ه", "ها", "هم", "هن", "هما", "ك", "كم", "نا", "ي", "ا", "ان", "ين", "ون", "ات")),
    *((ending, "ة") for ending in ("ته", "تها", "تهم", "تهن", "تك", "تكم", "تنا", "تي", "تان", "تين")),
    *((ending, "ة") for ending in ("ات", "اتها", "اته", "اتهم", "اتنا", "اتكم", "اتي")),
    *(("يه", "ي"), ("ية", "ي")),
)
# Broken plurals by their shape (a dot is a letter of the root), and the shapes that a singular may have.
_PLURALS = tuple(
    (re.compile(plural), singulars)
    for plural, singulars in (
        (r"(.)(.)و(.)", (r"\1\2\3",)),
        (r"(.)(.)ا(.)", (r"\1\2\3", r"\1\2ي\3", r"\1\2\3ة")),
        (r"[اأآ](.)(.)ا(.)", (r"\1\2\3", r"\1ا\2\3")),
        (r"[اأ](.)(.)(.)ة", (r"\1\2ا\3", r"\1\2ي\3")),
        (r"(.)وا(.)(.)", (r"\1ا\2\3", r"\1ا\2\3ة", r"\1و\2\3")),
        (r"(.)وا(.)ي(.)", (r"\1ا\2و\3", r"\1ا\2و\3ة")),
        (r"([متا])(.)ا(.)(.)", (r"\1\2\3\4", r"\1\2\3\4ة", r"\1\2ا\4")),
        (r"([متا])(.)ا(.)ي(.)", (r"\1\2\3و\4", r"\1\2\3ا\4", r"\1\2\3ي\4", r"\1\2\3ي\4ة")),
        (r"(.)(.)ا[ئي](.)", (r"\1\2ي\3ة", r"\1\2ا\3ة", r"\1\2ا\3", r"\1\2و\3ة")),
        (r"(.)(.)ا(.)(.)", (r"\1\2\3\4", r"\1\2\3\4ة")),
        (r"(.)(.)ا(.)ي(.)", (r"\1\2\3و\4", r"\1\2\3ا\4", r"\1\2\3ي\4")),
    )
)


def lemmas(word: str) -> tuple[str, ...]:
    """What the dictionary lists the word under; more than one where it may be several words, none where it is unknown.

    Of a verb that is a plural behind an article too (كتب), both.
    """
    bare = arabic.bare(word)
    for _, group in groupby(sorted(_parted(bare)), key=lambda part: part[0]):
        found = dict.fromkeys(lemma for _, rest in group for lemma in _listed(rest))
        if found:
            return tuple(found)
    for _, rest in sorted(_parted(bare)):
        if found := dict.fromkeys(lemma for singular in _singulars(rest) for lemma in _listed(singular)):
            return tuple(found)
    return ()


def _parted(word: str) -> Iterator[tuple[int, str]]:
    """(letters taken away, what is left) in all ways that leave a word."""
    for before in _BEFORE:
        if not word.startswith(before):
            continue
        rest = word[len(before) :]
        for behind, instead in _BEHIND:
            stem = rest.removesuffix(behind) + instead
            taken = len(before) + len(behind)
            if rest.endswith(behind) and (len(stem) >= _SHORTEST or not taken):
                yield taken, stem


def _singulars(word: str) -> Iterator[str]:
    for shape, singulars in _PLURALS:
        if found := shape.fullmatch(word):
            for singular in singulars:
                yield found.expand(singular)


def _listed(word: str) -> Iterator[str]:
    for spelling in _spellings(word):
        for form in (spelling, f"ال{spelling}"):
            lemma = _dictionary().get(form)
            if lemma is not None:
                yield lemma


def _spellings(word: str) -> Iterator[str]:
    """As it may be meant: without hamza, with ه for ة, with ي for ى or the other way round."""
    ends = {"ه": ("ه", "ة"), "ي": ("ي", "ى"), "ى": ("ى", "ي")}.get(word[-1:], (word[-1:],))
    starts = ("ا", "أ", "إ", "آ") if word[:1] == "ا" and len(word) > 1 else (word[:1],)
    for start in starts:
        for end in ends:
            yield start + word[1:-1] + end if len(word) > 1 else word


@cache
def _dictionary():  # type: ignore[no-untyped-def]  # the library is typed only in part
    # Late: whoever never searches does not pay for it. A look costs 25 µs; the dictionary that answers in one takes
    # seven times the memory.
    from simplemma.strategies.dictionaries import LOW_MEMORY_DICTIONARY_FACTORY

    return LOW_MEMORY_DICTIONARY_FACTORY.get_dictionary("ar")
