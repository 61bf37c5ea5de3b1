"""/api/collections: resources that belong together."""

from api.routing import Router

router = Router(tags=["collections"])
