"""/api/imports and /api/exports: many records at once."""

from api.routing import Router

router = Router(tags=["imports"])
