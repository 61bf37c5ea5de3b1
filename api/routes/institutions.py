"""/api/institutions: the tree, its members and invitations."""

from api.routing import Router

router = Router(tags=["institutions"])
