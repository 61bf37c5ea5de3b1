"""Terms of controlled vocabularies and licences as partners name them; the door is ``metadata.crosswalks.understood``.

Names of the vocabularies themselves come from ``metadata.terms``; here are only words that mean the same elsewhere.
What has no near term in ours (an event, a "learning object") is left unsaid rather than called something else.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from metadata import arabic, licences, values, vocabularies
from metadata.crosswalks import wording

# HCRT term → local parts of URIs elsewhere. COAR's written matter (articles, theses, reports, books) is plain "text".
_NEAREST: Mapping[str, Mapping[str, str]] = {
    "lrmi-resource-types": {
        "assessment": "assessment|assessmentItem",
        "lesson_plan": "activityPlan|lessonPlan|unitPlan",
        "text": "supportingDocument",
        "textbook": "textbook",
        "video": "recordedLesson",
    },
    "dcmi-types": {
        "application": "Software",
        "audio": "Sound",
        "data": "Dataset",
        "image": "Image|StillImage",
        "text": "Text",
        "video": "MovingImage",
    },
    "coar-resource-types": {
        "application": "c_5ce6|c_c950",
        "audio": "c_18cc",
        "data": "c_ddb1",
        "image": "c_c513|c_ecc8",
        "index": "c_86bc",
        "map": "c_12cc|c_12cd",
        "other": "c_1843",
        "script": "c_8544",
        "sheet_music": "c_18cw",
        "text": "c_0040|c_0857|c_18cf|c_18cp|c_18gh|c_18wq|c_18ws|c_18ww|c_2df8fbb1|c_2f33|c_3248|c_3e5a|c_46ec|c_545b"
        "|c_5794|c_6501|c_71bd|c_7a1f|c_8042|c_816b|c_93fc|c_998f|c_b239|c_ba1f|c_bdcc|c_beb9|c_c94f|c_db06|c_dcae04bc|c_efa0",
        "video": "c_12ce|c_8a7e",
        "web_page": "c_7ad9",
    },
}

# Words that no vocabulary above has: IEEE LOM 5.2, MODS, DRIVER and OpenAIRE (info:eu-repo/semantics), OER Commons, and
# what teachers say in French and Arabic. Singular; an English or French plural in "s" is found as well.
_TYPE_WORDS: Mapping[str, str] = {
    "application": "software|logiciel|application mobile|تطبيق",
    "assessment": "exam|examination|quiz|test|self assessment|self-assessment|évaluation|examen|contrôle|autoévaluation"
    "|auto-évaluation|qcm|اختبار|امتحان|فرض|بنك اسئلة|تقويم ذاتي",
    "audio": "podcast|sound recording|enregistrement sonore|balado|بودكاست|تسجيل صوتي|صوت",
    "course": "full course|online course|mooc|cours en ligne|مقرر|مقرر الكتروني|دورة تدريبية",
    "data": "data set|table|jeu de données",
    "diagram": "graph|schéma|graphique|diagram/illustration|رسم تخطيطي|رسم بياني|مخطط",
    "drill_and_practice": "exercise|problem set|homework|homework/assignment|assignment|problem statement"
    "|travaux dirigés|تمرين|تمارين|تدريبات",
    "educational_game": "educational game|learning game|jeu|jeu sérieux|serious game|لعبة|العاب تعليمية",
    "experiment": "lab|laboratory|travaux pratiques|تجارب|عمل تطبيقي",
    "image": "figure|photo|photograph|photographie|picture|صور|صورة فوتوغرافية",
    "index": "glossary|dictionary|encyclopedia|glossaire|dictionnaire|معجم|قاموس|موسوعة",
    "lesson_plan": "lesson/lesson plan|teaching plan|fiche pédagogique|plan de leçon|fiche de préparation|خطة الدرس"
    "|تحضير درس|جذاذة|مذكرة درس",
    "script": "lecture notes|course notes|notes de cours|polycopié|مطبوعة|ملاحظات محاضرة",
    "map": "cartographic|atlas|carte géographique|خارطة|اطلس",
    "sheet_music": "notated music|score|partition|نوتة موسيقية",
    "simulation": "interactive simulation|simulation interactive|محاكاة تفاعلية",
    "slide": "slides|slide show|slideshow|powerpoint|diaporama|diapositive|شرائح|عرض شرائح|شرائح عرض",
    "text": "book|narrative text|article|journal article|book part|book chapter|thesis|dissertation|doctoral thesis"
    "|master thesis|bachelor thesis|report|technical report|working paper|preprint|conference object|conference paper"
    "|reading|document|livre|texte|thèse|mémoire|rapport|chapitre|كتاب|مقال|مقالة|اطروحة|رسالة|تقرير|نص سردي"
    "|فصل من كتاب",
    "textbook": "open textbook|schoolbook|manuel scolaire|الكتاب المدرسي",
    "video": "movie|film|moving image|video lecture|فيلم|مقطع فيديو|تسجيل مرئي|درس مصور",
    "web_page": "website|web site|site|site internet|موقع|موقع الكتروني",
    "worksheet": "activity sheet|fiche d'activité|fiche de travail|ورقة نشاط",
}
_LEVEL_WORDS: Mapping[str, str] = {
    "0": "preschool|pre-school|kindergarten|early childhood|maternelle|école maternelle|préscolaire|روضة|رياض الاطفال"
    "|التعليم قبل المدرسي|تحضيري",
    "1": "primary|primary school|elementary|elementary school|primaire|école primaire|enseignement primaire"
    "|école élémentaire|ابتدائي|ابتدائية|المرحلة الابتدائية|التعليم الاساسي الابتدائي",
    "2": "lower secondary|middle school|junior high school|collège|اعدادي|متوسط|المرحلة الاعدادية|المرحلة المتوسطة",
    "3": "upper secondary|high school|lycée|ثانوي|المرحلة الثانوية|بكالوريا|باكالوريا",
    "4": "post-secondary|postsecondary non-tertiary",
    "5": "short cycle tertiary|bts|dut",
    "A": "higher education|university|tertiary|tertiary education|college / upper division|postsecondary"
    "|enseignement supérieur|université|universitaire|supérieur|تعليم عال|التعليم العالي|جامعي|جامعة",
    "6": "bachelor|undergraduate|licence|premier cycle universitaire|اجازة|بكالوريوس|ليسانس",
    "7": "master|graduate|maîtrise|ماجستير|ماستر",
    "8": "doctorate|doctoral|phd|doctorat|دكتوراه",
    "C": "training|vocational training|continuing education|professional development|adult education"
    "|formation continue|formation professionnelle|تكوين مستمر|تدريب مهني",
}
_AUDIENCE_WORDS: Mapping[str, str] = {
    "administrator": "manager|administrateur|gestionnaire|مدير",
    "generalPublic": "public|everyone|tout public|الجمهور|عموم الناس",
    "parent": "parents|parent/guardian|اولياء الامور|الاباء",
    "professional": "practitioner|professionnel|مهنيون",
    "student": "learner|pupil|élève|étudiant|apprenant|طالب|طلاب|طلبة|تلميذ|تلاميذ|متعلمون|المتعلم|المتعلمون",
    "teacher": "educator|instructor|faculty|professor|enseignant|professeur|formateur|استاذ|اساتذة|مدرس|مدرسون|معلمون"
    "|المعلم|المعلمون",
}

# Statements about part of the work, or about its description: whose licence they name is not for us to say.
_NOT_THE_WORK = re.compile(
    r"all rights reserved|tous droits réservés|جميع الحقوق محفوظة|metadata|métadonnées|not licen[sc]ed|excluding",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://[^\s<>\"'،؛)\]]+", re.IGNORECASE)
_SHORT = re.compile(
    r"\bcc[\s_-]*(by(?:[\s_-]*(?:nc|nd|sa)){0,2})[\s_-]*v?([1-4]\.[05])(?![.\d])(?:[\s_-]*(igo)\b)?", re.IGNORECASE
)
_LONG = re.compile(
    r"(?:creative commons|المشاع الإبداعي)[\s:,-]+"
    r"((?:[^\W\d]|[\s,،-])+?[1-4]\.[05](?:\s+(?:international|unported|igo|دولي))?)",
    re.IGNORECASE,
)


def licence(said: str) -> str | None:
    """The URI of the licence that an address, an SPDX id, a name or a whole sentence names, and no other beside it.

    ``CC BY`` without a version names none, and a sentence about part of the work neither.
    """
    text = " ".join(values.clean(said).split())
    if not text or len(text) > 5_000:
        return None
    whole = licences.canonical(text) or licences.canonical(text.rstrip(" ."))
    if whole or _NOT_THE_WORK.search(text):
        return whole
    found = dict.fromkeys(uri for uri in _named_licences(text) if uri)
    return next(iter(found)) if len(found) == 1 else None


def _named_licences(text: str) -> Iterator[str | None]:
    for address in _URL.findall(text):
        known = licences.get(address.rstrip(".,;:")) or licences.get(address)
        yield known.uri if known else None
    for elements, version, igo in _SHORT.findall(text):
        named = "-".join(re.findall("by|nc|nd|sa", elements.lower())).upper()
        yield licences.canonical(f"CC {named} {version}{' IGO' if igo else ''}")
    for name in _LONG.findall(text):
        yield licences.canonical(name)


def resource_type(said: str) -> str | None:
    """The HCRT URI for a word or URI of HCRT, LRMI, DCMI Type, COAR, LOM 5.2, ``info:eu-repo`` or everyday speech."""
    found = vocabularies.canonical("hcrt", said)
    if found:
        return found
    # info:eu-repo/semantics/bookPart and schema.org's VideoObject are names written together
    bare = re.sub(
        r"^(?:info:eu-repo/semantics/|(?:https?://)?schema\.org/|https?://purl\.org/eprint/type/|doc-type:|dcmitype:)",
        "",
        said.strip(),
    )
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"^(Audio|Image|Video)Object$", r"\1", bare))
    for scheme in _NEAREST:
        for name in (said, bare, parted):
            uri = vocabularies.canonical(scheme, name)
            known = _nearest(scheme).get(re.split("[/#]", uri)[-1]) if uri else None
            if known:
                return wording.HCRT + known
    known = _spoken("types", parted)
    return wording.HCRT + known if known else vocabularies.canonical("hcrt", parted)


@cache
def _nearest(scheme: str) -> Mapping[str, str]:
    return {local: code for code, locals_ in _NEAREST[scheme].items() for local in locals_.split("|")}


def subject(said: str) -> str | None:
    """The URI of a UNESCO Thesaurus concept or a field of ISCED-F 2013, from its URI or its label.

    Neither from codes, since ``510`` is a Dewey class as well, nor from other names: the thesaurus sends "homology" to
    topology and "race" to ethnic groups.
    """
    for scheme in vocabularies.FIELDS["subjects"]:
        uri = vocabularies.canonical(scheme, said)
        term = vocabularies.term(scheme, uri) if uri else None
        if term and ("://" in said or _folded(said) in map(_folded, term.labels.values())):
            return term.uri
    return None


def level(said: str) -> str | None:
    """The URI of an ISCED 2011 level, from URI, ``ISCED 2`` or what people call it; a bare number is a school year."""
    text = said.strip()
    code = re.fullmatch(
        r"(?:isced|cite|إسكد)(?:\s*2011)?[\s:_-]*(?:level|niveau|المستوى)?\s*([0-8])", text, re.IGNORECASE
    )
    if code:
        return vocabularies.canonical("isced-levels", code[1])
    if re.fullmatch(r"\d*", text):
        return None
    found = vocabularies.canonical("isced-levels", text)
    known = None if found else _spoken("levels", text)
    return vocabularies.canonical("isced-levels", f"level_{known}") if known else found


def audience(said: str) -> str | None:
    """The URI of an LRMI audience role, from URI or name; LOM 5.5 says learner and manager."""
    found = vocabularies.canonical("audience", said)
    known = None if found else _spoken("audience", said)
    return vocabularies.canonical("audience", known) if known else found


def _spoken(table: str, said: str) -> str | None:
    words = _words(table)
    name = _folded(said)
    return words.get(name) or words.get(name.removesuffix("s"))


def _folded(said: str) -> str:
    return " ".join(arabic.fold(said.replace("’", "'").replace("_", " ")).split())


@cache
def _words(table: str) -> Mapping[str, str]:
    """Folded word → code. Names of the terms themselves count too, so that their plurals are found."""
    meant, scheme = {
        "types": (_TYPE_WORDS, "hcrt"),
        "levels": (_LEVEL_WORDS, ""),
        "audience": (_AUDIENCE_WORDS, "audience"),
    }[table]
    found = {_folded(word): code for code, words in meant.items() for word in words.split("|")}
    for uri, term in vocabularies.terms(scheme).items() if scheme else ():
        for label in term.labels.values():
            found.setdefault(_folded(label), re.split("[/#]", uri)[-1])
    return found
