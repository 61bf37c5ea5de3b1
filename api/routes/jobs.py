"""/api/jobs and /api/audit: what runs, and what was done by whom."""

from api.routing import Router

router = Router(tags=["jobs"])
