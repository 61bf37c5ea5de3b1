"""What somebody typed while the keyboard was set to another language.

Sources: the layouts Arabic (101) over US English and Arabic (102) over French AZERTY, as Windows and X11 have them.
"""

from collections.abc import Iterator, Mapping

from metadata import analysis

_ENGLISH = "qwertyuiop[]asdfghjkl;'zxcvbnm,./`"
_ARABIC = "ض ص ث ق ف غ ع ه خ ح ج د ش س ي ب ل ا ت ن م ك ط ئ ء ؤ ر لا ى ة و ز ظ ذ"
_FRENCH = "azertyuiop^$qsdfghjklmùwxcvbn,;:!²"
_SHIFTED = {"Y": "إ", "H": "أ", "N": "آ", "T": "لإ", "G": "لأ", "B": "لآ"}


def _keys(latin: str, arabic: str) -> Mapping[str, str]:
    return dict(zip(latin, arabic.split(), strict=True))


_LAYOUTS = (_keys(_ENGLISH, _ARABIC), _keys(_FRENCH, _ARABIC))


def meant(text: str) -> Iterator[str]:
    """What the same keys write on the other keyboards, each once; nothing where both scripts stand in the text."""
    arabic = analysis.is_arabic(text)
    if arabic == any("a" <= letter <= "z" for letter in text.lower()):
        return
    found = (_latin(text, keys) if arabic else _arabic(text, keys) for keys in _LAYOUTS)
    yield from dict.fromkeys(found)


def _arabic(text: str, keys: Mapping[str, str]) -> str:
    return "".join(_SHIFTED.get(letter) or keys.get(letter.lower(), letter) for letter in text)


def _latin(text: str, keys: Mapping[str, str]) -> str:
    back = {arabic: latin for latin, arabic in (*keys.items(), *((a, k.lower()) for k, a in _SHIFTED.items()))}
    found, at = [], 0
    while at < len(text):
        width = 2 if text[at : at + 2] in back else 1  # لا lies on one key
        found.append(back.get(text[at : at + width], text[at : at + width]))
        at += width
    return "".join(found)
