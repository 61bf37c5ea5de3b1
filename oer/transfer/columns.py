"""Rows as people write them (a spreadsheet, an ``index.json``) into the shape of a ``Record``.

A column is a record field, or a common name of one in Arabic, French or English, with a language behind it where
it holds words: ``title``, ``title_ar``, ``description@fr``, ``Title (AR)``, ``license``, ``auteur``, ``العنوان``.
A cell holds one value, or several separated by ``;``, ``|`` or ``؛``; JSON sources may give lists. Vocabulary terms
may be URIs, codes or labels, licences URIs, names or SPDX ids.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from metadata import findings, licences, reading, values, vocabularies
from metadata.record import Record


def plain(column: str) -> str:
    """A column's name for comparison: lower case, no accents or vowel signs, one ``_`` for what parts words."""
    letters = unicodedata.normalize("NFKD", column.strip().lower())
    kept = "".join(letter for letter in letters if unicodedata.category(letter) not in {"Mn", "Cf"})
    return re.sub(r"[\s\-_'’]+", "_", kept)


# None of these names two things: "grade", "classe" and "année" may be a school year, whose 5 is another level; "cours"
# and "domain" are anything.
_NAMES: Mapping[str, str] = {
    "title": "titre · intitulé · عنوان · العنوان · عنوان المورد",
    "alternative": "alternative_title · autre titre · عنوان بديل · العنوان البديل",
    "description": "abstract · summary · résumé · descriptif · وصف · الوصف · وصف المورد · ملخص · الملخص · نبذة",
    "languages": "language · lang · langue · langues · لغة · اللغة · لغات · اللغات · لغة المورد",
    "resource_type": "type · type de ressource · نوع · النوع · نوع المورد",
    "subjects": "subject · subject area · sujet · sujets · matière · matières · discipline · disciplines · موضوع"
    " · الموضوع · مواضيع · المواضيع · مادة · المادة · المادة الدراسية · المواد الدراسية · التخصص · التخصصات",
    "keywords": "keyword · tags · mots-clés · mot-clé · mots-clefs · mot-clef · كلمات مفتاحية · الكلمات المفتاحية"
    " · الكلمات الدلالية · الوسوم",
    "levels": "level · educational level · education level · niveau · niveaux · niveau scolaire · niveau d’enseignement"
    " · مستوى · المستوى · مستويات · المستويات · المستوى الدراسي · المستوى التعليمي · المرحلة · المرحلة الدراسية"
    " · المرحلة التعليمية",
    "audience": "audiences · target audience · public · publics · public cible · جمهور · الجمهور · الجمهور المستهدف"
    " · الفئة المستهدفة",
    "age_range": "age · ages · âge · tranche d’âge · العمر · السن · الفئة العمرية",
    "creators": "creator · author · authors · auteur · auteurs · auteure · autrice · créateur · créateurs · مؤلف"
    " · المؤلف · مؤلفون · المؤلفون · المؤلفين · الكاتب",
    "publisher": "éditeur · maison d’édition · ناشر · الناشر · دار النشر",
    "issued": "date · publication date · date de publication · التاريخ · تاريخ النشر · سنة النشر",
    "licence": "license · licence d’utilisation · ترخيص · الترخيص · رخصة · الرخصة · رخصة الاستخدام",
    "rights": "copyright · droits · droits d’auteur · حقوق · الحقوق · حقوق النشر",
    "rights_holder": "copyright holder · titulaire des droits · صاحب الحقوق",
    "access": "access rights · accès · droits d’accès · الوصول",
    "until": "embargo · embargo_until · available",
    "identifiers": "identifier · identifiant · identifiants · doi · isbn · معرف · المعرف · المعرفات",
    "countries": "country · pays · بلد · البلد · البلدان · الدولة",
    "file": "fichier · fichiers · ملف · الملف · ملفات · الملفات",
}
_ALIASES = {plain(name): field for field, names in _NAMES.items() for name in names.split("·")}

_LANGUAGES = {
    **dict.fromkeys(("arabic", "arabe", "عربي", "عربية", "العربية", "بالعربية"), "ar"),
    **dict.fromkeys(("french", "francais", "فرنسي", "فرنسية", "الفرنسية", "بالفرنسية"), "fr"),
    **dict.fromkeys(("english", "anglais", "انجليزي", "انجليزية", "الانجليزية", "بالانجليزية"), "en"),
}
_TEXTS = frozenset({"title", "alternative", "description", "keywords", "rights_note", "citation_note"})
_TERMS = {
    field: vocabularies.FIELDS[field]
    for field in ("resource_type", "subjects", "levels", "audience", "educational_use", "interactivity")
}
_LISTS = frozenset({"subjects", "levels", "audience", "educational_use"})
# Columns about the row or its files, not about the resource.
ROW_COLUMNS = frozenset(
    {"id", "item", "path", "file", "files", "name", "role", "bytes", "size", "sha256", "media_type", "record"}
)

# What publication asks for: fields, and a file.
_NEEDED = (*(field for field in Record.model_fields if f"{field}.missing" in findings.CODES), "file")
_INSTEAD = {"levels": {"audience"}, "licence": {"rights"}, "file": {"path", "files"}}

_SEPARATORS = re.compile(r"\s*[;|؛]\s*")
_JSON = re.compile(r"\s*(?:\[\s*[\[{\"\]]|\{\s*[\"}])")
_AGES = re.compile(r"(\d{1,3})(?:\s*[-–]\s*(\d{1,3})|\s*(\+))?")


def record_of(row: Mapping[str, Any], *, language: str = "und") -> tuple[dict[str, Any], list[str]]:
    """The row as data for ``metadata.validate.parse``, and the names of columns that mean nothing to us.

    ``language`` is that of words whose column names none and whose row names no single language. Two columns for
    one field add up where it is a list; otherwise the field's own name goes first and the other is not used.
    """
    data: dict[str, Any] = {}
    ignored: list[str] = []
    spoken = own_language(row) or language
    own_name_first = sorted(row.items(), key=lambda item: plain(item[0]) not in Record.model_fields)
    for column, cell in own_name_first:
        field, lang = _field(column)
        if field in ROW_COLUMNS or _is_empty(cell):
            continue
        if not _take(data, field, lang or spoken, unpacked(cell)):
            ignored.append(column)
    return data, [column for column in row if column in ignored]


def row_column(column: str) -> str:
    """The name that one of :data:`ROW_COLUMNS` goes by: ``Fichier`` → ``file``; any other column as it is."""
    field = _field(column)[0]
    return field if field in ROW_COLUMNS else column


def lacking(columns: Iterable[str], defaults: Iterable[str] = ()) -> dict[str, list[str]]:
    """What publication asks for and none of these columns is about, each with the names that such a column may have.

    Nothing where rows hold whole records.
    """
    there = {_field(column)[0] for column in columns}
    if "record" in there:
        return {}
    there |= {*defaults} | {field for field, others in _INSTEAD.items() if there & others}
    return {field: [field, *_NAMES[field].split(" · ")] for field in _NEEDED if field not in there}


def own_language(row: Mapping[str, Any]) -> str | None:
    """The one language that a row names, or None."""
    for column, cell in row.items():
        if _field(column)[0] == "languages":
            spoken = several(cell)
            return spoken[0] if len(spoken) == 1 and isinstance(spoken[0], str) else None
    return None


def _field(column: str) -> tuple[str, str | None]:
    """``Title (AR)``, ``title_ar`` and ``title@ar`` → (``title``, ``ar``)."""
    name, at, lang = re.sub(r"_?[(\[](\w+)[)\]]$", r"@\1", plain(column)).partition("@")
    if not at and "_" in name:
        head, _, tail = name.rpartition("_")
        # Three letters would take "title_old" and "title_new" for languages, which they are.
        if _ALIASES.get(head, head) in _TEXTS and len(tail) == 2 and tail.isalpha() and values.language(tail):
            name, lang = head, tail
    return _ALIASES.get(name, name), _LANGUAGES.get(lang, lang) or None


def unpacked(cell: Any) -> Any:
    """A list or object that a table holds as JSON, as our exports write what has no simpler form."""
    if not isinstance(cell, str) or not _JSON.match(cell):
        return cell
    found, problems = reading.load(cell.encode("utf-8", "surrogatepass"))
    return cell if problems else found


def _is_empty(cell: Any) -> bool:
    return cell is None or cell in ([], {}) or (isinstance(cell, str) and not cell.strip())


def several(cell: Any) -> list[Any]:
    """The values of a cell: a list as it is, text parted at its separators."""
    if isinstance(cell, str):
        return [part for part in _SEPARATORS.split(cell.strip()) if part]
    return list(cell) if isinstance(cell, list) else [cell]


def _take(data: dict[str, Any], field: str, lang: str, cell: Any) -> bool:
    """Put one cell where it belongs; whether there is such a place, and it is free."""
    if field == "rights":
        return _rights(data, lang, cell)
    if field in _TEXTS:
        return _put(data, field, _texts(field, lang, cell))
    if field in _TERMS:
        found = [_term(field, part) for part in several(cell)]
        if field not in _LISTS and len(found) != 1:
            return False
        return _put(data, field, found if field in _LISTS else found[0])
    if field in _CONVERTERS:
        return _put(data, field, _CONVERTERS[field](cell))
    if field == "countries":
        return _put_inside(data, "coverage", countries=[str(part).upper() for part in several(cell)])
    if field == "until":
        return _put_inside(data, "access", kind="embargoed", until=cell)
    if field in Record.model_fields and not isinstance(cell, str):
        return _put(data, field, cell)  # JSON sources may give any field in full
    return False


def _put(data: dict[str, Any], field: str, value: Any) -> bool:
    there = data.get(field)
    if isinstance(there, list) and isinstance(value, list):
        there.extend(one for one in value if one not in there)
        return True
    if isinstance(there, dict) and isinstance(value, dict):
        return _put_inside(data, field, **value)
    return bool(data.setdefault(field, value) == value)


def _put_inside(data: dict[str, Any], field: str, **inside: Any) -> bool:
    there = data.setdefault(field, {})
    if not isinstance(there, dict):
        return False
    fits = [there.setdefault(name, value) == value for name, value in inside.items()]
    return all(fits)


def _rights(data: dict[str, Any], lang: str, cell: Any) -> bool:
    """Dublin Core's ``rights`` is a licence in some tables and a sentence about rights in others."""
    known = licences.canonical(cell) if isinstance(cell, str) else None
    if known is not None:
        return _put(data, "licence", known)
    return _put(data, "rights_note", _texts("rights_note", lang, cell))


def _texts(field: str, lang: str, cell: Any) -> list[Any]:
    if isinstance(cell, str):
        parts = several(cell) if field == "keywords" else [cell]
        return [{"value": part, "lang": lang} for part in parts]
    if isinstance(cell, list):
        return [{"value": part, "lang": lang} if isinstance(part, str) else part for part in cell]
    if isinstance(cell, dict) and "value" not in cell:  # {"ar": "…", "fr": "…"}
        return [{"value": words, "lang": tag} for tag, words in cell.items()]
    return [cell]


def _term(field: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    for scheme in _TERMS[field]:
        found = vocabularies.canonical(scheme, value)
        if found is not None:
            return found
    return value


def _agent(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in re.split("[,،]", value)]
    if len(parts) == 2 and all(parts) and " " not in parts[0]:  # "Hugo, Victor", but not "Judith Baker, Lorato Trok"
        family, given = parts
        return {"name": f"{given} {family}", "given": given, "family": family}
    return {"name": value}


def _identifier(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    for scheme, pattern in _SCHEMES:
        found = re.fullmatch(pattern, value.strip(), flags=re.IGNORECASE)
        if found:
            return {"scheme": scheme, "value": found[1]}
    return {"scheme": "other", "value": value}


_SCHEMES = (
    ("doi", r"(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)"),
    ("handle", r"(?:hdl:\s*|https?://hdl\.handle\.net/)(\S+)"),
    ("url", r"(https?://\S+)"),
    ("isbn", r"(?:urn:isbn:|isbn:?\s*)?((?:97[89][- ]?)?(?:\d[- ]?){9}[\dX])"),
    ("issn", r"(?:urn:issn:|issn:?\s*)(\d{4}-?\d{3}[\dX])"),
    ("urn", r"(urn:\S+)"),
)


def _licence(value: Any) -> Any:
    return (licences.canonical(value) or value) if isinstance(value, str) else value


def _organisation(value: Any) -> Any:
    return {"kind": "organisation", "name": value} if isinstance(value, str) else value


def _scalar(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _access(value: Any) -> Any:
    return {"kind": value.strip().lower()} if isinstance(value, str) else value


def _age_range(value: Any) -> Any:
    """``6-9``, ``12+``, ``7``."""
    found = _AGES.fullmatch(str(value).strip()) if isinstance(value, str | int) else None
    if found is None:
        return value
    lowest = int(found[1])
    if found[3]:
        return {"minimum": lowest}
    return {"minimum": lowest, "maximum": int(found[2]) if found[2] else lowest}


_CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "languages": several,
    "licence": _licence,
    "creators": lambda cell: [_agent(part) for part in several(cell)],
    "publisher": _organisation,
    "identifiers": lambda cell: [_identifier(part) for part in several(cell)],
    "access": _access,
    "age_range": _age_range,
    **dict.fromkeys(("created", "issued", "modified", "rights_holder", "study_time", "play_time"), _scalar),
}


def merged(data: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The row's own fields, with the defaults where it says nothing."""
    return {**defaults, **{field: value for field, value in data.items() if value not in (None, "", [])}}
