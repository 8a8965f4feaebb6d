"""Whatever the document allows or forbids, the API answers as the document says, and never with a server error.

Two tables are served: the API's own, and the shelf of things that shows every convention.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import Receive, Scope, Send

from adapters.eventstore.counted import CountedEventStore
from adapters.eventstore.store import open_store
from adapters.http.access import OneToken
from adapters.http.api.routes import ROUTES
from adapters.http.app import WebApplication, build_app
from adapters.http.database import open_engine
from adapters.http.endpoint import AnyRow
from domain.catalogue import FACTS
from projections.positions import ensure_positions
from tests.adapters.http.conftest import AUTH, SETTINGS, TENANT, TOKEN, gateway_on
from tests.adapters.http.fleet import Fleet, project
from tests.adapters.http.shelf import SHELF, Shelf

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODEST = settings(
    max_examples=12,
    stateful_step_count=6,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)

Services = Callable[[CountedEventStore], Awaitable[Any]]


async def services_of_the_api(store: CountedEventStore) -> Any:
    """What the handlers of the API's actions work with."""
    return None


async def services_of_the_shelf(store: CountedEventStore) -> Any:
    """The shelf."""
    return Shelf()


TABLES: dict[str, tuple[tuple[AnyRow, ...], Services]] = {
    "api": (ROUTES, services_of_the_api),
    "shelf": (SHELF, services_of_the_shelf),
}


class Serving:
    """An ASGI application that is built, and closed, in the loop in which it serves."""

    def __init__(self, dsn: str, routes: tuple[AnyRow, ...], services: Services) -> None:
        self._dsn = dsn
        self._routes = routes
        self._services = services
        self._app: WebApplication | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the whole life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            assert self._app is not None
            await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        engine = open_engine(self._dsn)
        store = CountedEventStore(open_store(self._dsn, FACTS))
        await self._tell(store)
        self._app = build_app(
            SETTINGS,
            engine=engine,
            access=OneToken(TENANT, TOKEN),
            gateway=gateway_on(store),
            store=store,
            services=await self._services(store),
            routes=self._routes,
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._app.database.close()
        engine.dispose()
        await store.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _tell(self, store: CountedEventStore) -> None:
        """A small fleet."""
        fleet = Fleet(store)
        await fleet.charger(TENANT, "Depot 01")
        for n in range(1, 4):
            await fleet.session(TENANT, "Depot 01", n)
        await fleet.token(TENANT, "CARD-1")
        await fleet.refusal(TENANT, "STRANGER", 1)
        await asyncio.to_thread(project, self._dsn)


@pytest.fixture(params=TABLES)
def described(request: pytest.FixtureRequest, postgres_dsn: str) -> Iterator[Any]:
    """The schema of an application that is being served."""
    with psycopg.connect(postgres_dsn) as connection:
        ensure_positions(connection)
    routes, services = TABLES[request.param]
    yield schemathesis.openapi.from_asgi("/api/openapi.json", Serving(postgres_dsn, routes, services))
    shutdown_lifespans()


def test_answers_are_as_described(described: Any) -> None:
    for result in described.get_all_operations():
        operation = result.ok()

        def check(case: Any) -> None:
            case.call_and_validate(headers=AUTH, checks=CHECKS)

        operation.as_strategy()
        print(operation.label)
    raise AssertionError


def test_walks_along_the_links_are_as_described(described: Any) -> None:
    class Walk(described.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": AUTH}

        def validate_response(self, response: Any, case: Any, **kwargs: Any) -> None:
            super().validate_response(response, case, checks=CHECKS, **kwargs)

    Walk.run(settings=MODEST)
