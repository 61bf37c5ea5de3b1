"""Commands called in this process: what they say, where they say it, and how they end."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import factories
from databases import database
from typer.testing import CliRunner

from oer import installation
from oer.cli import app
from oer.installation import Installation
from oer.settings import Settings

_RECORD = factories.record().model_dump(mode="json", exclude_defaults=True)


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        """The one JSON document that standard output must be."""
        assert self.out.endswith("\n")
        return json.loads(self.out)


@dataclass
class Terminal:
    """A shell of an operator: no terminal behind it, English, a folder of its own for files."""

    folder: Path
    environment: dict[str, str | None] = field(default_factory=dict)

    def __call__(self, *arguments: object, input: str | bytes | None = None, **environment: str) -> Done:  # noqa: A002 - as subprocess has it
        """Run a command. A command that would show a traceback fails the test."""
        result = CliRunner().invoke(
            app, [str(argument) for argument in arguments], input=input, env={**self.environment, **environment}
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def good(self, *arguments: object, **options: Any) -> Done:
        done = self(*arguments, **options)
        assert done.code == 0, f"{arguments} ended with {done.code}: {done.out}{done.err}"
        return done

    def json(self, *arguments: object, **options: Any) -> Any:
        return self.good(*arguments, "--json", **options).told

    def file(self, name: str, content: str | bytes = "content") -> Path:
        path = self.folder / name
        path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
        return path

    def record(self, **changes: Any) -> Path:
        """A file with a record that can be published."""
        return self.file("record.json", json.dumps(_RECORD | changes))

    def institution(self, slug: str = "college") -> str:
        self.good("institution", "add", slug, "--ar", "كلية", "--en", "College")
        return slug

    def deposited(self, **options: Any) -> str:
        """The id of a published resource."""
        path = self.file("lesson.txt")
        made = self.json("deposit", path, "--record", self.record(**options), "--institution", "college", "--publish")
        return str(made["id"])

    @contextmanager
    def home(self) -> Iterator[Installation]:
        """What the commands work on, opened here."""
        settings = Settings(
            data=Path(str(self.environment["OER_DATA"])), database_url=str(self.environment["OER_DATABASE_URL"])
        )
        found = installation.open_installation(settings)
        try:
            yield found
        finally:
            found.close()


@contextmanager
def opened(folder: Path, **environment: str) -> Iterator[Terminal]:
    """A terminal on a new installation in the folder."""
    (folder / "data").mkdir(parents=True)
    (folder / "files").mkdir()
    with database(folder / "data", migrated=True) as url:
        clean: dict[str, str | None] = {name: None for name in os.environ if name.startswith(("OER_", "LC_", "LANG"))}
        yield Terminal(
            folder / "files",
            {
                **clean,
                "OER_DATA": str(folder / "data"),
                "OER_DATABASE_URL": url,
                "LC_ALL": "C.UTF-8",
                **environment,
            },
        )
