"""How an endpoint is reached besides a plain GET: by POST, under other names, packed and unpacked.

Source: OAI-PMH 2.0, sections 3.1.1 (GET and POST), 3.1.3 (compression), 3.2 (the base URL in an answer).
"""

from harvest.check.examination import Examination
from harvest.check.exchange import Pair

_ELSEWHERE = "elsewhere.invalid"  # RFC 2606: a name that nobody has
_WORTH = 4096  # bytes of an answer that anybody would pack


def doors(ex: Examination, prefix: str) -> None:
    """Raises Stopped."""
    _post(ex, prefix, ("verb", "Identify"))
    _post(ex, prefix, ("verb", "ListIdentifiers"), ("metadataPrefix", prefix))
    _hosts(ex)
    _packing(ex)


def _post(ex: Examination, prefix: str, *pairs: Pair) -> None:
    """The answer to a POST has what the answer to the same GET has, but for what may have changed between them."""
    plain, posted = ex.exchange(*pairs), ex.exchange(*pairs, method="POST")
    if plain.answer is None or posted.reply is None:
        return
    if posted.reply.status != 200 or posted.answer is None:
        ex.holds("http.post", False, posted, "oai.seen.status", status=str(posted.reply.status))
        return
    ex.judge(posted)
    if posted.answer.names[2:] != plain.answer.names[2:] or posted.errors != plain.errors:
        shown = ", ".join(posted.errors or posted.answer.names)
        ex.holds("http.post", False, posted, "oai.seen.children", names=shown)
        return
    there = {header.identifier for header in posted.answer.headers("ListIdentifiers")}
    gone = [header for header in plain.answer.headers("ListIdentifiers") if header.identifier not in there]
    lost = ex.one_unchanged(gone, prefix)
    ex.holds("http.post", lost is None, posted, "oai.seen.lost", identifier=lost.identifier if lost else "")


def _hosts(ex: Examination) -> None:
    """A server that will not be called by another name is right, and told nothing."""
    for headers in ({"X-Forwarded-Host": _ELSEWHERE, "Forwarded": f"host={_ELSEWHERE}"}, {"Host": _ELSEWHERE}):
        exchange = ex.exchange(("verb", "Identify"), headers=headers, ill=False, quiet=True)
        answer = exchange.answer
        if answer is not None:
            shown = " ".join((answer.base_url, *answer.identity("baseURL")))
            name = ", ".join(headers)
            ex.holds("request.host", _ELSEWHERE not in shown, exchange, "oai.seen.host", name=name, value=shown)


def _packing(ex: Examination) -> None:
    exchange = ex.exchange(("verb", "Identify"), headers={"Accept-Encoding": "identity"})
    if exchange.reply is None:
        return
    encoding = exchange.reply.encoding
    ex.holds("http.identity", encoding in ("", "identity"), exchange, "oai.seen.packed", encoding=encoding)
    used = ex.encodings - {"", "identity"}
    unknown = ", ".join(sorted(used - {*ex.known.compression}))
    ex.holds("http.compression-undeclared", not unknown, exchange, "oai.seen.packed", encoding=unknown)
    if "gzip" in ex.known.compression and ex.largest >= _WORTH:
        ex.holds("http.compression-unkept", "gzip" in used, exchange, "oai.seen.unpacked", size=ex.largest)
