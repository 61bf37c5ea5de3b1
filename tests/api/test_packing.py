import factories
import pytest
from starlette.testclient import TestClient

from api.packing import accepts_gzip
from oer.installation import Installation


@pytest.mark.parametrize(
    ("header", "wanted"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("x-gzip", True), ("*", True), ("deflate, *;q=0.1", True),
     ("gzip;q=0", False), ("gzip; q=0.000, *", False), ("*;q=0", False), ("identity", False), ("", False),
     ("gzip;q=x", False), ("gzip ; q=1", True)],
)  # fmt: skip
def test_gzip_comes_only_where_it_is_asked_for(header: str, wanted: bool) -> None:
    assert accepts_gzip(header) is wanted


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/openapi.json", "/api/vocabularies/isced-f?limit=100", "/static/site.css"]
)
def test_what_is_only_read_comes_packed_where_that_is_asked_for(client: TestClient, path: str) -> None:
    plain = client.get(path, headers={"accept-encoding": "identity"})
    small = client.get(path, headers={"accept-encoding": "gzip"})
    assert (plain.headers.get("content-encoding"), small.headers.get("content-encoding")) == (None, "gzip")
    assert small.content == plain.content  # the client has unpacked it
    assert int(small.headers["content-length"]) < len(plain.content) * 0.6
    assert "Accept-Encoding" in plain.headers["vary"]
    assert plain.headers["vary"] == small.headers["vary"]
    assert plain.headers["etag"] != small.headers["etag"]
    for seen, coding, known in (
        (small, "gzip", True), (plain, "identity", True), (small, "identity", False), (plain, "gzip", False),
    ):  # fmt: skip
        asked = {"accept-encoding": coding, "if-none-match": seen.headers["etag"]}
        assert client.get(path, headers=asked).status_code == (304 if known else 200)
        assert client.head(path, headers=asked).status_code == (304 if known else 200)
    head = client.head(path, headers={"accept-encoding": "gzip"})
    assert head.headers["content-length"] == small.headers["content-length"]


def test_what_is_written_to_has_one_tag_whatever_the_coding(client: TestClient, home: Installation) -> None:
    address = f"/api/resources/{factories.published(home)}"
    tags = {client.get(address, headers={"accept-encoding": coding}).headers["etag"] for coding in ("gzip", "identity")}
    assert len(tags) == 1
