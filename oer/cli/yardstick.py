"""PostgreSQL's own text search over the same records: what ``oer bench search`` is measured against.

As a repository without a search engine would build it: one table, a ``tsvector`` of all texts in the configuration of
their languages with a GIN index, the twenty best by ``ts_rank``, and the counts of the same five facets from the hits.
It is asked without HTTP, which spares it some work.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from metadata import subjects
from oer import queries
from oer.db import reading
from oer.errors import Invalid
from oer.installation import Installation
from oer.search.answers import Question

_SCHEMA = "oer_bench_search"
_BATCH = 2000
_CONFIGURATIONS = {"ar": "arabic", "fr": "french", "en": "english"}
_TEXTS = [f"{part}_{name}" for part in ("title", "text") for name in ("arabic", "french", "english", "simple")]
_COLUMNS = ("id", "published", "institution", "type", "levels", "languages", "subjects", *_TEXTS)
_NEW = f"""
    DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE;
    CREATE SCHEMA {_SCHEMA};
    SET search_path TO {_SCHEMA};
    CREATE UNLOGGED TABLE record (
        id bigint, published timestamptz, institution text, type text, levels text[], languages text[], subjects text[],
        {", ".join(f"{name} text" for name in _TEXTS)}
    )
"""
_WORDS = " || ".join(
    f"setweight(to_tsvector('{name.partition('_')[2]}', {name}), '{'A' if name.startswith('title') else 'D'}')"
    for name in _TEXTS
)
_INDEXED = f"""
    CREATE UNLOGGED TABLE indexed AS
        SELECT id, published, institution, type, levels, languages, subjects, {_WORDS} AS words FROM record;
    DROP TABLE record;
    CREATE INDEX ON indexed USING gin (words);
    CREATE INDEX ON indexed (published DESC);
    ANALYZE indexed
"""  # noqa: S608 - of our own names alone
_ASKED = " || ".join(f"websearch_to_tsquery('{name}', %(text)s)" for name in ("arabic", "french", "english", "simple"))
_LEVEL = "(%(levels)s::text[] IS NULL OR levels && %(levels)s)"
_LANGUAGE = "(%(languages)s::text[] IS NULL OR languages && %(languages)s)"
_HITS = f"""
    WITH asked AS (SELECT {_ASKED} AS q),
    hit AS MATERIALIZED (
        SELECT id, published, institution, type, levels, languages, subjects,
            CASE WHEN %(text)s = '' THEN 0 ELSE ts_rank(words, asked.q) END AS rank
        FROM indexed, asked WHERE %(text)s = '' OR words @@ asked.q
    )
    SELECT 'hits', id::text, rank FROM (
        SELECT id, rank FROM hit WHERE {_LEVEL} AND {_LANGUAGE} ORDER BY rank DESC, published DESC LIMIT %(limit)s
    ) AS page
    UNION ALL SELECT 'institution', institution, count(*) FROM hit WHERE {_LEVEL} AND {_LANGUAGE} GROUP BY institution
    UNION ALL SELECT 'type', type, count(*) FROM hit WHERE {_LEVEL} AND {_LANGUAGE} GROUP BY type
    UNION ALL SELECT 'subject', one, count(*) FROM hit, unnest(subjects) AS one
        WHERE {_LEVEL} AND {_LANGUAGE} GROUP BY one
    UNION ALL SELECT 'level', one, count(*) FROM hit, unnest(levels) AS one WHERE {_LANGUAGE} GROUP BY one
    UNION ALL SELECT 'language', one, count(*) FROM hit, unnest(languages) AS one WHERE {_LEVEL} GROUP BY one
"""  # noqa: S608 - of our own names alone


class Yardstick:
    """A table of all records that are published; the schema that it lies in is removed at the end."""

    def __init__(self, url: str) -> None:
        """Raises Invalid where there is no such database."""
        self._url = url
        try:
            psycopg.connect(url).close()
        except psycopg.Error as error:
            raise Invalid("bench.no-postgresql", reason=str(error)) from None

    @contextmanager
    def filled(self, home: Installation) -> Iterator[None]:
        with psycopg.connect(self._url, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(_NEW)
            try:
                with cursor.copy(f"COPY record ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
                    for row in _rows(home):
                        copy.write_row(row)
                cursor.execute(_INDEXED)
                yield
            finally:
                cursor.execute(f"DROP SCHEMA {_SCHEMA} CASCADE")

    @contextmanager
    def line(self) -> Iterator["Line"]:
        """A connection of its own; for one thread."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f"SET search_path TO {_SCHEMA}; SET jit TO off")  # compiling takes longer than it saves
            yield Line(connection)


class Line:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def find(self, question: Question) -> Mapping[str, Mapping[str, float]]:
        """``hits`` with their ranks, and the counts by facet and value."""
        chosen = {name: list(question.chosen.get(name, ())) or None for name in ("level", "language")}
        wanted = {"text": question.text, "limit": question.limit}
        wanted |= {"levels": chosen["level"], "languages": chosen["language"]}
        found: dict[str, dict[str, float]] = {}
        for kind, value, number in self._connection.execute(_HITS, wanted, prepare=True):
            found.setdefault(kind, {})[value] = number
        return found


def _rows(home: Installation) -> Iterator[Sequence[Any]]:
    after = 0
    with reading(home.engine) as session:
        while rows := queries.search.changed(session, after=after, limit=_BATCH):
            after = rows[-1].revision
            places = queries.search.places(session, institution_ids={row.institution_id for row in rows})
            for row in rows:
                if not row.deleted:
                    record = json.loads(row.record)
                    texts = _texts(record)
                    yield (
                        *(row.resource_id, row.published, places[row.institution_id].path),
                        *(record.get("resource_type"), record.get("levels", []), record.get("languages", [])),
                        list({root for uri in record.get("subjects", ()) for root in subjects.roots(uri)}),
                        *(" ".join(texts.get(name, ())) for name in _TEXTS),
                    )


def _texts(record: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for field in ("title", "alternative", "description", "keywords"):
        for text in record.get(field, ()):
            configuration = _CONFIGURATIONS.get(text.get("lang", "").partition("-")[0], "simple")
            part = "title" if field in ("title", "alternative") else "text"
            found.setdefault(f"{part}_{configuration}", []).append(text["value"])
    people = [agent["name"] for agent in (*record.get("creators", ()), *record.get("contributors", ()))]
    found.setdefault("text_simple", []).extend(people)
    return found
