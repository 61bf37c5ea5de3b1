"""pyoai's server as a WSGI application, for compare_pyoai: runs in an environment of its own, where pyoai is.

``RECORDS`` is a file of pickled pages of records, ``PAGE`` the number of records that pyoai is to put on a page.
"""

import cgi
import gc
import os
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from oaipmh import common, error, metadata, server

cgi.parse_qs = parse_qs  # pyoai 2.5.0 reads its tokens with it; Python 3.8 took it away

Record = tuple[common.Header, common.Metadata | None, None]


class Holdings:
    """What pyoai's BatchingServer asks (``oaipmh.interfaces.IBatchingOAI``), as far as one list needs it.

    Everything is ready in memory: a page is a slice, and nothing is read or decoded to make it.
    """

    def __init__(self, records: Path) -> None:
        gc.disable()
        self._records = list(_read(records))
        gc.freeze()  # what is there for good is not to be looked through while pages are made
        gc.enable()
        self._identify = common.Identify(
            repositoryName="pyoai",
            baseURL="http://127.0.0.1/oai",
            protocolVersion="2.0",
            adminEmails=["admin@example.org"],
            earliestDatestamp=datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None),
            deletedRecord="persistent",
            granularity="YYYY-MM-DDThh:mm:ssZ",
            compression=["identity"],
        )

    def identify(self) -> common.Identify:
        """Asked for with every request."""
        return self._identify

    def listRecords(self, metadataPrefix: str, cursor: int, batch_size: int) -> list[Record]:  # noqa: N802, N803 - pyoai's names
        if metadataPrefix != "oai_dc":
            raise error.CannotDisseminateFormatError(metadataPrefix)
        return self._records[cursor : cursor + batch_size]


def _read(records: Path) -> Iterator[Record]:
    known: dict[str, str] = {}  # labels of terms stand in very many records
    with records.open("rb") as file:
        while file.peek(1):
            for identifier, stamp, deleted, sets, fields in pickle.load(file):
                moment = datetime.fromisoformat(stamp).replace(tzinfo=None)
                head = common.Header(None, identifier, moment, [known.setdefault(one, one) for one in sets], deleted)
                values = {key: [known.setdefault(one, one) for one in found] for key, found in fields.items()}
                yield head, None if deleted else common.Metadata(None, values), None


def _application() -> Callable[..., list[bytes]]:
    writers = metadata.MetadataRegistry()
    writers.registerWriter("oai_dc", server.oai_dc_writer)
    holdings = Holdings(Path(os.environ["RECORDS"]))
    provider = server.BatchingServer(holdings, writers, resumption_batch_size=int(os.environ["PAGE"]))

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        content = provider.handleRequest(dict(parse_qsl(environ["QUERY_STRING"])))
        start("200 OK", [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(content)))])
        return [content]

    return answer


application = _application()
