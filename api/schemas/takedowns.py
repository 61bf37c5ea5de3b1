"""Bodies of withdrawals and of hiding."""

from typing import Literal

from pydantic import ConfigDict, Field

from api.schemas.base import Taken
from api.schemas.drafts import Words

Reason = Literal["author-request", "rights", "privacy", "duplicate", "outdated", "harmful", "legal", "error", "other"]


class Concealment(Taken):
    """Why it goes out of sight; the tombstone shows both to everybody."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "rights", "note": "طلب الناشر ذلك."}]})

    reason: Reason
    note: Words = Field("", description="Words for the public")
