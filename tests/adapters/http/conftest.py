"""A whole web application over a real database, and a client that talks to it in the same loop."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
from msgspec.structs import replace
from sqlalchemy import Engine

from adapters.eventstore.counted import CountedEventStore
from adapters.eventstore.store import open_store
from adapters.http.access import Caller, OneToken, Right
from adapters.http.api.routes import ROUTES
from adapters.http.app import WebApplication, WebSettings, build_app
from adapters.http.database import open_engine
from adapters.http.naming import Naming
from adapters.http.rate_limits import Limits
from adapters.ocpp.gateway import Gateway
from adapters.ocpp.gateway_settings import GatewaySettings
from adapters.ocpp.versions import Version
from adapters.postgres import fleet_schema, vault_schema
from adapters.privacy.key_ring import KeyRing
from adapters.privacy.opening import open_subjects, sealed
from application.attempts import Attempts
from domain.catalogue import FACTS
from projections.positions import ensure_positions
from tests.adapters.http.services import House, News, services_on, workplace_on
from tests.adapters.http.shelf import SHELF, Shelf
from tests.adapters.ocpp.front_door import Workplace

TENANT = "zeus"
TOKEN = "test-token-of-sufficient-length"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
SETTINGS = WebSettings(
    version="0.0-test",
    cursor_secret=b"test",
    ocpp_versions=("1.6", "2.0.1"),
    limits=Limits(token_per_s=10_000, token_burst=100_000, command_per_s=10_000, command_burst=100_000),
)


@dataclass
class World:
    """What a test may touch."""

    app: WebApplication
    client: httpx.AsyncClient
    gateway: Gateway
    store: CountedEventStore
    dsn: str


def client_of(app: WebApplication, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    """A client without a server between; errors of the application reach the test."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url="http://zeus.test", headers=headers)


def gateway_on(store: CountedEventStore) -> Gateway:
    """A gateway that knows no actions: enough to knock at."""
    settings = GatewaySettings(tenant=TENANT, gateway="test", versions=frozenset(Version))
    actions = {version: {} for version in Version}
    return Workplace(store, Attempts(store, TENANT), settings, actions).gateway


@pytest.fixture
def engine(postgres_dsn: str) -> Iterator[Engine]:
    """The API's engine."""
    engine = open_engine(postgres_dsn)
    yield engine
    engine.dispose()


@pytest.fixture
async def world(postgres_dsn: str, engine: Engine) -> AsyncIterator[World]:
    """A database with the positions table and no read models in it."""
    with psycopg.connect(postgres_dsn) as connection:
        ensure_positions(connection)
    store = CountedEventStore(open_store(postgres_dsn, FACTS))
    gateway = gateway_on(store)
    app = build_app(SETTINGS, engine=engine, access=OneToken(TENANT, TOKEN), gateway=gateway, store=store)
    async with client_of(app, AUTH) as client:
        yield World(app, client, gateway, store, postgres_dsn)
    app.database.close()
    await store.close()


class Rights(OneToken):
    """A caller with these rights."""

    def __init__(self, *rights: Right) -> None:
        super().__init__(TENANT, TOKEN)
        self._caller = Caller(TENANT, "key:test", frozenset(rights))


@dataclass
class Shop:
    """The shelf as it is served."""

    world: World
    engine: Engine
    shelf: Shelf
    app: WebApplication
    client: httpx.AsyncClient

    def app_with(self, *rights: Right, limits: Limits = SETTINGS.limits) -> WebApplication:
        """The same shelf for another caller, or with other limits."""
        return build_app(
            replace(SETTINGS, limits=limits, public_url="https://csms.example/"),
            engine=self.engine,
            access=Rights(*rights),
            gateway=self.world.gateway,
            store=self.world.store,
            services=self.shelf,
            routes=(*ROUTES, *SHELF),
        )


@pytest.fixture
async def shop(world: World, engine: Engine) -> AsyncIterator[Shop]:
    """An application with the rows of the shelf."""
    shop = Shop(world, engine, Shelf(), world.app, world.client)
    shop.app = shop.app_with(*Right)
    async with client_of(shop.app, AUTH) as client:
        shop.client = client
        yield shop
    shop.app.database.close()


@pytest.fixture
async def house(postgres_dsn: str, engine: Engine, tmp_path: Path) -> AsyncIterator[House]:
    """The whole API over its real services; read models follow when told to."""
    fleet_schema.create(postgres_dsn)
    with psycopg.connect(postgres_dsn) as connection:
        ensure_positions(connection)
    vault_schema.create(postgres_dsn)
    subjects = open_subjects(postgres_dsn, KeyRing({1: b"k" * 32}))
    store = CountedEventStore(sealed(open_store(postgres_dsn, FACTS), subjects, FACTS))
    workplace, news = workplace_on(store), News()
    await workplace.switchboard.open(news.tell)
    services = services_on(
        store, workplace, tmp_path, news=news, firmware_hosts=("fw.example",), subjects=subjects
    )

    def serving(*rights: Right) -> WebApplication:
        return build_app(
            replace(SETTINGS, public_url="https://csms.example"),
            engine=engine,
            access=Rights(*rights),
            gateway=workplace.gateway,
            store=store,
            services=services,
            naming=Naming(subjects),
        )

    app = serving(*Right)
    async with client_of(app, AUTH) as client:
        yield House(client, store, workplace, services, news, postgres_dsn, subjects, serving)
    app.database.close()
    await workplace.switchboard.finish()
    await store.close()
