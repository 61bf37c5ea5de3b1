"""vCards as LOM carries people and organisations (IEEE 1484.12.1, 2.3.2): written as 3.0, read as partners write them.

Source: RFC 2426 (sections 3.1.1 FN, 3.1.2 N, 3.5.2 ROLE, 3.5.5 ORG, 3.6.7 UID, 3.6.8 URL, 4 escaping). Lines are not
folded at 75 bytes, which the RFC recommends for mail: inside XML it would cut Arabic letters for readers that do not
unfold. Addresses, e-mail and telephone numbers of a card that is read are nobody's metadata and are passed over.
"""

import quopri
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from metadata.crosswalks import understood
from metadata.crosswalks.wording import agent_uris, language
from metadata.record import Affiliation, Agent, Text

# Properties that end one line and begin another, also where a partner's XML has lost its line ends.
_NAMES = "BEGIN|END|VERSION|PRODID|REV|KIND|FN|N|NICKNAME|ORG|TITLE|ROLE|URL|UID|NOTE|EMAIL|TEL|ADR|LABEL|PHOTO|LOGO"
_PROPERTY = re.compile(rf"\s*(?:[\w-]+\.)?({_NAMES}|X-[\w-]+)((?:;[^:;]*)*):(.*)", re.IGNORECASE | re.DOTALL)
_RUN_TOGETHER = re.compile(rf"(?:\\[nr]|\s)(?=(?:{_NAMES})(?:;[^:\s]*)?:)", re.IGNORECASE)
_COMPONENTS = ("N", "ORG", "ORG;LANGUAGE")  # values that semicolons part
_UNESCAPED = re.compile(r"(?<!\\)((?:\\\\)*);")
_LONG = 20_000  # characters: enough for a card with a photograph's address, too few to keep a worker busy


@dataclass(frozen=True)
class Card:
    """Whom a card names, what it calls their role (``Translator``, or "") and its note."""

    agent: Agent
    role: str = ""
    note: str = ""


def write(agent: Agent, *, role: str = "", note: str = "", names: Iterable[Text] = ()) -> str:
    """The lines of a card from BEGIN to END. ``names``: what an organisation is called in several languages."""
    family, given = agent.family or "", agent.given or ""
    person = agent.kind == "person"
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{_escaped(agent.name)}"]
    if person and not (family and given):
        family, given = agent.name, ""
    lines.append(f"N:{_escaped(family)};{_escaped(given)};;;" if person else "N:;;;;")
    own = [(text.value, language(text)) for text in names] or ([] if person else [(agent.name, None)])
    for name, tag in [*own, *((affiliation.name, None) for affiliation in agent.affiliations)]:
        lines.append(f"ORG{f';LANGUAGE={tag}' if tag else ''}:{_escaped(name)}")
    uris = list(agent_uris(agent).values())
    lines += [f"UID:{uri}" for uri in uris[:1]] + [f"URL:{uri}" for uri in uris]
    lines += [f"{name}:{_escaped(value)}" for name, value in (("ROLE", role), ("NOTE", note)) if value]
    return "\n".join([*lines, "END:VCARD"])


def _escaped(text: str) -> str:
    """RFC 2426, section 4: backslash, line end, semicolon and comma."""
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "")
    return escaped.replace(";", "\\;").replace(",", "\\,")


def read(said: str) -> Card | None:
    """What a card of any version says, or a bare name; None where nobody is named.

    Line ends may be missing, lines indented or folded, values in quoted-printable (2.1).
    """
    text = said[:_LONG].strip()
    if not re.match(r"BEGIN\s*:\s*VCARD", text, re.IGNORECASE):
        agent = understood.agent(text)
        return Card(agent) if agent else None
    properties = _properties(text)
    agent = _agent(properties)
    role, note = (" ".join(properties.get(name, [""])[0].split()) for name in ("ROLE", "NOTE"))
    return Card(agent, role, note) if agent else None


def _properties(text: str) -> Mapping[str, list[str]]:
    """Name in capitals → values in order; those in components keep their escapes."""
    found: dict[str, list[str]] = {}
    for name, params, value in _lines(text):
        if "QUOTED-PRINTABLE" in params.upper():
            value = _decoded(value, params)
        plain = value.strip()
        if name == "ORG" and "LANGUAGE=" in params.upper():
            name = "ORG;LANGUAGE"
        found.setdefault(name, []).append(plain if name in _COMPONENTS else _plain(plain))
    return found


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    if len(re.findall(r"[\r\n]", text)) < 2:
        text = _RUN_TOGETHER.sub("\n", text)
    current: tuple[str, str, str] | None = None
    for line in re.split(r"\r\n|\r|\n", text):
        match = _PROPERTY.fullmatch(line)
        if match:
            if current:
                yield current
            current = (match[1].upper(), match[2], match[3])
        elif current:  # folded (RFC 2425, section 5.8.1), or a soft line end of quoted-printable
            more = line[1:] if line[:1] in (" ", "\t") else line
            current = (*current[:2], current[2].removesuffix("=") + more)
    if current:
        yield current


def _decoded(value: str, params: str) -> str:
    charset = re.search(r"CHARSET=([\w-]+)", params, re.IGNORECASE)
    raw = quopri.decodestring(value.encode("ascii", "ignore"))
    try:
        return raw.decode(charset[1] if charset else "utf-8", "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def _plain(value: str) -> str:
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value, flags=re.DOTALL)


def _parts(value: str) -> list[str]:
    """The components of N or ORG, unescaped."""
    return [" ".join(_plain(part).split()) for part in _UNESCAPED.sub("\\1\0", value).split("\0")]


def _agent(properties: Mapping[str, list[str]]) -> Agent | None:
    shown = " ".join((properties.get("FN") or [""])[0].split())
    family, given, more = [*_parts((properties.get("N") or [""])[0]), "", "", ""][:3]
    given = f"{given} {more}".strip() if given else ""
    plain, spoken = (
        [name for name in (_parts(value)[0] for value in properties.get(key, [])) if name]
        for key in ("ORG", "ORG;LANGUAGE")
    )
    organisations, known = [*plain, *spoken], _known(properties)
    if not (family or given) and organisations and shown in ("", *organisations):
        name = shown or organisations[0]  # in other languages it is the same organisation, not one above it
        return _made({"kind": "organisation", "name": name}, known, (one for one in plain if one != name))
    if not (shown or family or given):
        return None
    if "org" in [kind.strip().lower() for kind in properties.get("KIND", [])]:
        return _made({"kind": "organisation", "name": shown or family}, known, organisations)
    if family and given:
        parts = {"kind": "person", "family": family, "given": given}
        turned = not shown or re.split("[,،]", shown)[0].strip() == family != shown
        usual = f"{given} {family}" if turned else shown
        return _made({**parts, "name": usual}, known, organisations)
    guessed = understood.agent(shown or family or given)
    if guessed and family == shown:  # N repeats FN: the name is not known in parts
        return _made({"kind": guessed.kind, "name": shown}, known, organisations)
    return _made(guessed.model_dump(), known, organisations) if guessed else None


def _known(properties: Mapping[str, list[str]]) -> dict[str, str]:
    """ORCID and ROR, where check digits agree."""
    addresses = [value for name in ("URL", "UID", "X-ORCID", "NOTE") for value in properties.get(name, [])]
    found: dict[str, str] = {}
    for address in addresses:
        agent = understood.agent(f"x {address}") if re.search(r"orcid|ror\.org|^\d{4}-\d{4}-", address) else None
        for key in ("orcid", "ror"):
            if agent and getattr(agent, key):
                found.setdefault(key, getattr(agent, key))
    return found


def _made(fields: Mapping[str, Any], known: Mapping[str, str], organisations: Iterable[str]) -> Agent | None:
    named = [Affiliation(name=name) for name in dict.fromkeys(organisations)]
    agent = Agent.model_validate({**fields, **known, "affiliations": named})
    return agent if agent.name else None
