"""What the OpenAPI document shows in bodies: one story, so that an id means the same thing wherever it stands."""

from typing import Any

from pydantic import ConfigDict

ID = "7k3v9qm2xd"
BASE = "https://oer.example.org"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
DIGEST = "5d0c7a0d7cf2c7f5a63d3f7b5f4b8e9c1f1e0f6d2a4b8c7d9e0f1a2b3c4d5e6f"
CREATED = "2026-03-01T08:00:00Z"
CHANGED = "2026-03-01T08:05:00Z"
LATER = "2026-03-31T08:00:00Z"
EMAIL = "amina@example.org"
NAME = "أمينة يوسف"

RECORD: dict[str, Any] = {
    "title": [{"value": "قياس المساحة", "lang": "ar"}],
    "description": [{"value": "درس قصير مع تجربة وأسئلة.", "lang": "ar"}],
    "languages": ["ar"],
    "resource_type": "https://w3id.org/kim/hcrt/lesson_plan",
    "subjects": ["http://vocabularies.unesco.org/thesaurus/concept118"],
    "audience": ["http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/student"],
    "creators": [{"name": "ليلى بن عمر"}],
    "licence": "https://creativecommons.org/licenses/by/4.0/",
}
INSTITUTION: dict[str, Any] = {"slug": "college", "names": {"ar": "الكلية", "en": "The college"}}
FILE: dict[str, Any] = {
    "name": "درس.pdf",
    "media_type": "application/pdf",
    "size": 48213,
    "sha256": SHA256,
    "role": "main",
    "language": "ar",
    "url": f"{BASE}/api/resources/{ID}/draft/files/%D8%AF%D8%B1%D8%B3.pdf",
}
VERSION: dict[str, Any] = {"number": 1, "published": CHANGED, "digest": DIGEST, "note": "النسخة الأولى"}
VERSION_LINK = VERSION | {"url": f"{BASE}/api/resources/{ID}/versions/1"}
RESOURCE: dict[str, Any] = {
    "id": ID,
    "oai_identifier": f"oai:oer.example.org:{ID}",
    "url": f"{BASE}/resources/{ID}",
    "state": "published",
    "institution": INSTITUTION,
    "version": VERSION,
    "record": RECORD,
    "files": [FILE | {"url": f"{BASE}/api/resources/{ID}/files/%D8%AF%D8%B1%D8%B3.pdf"}],
    "access": {"kind": "open", "available": None, "open": True},
    "tombstone": None,
    "created": CREATED,
    "published": CHANGED,
    "changed": CHANGED,
}
RESOURCES: dict[str, Any] = {
    "items": [RESOURCE],
    "next": None,
    "total": 1,
    "reachable": None,
    "facets": [
        {
            "name": "language",
            "values": [{"value": "ar", "label": "العربية", "count": 1, "chosen": False, "broader": None}],
            "more": 0,
        }
    ],
    "found": [
        {
            "id": ID,
            "title": {
                "lang": "ar",
                "parts": [{"text": "دورة ", "hit": False}, {"text": "الماء", "hit": True}],
                "cut_before": False,
                "cut_behind": False,
            },
            "text": None,
            "file": None,
        }
    ],
    "meant": None,
}
FEED = f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ar">
<id>{BASE}/api/feed</id>
<title>مستودع الموارد التعليمية المفتوحة</title>
<updated>2026-03-01T08:00:00Z</updated>
<entry>
<id>{BASE}/resources/{ID}</id>
<title xml:lang="ar">دورة الماء</title>
<updated>2026-03-01T08:00:00Z</updated>
</entry>
</feed>
"""
SUGGESTED: dict[str, Any] = {
    "texts": [{"text": "دورة الماء", "count": 1}],
    "subjects": [],
    "resources": [{"id": ID, "url": f"{BASE}/resources/{ID}", "title": "دورة الماء", "lang": "ar"}],
    "meant": None,
}

USAGE: dict[str, Any] = {
    "views": 1520,
    "downloads": 310,
    "months": [{"month": "2026-03", "views": 480, "downloads": 96}],
    "days": [{"day": "2026-03-31", "views": 17, "downloads": None}],
}

_PREVIEWS_AT = f"{BASE}/api/resources/{ID}/files/%D8%AF%D8%B1%D8%B3.pdf/previews"
PREVIEWS: dict[str, Any] = {
    "name": "درس.pdf",
    "state": "made",
    "pages": 37,
    "duration": None,
    "items": [
        {
            "kind": kind,
            "position": position,
            "url": f"{_PREVIEWS_AT}/{kind}/{position}?v={SHA256[:16]}",
            "media_type": "image/webp",
            "width": width,
            "height": height,
            "size": size,
        }
        for kind, position, width, height, size in (
            ("cover", 1, 400, 566, 9304),
            ("page", 1, 900, 1273, 47088),
            ("page", 2, 900, 1273, 52470),
        )
    ],
    "listing": None,
}

_FROM_TEXT = [{"file": "درس.pdf", "origin": "text"}]
SUGGESTIONS: dict[str, Any] = {
    "languages": [{"value": "ar", "label": "العربية", "score": 0.98, "sources": _FROM_TEXT}],
    "titles": [
        {"value": "دورة الماء", "lang": "ar", "score": 0.8, "sources": [{"file": "درس.pdf", "origin": "metadata"}]}
    ],
    "keywords": [{"value": "دورة الماء", "lang": "ar", "score": 0.9, "sources": _FROM_TEXT}],
    "subjects": [{"value": RECORD["subjects"][0], "label": "رياضيات", "score": 0.9, "sources": _FROM_TEXT}],
    "unread": [],
}

PERSON: dict[str, Any] = {
    "id": 7,
    "email": EMAIL,
    "name": NAME,
    "language": "ar",
    "administrator": False,
    "active": True,
    "created": CREATED,
    "roles": [{"institution": INSTITUTION, "role": "reviewer"}],
}
MEMBER: dict[str, Any] = {
    "person": {"id": 7, "name": NAME, "email": EMAIL},
    "role": "reviewer",
    "created": CREATED,
}
TOKEN: dict[str, Any] = {
    "id": 3,
    "name": "nightly upload",
    "scopes": ["read", "deposit"],
    "created": CREATED,
    "expires": LATER,
    "revoked": None,
}
INVITATION: dict[str, Any] = {
    "id": 12,
    "email": EMAIL,
    "role": "depositor",
    "language": "ar",
    "state": "waiting",
    "invited_by": 4,
    "created": CREATED,
    "expires": "2026-03-15T08:00:00Z",
    "accepted": None,
    "revoked": None,
}


def shown(*examples: Any) -> ConfigDict:
    """The configuration of a body that has these examples."""
    return ConfigDict(json_schema_extra={"examples": list(examples)})


def page(*items: Any) -> ConfigDict:
    """Of a list, with these on its only page."""
    return shown({"items": list(items), "next": None})
