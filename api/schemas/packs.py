"""Bodies of packs."""

from pydantic import Field

from api.schemas import examples
from api.schemas.base import Body


class LightOut(Body):
    url: str
    size: int = Field(description="Bytes of the ZIP")


class PackOut(Body):
    """What a pack holds, before it is downloaded."""

    model_config = examples.shown(
        {
            "url": f"{examples.BASE}/api/collections/2hq6ydw0nb/pack",
            "size": 48_211_904,
            "files": 12,
            "left_out": 1,
            "light": {"url": f"{examples.BASE}/api/collections/2hq6ydw0nb/pack?light=true", "size": 6_120_448},
        }
    )

    url: str
    size: int = Field(description="Bytes of the ZIP")
    files: int = Field(description="Files of resources in it")
    left_out: int = Field(description="Resources whose files not everybody may have: they stay out")
    light: LightOut | None = Field(description="With light variants of files in place of the others; null without any")
