"""What every answer is held to, whatever was asked: HTTP, XML, and the document around what was asked for. Pure.

Source: OAI-PMH 2.0, sections 3.1.2 (HTTP response format), 3.2 (XML response format), 3.3 (dates), 3.6 (errors).
"""

import re
from datetime import datetime, timedelta

from harvest.check import answers
from harvest.check.answers import SECOND, VERBS, Answer
from harvest.check.exchange import Exchange, Known, Look, Looks, look, said
from harvest.check.rules import ERRORS
from harvest.fetching import Reply, seconds
from metadata import oai_record, xml
from metadata.xml import NAMESPACES, Element, Schema, XmlError

_DECLARATION = re.compile(
    rb"(?:\xef\xbb\xbf)?<\?xml\s+version\s*=\s*[\"']1\.0[\"'](?:\s+encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"'])?"
)
_SKEW = timedelta(hours=1)  # that a server's clock may go wrong before it is worth a word
_WITHOUT_ECHO = frozenset({"badVerb", "badArgument"})
_XSD = re.compile(r"https?://www\.openarchives\.org/OAI/2\.0/OAI-PMH\.xsd")


def read(reply: Reply) -> tuple[Answer | None, list[Look]]:
    """The document in a reply, where there is one, and the looks at how it is written."""
    looks = list(_encoding(reply.content)) if reply.status == 200 else []
    is_utf8 = all(one.ok for one in looks if one.rule == "xml.encoding")
    try:
        root = xml.parse(reply.content)
    except XmlError as error:
        if reply.status == 200 and is_utf8:
            looks.append(look("xml.malformed", False, error.code, **error.params))
        return None, looks
    if reply.status != 200 and not answers.is_oai(root):
        return None, looks  # a page of the web server: its status says it all
    looks.append(look("xml.malformed", True))
    looks.append(look("xml.root", answers.is_right_root(root), "oai.seen.root", name=str(root.tag)))
    return (Answer(root) if answers.is_oai(root) else None), looks


def _encoding(content: bytes) -> Looks:
    declared = _DECLARATION.match(content)
    named = declared[1].decode() if declared and declared[1] else ""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        yield look("xml.encoding", False, "oai.seen.not-utf-8", position=error.start + 1)
        return
    is_utf8 = named.lower() in ("", "utf-8")
    yield said("xml.encoding", is_utf8, "encoding", named)
    if is_utf8 and content.strip():
        beginning = content[:60].decode("utf-8", "replace")
        yield look("xml.declaration", bool(named), "oai.seen.beginning", value=beginning)


def transport(reply: Reply, *, now: datetime) -> Looks:
    for met in reply.tries:
        if met.status is None:
            yield look("http.again", False, "oai.seen.broken", reason=met.reason)
        elif met.status not in (429, 503):
            yield look("http.again", False, "oai.seen.status", status=str(met.status))
    if not reply.tries:
        yield look("http.again", True)
    waits = [met.retry_after for met in reply.tries if met.status == 503]
    waits += [reply.headers.get("retry-after")] if reply.status == 503 else []
    for wait in waits:
        ok = wait is not None and seconds(wait, now) is not None
        yield said("http.retry-after", ok, "Retry-After", wait or "")
    yield look("http.status", reply.status == 200, "oai.seen.status", status=str(reply.status))
    if reply.status == 200:
        kind = reply.headers.get("content-type", "")
        is_xml = kind.partition(";")[0].strip().lower() == "text/xml"
        yield said("http.content-type", is_xml, "Content-Type", kind)


def document(exchange: Exchange, known: Known, *, now: datetime) -> Looks:
    """Looks at an answer that could be read."""
    answer = exchange.answer
    assert answer is not None
    yield _schema_location(answer.root)
    yield _body(exchange, answer)
    date = answers.moment(answer.date)
    is_date = answers.granularity(answer.date) == SECOND
    yield said("response.date", is_date, "responseDate", answer.date)
    if date is not None and is_date:
        yield said("response.clock", abs(date - now) <= _SKEW, "responseDate", answer.date, oai_record.datestamp(now))
    if known.base_url:
        same = answer.base_url == known.base_url
        yield said("request.base-url", same, "request", answer.base_url, known.base_url)
    yield from _echo(exchange, answer)
    for code in answer.errors:
        yield said("error.code", code in ERRORS, "code", code)


def _schema_location(root: Element) -> Look:
    pairs = answers.schema_locations(root) or []
    ok = any(name == NAMESPACES["oai"] and _XSD.fullmatch(address) for name, address in pairs)
    return said("xml.schema-location", ok, "xsi:schemaLocation", root.get(xml.name("xsi:schemaLocation"), ""))


def _body(exchange: Exchange, answer: Answer) -> Look:
    names = answer.names
    rest = names[2:]
    if rest and set(rest) == {"error"}:
        is_body = True
    elif exchange.sound:
        is_body = rest == [exchange.verb]
    else:
        is_body = len(rest) == 1 and rest[0] in VERBS  # whether it should have been refused is another rule
    ok = names[:2] == ["responseDate", "request"] and is_body
    return look("xml.body", ok, "oai.seen.children", names=", ".join(names[:10]))


def _echo(exchange: Exchange, answer: Answer) -> Looks:
    echoed = _written(answer.echoed)
    if _WITHOUT_ECHO & set(answer.errors):
        yield said("request.echo-on-error", not answer.echoed, "request", echoed)
    elif exchange.sound:
        asked = {name: str(value) for name, value in exchange.arguments}
        yield said("request.echo", answer.echoed == asked, "request", echoed or "—", _written(asked))


def _written(arguments: dict[str, str]) -> str:
    return " ".join(f'{name}="{value}"' for name, value in arguments.items())


def validity(answer: Answer, schema: Schema) -> Looks:
    """What the schemas say; elements of formats that they do not know are told apart."""
    problems = schema.problems(answer.root)
    foreign = sorted({problem.foreign for problem in problems if problem.foreign is not None})
    for namespace in foreign:
        yield look("xml.schema-missing", False, "oai.seen.namespace", namespace=namespace)
    if not foreign:
        yield look("xml.schema-missing", True)
    broken = [problem for problem in problems if problem.foreign is None]
    for problem in broken:
        yield look("xml.valid", False, "oai.seen.invalid", line=problem.line, reason=problem.message)
    if not broken:
        yield look("xml.valid", True)
