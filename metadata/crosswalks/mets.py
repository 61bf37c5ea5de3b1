"""METS: a resource described in MODS, its rights, and every file with size, checksum and address.

A harvester can follow it to the bytes and know whether it got them. Sources: METS 1.12.1 (``mets.xsd``) and the METS
Primer, chapter 4; rights in DCMI Metadata Terms. The structure is flat: parts of a resource are resources themselves.
"""

import re
from collections.abc import Iterator, Mapping

from metadata import licences, vocabularies, xml
from metadata.crosswalks import mods, wording
from metadata.crosswalks.described import Described
from metadata.oai_record import datestamp
from metadata.record import Record
from metadata.xml import Element

PREFIX = "mets"
NAMESPACE = xml.NAMESPACES["mets"]
SCHEMA = "http://www.loc.gov/standards/mets/mets.xsd"
REVISION = f"1.{mods.REVISION}"  # what is wrapped changes with its own crosswalk

_MODS = "3.7"
_UNFIT = re.compile(r"[^A-Za-z0-9._-]")

Value = tuple[str, str, dict[str, str]]  # element, text, attributes


def dump(described: Described) -> bytes:
    """``<mets:mets>`` for any legal record; without files it has no ``fileSec``, and its ``structMap`` one division."""
    root = xml.element("mets:mets", prefixes=("mets", "xlink", "xsi", "dcterms"))
    root.set(xml.name("xsi:schemaLocation"), f"{NAMESPACE} {SCHEMA}")
    root.set("OBJID", xml.legal(described.identifier))
    for name, value in (("LABEL", _title(described.record)), ("TYPE", _type(described.record))):
        if value:
            root.set(name, xml.legal(value))
    _header(root, described)
    _description(root, described)
    _rights(root, described)
    _files(root, described)
    _structure(root, described)
    return xml.tobytes(root)


def _id(described: Described, name: str) -> str:
    """An ID such as ``oai_example.org_7k3v9qm2xd_file-1``: it has to be the only one on a page of a hundred records."""
    return f"{_UNFIT.sub('_', described.identifier)}_{name}"


def _title(record: Record) -> str:
    return next((text.value for text in record.title if text.value), "")


def _type(record: Record) -> str:
    uri = record.resource_type
    return vocabularies.label("hcrt", uri, "en") if uri else ""


def _header(root: Element, described: Described) -> None:
    """Who keeps the object and who owns its rights. One agent for an institution, whatever the number of its names."""
    header = xml.sub(root, "mets:metsHdr", attributes={"CREATEDATE": datestamp(described.published)})
    keeper = next((text.value for text in described.institution if text.value), "")
    if keeper:
        agent = xml.sub(header, "mets:agent", attributes={"ROLE": "CUSTODIAN", "TYPE": "ORGANIZATION"})
        xml.sub(agent, "mets:name", keeper)
    if described.record.rights_holder:
        agent = xml.sub(header, "mets:agent", attributes={"ROLE": "IPOWNER"})
        xml.sub(agent, "mets:name", described.record.rights_holder)
    for identifier in described.record.identifiers:
        kind = {} if identifier.scheme == "other" else {"TYPE": identifier.scheme.upper()}
        xml.sub(header, "mets:altRecordID", wording.bare(identifier), kind)


def _description(root: Element, described: Described) -> None:
    section = xml.sub(root, "mets:dmdSec", attributes={"ID": _id(described, "description")})
    data = _wrapped(section, {"MDTYPE": "MODS", "MDTYPEVERSION": _MODS})
    data.append(xml.parse(mods.dump(described)))


def _wrapped(section: Element, kind: Mapping[str, str]) -> Element:
    wrap = xml.sub(section, "mets:mdWrap", attributes={**kind, "MIMETYPE": "text/xml"})
    return xml.sub(wrap, "mets:xmlData")


def _rights(root: Element, described: Described) -> None:
    section = xml.sub(xml.sub(root, "mets:amdSec"), "mets:rightsMD", attributes={"ID": _id(described, "rights")})
    data = _wrapped(section, {"MDTYPE": "DC"})
    for element, text, attributes in _terms(described.record):
        xml.sub(data, f"dcterms:{element}", text, attributes)


def _terms(record: Record) -> Iterator[Value]:
    yield "accessRights", wording.access_right(record), {}
    if record.access.kind == "embargoed" and record.access.until:
        yield "available", record.access.until.isoformat(), {"xsi:type": "dcterms:W3CDTF"}
    licence = licences.get(record.licence) if record.licence else None
    if licence:
        yield "license", licence.uri, {"xsi:type": "dcterms:URI"}
        yield from (("license", label, {"xml:lang": tag}) for label, tag in wording.labels(licence))
    elif record.licence:
        yield "license", record.licence, {}
    if record.rights_holder:
        yield "rightsHolder", record.rights_holder, {}
    for note in record.rights_note:
        language = wording.language(note)
        yield "rights", note.value, {"xml:lang": language} if language else {}


def _files(root: Element, described: Described) -> None:
    """``VERSDATE`` is the moment of the version that these files belong to."""
    if not described.files:
        return
    about = {"USE": "ORIGINAL", "VERSDATE": datestamp(described.published), "ADMID": _id(described, "rights")}
    group = xml.sub(xml.sub(root, "mets:fileSec"), "mets:fileGrp", attributes=about)
    for number, file in enumerate(described.files, 1):
        facts = {
            "ID": _id(described, f"file-{number}"),
            "SEQ": str(number),
            "MIMETYPE": file.media_type,
            "SIZE": str(file.size),
            "CHECKSUM": file.sha256,
            "CHECKSUMTYPE": "SHA-256",
        }
        place = {"LOCTYPE": "URL", "xlink:type": "simple", "xlink:href": file.url, "xlink:title": file.name}
        xml.sub(xml.sub(group, "mets:file", attributes=facts), "mets:FLocat", attributes=place)


def _structure(root: Element, described: Described) -> None:
    about = {"DMDID": _id(described, "description"), "ADMID": _id(described, "rights"), "TYPE": "resource"}
    title = _title(described.record)
    if title:
        about["LABEL"] = title
    structure = xml.sub(root, "mets:structMap", attributes={"TYPE": "logical"})
    whole = xml.sub(structure, "mets:div", attributes=about)
    for number, file in enumerate(described.files, 1):
        part = xml.sub(whole, "mets:div", attributes={"TYPE": "file", "ORDER": str(number), "LABEL": file.name})
        xml.sub(part, "mets:fptr", attributes={"FILEID": _id(described, f"file-{number}")})
