"""Pages of HTML, books in EPUB 3 and packed folders: text around text, with fixed times."""

import zipfile
from html import escape
from io import BytesIO

from oer.demo.making import pages, pictures, texts

_THEN = (2025, 1, 1, 0, 0, 0)
_STYLE = (
    "body{max-width:42rem;margin:2rem auto;padding:0 1rem;font:1.1rem/1.8 system-ui,sans-serif;color:#262a30}"
    "h1,h2{color:#0b5e63;line-height:1.4}table{border-collapse:collapse}td,th{border:1px solid #c4d0cd;"
    "padding:.3rem .8rem}blockquote{border-inline-start:4px solid #0b5e63;margin-inline:0;padding-inline:1rem}"
)
_PACKS = {
    "fractions": ("fractions-sheet-1.ar", "fractions-sheet-2.ar", "fractions-answers.ar"),
}


def page(name: str) -> bytes:
    """One page of HTML, without a script."""
    lang, direction = texts.language(name), "rtl" if texts.is_arabic(name) else "ltr"
    title = escape(texts.title(name))
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    body = texts.html(name)
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}" dir="{direction}"><head>{head}<style>{_STYLE}</style></head>\n'
        f"<body><main>\n{body}</main></body></html>\n"
    ).encode()


def packed(name: str) -> bytes:
    """Worksheets as PDF, in one ZIP."""
    members = {f"{place}-{each.partition('.')[0]}.pdf": pages.document(each) for place, each in _numbered(name)}
    return _zip(members)


def _numbered(name: str) -> list[tuple[int, str]]:
    return list(enumerate(_PACKS[name], 1))


def book(name: str) -> bytes:
    """EPUB 3.3: a cover, and a chapter for each heading below the first."""
    lang, direction = texts.language(name), "rtl" if texts.is_arabic(name) else "ltr"
    title = texts.title(name)
    chapters = _chapters(name)
    names = [f"chapter-{number}.xhtml" for number in range(1, len(chapters) + 1)]
    members: dict[str, bytes] = {
        "mimetype": b"application/epub+zip",
        "META-INF/container.xml": _CONTAINER.encode(),
        "book/package.opf": _package(name, title, lang, direction, names).encode(),
        "book/nav.xhtml": _navigation(title, lang, direction, [head for head, _ in chapters], names).encode(),
        "book/style.css": _STYLE.encode(),
        "book/cover.png": pictures.picture(f"cover-{name.rpartition('.')[0]}:{lang}"),
    }
    for file, (head, body) in zip(names, chapters, strict=True):
        members[f"book/{file}"] = _xhtml(head, lang, direction, body).encode()
    return _zip(members)


def _chapters(name: str) -> list[tuple[str, str]]:
    """(heading, HTML with void elements closed) of each."""
    html = texts.html(name).replace("<hr>", "<hr/>").replace("<br>", "<br/>")
    first, *rest = html.split("<h2>")
    found = [(texts.title(name), first)] if not rest or first.count("<p>") else []
    for part in rest:
        head = part.partition("</h2>")[0]
        found.append((head, f"<h2>{part}"))
    return found


def _xhtml(title: str, lang: str, direction: str, body: str, *, more: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        f'<html xmlns="http://www.w3.org/1999/xhtml"{more} lang="{lang}" xml:lang="{lang}" dir="{direction}">\n'
        f'<head><title>{title}</title><link rel="stylesheet" type="text/css" href="style.css"/></head>\n'
        f"<body>\n{body}</body></html>\n"
    )


def _navigation(title: str, lang: str, direction: str, heads: list[str], names: list[str]) -> str:
    lines = "".join(f'<li><a href="{file}">{head}</a></li>' for head, file in zip(heads, names, strict=True))
    body = f'<nav epub:type="toc"><h1>{escape(title)}</h1><ol>{lines}</ol></nav>\n'
    return _xhtml(escape(title), lang, direction, body, more=' xmlns:epub="http://www.idpf.org/2007/ops"')


def _package(name: str, title: str, lang: str, direction: str, names: list[str]) -> str:
    items = "".join(
        f'<item id="c{number}" href="{file}" media-type="application/xhtml+xml"/>' for number, file in enumerate(names)
    )
    spine = "".join(f'<itemref idref="c{number}"/>' for number in range(len(names)))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" '
        f'xml:lang="{lang}" dir="{direction}">\n'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f'<dc:identifier id="id">urn:oer-demo:{name}</dc:identifier>\n'
        f"<dc:title>{escape(title)}</dc:title>\n<dc:language>{lang}</dc:language>\n"
        '<meta property="dcterms:modified">2025-01-01T00:00:00Z</meta>\n'
        '<meta property="schema:accessMode">textual</meta>\n'
        '<meta property="schema:accessibilityFeature">tableOfContents</meta>\n'
        '<meta property="schema:accessibilityHazard">none</meta>\n</metadata>\n<manifest>\n'
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>\n'
        '<item id="style" href="style.css" media-type="text/css"/>\n'
        '<item id="cover" href="cover.png" media-type="image/png" properties="cover-image"/>\n'
        f"{items}\n</manifest>\n"
        f'<spine page-progression-direction="{direction}">{spine}</spine>\n</package>\n'
    )


_CONTAINER = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>\n'
)


def _zip(members: dict[str, bytes]) -> bytes:
    """The first member is not packed when it says what the others are."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, body in members.items():
            info = zipfile.ZipInfo(name, _THEN)
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, body)
    return made.getvalue()
