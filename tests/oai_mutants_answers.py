"""Mutants: HTTP, XML, the envelope of answers, and what an endpoint says of itself."""

import re
from dataclasses import replace

from oai_endpoints import LISTS, Answering, Asked, Spoil, edited, error, other, text, where, with_text
from oai_mutants import Mutants

from harvest.fetching import Reply, Try

ANSWERS = Mutants()
mutant = ANSWERS.add


# ── HTTP ─────────────────────────────────────────────────────────────────────────────────────────


def reply(**changes: object) -> Spoil:
    return lambda asked, inner: replace(inner(asked), **changes)


def crash(asked: Asked, _inner: Answering) -> Reply:
    return Reply("https://oer.example.org/oai", 500, {"content-type": "text/html"}, b"<html>oops")


def packed(asked: Asked, inner: Answering) -> Reply:
    found = inner(asked)
    return replace(found, headers={**found.headers, "content-encoding": "gzip"})


def is_post(asked: Asked) -> bool:
    return asked.method == "POST"


def wants_plain(asked: Asked) -> bool:
    return asked.headers.get("Accept-Encoding") == "identity"


def host_believed(asked: Asked, inner: Answering) -> Reply:
    host = asked.headers.get("X-Forwarded-Host")
    found = inner(asked)
    return with_text(found, text(found).replace("oer.example.org/oai", f"{host}/oai")) if host else found


mutant(
    "http.status", lambda asked, inner: replace(inner(asked), status=400 if b"<error" in inner(asked).content else 200)
)
mutant("http.status", where(lambda asked: asked.given.get("identifier") == "\0", crash), name="crash")
mutant("http.content-type", reply(headers={"content-type": "application/xml"}))
mutant("http.content-type", reply(headers={}), name="none")
mutant("http.again", reply(tries=(Try(502, None),)))
mutant("http.again", reply(tries=(Try(None, None, "broken"),)), name="broken line")
mutant("http.retry-after", reply(tries=(Try(503, None),)))
mutant("http.retry-after", reply(tries=(Try(503, "soon"),)), name="nonsense")
mutant("http.moved", reply(url="https://new.example.org/oai", moved=True))
mutant("http.identity", where(wants_plain, packed))
mutant("http.compression-undeclared", where(lambda asked: not wants_plain(asked), packed))
mutant("http.compression-unkept", edited("(<description>)", r"<compression>gzip</compression>\1", count=1))
mutant("http.post", where(is_post, reply(status=405)))
mutant("http.post", where(is_post, lambda asked, inner: inner(replace(asked, pairs=()))), name="form not read")
earlier = other(until="2026-03-01T08:00:00Z")
mutant(
    "http.post",
    where(lambda asked: is_post(asked) and asked.verb in LISTS, earlier),
    "request.echo",
    name="another list",
)
mutant("request.host", host_believed)


# ── XML and the envelope ─────────────────────────────────────────────────────────────────────────


def in_latin_1(asked: Asked, inner: Answering) -> Reply:
    content = text(inner(asked)).replace("UTF-8", "ISO-8859-1")
    return replace(inner(asked), content=content.encode("latin-1", "xmlcharrefreplace"))


def with_stray_bytes(asked: Asked, inner: Answering) -> Reply:
    return replace(inner(asked), content=inner(asked).content.replace("درس".encode(), b"\xcf\xd1\xd3"))


def unescaped(asked: Asked, inner: Answering) -> Reply:
    return with_text(inner(asked), text(inner(asked)).replace("</error>", f"{asked.given['identifier']}</error>"))


mutant("xml.malformed", where(lambda asked: asked.verb == "GetRecord", edited("</OAI-PMH>", "")))
mutant("xml.malformed", edited("(<OAI-PMH)", r"<!DOCTYPE OAI-PMH>\1", verb="ListSets"), name="DOCTYPE")
mutant("xml.malformed", where(lambda asked: asked.says("identifier", "<"), unescaped), name="what was sent, unescaped")
mutant("xml.encoding", in_latin_1)
mutant("xml.encoding", with_stray_bytes, name="stray bytes")
mutant("xml.declaration", edited(r"<\?xml.*?\?>", ""))
mutant(
    "xml.root",
    edited('xmlns="http://www.openarchives.org/OAI/2.0/"', 'xmlns="http://www.openarchives.org/OAI/1.1/"', count=1),
)
mutant("xml.schema-location", edited(r' xsi:schemaLocation="[^"]*OAI-PMH.xsd"', "", count=1))
mutant("xml.schema-location", edited(r"OAI/2.0/OAI-PMH.xsd", "OAI/2.0/oai_dc.xsd"), name="wrong")
mutant("xml.body", edited("(</ListMetadataFormats>)", r"\1<error code='noMetadataFormats'/>"))
mutant("response.date", edited(r"(<responseDate>[^<]*)Z", r"\1+00:00"))
mutant("response.date", edited(r"(<responseDate>[^<]*)T[^<]*", r"\1"), name="day")
mutant("response.clock", edited(r"<responseDate>2026-03-07", "<responseDate>2026-03-09"))
mutant("request.base-url", edited(r"(<request[^>]*>)https://", r"\1http://"))
mutant("request.echo", edited(r'(<request [^>]*) metadataPrefix="[^"]*"', r"\1"))
mutant("request.echo", edited("<request ", '<request extra="1" ', verb="GetRecord"), name="more")
mutant(
    "request.echo-on-error",
    edited(r'<request>([^<]*</request><error code="badArgument)', r'<request verb="ListRecords">\1'),
)
mutant("error.code", edited('code="noRecordsMatch"', 'code="nothingFound"'), "error.range-empty", "error.set-unknown")


# ── Identify ─────────────────────────────────────────────────────────────────────────────────────

mutant("identify.complete", edited("<repositoryName>.*</repositoryName>", ""))
mutant("identify.complete", edited("<adminEmail>.*</adminEmail>", ""), name="nobody to write to")
mutant("identify.complete", edited("(<deletedRecord>.*</deletedRecord>)", r"\1\1"), name="twice")
mutant("identify.version", edited("<protocolVersion>2.0", "<protocolVersion>1.1"))
mutant("identify.email", edited("<adminEmail>.*</adminEmail>", "<adminEmail>root@localhost</adminEmail>"))
mutant("identify.deleted-record", edited("<deletedRecord>persistent", "<deletedRecord>yes"))
mutant("identify.granularity", edited("<granularity>YYYY-MM-DDThh:mm:ssZ", "<granularity>seconds"))
mutant("identify.earliest", edited(r"(<earliestDatestamp>[^<]*)T[^<]*", r"\1"))
mutant("identify.earliest", edited(r"<earliestDatestamp>[^<]*", "<earliestDatestamp>once"), name="no date")
too_late = edited(r"<earliestDatestamp>[^<]*", "<earliestDatestamp>2026-03-02T08:00:00Z")
mutant("identify.earliest-limit", too_late, "error.range-empty")
mutant("identify.base-url", edited("https://oer.example.org/oai<", "http://oer.example.org/oai<"))
mutant("identify.compression", edited("(<description>)", r"<compression>identity</compression>\1", count=1))
mutant("identify.oai-identifier", edited("<repositoryIdentifier>[^<]*", "<repositoryIdentifier>other.example.org"))


# ── Formats ──────────────────────────────────────────────────────────────────────────────────────

FORMAT = "(<metadataFormat><metadataPrefix>oai_dc<.*?</metadataFormat>)"
PAGES = ("record.namespace", "record.schema-location")  # pages behind a token are in the format that the token names


def other_format(prefix: str) -> Spoil:
    """A format beside ours; its records are those of ours, under its name."""
    listed = (
        rf"\1<metadataFormat><metadataPrefix>{prefix}</metadataPrefix><schema>https://example.org/x.xsd</schema>"
        "<metadataNamespace>urn:x</metadataNamespace></metadataFormat>"
    )
    record = (
        '<x xmlns="urn:x" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi:schemaLocation="urn:x https://example.org/x.xsd"/>'
    )

    def spoil(asked: Asked, inner: Answering) -> Reply:
        if not asked.says("metadataPrefix", prefix):
            return edited(FORMAT, listed, verb="ListMetadataFormats")(asked, inner)
        found = text(inner(asked.but(metadataPrefix="oai_dc")))
        found = found.replace('metadataPrefix="oai_dc"', f'metadataPrefix="{prefix}"')
        return with_text(inner(asked), re.sub("<oai_dc:dc .*?</oai_dc:dc>", record, found, flags=re.DOTALL))

    return spoil


mutant("formats.complete", edited("(<schema>)[^<]*oai_dc.xsd", r"\1"), "formats.oai-dc", "record.schema-location")
mutant("formats.prefix", other_format("x/y"), *PAGES)
mutant("formats.reserved", other_format("all"), *PAGES)
mutant("formats.repeated", edited(FORMAT, r"\1\1"))
other_namespace = edited("(<metadataNamespace>)[^<]*/oai_dc/", r"\1http://purl.org/dc/elements/1.1/")
mutant("formats.oai-dc", other_namespace, "record.namespace")
of_record = where(
    lambda asked: asked.verb == "ListMetadataFormats" and asked.says("identifier", "oai:oer"),
    error("noMetadataFormats"),
)
mutant("formats.of-record", of_record)


# ── Sets ─────────────────────────────────────────────────────────────────────────────────────────


def listed(spec: str, replacement: str) -> Spoil:
    """Another setSpec in ListSets; headers go on with the old one."""
    return edited(f"(<set>)<setSpec>{spec}<", rf"\1<setSpec>{replacement}<", verb="ListSets")


def is_walked(asked: Asked) -> bool:
    return asked.verb in LISTS and asked.says("set", "institution")


mutant("sets.complete", edited("<setName>[^<]*</setName>", ""))
mutant("sets.spec", listed("institution:top", "institution:top of all"), "sets.undeclared", "sets.parent")
twice = edited("(<set><setSpec>institution:top</setSpec>.*?</set>)", r"\1\1", verb="ListSets")
mutant("sets.repeated", twice, "token.size", "token.cursor")
mutant("sets.undeclared", listed("institution:top:left", "institution:top:centre"))
none_at_all = where(lambda asked: asked.verb == "ListSets" and len(asked.pairs) == 1, error("noSetHierarchy"))
mutant("sets.undeclared", none_at_all, "error.set-unsupported", name="none at all")
mutant("sets.parent", listed("institution", "institutions"), "sets.undeclared")
mutant("sets.membership", where(is_walked, edited("<setSpec>institution[^<]*</setSpec>", "")))
only_left = where(lambda asked: asked.given.get("set") == "institution:top", other(set="institution:top:left"))
mutant("sets.left-out", only_left, "request.echo")
