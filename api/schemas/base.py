"""What all bodies share: those that the API sends, and those that it takes."""

from collections.abc import Iterator
from typing import Any, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Body(BaseModel):
    """No body has defaults of its own: ``content`` leaves out what a record does not say, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def content(self) -> bytes:
        """The JSON that is sent, the same bytes for the same values."""
        return self.model_dump_json(exclude_defaults=True).encode()


def _from_json(given: object) -> object:
    """In JSON 30.0 is the number 30, and neither "30" nor true is one."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


Whole = BeforeValidator(_from_json)


class Taken(BaseModel):
    """A body that the API takes. What it does not know it refuses: nobody sets by a body what only a step may set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def exemplified() -> Iterator[tuple[str, list[Any]]]:
    """The names of bodies that have examples, and these."""
    waiting: list[type[BaseModel]] = [Body, Taken]
    while waiting:
        body = waiting.pop()
        waiting += body.__subclasses__()
        told = body.model_config.get("json_schema_extra")
        if isinstance(told, dict):
            yield body.__name__, cast("list[Any]", told["examples"])
