"""Bytes of a draft: whole by PUT, resumable by tus 1.0."""

from api.routing import Router

router = Router(tags=["uploads"])
