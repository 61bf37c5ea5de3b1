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
from metadata.xml import Node

PREFIX = "mets"
NAMESPACE = xml.NAMESPACES["mets"]
SCHEMA = "http://www.loc.gov/standards/mets/mets.xsd"
REVISION = f"1.{mods.REVISION}"  # what is wrapped changes with its own crosswalk

_MODS = "3.7"
_UNFIT = re.compile(r"[^A-Za-z0-9._-]")

Value = tuple[str, str, dict[str, str]]  # element, text, attributes


def dump(described: Described) -> bytes:
    """``<mets:mets>`` for any legal record; without files it has no ``fileSec``, and its ``structMap`` one division."""
    attributes = {"xsi:schemaLocation": f"{NAMESPACE} {SCHEMA}", "OBJID": described.identifier}
    known = (("LABEL", _title(described.record)), ("TYPE", _type(described.record)))
    attributes |= {name: value for name, value in known if value}
    root = xml.root("mets:mets", attributes, prefixes=("mets", "xlink", "xsi", "dcterms"))
    _header(root, described)
    _description(root, described)
    _rights(root, described)
    _files(root, described)
    _structure(root, described)
    return root.tobytes()


def _id(described: Described, name: str) -> str:
    """An ID such as ``oai_example.org_7k3v9qm2xd_file-1``: it has to be the only one on a page of a hundred records."""
    return f"{_UNFIT.sub('_', described.identifier)}_{name}"


def _title(record: Record) -> str:
    return next((text.value for text in record.title if text.value), "")


def _type(record: Record) -> str:
    uri = record.resource_type
    return vocabularies.label("hcrt", uri, "en") if uri else ""


def _header(root: Node, described: Described) -> None:
    """Who keeps the object and who owns its rights. One agent for an institution, whatever the number of its names."""
    header = root.sub("mets:metsHdr", {"CREATEDATE": datestamp(described.published)})
    keeper = next((text.value for text in described.institution if text.value), "")
    if keeper:
        agent = header.sub("mets:agent", {"ROLE": "CUSTODIAN", "TYPE": "ORGANIZATION"})
        agent.leaf("mets:name", keeper)
    if described.record.rights_holder:
        agent = header.sub("mets:agent", {"ROLE": "IPOWNER"})
        agent.leaf("mets:name", described.record.rights_holder)
    for identifier in described.record.identifiers:
        kind = {} if identifier.scheme == "other" else {"TYPE": identifier.scheme.upper()}
        header.leaf("mets:altRecordID", wording.bare(identifier), kind)


def _description(root: Node, described: Described) -> None:
    section = root.sub("mets:dmdSec", {"ID": _id(described, "description")})
    data = _wrapped(section, {"MDTYPE": "MODS", "MDTYPEVERSION": _MODS})
    data.append(mods.element(described))


def _wrapped(section: Node, kind: Mapping[str, str]) -> Node:
    wrap = section.sub("mets:mdWrap", {**kind, "MIMETYPE": "text/xml"})
    return wrap.sub("mets:xmlData")


def _rights(root: Node, described: Described) -> None:
    section = root.sub("mets:amdSec").sub("mets:rightsMD", {"ID": _id(described, "rights")})
    data = _wrapped(section, {"MDTYPE": "DC"})
    for element, text, attributes in _terms(described.record):
        data.leaf(f"dcterms:{element}", text, attributes)


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


def _files(root: Node, described: Described) -> None:
    """``VERSDATE`` is the moment of the version that these files belong to."""
    if not described.files:
        return
    about = {"USE": "ORIGINAL", "VERSDATE": datestamp(described.published), "ADMID": _id(described, "rights")}
    group = root.sub("mets:fileSec").sub("mets:fileGrp", about)
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
        group.sub("mets:file", facts).leaf("mets:FLocat", None, place)


def _structure(root: Node, described: Described) -> None:
    about = {"DMDID": _id(described, "description"), "ADMID": _id(described, "rights"), "TYPE": "resource"}
    title = _title(described.record)
    if title:
        about["LABEL"] = title
    structure = root.sub("mets:structMap", {"TYPE": "logical"})
    whole = structure.sub("mets:div", about)
    for number, file in enumerate(described.files, 1):
        part = whole.sub("mets:div", {"TYPE": "file", "ORDER": str(number), "LABEL": file.name})
        part.leaf("mets:fptr", None, {"FILEID": _id(described, f"file-{number}")})
