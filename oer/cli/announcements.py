"""``oer announcement``: what institutions announce."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from oer import announcements, institutions, queries
from oer.announcements import Found
from oer.cli import context, output
from oer.cli.context import As, AsJson
from oer.db import reading, transaction

app = typer.Typer(no_args_is_help=True, help="Announcements of institutions.")

_MOST = 1000

Slug = Annotated[str, typer.Argument(metavar="INSTITUTION")]
Id = Annotated[str, typer.Argument(metavar="ID")]
Texts = Annotated[
    list[str] | None, typer.Option("--text", help="Markdown, as ar=…, fr=… or en=…; repeated for another language.")
]


@app.command("list")
def list_(
    slug: Slug,
    state: Annotated[Literal["current", "past", "scheduled"], typer.Option(help="Which of them.")] = "current",
    as_json: AsJson = False,
) -> None:
    """Announcements of an institution: pinned ones first, then the newest."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        place, now = institutions.find(session, slug), found.now()
        rows = queries.announcements.of_institution(
            session, institution_id=place.id or 0, state=state, now=now, limit=_MOST
        )
    told = [_told(Found(row, place), now=now) for row in rows]
    if as_json:
        output.emit(told)
        return
    if not told:
        output.note(output.sentence("cli.no-announcements"))
    for one in told:
        output.say(_line(one))


@app.command("add")
def add(
    slug: Slug,
    ar: Annotated[str | None, typer.Option("--ar", help="Title in Arabic.")] = None,
    fr: Annotated[str | None, typer.Option("--fr", help="Title in French.")] = None,
    en: Annotated[str | None, typer.Option("--en", help="Title in English.")] = None,
    text: Texts = None,
    published: Annotated[str | None, typer.Option(help="Shown from this day or moment on (UTC); now.")] = None,
    until: Annotated[str | None, typer.Option(help="Past from this day or moment on (UTC).")] = None,
    pinned: Annotated[bool, typer.Option("--pinned", help="Before all that are not.")] = False,
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Announce something, in one language at least."""
    times = {"published": _moment(published), "until": _moment(until)}
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        made = announcements.announce(
            session,
            context.actor(session, as_),
            slug,
            titles=_titles(ar, fr, en),
            texts=context.by_language(text),
            **times,
            pinned=pinned,
            now=found.now(),
        )
    _say(_told(made, now=found.now()), as_json=as_json)


@app.command("edit")
def edit(
    slug: Slug,
    public_id: Id,
    ar: Annotated[str | None, typer.Option("--ar", help="Title in Arabic. An empty one takes it away.")] = None,
    fr: Annotated[str | None, typer.Option("--fr", help="Title in French. An empty one takes it away.")] = None,
    en: Annotated[str | None, typer.Option("--en", help="Title in English. An empty one takes it away.")] = None,
    text: Texts = None,
    published: Annotated[str | None, typer.Option(help="Shown from then on; empty: from now on.")] = None,
    until: Annotated[str | None, typer.Option(help="Past from then on; empty: never.")] = None,
    pinned: Annotated[bool | None, typer.Option("--pinned/--not-pinned", help="Before all that are not.")] = None,
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Change an announcement. What is not named stays."""
    changes: dict[str, Any] = {"titles": _titles(ar, fr, en), "texts": context.by_language(text)}
    times = (("published", published), ("until", until))
    changes |= {name: _moment(written) for name, written in times if written is not None}
    if pinned is not None:
        changes["pinned"] = pinned
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        actor = context.actor(session, as_)
        changed = announcements.edit(session, actor, slug, public_id, changes, now=found.now())
    _say(_told(changed, now=found.now()), as_json=as_json)


@app.command("remove")
def remove(slug: Slug, public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """Take an announcement away for ever."""
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        announcements.remove(session, context.actor(session, as_), slug, public_id, now=found.now())
    if as_json:
        output.emit({"id": public_id, "removed": True})
    else:
        output.say(output.sentence("cli.announcement-removed", id=public_id))


def _titles(ar: str | None, fr: str | None, en: str | None) -> dict[str, str | None]:
    return {lang: title or None for lang, title in (("ar", ar), ("fr", fr), ("en", en)) if title is not None}


def _moment(written: str | None) -> datetime | None:
    if not written:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise typer.BadParameter(f"{written} is no day or moment such as 2026-03-01T08:00") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _told(found: Found, *, now: datetime) -> dict[str, Any]:
    announcement = found.announcement
    told = announcement.model_dump(include={"titles", "texts", "published", "until", "pinned"}, mode="json")
    state = announcements.state(announcement, now=now)
    return {"id": announcement.public_id, "institution": found.institution.slug, "state": state, **told}


def _say(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.emit(told)
    else:
        output.say(_line(told))


def _line(told: dict[str, Any]) -> str:
    title, _ = announcements.in_language(told["titles"], output.language())
    pinned = [output.sentence("cli.announcement-pinned")] if told["pinned"] else []
    state = output.sentence(f"announcement.{told['state']}")
    return "  ".join([told["id"], told["published"][:10], state, *pinned, title])
