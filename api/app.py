"""The doors put together: one ASGI application over one installation."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata as distributions
from urllib.parse import urlsplit

import anyio.to_thread
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from api import addresses, deps, errors, i18n, kept, limits, origins, security
from api.openapi import Described
from api.pages import embed as embed_page
from api.pages import oai as oai_page
from api.pages import site
from api.routes import (
    announcements,
    assets,
    audit,
    collections,
    draft_files,
    drafts,
    exports,
    finding,
    health,
    imports,
    institutions,
    invitations,
    jobs,
    logos,
    members,
    multipart,
    oai,
    oembed,
    packs,
    people,
    previews,
    problems,
    reports,
    resources,
    resourcesync,
    reviews,
    sessions,
    sitemaps,
    suggestions,
    takedowns,
    tokens,
    tus,
    uploads,
    usage,
    versions,
    vocabularies,
)
from api.shelf import Shelf
from harvest import provider
from harvest.parts import Cuts
from oer import logs, settings, supervisor
from oer.installation import Installation, open_installation
from oer.search.following import Follower
from oer.tally import Tally

_AFTER_WORKERS = 10.0  # seconds

_NOUNS = (
    resources,
    finding,
    multipart,
    drafts,
    draft_files,
    suggestions,
    reviews,
    versions,
    previews,
    takedowns,
    reports,
    uploads,
    tus,
    collections,
    packs,
    oembed,
    institutions,
    announcements,
    logos,
    members,
    invitations,
    people,
    tokens,
    sessions,
    imports,
    exports,
    jobs,
    audit,
    vocabularies,
    usage,
    problems,
)


def create(installation: Installation) -> FastAPI:
    """The application. It closes the installation when the server stops it."""
    i18n.load()
    repository = provider.repository_of(installation, compression=("gzip",))
    shelf = Shelf()
    app = Described(
        title=installation.settings.name("en"),
        version=version(),
        summary="Open educational resources: to read, to download, to harvest",
        openapi_url=None,  # theirs has no validator and packs nothing
        docs_url=None,
        redoc_url=None,
        servers=[{"url": installation.settings.base_url}],
        routes=[*_machine_routes(), *site.routes(installation.settings)],
        # The redirect would be built from the Host header, which anybody can forge.
        redirect_slashes=False,
        lifespan=_lifespan,
        middleware=[
            Middleware(security.SecurityHeaders),
            Middleware(addresses.Typed),
            Middleware(origins.ContentOrigin, settings=installation.settings),
            limits.cross_origin(),
            Middleware(oai.Express, here=installation, repository=repository),
            Middleware(limits.RateLimit, here=installation),
            Middleware(errors.Catching),
            Middleware(kept.Kept, here=installation, shelf=shelf),
        ],
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.cookie = deps.cookie_name(installation)
    app.state.installation = installation
    app.state.repository = repository
    app.state.shelf = shelf
    app.state.tally = Tally(installation.engine, now=installation.now) if installation.settings.usage else None
    app.state.cuts = Cuts(installation.settings.resourcesync_page_size)
    app.state.prefix = urlsplit(installation.settings.base_url).path
    app.state.assets = assets.load(app.state.prefix)
    app.state.version = app.version
    errors.install(app)
    for noun in _NOUNS:
        # Not `include_router`, which makes each route anew: half a second and 9 MB of every process.
        app.router.routes.extend(noun.router.routes)
    return app


def from_environment() -> FastAPI:
    """For server processes: the installation that the environment names. Raises Misconfigured and Unavailable."""
    chosen = settings.load()
    logs.configure(chosen.log_level)
    supervisor.leave_when_orphaned()
    app = create(open_installation(chosen))
    gc.collect()
    gc.freeze()  # the application stays as long as the process does: it is not looked through for garbage again
    return app


def version() -> str:
    """The release that runs; ``0`` from a checkout that was never installed."""
    try:
        return distributions.version("oer-repository")
    except distributions.PackageNotFoundError:
        return "0"


def _machine_routes() -> list[BaseRoute]:
    return [
        Route("/oai", oai.door(oai_page.show), methods=["GET", "POST"]),
        Route("/static/{name}", assets.static, methods=["GET"]),
        Route("/favicon.svg", assets.favicon, methods=["GET"]),
        Route("/resources/{public_id}/embed", embed_page.show, methods=["GET"]),
        Route("/resources/{public_id}/qr.svg", embed_page.code, methods=["GET"]),
        Route("/robots.txt", sitemaps.robots, methods=["GET"]),
        Route("/sitemap.xml", sitemaps.whole, methods=["GET"]),
        Route("/sitemap/{name}", sitemaps.part, methods=["GET"]),
        Route("/.well-known/resourcesync", resourcesync.description, methods=["GET"]),
        Route("/resourcesync/capabilitylist.xml", resourcesync.capability_list, methods=["GET"]),
        Route("/resourcesync/{capability}.xml", resourcesync.whole, methods=["GET"]),
        Route("/resourcesync/{capability}/{name}", resourcesync.part, methods=["GET"]),
        Route("/resourcesync/resources/{public_id}/manifest.xml", resourcesync.manifest, methods=["GET"]),
        Route("/health/live", health.live, methods=["GET"]),
        Route("/health/ready", health.ready, methods=["GET"]),
    ]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    installation: Installation = app.state.installation
    # More threads than connections would only wait for one another.
    anyio.to_thread.current_default_thread_limiter().total_tokens = installation.settings.database_pool
    # A worker on this node comes first: it has nobody waiting.
    follower = Follower(installation.engine, installation.search.folder, patience=_AFTER_WORKERS)
    follower.start()
    tally: Tally | None = app.state.tally
    if tally is not None:
        tally.start()
    yield
    follower.stop()
    if tally is not None:
        tally.stop()
    installation.close()
