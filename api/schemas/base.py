"""What all bodies share: those that the API sends, and those that it takes."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """No body has defaults of its own: ``content`` leaves out what a record does not say, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def content(self) -> bytes:
        """The JSON that is sent, the same bytes for the same values."""
        return self.model_dump_json(exclude_defaults=True).encode()


class Taken(BaseModel):
    """A body that the API takes. What it does not know it refuses: nobody sets by a body what only a step may set."""

    model_config = ConfigDict(extra="forbid", frozen=True)
