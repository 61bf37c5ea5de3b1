"""A partner who keeps copies by ResourceSync, as a careful client does it; and documents as the schemas want them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from lxml import etree
from starlette.testclient import TestClient

from metadata.xml import NAMESPACES

SITEMAP, RS = (f"{{{NAMESPACES[prefix]}}}" for prefix in ("sitemap", "rs"))
BASE = "https://oer.example.org"
RESOURCES, CHANGES = "/resourcesync/resourcelist.xml", "/resourcesync/changelist.xml"

# Sitemaps take elements of other namespaces only where a schema declares them, and nobody publishes one of this.
_LINK = """<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/1999/xhtml">
<xsd:element name="link"><xsd:complexType>
<xsd:attribute name="rel" type="xsd:string" fixed="alternate" use="required"/>
<xsd:attribute name="hreflang" type="xsd:language" use="required"/>
<xsd:attribute name="href" type="xsd:anyURI" use="required"/>
</xsd:complexType></xsd:element></xsd:schema>"""

Checked = Callable[[bytes], etree._Element]
Ask = Callable[[str], etree._Element]


def checker(shared: Path, folder: Path) -> Checked:
    """The root of a document that the schemas of sitemaps and ResourceSync allow, or the test fails.

    A list may be empty (ResourceSync 1.1, section 7: "zero or more"), where sitemap.xsd wants one address.
    """
    (folder / "xhtml.xsd").write_text(_LINK, encoding="utf-8")
    schemas = {
        root: etree.XMLSchema(
            etree.fromstring(
                '<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
                + "".join(
                    f'<xsd:import namespace="{NAMESPACES[prefix]}" schemaLocation="{place.as_uri()}"/>'
                    for prefix, place in (
                        ("sitemap", shared / "xsd" / "resourcesync" / main),
                        ("rs", shared / "xsd" / "resourcesync" / "resourcesync.xsd"),
                        ("xhtml", folder / "xhtml.xsd"),
                    )
                )
                + "</xsd:schema>"
            )
        )
        for root, main in (("urlset", "sitemap.xsd"), ("sitemapindex", "siteindex.xsd"))
    }

    def check(document: bytes) -> etree._Element:
        root = etree.fromstring(document)
        judged = etree.fromstring(document)
        if not is_index(judged) and not entries(judged):
            address = etree.SubElement(etree.SubElement(judged, f"{SITEMAP}url"), f"{SITEMAP}loc")
            address.text = BASE
        schemas[etree.QName(root).localname].assertValid(judged)
        return root

    return check


def asking(client: TestClient, checked: Checked) -> Ask:
    """Fetches a document of these doors by its path, and has it checked."""

    def ask(path: str) -> etree._Element:
        answer = client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml"), answer.text
        return checked(answer.content)

    return ask


def description(public_id: str) -> str:
    """The address of a resource's description, and below that of a file, as lists have them."""
    return f"{BASE}/api/resources/{public_id}?format=jsonld&lang=ar"


def file(public_id: str, name: str) -> str:
    return f"{BASE}/api/resources/{public_id}/files/{quote(name, safe='')}"


def about(node: etree._Element) -> dict[str, str]:
    """The attributes of its ``rs:md``."""
    found = node.find(f"{RS}md")
    return {} if found is None else dict(found.attrib)


def links(node: etree._Element) -> dict[str, str]:
    """Relation → address of its ``rs:ln``."""
    return {found.get("rel", ""): found.get("href", "") for found in node.findall(f"{RS}ln")}


def entries(root: etree._Element) -> list[etree._Element]:
    return [node for node in root if etree.QName(node).namespace == NAMESPACES["sitemap"]]


def loc(node: etree._Element) -> str:
    return node.findtext(f"{SITEMAP}loc") or ""


def locs(root: etree._Element) -> list[str]:
    return [loc(node) for node in entries(root)]


def is_index(root: etree._Element) -> bool:
    return etree.QName(root).localname == "sitemapindex"


@dataclass
class Mirror:
    """``ask`` fetches a path. ``copies`` maps addresses to what tells the copy: its hash, or when it was changed."""

    ask: Ask
    copies: dict[str, str | None] = field(default_factory=dict)
    since: str = ""

    def _list(self, capability: str) -> str:
        """Found as a stranger finds it, from the well-known address on."""
        [(capabilities, told)] = [(loc(node), about(node)) for node in entries(self.ask("/.well-known/resourcesync"))]
        assert told == {"capability": "capabilitylist"}
        named = {about(node)["capability"]: loc(node) for node in entries(self.ask(capabilities.removeprefix(BASE)))}
        return named[capability].removeprefix(BASE)

    def lists(self, capability: str) -> Iterator[tuple[etree._Element, etree._Element]]:
        """(What told of it, the list) for each part that is needed; a list that is whole tells of itself."""
        path = self._list(capability)
        root = self.ask(path)
        if not is_index(root):
            yield root, root
            return
        for node in entries(root):
            if about(node).get("until", "9") >= self.since:
                part = self.ask(loc(node).removeprefix(BASE))
                assert links(part)["index"] == BASE + path
                yield root, part

    def baseline(self) -> None:
        self.copies.clear()
        self.since = ""
        for told, part in self.lists("resourcelist"):
            self.since = self.since or about(told)["at"]
            for node in entries(part):
                self.copies[loc(node)] = _state(node)

    def update(self) -> list[tuple[str, str]]:
        """(Address, change) of everything that was new; what happened in the last second is read again."""
        latest, done = self.since, []
        for _, part in self.lists("changelist"):
            assert about(part)["from"] <= about(part).get("until", "9")
            for node in entries(part):
                told = about(node)
                assert about(part)["from"] <= told["datetime"] <= about(part).get("until", "9")
                if told["datetime"] < self.since:
                    continue
                done.append((loc(node), told["change"]))
                latest = max(latest, told["datetime"])
                if told["change"] == "deleted":
                    self.copies.pop(loc(node), None)
                else:
                    self.copies[loc(node)] = _state(node)
        self.since = latest
        return done


def _state(node: etree._Element) -> str | None:
    return about(node).get("hash") or node.findtext(f"{SITEMAP}lastmod")
