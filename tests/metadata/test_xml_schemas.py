"""Validation by a folder of schemas, without a look at the network or outside the folder."""

import shutil
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from metadata import xml
from metadata.xml import Schema, XmlError, parse

XS = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"{}>{}</xs:schema>'
B = XS.format(' targetNamespace="urn:b"', '<xs:element name="b" type="xs:int"/>')


def folder(place: Path, **files: str) -> Path:
    """Files by name, ``all`` for all.xsd and so on."""
    place.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (place / f"{name}.{'xml' if name == 'catalog' else 'xsd'}").write_text(content, "utf-8")
    return place


def importing(address: str, namespace: str = "urn:b") -> str:
    return XS.format("", f'<xs:import namespace="{namespace}" schemaLocation="{address}"/>')


def reason(place: Path) -> str:
    with pytest.raises(XmlError) as raised:
        xml.schema(place)
    assert raised.value.code == "xml.schema-unusable"
    return str(raised.value.params["reason"])


@pytest.fixture
def hits() -> Iterator[tuple[str, list[bytes]]]:
    """A server on loopback that notes whoever connects; its address."""
    seen: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            seen.append(self.rfile.readline())
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + B.encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/b.xsd", seen
        server.shutdown()


def messages(schema: Schema, document: bytes) -> list[tuple[int, str | None]]:
    return [(problem.line, problem.foreign) for problem in schema.problems(parse(document))]


def test_what_is_not_valid_is_told_with_its_line(tmp_path: Path) -> None:
    schema = xml.schema(folder(tmp_path, all=importing("b.xsd"), b=B))
    assert schema.problems(parse(b'<b xmlns="urn:b">1</b>')) == []
    [problem] = schema.problems(parse(b'\n\n<b xmlns="urn:b">x</b>'))
    assert (problem.line, problem.foreign) == (3, None)
    assert "'x'" in problem.message
    assert schema.problems(parse(b'<b xmlns="urn:b">1</b>')) == [], "problems of before are forgotten"


def test_elements_that_no_schema_is_about_are_told_apart(tmp_path: Path) -> None:
    schema = xml.schema(folder(tmp_path, all=importing("b.xsd"), b=B))
    assert messages(schema, b'<c xmlns="urn:c"/>') == [(1, "urn:c")]
    assert messages(schema, b"<c/>") == [(1, "")]
    assert messages(schema, b'<unknown xmlns="urn:b"/>') == [(1, None)]


@pytest.mark.parametrize("name", ["schemas", "مخططات", "a b", "a%20b", "a#b", "a?b"])
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    schema = xml.schema(folder(tmp_path / name, all=importing("b.xsd"), b=B))
    assert messages(schema, b'<b xmlns="urn:b">x</b>') == [(1, None)]


def test_a_catalogue_maps_addresses_into_the_folder(tmp_path: Path, hits: tuple[str, list[bytes]]) -> None:
    address, seen = hits
    entries = f'<uri name="{address}" uri="b.xsd"/><system systemId="urn:other" uri="c.xsd"/>'
    catalogue = f'<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">{entries}</catalog>'
    schema = xml.schema(folder(tmp_path, all=importing(address), b=B, catalog=catalogue))
    assert messages(schema, b'<b xmlns="urn:b">x</b>') == [(1, None)]
    assert seen == []


def test_nothing_is_fetched(tmp_path: Path, hits: tuple[str, list[bytes]]) -> None:
    address, seen = hits
    assert reason(folder(tmp_path / "a", all=importing(address)))
    included = XS.format(' targetNamespace="urn:b"', f'<xs:include schemaLocation="{address}"/>')
    assert reason(folder(tmp_path / "b", all=importing("b.xsd"), b=included))
    schema = xml.schema(folder(tmp_path / "c", all=importing("b.xsd"), b=B))
    hinting = (
        f'<c xmlns="urn:c" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:c {address}"/>'
    )
    assert messages(schema, hinting.encode()) == [(1, "urn:c")]
    assert seen == []


@pytest.mark.parametrize("way", ["../outside/b.xsd", "file:///etc/passwd", "{outside}", "link.xsd"])
def test_nothing_outside_the_folder_is_read(tmp_path: Path, way: str) -> None:
    outside = folder(tmp_path / "outside", b=B)
    inside = folder(tmp_path / "inside", all=importing(way.format(outside=(outside / "b.xsd").as_uri())))
    (inside / "link.xsd").symlink_to(outside / "b.xsd")
    assert reason(inside)


@pytest.mark.parametrize(
    "content",
    ["", "no XML", "<a/>", XS.format("", "<xs:nonsense/>"), importing("missing.xsd"), importing("http://[/b.xsd"),
     '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + XS.format("", "&e;")],
)  # fmt: skip
def test_schemas_that_cannot_be_used_are_told_with_the_reason(tmp_path: Path, content: str) -> None:
    assert reason(folder(tmp_path, all=content))


def test_a_folder_without_schemas_is_told(tmp_path: Path) -> None:
    assert "all.xsd" in reason(tmp_path)
    assert "all.xsd" in reason(tmp_path / "none")


def test_the_real_schemas_judge_real_answers(shared: Path, tmp_path: Path) -> None:
    shutil.copytree(shared / "xsd", tmp_path / "xsd")
    schema = xml.schema(tmp_path / "xsd")
    assert {"http://www.openarchives.org/OAI/2.0/", "http://ltsc.ieee.org/xsd/LOM"} <= schema.namespaces
    sound = (shared / "recorded" / "scrapi" / "zenodo-01.xml").read_bytes()
    assert schema.problems(parse(sound)) == []
    broken = schema.problems(parse((shared / "recorded" / "scrapi" / "asu-01.xml").read_bytes()))
    assert len(broken) > 40
    assert {problem.foreign for problem in broken} == {None}
