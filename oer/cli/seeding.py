"""Synthetic but plausible resources in Arabic, French and English, for benchmarks at any size.

Words come from the UNESCO Thesaurus, whose concepts carry labels in all three languages; everything else is
drawn with a fixed seed, so that the same number makes the same titles again.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from itertools import islice
from typing import Any

from sqlmodel import Session

from metadata import versions, vocabularies
from metadata.record import Record
from oer import blobs, exposure, identifiers, institutions, queries
from oer.db import transaction
from oer.installation import Installation
from oer.models import Institution, Resource, Version, VersionFile
from oer.policy import OPERATOR
from oer.workflow import ResourceState
from storage.store import Stored

_BATCH = 1000
_FILES = 64

INSTITUTIONS: Sequence[tuple[str, str | None, str, str, str, str]] = (
    # slug, parent, kind, Arabic, French, English
    ("bench-league", None, "organisation", "منظمة تجريبية للقياس", "Organisation d’essai", "Benchmark organisation"),
    ("bench-ministry", "bench-league", "ministry", "وزارة تجريبية", "Ministère d’essai", "Benchmark ministry"),
    ("bench-university", "bench-league", "university", "جامعة تجريبية", "Université d’essai", "Benchmark university"),
    ("bench-school", "bench-ministry", "school", "مدرسة تجريبية", "École d’essai", "Benchmark school"),
    ("bench-chair", "bench-university", "chair", "كرسي تجريبي", "Chaire d’essai", "Benchmark chair"),
    ("bench-club", "bench-school", "club", "نادٍ تجريبي", "Club d’essai", "Benchmark club"),
)

_WORDS: dict[str, Any] = json.loads((files(__package__) / "seeding.json").read_text("utf-8"))
_LANGUAGES = ("ar", "ar", "ar", "fr", "fr", "en")  # Arabic first, as the holdings would be
_LICENCES = ("by", "by", "by-sa", "by-sa", "by-nc", "by-nc-sa")
_TYPES = ("text", "worksheet", "lesson_plan", "slide", "video", "audio", "image", "course", "textbook", "assessment")
_AUDIENCE = ("student", "teacher", "parent")
_FORMATS = (("txt", "text/plain"), ("md", "text/markdown"), ("csv", "text/csv"))


@dataclass(frozen=True, slots=True)
class Topic:
    uri: str
    labels: dict[str, str]


def topics() -> list[Topic]:
    """Thesaurus concepts that have a name in all three languages, in a fixed order."""
    found = vocabularies.terms("unesco-thesaurus").values()
    named = [term for term in found if all(term.labels.get(lang) for lang in ("ar", "fr", "en"))]
    return [Topic(term.uri, dict(term.labels)) for term in sorted(named, key=lambda term: term.uri)]


def record(draw: random.Random, known: Sequence[Topic]) -> Record:
    """One record that passes validation to publish."""
    main = draw.choice(_LANGUAGES)
    spoken = [main, *(lang for lang in ("ar", "fr", "en") if lang != main and draw.random() < 0.4)]
    first, second = draw.sample(known, 2)
    title, words, lessons = draw.randrange(6), draw.randrange(3), str(draw.randint(2, 6))
    given, family = (draw.choice(part) for part in _WORDS["names"][main])

    def told(table: dict[str, list[str]], row: int) -> list[dict[str, str]]:
        filled = ((lang, table[lang][row].format(first.labels[lang], second.labels[lang], lessons)) for lang in spoken)
        return [{"value": value, "lang": lang} for lang, value in filled]

    level = draw.randint(0, 8)
    return Record.model_validate(
        {
            "title": told(_WORDS["titles"], title),
            "description": told(_WORDS["descriptions"], words),
            "languages": [main],
            "resource_type": f"https://w3id.org/kim/hcrt/{draw.choice(_TYPES)}",
            "subjects": [first.uri, second.uri],
            "keywords": [
                {"value": topic.labels[lang][:100], "lang": lang} for topic in (first, second) for lang in spoken
            ],
            "levels": [f"https://w3id.org/kim/educationalLevel/level_{level}"],
            "audience": [f"http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/{draw.choice(_AUDIENCE)}"],
            "creators": [{"name": f"{given} {family}", "given": given, "family": family}],
            "created": (date(2015, 1, 1) + timedelta(days=draw.randrange(4000))).isoformat(),
            "licence": f"https://creativecommons.org/licenses/{draw.choice(_LICENCES)}/4.0/",
            "study_time": f"PT{draw.choice((15, 30, 45, 60, 90))}M",
        }
    )


def records(count: int, *, seed: int = 1) -> Iterator[Record]:
    draw, known = random.Random(seed), topics()  # noqa: S311 - for variety, not for secrets
    return (record(draw, known) for _ in range(count))


def seed(found: Installation, count: int, *, number: int = 1, progress: Callable[[int], None]) -> int:
    """Add ``count`` published resources to the benchmark institutions; how many there are to see afterwards.

    It writes rows as publishing does, in batches of one step of the clock, without drafts and without a second
    validation; that is what makes a million of them a matter of minutes.
    """
    places = _institutions(found)
    small = _small_files(found)
    draw = random.Random(number)  # noqa: S311
    made = records(count, seed=number)
    done = 0
    while batch := list(islice(made, _BATCH)):
        with transaction(found.engine) as session:
            _add(session, found, batch, [draw.choice(places) for _ in batch], small, draw)
        done += len(batch)
        progress(done)
    return done


def _institutions(found: Installation) -> list[Institution]:
    with transaction(found.engine) as session:
        for slug, parent, kind, arabic, french, english in INSTITUTIONS:
            if queries.institutions.by_slug(session, slug=slug) is None:
                above = institutions.find(session, parent) if parent else None
                names = {"ar": arabic, "fr": french, "en": english}
                institutions.add(session, OPERATOR, slug=slug, names=names, kind=kind, parent=above, now=found.now())
        return [institutions.find(session, row[0]) for row in INSTITUTIONS]


def _small_files(found: Installation) -> list[tuple[Stored, str, str]]:
    """A few small files that all resources share: (bytes, extension, media type)."""
    made = []
    for number in range(_FILES):
        extension, media_type = _FORMATS[number % len(_FORMATS)]
        made.append((found.store.put([f"benchmark,{number}\n".encode() * (number + 1)]), extension, media_type))
    with transaction(found.engine) as session:
        for stored, _, _ in made:
            blobs.hold(session, found.store, stored, now=found.now())
    return made


def _add(
    session: Session,
    found: Installation,
    batch: Sequence[Record],
    places: Sequence[Institution],
    small: Sequence[tuple[Stored, str, str]],
    draw: random.Random,
) -> None:
    now: datetime = found.now()
    resources = [
        Resource(
            public_id=identifiers.new_public_id(),
            institution_id=place.id or 0,
            state=ResourceState.PUBLISHED,
            number=1,
            created=now,
            published=now,
            changed=now,
        )
        for place in places
    ]
    session.add_all(resources)
    session.flush()
    attached = [draw.sample(small, draw.randint(1, 2)) for _ in batch]
    made = [_version(resource, one, few, now) for resource, one, few in zip(resources, batch, attached, strict=True)]
    session.add_all(made)
    session.flush()
    session.add_all(
        VersionFile(
            version_id=version.id or 0,
            position=position,
            key=stored.key,
            name=f"{position}.{extension}",
            media_type=media_type,
            size=stored.size,
        )
        for version, few in zip(made, attached, strict=True)
        for position, (stored, extension, media_type) in enumerate(few, 1)
    )
    shown = list(zip(resources, places, strict=True))
    exposure.expose(session, shown, repository_id=found.repository_id, now=now)


def _version(resource: Resource, one: Record, few: Sequence[tuple[Stored, str, str]], now: datetime) -> Version:
    named = [
        (f"{position}.{extension}", stored.key, "main", "") for position, (stored, extension, _) in enumerate(few, 1)
    ]
    return Version(
        resource_id=resource.id or 0,
        number=1,
        record=versions.canonical(one).decode(),
        digest=versions.digest(one, named),
        published=now,
    )
