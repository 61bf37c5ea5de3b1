"""Bodies of sessions: browsers that are signed in."""

from datetime import datetime

from pydantic import ConfigDict, Field, SecretStr

from api.schemas import examples
from api.schemas.base import Body, Taken
from api.schemas.people import LONGEST_PASSWORD


class SignIn(Taken):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": examples.EMAIL, "password": "long enough, and mine alone"}]}
    )

    email: str = Field(max_length=254)
    password: SecretStr = Field(max_length=LONGEST_PASSWORD)


class SessionPerson(Body):
    id: int
    name: str
    email: str


class SessionOut(Body):
    """A browser that is signed in. What the cookie holds is told nowhere else."""

    model_config = examples.shown(
        {
            "person": {"id": 7, "name": examples.NAME, "email": examples.EMAIL},
            "created": examples.CREATED,
            "expires": "2026-03-15T08:00:00Z",
        }
    )

    person: SessionPerson
    created: datetime
    expires: datetime = Field(description="Without another visit; every visit moves it")
