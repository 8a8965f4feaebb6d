"""Whatever the document allows or forbids, the API answers as the document says, and never with a server error.

Two tables are served: the API's own, and the shelf of things that shows every convention.
"""

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Flaky
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.types import Message, Receive, Scope, Send

from adapters.eventstore.counted import CountedEventStore
from adapters.eventstore.store import open_store
from adapters.http.access import OneToken
from adapters.http.api.routes import ROUTES
from adapters.http.app import WebApplication, build_app
from adapters.http.database import open_engine
from adapters.http.endpoint import AnyRow
from adapters.http.openapi import operation_id
from adapters.postgres import fleet_schema
from domain.catalogue import FACTS
from projections.positions import ensure_positions
from tests.adapters.http.conftest import AUTH, SETTINGS, TENANT, TOKEN, gateway_on
from tests.adapters.http.fleet import Fleet, project
from tests.adapters.http.live_world import open_door
from tests.adapters.http.services import services_on, workplace_on
from tests.adapters.http.shelf import SHELF, Shelf

pytestmark = pytest.mark.slow

UNFIT = [positive_data_acceptance, negative_data_rejection]
"""More is refused than a schema can say, such as a cursor that was made up; and query strings are read as people
write them: `online=1` is true. test_acting.py and test_rules.py show by example what is refused."""
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
    directory = Path(tempfile.mkdtemp(prefix="zeus-test-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    door = open_door("", store, TENANT)  # tickets are sold without a database
    return services_on(store, workplace_on(store), directory, firmware_hosts=("fw.example",), streams=door)


async def services_of_the_shelf(store: CountedEventStore) -> Any:
    """The shelf."""
    return Shelf()


FINITE = tuple(row for row in ROUTES if row.path != "/events")
"""A stream of events has no end that could be looked at; test_live_streams.py reads some of it."""
TABLES: dict[str, tuple[tuple[AnyRow, ...], Services]] = {
    "api": (FINITE, services_of_the_api),
    "shelf": (SHELF, services_of_the_shelf),
}


class Serving:
    """An ASGI application that is built, and closed, in the loop in which it serves."""

    def __init__(self, dsn: str, routes: tuple[AnyRow, ...], services: Services) -> None:
        self._dsn = dsn
        self._routes = routes
        self._services = services
        self._app: WebApplication | None = None
        self._store: CountedEventStore | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the whole life. Before an answer ends the read models have what it stored."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        assert self._app is not None
        assert self._store is not None
        counters = self._store.counters
        before = counters.events

        async def seen(message: Message) -> None:
            if not message.get("more_body") and counters.events > before:
                await asyncio.to_thread(project, self._dsn)
            await send(message)

        await self._app(scope, receive, seen)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        engine = open_engine(self._dsn)
        self._store = store = CountedEventStore(open_store(self._dsn, FACTS))
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
        for n in range(1, 4):
            await fleet.asked(TENANT, f"Depot 0{n}", n)
            await fleet.api_token(TENANT, f"token {n}", n)
        await asyncio.to_thread(project, self._dsn)


@pytest.fixture(params=TABLES)
def described(request: pytest.FixtureRequest, postgres_dsn: str) -> Iterator[Any]:
    """The schema of an application that is being served."""
    with psycopg.connect(postgres_dsn) as connection:
        ensure_positions(connection)
    fleet_schema.create(postgres_dsn)
    routes, services = TABLES[request.param]
    yield schemathesis.openapi.from_asgi("/api/openapi.json", Serving(postgres_dsn, routes, services))
    shutdown_lifespans()


@pytest.mark.parametrize("mode", GenerationMode)
def test_answers_are_as_described(described: Any, mode: GenerationMode) -> None:
    for result in described.get_all_operations():

        @MODEST
        @given(result.ok().as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            case.call_and_validate(headers=AUTH, excluded_checks=UNFIT)

        ask()


@pytest.mark.parametrize("described", ["api"], indirect=True)
def test_links_lead_where_they_say(described: Any) -> None:
    """From every list that can be asked for as it is, link after link, as a reader of the document follows them."""
    rows = {operation_id(row): row for row in ROUTES}
    operations = {one.ok().definition.raw["operationId"]: one.ok() for one in described.get_all_operations()}

    def asked(name: str, parameters: dict[str, str]) -> Any:
        """What it answers, which is looked at as the document describes it."""
        answer = operations[name].Case(path_parameters=parameters).call_and_validate(headers=AUTH)
        assert answer.status_code == 200, (name, parameters, answer.text)
        return answer.json()

    followed: set[str] = set()
    beginnings = [
        name
        for name in operations
        if rows[name].links and rows[name].method == "GET" and "{" not in rows[name].path
    ]
    ahead = [(name, asked(name, {})) for name in beginnings]
    while ahead:
        name, answer = ahead.pop()
        for link in rows[name].links:
            parameters = {one: pointed_at(answer, where) for one, where in link.parameters.items()}
            if None in parameters.values() or link.handler in followed or rows[link.handler].method != "GET":
                continue
            followed.add(link.handler)
            ahead.append((link.handler, asked(link.handler, parameters)))
    assert followed >= {
        "one_charger",
        "list_connectors",
        "list_messages_of_charger",
        "one_session",
        "one_token",
    }


def pointed_at(answer: Any, expression: str) -> str | None:
    """What a runtime expression of OpenAPI means; None where an answer has nothing there, such as an empty list."""
    place = answer
    for step in expression.removeprefix("$response.body#/").split("/"):
        try:
            place = place[int(step) if isinstance(place, list) else step]
        except IndexError:
            return None
    return str(place)


def test_walks_along_the_links_are_as_described(described: Any) -> None:
    """Only operations that links join are walked: among all, a walk seldom comes upon one.

    What a walk finds depends on the walks before it, which hypothesis takes for whims of the test and stops;
    then another run goes on. What was wrong is kept here, so that it is told even if it cannot be repeated. Whether
    a walk comes upon a link is luck: that all of them lead somewhere is for the test above."""
    linking = [row for row in (*ROUTES, *SHELF) if row.links]
    targets = {link.handler for row in linking for link in row.links}
    joined = described.include(operation_id=sorted(targets | {operation_id(row) for row in linking}))
    wrong: list[FailureGroup] = []
    walks = 0

    class Walk(joined.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            nonlocal walks
            walks += 1

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": AUTH}

        def validate_response(self, response: Any, case: Any, **kwargs: Any) -> None:
            try:
                case.validate_response(
                    response, excluded_checks=UNFIT, transport_kwargs=kwargs, recorder=self.recorder
                )
            except FailureGroup as failures:
                wrong.append(failures)
                raise

    while not wrong and walks < 2 * MODEST.max_examples:
        with suppress(Flaky):
            Walk.run(settings=MODEST)
    assert wrong == []
