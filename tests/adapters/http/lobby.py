"""Two processes of one installation where people sign in, and browsers that keep cookies as browsers do."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from msgspec.structs import replace
from sqlalchemy import Engine

from adapters.eventstore.counted import CountedEventStore
from adapters.eventstore.store import open_store
from adapters.http.access import OneToken
from adapters.http.app import WebApplication, build_app
from adapters.http.services import PeopleServices, Services
from adapters.http.session_access import SessionAccess
from adapters.http.tokens import StoredTokens
from adapters.ocpp.gateway import Gateway
from adapters.postgres import fleet_schema
from adapters.postgres.link import PostgresLink
from adapters.postgres.sessions import PostgresSessions
from application import clock
from application.people import People
from application.session_door import SessionDoor
from application.tenants import Directory, TokenDoor
from domain.catalogue import FACTS
from domain.people import totp
from domain.tenants.roles import Role
from projections.positions import ensure_positions
from tests.adapters.http.conftest import SETTINGS, TOKEN
from tests.adapters.http.fleet import project
from tests.adapters.http.services import News, reception_on, services_on, workplace_on

API = "/api/ocpp"
ORIGIN = "https://csms.example"
TENANT = "zeus"
PASSWORD = "tie-marble-lagoon-7"
OTHER = "rhubarb-tandem-quay-3"


@dataclass
class Browser:
    """Keeps cookies, and shows with each change what a page of ours shows."""

    client: httpx.AsyncClient
    csrf: str = ""

    async def get(self, path: str, **more: Any) -> httpx.Response:
        """Ask."""
        return await self.client.get(API + path, **more)

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Change something; remembers the token against forged requests."""
        shown = {"Origin": ORIGIN, "X-CSRF-Token": self.csrf, **headers}
        shown = {name.replace("_", "-"): value for name, value in shown.items() if value}
        more = {} if body is None else {"json": body}
        answer = await self.client.request(method, API + path, headers=shown, **more)
        if answer.is_success and answer.content and "csrf" in answer.json():
            self.csrf = answer.json()["csrf"]
        return answer

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """As `send`."""
        return await self.send("POST", path, body, **headers)

    async def sign_in(self, login: str = "ann", password: str = PASSWORD) -> httpx.Response:
        """By a password."""
        return await self.post("/sign-in", {"login": login, "password": password})

    @property
    def session_id(self) -> str:
        """What the cookie holds."""
        return str(self.client.cookies.get("__Host-zeus"))


@dataclass
class Lobby:
    """What a test may touch."""

    apps: list[WebApplication]
    store: CountedEventStore
    services: Services
    gateway: Gateway
    dsn: str
    stack: AsyncExitStack
    people: People
    watch: list[float] = field(default_factory=lambda: [0.0])

    async def browser(self, at: int = 0, **headers: str) -> Browser:
        """A new one, at one of the processes."""
        transport = httpx.ASGITransport(self.apps[at], client=("203.0.113.7", 1234))
        client = httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)
        return Browser(await self.stack.enter_async_context(client))

    async def elsewhere(self, browser: Browser, at: int) -> Browser:
        """The same browser, served by another process."""
        other = await self.browser(at)
        other.client.cookies = browser.client.cookies
        other.csrf = browser.csrf
        return other

    async def employ(self, login: str = "ann", role: Role = Role.VIEWER) -> str:
        """Somebody with a password, chosen by invitation; the id."""
        made = await self.people.add(login, role)
        stranger = await self.browser()
        body = {"invitation": made.text, "password": PASSWORD}
        answer = await stranger.post("/sign-in/invitation", body)
        assert answer.status_code == 204, answer.text
        return made.user_id

    async def project(self) -> None:
        """Bring the read models up to the log."""
        project(self.dsn)


@asynccontextmanager
async def lobby(
    dsn: str, engine: Engine, directory: Path, furnish: Callable[[Services], Services] = lambda given: given
) -> AsyncIterator[Lobby]:
    """Sessions are where they are in production; only the hashes are quick. `furnish` adds to the services."""
    with psycopg.connect(dsn) as connection:
        ensure_positions(connection)
    fleet_schema.create(dsn)
    store = CountedEventStore(open_store(dsn, FACTS))
    workplace = workplace_on(store)
    await workplace.switchboard.open(News().tell)
    link = PostgresLink(dsn, connections=2)
    watch = [0.0]
    reception: PeopleServices = reception_on(store, TENANT, PostgresSessions(link))
    services = furnish(services_on(store, workplace, directory, people=reception))

    def serving() -> WebApplication:
        directory = Directory(store, TENANT, lambda: watch[0])
        return build_app(
            replace(SETTINGS, public_url=ORIGIN),
            engine=engine,
            access=StoredTokens(OneToken(TENANT, TOKEN), TokenDoor(store, directory, lambda: watch[0])),
            gateway=workplace.gateway,
            store=store,
            services=services,
            sessions=SessionAccess(
                SessionDoor(store, directory, reception.sessions, lambda: watch[0]),
                ("https://allowed.example",),
            ),
        )

    apps = [serving(), serving()]
    people = People(reception.desk.book, TENANT, "user:root", sessions=reception.sessions)
    async with AsyncExitStack() as stack:
        yield Lobby(apps, store, services, workplace.gateway, dsn, stack, people, watch)
    await reception.desk.finish()
    for app in apps:
        app.database.close()
    await workplace.switchboard.finish()
    await store.close()
    await link.close()


def code_of(letters: str, steps: int = 0) -> str:
    """What an authenticator with this secret shows now, or `steps` later."""

    secret = base64.b32decode(letters + "=" * (-len(letters) % 8))
    return totp.code_at(secret, totp.step_of(clock.now()) + steps)
