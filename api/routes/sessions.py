"""/api/session: browsers that sign in and out."""

from api.routing import Router

router = Router(tags=["sessions"])
