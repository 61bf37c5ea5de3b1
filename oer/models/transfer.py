"""What was imported, so that a second run makes no doubles."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from oer.models.base import When


class ImportedItem(SQLModel, table=True):
    """``item`` is the row's own name within its source; ``fingerprint`` tells whether it has changed since."""

    __tablename__ = "imported_item"

    institution_id: int = Field(foreign_key="institution.id", primary_key=True)
    item: str = Field(primary_key=True)
    resource_id: int = Field(foreign_key="resource.id", index=True)
    fingerprint: str
    imported: datetime = Field(sa_type=When)
