"""/api/people, /api/me: accounts and tokens."""

from api.routing import Router

router = Router(tags=["people"])
