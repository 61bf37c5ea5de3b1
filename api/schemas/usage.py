"""Bodies about how often resources are seen and taken."""

from datetime import date

from pydantic import Field

from api.schemas import examples
from api.schemas.base import Body


class DayUsage(Body):
    day: date
    views: int | None = Field(description="Null: fewer than five, perhaps none")
    downloads: int | None


class MonthUsage(Body):
    month: str = Field(description="Year and month", examples=["2026-03"])
    views: int | None = Field(description="Null: fewer than five, perhaps none")
    downloads: int | None


class UsageOut(Body):
    """How often something was seen and its files were taken, without robots and double clicks (COUNTER).

    Days and months (UTC) are null to those who may not read them; those of which nothing may be told are left out.
    """

    model_config = examples.shown(examples.USAGE)

    views: int = Field(description="Since counting began")
    downloads: int = Field(description="Since counting began")
    months: list[MonthUsage] | None
    days: list[DayUsage] | None
