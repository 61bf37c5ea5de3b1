"""How each operation is asked for, so that whoever may do it gets it done: its things, body and headers.

Bodies are the examples of the OpenAPI document wherever they fit this world.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import factories
from calling import RESOURCES, told
from policy_people import PEOPLE
from policy_words import FILE, PASSWORD, PNG, Caller, Thing
from policy_world import World

Body = Callable[[Any, Thing], Any]
TUS = {"tus-resumable": "1.0.0"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
PART = {"content-type": "application/offset+octet-stream", "upload-offset": "0"}


@dataclass(frozen=True)
class Recipe:
    """``things`` names what it is asked of; ``body`` makes one of the example and the thing, bytes as they are."""

    things: str
    body: Body = lambda example, _thing: example
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Callable[[Thing], Mapping[str, str]] = lambda _thing: {}
    path: str = ""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    content: bytes | None
    headers: Mapping[str, str]


def fixed(body: Any) -> Body:
    return lambda _example, _thing: body


def changed(**changes: Any) -> Body:
    return lambda example, _thing: example | changes


def here(**changes: Any) -> Body:
    return lambda example, thing: example | {"institution": thing.place} | changes


def _form(_example: Any, thing: Thing) -> bytes:
    parts = {"institution": thing.place, "record": json.dumps(_record())}
    lines = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in parts.items()
    ]
    return ("".join(lines) + "--edge--\r\n").encode()


def _record() -> dict[str, Any]:
    """One that can be published without a file."""
    return told(factories.record(access={"kind": "metadata-only"}))


def _metadata(thing: Thing) -> dict[str, str]:
    said = {"resource": thing.params["public_id"], "filename": "new.bin"}
    pairs = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items())
    return {"upload-metadata": pairs, "upload-length": "4"}


def _decision(example: Any, thing: Thing) -> Any:
    return example | {"decision": thing.kind}


def _report_step(_example: Any, thing: Thing) -> Any:
    return {"state": "examining"} if thing.kind == "examine" else {"state": "answered", "outcome": "kept"}


def _institution(example: Any, thing: Thing) -> Any:
    return example | {"slug": "a-new-one", "parent": thing.place or None}


def _patched(example: Any, thing: Thing) -> Any:
    return {"parent": thing.also[-1]} if thing.also else example


def _account(example: Any, thing: Thing) -> Any:
    return {"active": False} if thing.kind == "rights" else example


def _placed(thing: Thing) -> Mapping[str, str]:
    return {"if-match": "*"} if thing.place in thing.roles else {}


ANY = {"if-match": "*"}

RECIPES: dict[str, Recipe] = {
    "GET /api/resources": Recipe("list"),
    "POST /api/resources": Recipe("deposit", lambda example, thing: {"institution": thing.place, "record": _record()}),
    "POST /api/resources (form)": Recipe(
        "deposit", _form, {"content-type": "multipart/form-data; boundary=edge"}, path="/api/resources"
    ),
    **{f"GET /resources/{{public_id}}{rest}": Recipe("resource") for rest in ("", "/linkset", "/linkset.json")},
    **{f"GET /resources/{{public_id}}{rest}": Recipe("resource") for rest in ("/embed", "/qr.svg", "/report")},
    **{f"GET /resources/{{public_id}}/versions/{{number}}{rest}": Recipe("resource") for rest in ("", "/diff/{other}")},
    "POST /resources/{public_id}/report": Recipe("resource", fixed(b"reason=error&words=x"), FORM),
    "GET /collections/{public_id}": Recipe("collection"),
    "GET /api/oembed": Recipe("embedded"),
    "GET /resourcesync/resources/{public_id}/manifest.xml": Recipe("resource"),
    **{
        f"GET {RESOURCES}/{{public_id}}{rest}": Recipe("resource")
        for rest in (
            "",
            "/versions",
            "/versions/{number}",
            "/files/{name}",
            "/versions/{number}/files/{name}",
            "/files/{name}/previews",
            "/files/{name}/previews/{kind}/{position}",
            "/versions/{number}/files/{name}/previews",
            "/versions/{number}/files/{name}/previews/{kind}/{position}",
            "/versions/{number}/diff/{other}",
            "/reviews",
            "/history",
            "/collections",
            "/similar",
            "/usage",
            "/draft",
            "/draft/diff",
            "/draft/files",
            "/draft/files/{name}",
        )
    },
    **{
        f"POST {RESOURCES}/{{public_id}}{rest}": Recipe("resource")
        for rest in (
            "/versions",
            "/withdraw",
            "/hide",
            "/restore",
            "/unhide",
            "/draft/validate",
            "/draft/submit",
            "/draft/recall",
            "/draft/publish",
        )
    },
    "POST /api/resources/{public_id}/reports": Recipe("resource"),
    "GET /api/reports": Recipe("one"),
    "GET /api/reports/{reference}": Recipe("report"),
    "PATCH /api/reports/{reference}": Recipe("report step", _report_step),
    "GET /api/drafts": Recipe("one"),
    "PUT /api/resources/{public_id}/draft": Recipe("resource"),
    "PATCH /api/resources/{public_id}/draft": Recipe("resource"),
    "DELETE /api/resources/{public_id}/draft": Recipe("resource"),
    "PUT /api/resources/{public_id}/draft/files": Recipe("resource", fixed({"names": [FILE]})),
    "PUT /api/resources/{public_id}/draft/files/{name}": Recipe("new file", fixed(b"bytes")),
    "PATCH /api/resources/{public_id}/draft/files/{name}": Recipe("resource"),
    "DELETE /api/resources/{public_id}/draft/files/{name}": Recipe("resource"),
    "POST /api/resources/{public_id}/draft/reviews": Recipe("decision", _decision),
    "GET /api/uploads": Recipe("one"),
    "OPTIONS /api/uploads": Recipe("one"),
    "OPTIONS /api/uploads/{upload_id}": Recipe("upload"),
    "POST /api/uploads": Recipe("resource", fixed(None), TUS, _metadata),
    "HEAD /api/uploads/{upload_id}": Recipe("upload", headers=TUS),
    "PATCH /api/uploads/{upload_id}": Recipe("upload", fixed(b""), TUS | PART),
    "POST /api/uploads/{upload_id}": Recipe("upload", fixed(b""), TUS | PART | {"x-http-method-override": "PATCH"}),
    "DELETE /api/uploads/{upload_id}": Recipe("upload", headers=TUS),
    "GET /api/collections": Recipe("collections"),
    "POST /api/collections": Recipe("place", here()),
    "GET /api/collections/{public_id}": Recipe("collection"),
    "PATCH /api/collections/{public_id}": Recipe("collection"),
    "DELETE /api/collections/{public_id}": Recipe("collection"),
    "POST /api/collections/{public_id}/publish": Recipe("collection"),
    "POST /api/collections/{public_id}/unpublish": Recipe("collection"),
    "PUT /api/collections/{public_id}/units": Recipe("collection", fixed([{"titles": {"ar": "الضوء"}, "items": []}])),
    "POST /api/collections/{public_id}/items": Recipe(
        "entry", lambda _example, thing: {"resource": thing.brings.params["public_id"]}
    ),
    "DELETE /api/collections/{public_id}/items/{resource_id}": Recipe("item"),
    **{f"GET /api/collections/{{public_id}}/{rest}": Recipe("collection") for rest in ("pack", "pack.json")},
    **{f"GET {RESOURCES}/{{public_id}}/{rest}": Recipe("resource") for rest in ("pack", "pack.json")},
    "GET /api/institutions": Recipe("one"),
    "POST /api/institutions": Recipe("parent", _institution),
    "GET /api/institutions/{slug}": Recipe("institution"),
    "PATCH /api/institutions/{slug}": Recipe("change", _patched),
    "DELETE /api/institutions/{slug}": Recipe("institution"),
    "GET /api/institutions/{slug}/logo": Recipe("institution"),
    "PUT /api/institutions/{slug}/logo": Recipe(
        "institution", fixed(PNG), {"content-type": "image/png"}, lambda thing: ANY if thing.kind == "logo" else {}
    ),
    "DELETE /api/institutions/{slug}/logo": Recipe("institution"),
    "GET /api/institutions/{slug}/announcements": Recipe("announcements"),
    "POST /api/institutions/{slug}/announcements": Recipe("institution"),
    "GET /api/institutions/{slug}/announcements/feed": Recipe("institution"),
    **{
        f"{method} /api/institutions/{{slug}}/announcements/{{announcement_id}}": Recipe("announcement")
        for method in ("GET", "PATCH", "DELETE")
    },
    "GET /api/institutions/{slug}/members": Recipe("institution"),
    "GET /api/institutions/{slug}/members/{person_id}": Recipe("member"),
    "PUT /api/institutions/{slug}/members/{person_id}": Recipe("member", more=_placed),
    "DELETE /api/institutions/{slug}/members/{person_id}": Recipe("member"),
    "GET /api/institutions/{slug}/invitations": Recipe("institution"),
    "GET /api/institutions/{slug}/usage": Recipe("institution"),
    "POST /api/institutions/{slug}/invitations": Recipe("institution"),
    "DELETE /api/invitations/{invitation_id}": Recipe("invitation"),
    "POST /api/invitations/accept": Recipe(
        "acceptance", lambda example, thing: example | {"secret": thing.params["secret"]}
    ),
    "GET /api/me": Recipe("one"),
    "PATCH /api/me": Recipe("one"),
    "GET /api/people": Recipe("people"),
    "POST /api/people": Recipe("one"),
    "GET /api/people/{person_id}": Recipe("person"),
    "PATCH /api/people/{person_id}": Recipe("person", _account),
    "DELETE /api/people/{person_id}": Recipe("account"),
    "GET /api/people/{person_id}/export": Recipe("account"),
    "PUT /api/people/{person_id}/password": Recipe("account", changed(old_password=PASSWORD)),
    "GET /api/people/{person_id}/tokens": Recipe("account"),
    "POST /api/people/{person_id}/tokens": Recipe("account"),
    "DELETE /api/people/{person_id}/tokens/{token_id}": Recipe("account"),
    "POST /api/session": Recipe("one", fixed({"email": "person1@example.org", "password": PASSWORD})),
    "GET /api/session": Recipe("one"),
    "DELETE /api/session": Recipe("one"),
    "POST /api/imports": Recipe("order", fixed(b'{"item": "1"}\n'), {"content-type": "application/jsonl"}),
    "GET /api/exports/resources.jsonl": Recipe("export"),
    "GET /api/exports/resources.csv": Recipe("export"),
    "GET /api/dump.jsonl": Recipe("one"),
    "GET /oai/check": Recipe("one"),
    "POST /oai/check": Recipe("one", fixed(b"url=https://partner.example.org/oai"), FORM),
    "GET /oai/check/{number}": Recipe("check"),
    "GET /api/jobs": Recipe("one"),
    "GET /api/jobs/{job_id}": Recipe("job"),
    "GET /api/jobs/{job_id}/report": Recipe("job"),
    "POST /api/jobs/{job_id}/cancel": Recipe("job"),
    "POST /api/jobs/{job_id}/retry": Recipe("job"),
    "GET /api/audit": Recipe("one"),
    "GET /api/problems/{code}": Recipe("code"),
    "GET /api/suggest": Recipe("asked"),
    "POST /api/suggestions": Recipe("resource", lambda _example, thing: {"resource": thing.params["public_id"]}),
    "GET /api/feed": Recipe("one"),
    "GET /api/vocabularies": Recipe("one"),
    "GET /api/vocabularies/{vocabulary}": Recipe("vocabulary"),
}


def furnish(world: World) -> None:
    """Things that are no rows of their own: variants of one request."""
    things = world.things
    resources = things["resource"]
    things["one"] = [Thing("it")]
    things["human"] = [
        Thing(who, roles=roles, params=_person(world, who)) for who, roles in PEOPLE.items() if who != "erased"
    ]
    things["known"] = [*resources, *things["brought"]]
    things["embedded"] = [replace(one, query=_embedded(one)) for one in resources]
    things["code"] = [Thing("a code", params={"code": "resource.unknown"})]
    things["vocabulary"] = [Thing("a vocabulary", params={"vocabulary": "hcrt"})]
    things["new file"] = [replace(one, params=one.params | {"name": "new.txt"}) for one in resources]
    decisions = ("request-changes", "reject", "publish")
    things["decision"] = [_of_kind(one, decision) for one in resources for decision in decisions]
    jobs = [one for one in things["job"] if one.kind in ("oai.check", "sweep")]
    things["check"] = [replace(one, params={"number": one.params["job_id"]}) for one in jobs]
    things["place"] = [Thing(f"at {place}", place=place) for place in ("college", "studio", "school")]
    things["deposit"] = [
        *things["place"],
        *(_of_kind(one, "publish", query="?publish=true") for one in things["place"]),
    ]
    things["order"] = [replace(one, query=f"?source=old&institution={one.place}") for one in things["place"]]
    things["order"].append(Thing("an update", query="?update=true"))
    states = ("published", "hidden", "withdrawn")
    things["list"] = [Thing(f"{state} ones", state=state, query=f"?state={state}") for state in states]
    things["asked"] = [Thing("a beginning", query="?q=%D8%A7%D9%84")]
    drafts = Thing("drafts", state="drafts", query="?state=draft")
    things["export"] = [*things["list"], drafts]
    things["collections"] = [Thing("all"), Thing("drafts", query="?state=draft")]
    things["parent"] = [
        Thing(f"below {place or 'nothing'}", place=place) for place in ("", "ministry", "college", "academy")
    ]
    things["institution"] = [
        Thing(
            place,
            place=place,
            state="empty" if place in ("club", "academy") else "",
            kind="logo" if place == "college" else "",
            params={"slug": place},
        )
        for place in ("ministry", "college", "club", "school", "academy")
    ]
    things["announcements"] = [
        Thing(f"{state} ones of {place}", place=place, state=state, query=f"?state={state}", params={"slug": place})
        for place in ("college", "school")
        for state in ("current", "past", "scheduled")
    ]
    things["report step"] = [_of_kind(one, step) for one in things["report"] for step in ("examine", "answer")]
    club = things["institution"][2]
    things["change"] = [
        *things["institution"],
        replace(club, name="club, to the school", also=("college", "school")),
        replace(club, name="club, to the ministry", also=("college", "ministry")),
    ]
    things["member"] = [
        Thing(f"{who} at {place}", place=place, roles=PEOPLE[who], params={"slug": place, **_person(world, who)})
        for place, who in (
            ("college", "colleague"),
            ("college", "outsider"),
            ("college", "depositor school"),
            ("school", "depositor school"),
            ("academy", "colleague"),
        )
    ]
    things["people"] = [
        Thing("all"),
        *(Thing(f"of {place}", place=place, query=f"?institution={place}") for place in ("college", "school")),
    ]
    things["account"] = [
        Thing("oneself", person="self"),
        Thing("a colleague", person="colleague", params=_person(world, "colleague")),
        Thing("who is erased", person="erased", state="erased", params=_person(world, "erased")),
    ]
    rights = [_of_kind(one, "rights") for one in things["account"]]
    things["person"] = [*things["account"], *rights]


def _embedded(thing: Thing) -> str:
    return "?url=" + quote(f"https://oer.example.org/resources/{thing.params['public_id']}", safe="")


def _of_kind(thing: Thing, kind: str, **changes: Any) -> Thing:
    return replace(thing, name=f"{thing.name}, {kind}", kind=kind, **changes)


def _person(world: World, who: str) -> dict[str, str]:
    return {"person_id": str(world.people[who]), "token_id": str(world.tokens[who])}


class Desk:
    """Writes the requests, with the OpenAPI document at hand."""

    def __init__(self, world: World, document: Mapping[str, Any]) -> None:
        self._world = world
        self._schemas = document["components"]["schemas"]
        self.described = {
            f"{method.upper()} {path}": operation
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }

    def request(self, operation: str, caller: Caller, thing: Thing) -> Request:
        recipe, described = RECIPES[operation], self.described.get(operation, {})
        method, path = operation.split()[:2]
        params = dict(thing.params)
        if thing.person == "self":
            params |= _person(self._world, caller.person or "nobody")
        address = (recipe.path or path).format(**{name: quote(value, safe="") for name, value in params.items()})
        headers = dict(self._world.headers[caller.name])
        if any(one["name"] == "If-Match" and one["required"] for one in described.get("parameters", [])):
            headers |= ANY
        body = recipe.body(self._example(described), thing)
        if body is not None and not isinstance(body, bytes):
            headers["content-type"] = "application/merge-patch+json" if method == "PATCH" else "application/json"
            body = json.dumps(body).encode()
        return Request(method, address + thing.query, body, headers | {**recipe.headers, **recipe.more(thing)})

    def _example(self, described: Mapping[str, Any]) -> Any:
        """The first of the examples of an operation's body; None where it takes none."""
        for content in described.get("requestBody", {}).get("content", {}).values():
            schema = content.get("schema", {})
            for place in (content, schema, *self._referred(schema)):
                if "example" in place:
                    return place["example"]
                if isinstance(place.get("examples"), list):
                    return place["examples"][0]
        return None

    def _referred(self, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        names = [schema.get("$ref"), *(one.get("$ref") for one in schema.get("anyOf", []))]
        return [self._schemas[name.rpartition("/")[2]] for name in names if name]
