"""The web application of a process: sockets to the gateway, everything else to pages and the API."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from adapters.eventstore.counted import CountedEventStore
from adapters.http.access import Access
from adapters.http.api.routes import PREFIX, ROUTES
from adapters.http.backing import Backing
from adapters.http.cursors import Cursors
from adapters.http.database import Database
from adapters.http.description import Description
from adapters.http.doorman import Doorman
from adapters.http.endpoint import AnyRow, Endpoint
from adapters.http.health import Health, Probe, database_probe, lag_probe, stopped_probe, store_probe
from adapters.http.idempotency import KeysInMemory
from adapters.http.lag import LagWatch
from adapters.http.landing import Landing
from adapters.http.metrics import Metrics
from adapters.http.naming import PLAIN, Naming
from adapters.http.pages import Pages, Plain
from adapters.http.problems import Problem, answer_http_exception, answer_problem
from adapters.http.rate_limits import Limits, RateLimitsInMemory
from adapters.http.session_access import SessionAccess
from adapters.http.telemetry import PATH as TELEMETRY
from adapters.http.telemetry import Telemetry
from adapters.http.traffic import Border, Traffic
from adapters.ocpp.gateway import Gateway
from application.fleet import IdempotencyKeys, RateLimits
from application.strangers import Strangers


class WebSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may choose about the web side."""

    version: str
    """Of Zeus; shown to callers with a token only."""
    cursor_secret: bytes
    """Seals cursors: the same for all processes of an installation."""
    ocpp_versions: tuple[str, ...]
    """Shown on the front page."""
    lag_budget_s: float = 10.0
    """How far a read model may be behind before this process calls itself not ready."""
    open_metrics: bool = False
    """Serve `/metrics` without a token: only where the network keeps strangers away."""
    public_url: str = ""
    """`https://host` as chargers and people see it; empty: taken from each request."""
    limits: Limits = Limits()
    """How often one may ask."""
    trusted_proxies: frozenset[str] = frozenset()
    """Who may speak for a client's address."""


class WebApplication(Starlette):
    """Starlette for HTTP. Sockets go to the gateway directly: a layer between costs every message."""

    def __init__(
        self,
        gateway: ASGIApp,
        database: Database,
        routes: list[BaseRoute],
        traffic: Traffic,
        lifespan: Lifespan["WebApplication"] | None,
        telemetry: ASGIApp | None = None,
    ) -> None:
        super().__init__(
            routes=routes,
            middleware=[Middleware(Border, traffic=traffic)],
            exception_handlers={Problem: answer_problem, HTTPException: answer_http_exception},
            lifespan=lifespan,
        )
        self.router.redirect_slashes = False
        self.gateway = gateway
        self.telemetry = telemetry
        self.database = database
        """Call `database.close()` at the end."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Every socket but that of live streams is a charger's, whatever its path: what is wrong with it is put on
        record."""
        if scope["type"] == "websocket" and scope["path"] == TELEMETRY and self.telemetry is not None:
            await self.telemetry(scope, receive, send)
        elif scope["type"] == "websocket":
            await self.gateway(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def build_app(
    settings: WebSettings,
    *,
    engine: Engine,
    access: Access,
    gateway: Gateway,
    store: CountedEventStore,
    services: Any = None,
    keys: IdempotencyKeys | None = None,
    rates: RateLimits | None = None,
    routes: Sequence[AnyRow] = ROUTES,
    beside: Sequence[BaseRoute] = (),
    probes: Mapping[str, Probe] | None = None,
    notes: Mapping[str, Probe] | None = None,
    expiries: Callable[[], Mapping[str, float]] = dict,
    naming: Naming = PLAIN,
    strangers: Strangers | None = None,
    sessions: SessionAccess | None = None,
    lifespan: Lifespan[WebApplication] | None = None,
) -> WebApplication:
    """Everything a process serves. `engine` is for reading (`database.open_engine`); `store` is the one the
    gateway appends to; `services` is what the handlers of actions work with; `beside` are routes that no token
    opens, such as sealed links; `keys` and `rates` are of this process alone where none are given; `probes` are
    further conditions of readiness, `notes` what an operator should look at, `expiries` the days until certificates
    end; `naming` knows who is behind the pseudonyms of read models; `strangers` counts who fails at the door;
    `sessions` knows people. Whatever is given stays the caller's."""
    database, doorman = Database(engine), Doorman(access, strangers, settings.trusted_proxies)
    watch, traffic = LagWatch(database), Traffic()
    conditions = {
        "event_store": store_probe(store),
        "database": database_probe(database),
        "read_models": lag_probe(watch, settings.lag_budget_s),
        **(probes or {}),
    }
    pages = Pages(
        doorman=doorman,
        health=Health(conditions, {"read_models_stopped": stopped_probe(watch), **(notes or {})}),
        draining=lambda: gateway.draining,
        watch=watch,
        metrics=Metrics(
            version=settings.version,
            ocpp=gateway.counters,
            connected=gateway.presence,
            store=store.counters,
            traffic=traffic,
            engine=engine,
            expiries=expiries,
        ),
        landing=Landing(settings.ocpp_versions, _links(routes), open_metrics=settings.open_metrics),
        open_metrics=settings.open_metrics,
        public_url=settings.public_url,
    )
    backing = Backing(
        doorman,
        database,
        Cursors(settings.cursor_secret),
        services,
        keys or KeysInMemory(),
        rates or RateLimitsInMemory(),
        settings.limits,
        naming,
        settings.public_url.rstrip("/"),
        sessions,
        settings.trusted_proxies,
    )
    served = [*_pages(pages, Description(routes, PREFIX)), *beside, *_api(routes, backing)]
    streams = getattr(services, "streams", None)
    telemetry = None if streams is None else Telemetry(streams, access)
    return WebApplication(gateway, database, served, traffic, lifespan, telemetry)


def _pages(pages: Pages, description: Description) -> list[BaseRoute]:
    table = (
        ("/", pages.landing),
        ("/livez", pages.livez),
        ("/readyz", pages.readyz),
        ("/metrics", pages.metrics),
        ("/api/openapi.json", description.openapi),
        ("/api/docs", description.docs),
        ("/ocpp", pages.ocpp),
        ("/ocpp/{rest:path}", pages.ocpp),
    )
    return [StarletteRoute(path, Plain(path, answer)) for path, answer in table]


def _api(routes: Sequence[AnyRow], backing: Backing) -> list[BaseRoute]:
    """One Starlette route for each path, so that a wrong method is told which ones are right."""
    by_path: dict[str, dict[str, AnyRow]] = {}
    for route in routes:
        by_path.setdefault(PREFIX + route.path, {})[route.method] = route
    return [StarletteRoute(path, Endpoint(path, methods, backing)) for path, methods in by_path.items()]


def _links(routes: Sequence[AnyRow]) -> list[tuple[str, str]]:
    return [(PREFIX + r.path, r.summary) for r in routes if r.method == "GET" and "{" not in r.path]
