"""Bodies of oEmbed."""

from typing import Literal

from pydantic import Field

from api.schemas import examples
from api.schemas.base import Body


class OembedOut(Body):
    """oEmbed 1.0, section 2.3.4.4: the `rich` type."""

    model_config = examples.shown(
        {
            "type": "rich",
            "version": "1.0",
            "title": "الضوء والماء",
            "author_name": "أمينة يوسف",
            "provider_name": "Open educational resources",
            "provider_url": examples.BASE,
            "cache_age": 3600,
            "html": f'<iframe src="{examples.RESOURCE["url"]}/embed" width="600" height="240"></iframe>',
            "width": 600,
            "height": 240,
        }
    )

    type: Literal["rich"]
    version: Literal["1.0"]
    title: str
    author_name: str = Field(description="Of all creators, or of the institution")
    provider_name: str
    provider_url: str
    cache_age: int = Field(description="Seconds")
    html: str = Field(description="A frame with the card of the resource")
    width: int
    height: int
