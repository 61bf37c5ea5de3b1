"""/api/resources/{id}/draft and what becomes of it: reviews, versions, withdrawals."""

from api.routing import Router

router = Router(tags=["drafts"])
