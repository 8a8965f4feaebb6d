"""Two tenants in one database behind one API, each with something of every kind, and a token for every role."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
from msgspec.structs import replace
from sqlalchemy import Engine

from adapters.eventstore.counted import CountedEventStore
from adapters.eventstore.store import open_store
from adapters.http.access import Caller
from adapters.http.app import WebApplication, build_app
from adapters.http.naming import Naming
from adapters.http.positions import Positions
from adapters.http.services import Services
from adapters.http.session_access import SessionAccess
from adapters.http.tokens import StoredTokens
from adapters.live.places import Place, Seals
from adapters.postgres import fleet_schema
from adapters.privacy.key_ring import KeyRing
from adapters.privacy.opening import sealed
from adapters.privacy.subjects import Subjects
from application import clock
from application.alarms import heard_security_event
from application.oidc import ProviderBook
from application.remembered import FRESH_S
from application.session_door import SessionDoor
from application.tenants import ApiTokens, Directory, IssuedToken, Tenants, TokenDoor
from domain.catalogue import FACTS
from domain.chargers.security import SecurityEventReported
from domain.event import Event, Recorded, Told
from domain.people.provider import GroupRole
from domain.tenants.roles import Role
from projections.positions import ensure_positions
from tests.adapters.http.conftest import SETTINGS, client_of
from tests.adapters.http.fleet import Fleet, project
from tests.adapters.http.live_world import SECRET, close_door, open_door
from tests.adapters.http.services import KEYS, News, services_on, workplace_on
from tests.adapters.ocpp.front_door import Workplace
from tests.fakes.vault import InMemoryVault

OURS, THEIRS = "zeus", "hera"
API = "/api/ocpp"
RAW = {"Content-Type": "application/octet-stream"}

Ids = dict[str, str]
"""What things are called, by their kind."""

ABSENT: Ids = {
    "cpid": "NONE-1",
    "session": "a" * 16,
    "command": "f" * 22,
    "artefact": "e" * 22,
    "rid": "991",
    "template": "none-tpl",
    "token": "d" * 22,
    "card": "NONECARD",
    "alarm": "c" * 22,
    "position": "A" * 22,
    "exclusion": "b" * 22,
    "user": "b" * 22,
    "place": "n" * 22,
    "webhook": "b" * 22,
}
_EXCUSE = {"cause": "vandalism", "from": "2026-03-01T12:00:00Z", "to": "2026-03-01T13:00:00Z"}


class Nobody:
    """No token in the settings."""

    async def caller(self, authorization: str | None) -> Caller | None:
        """Never."""
        return None


class Watch:
    """A clock that goes when it is told to."""

    seconds = 0.0

    def __call__(self) -> float:
        """The time on it."""
        return self.seconds


@dataclass
class Two:
    """What a test may touch."""

    app: WebApplication
    store: CountedEventStore
    workplace: Workplace
    services: Services
    dsn: str
    tokens: dict[tuple[str, Role], IssuedToken]
    serving: Callable[[], WebApplication]
    """The same by another process; close its `database`."""
    watch: "Watch"
    subjects: Subjects
    clients: dict[tuple[str, Role], httpx.AsyncClient] = field(default_factory=dict)
    ids: dict[str, Ids] = field(default_factory=dict)
    """By tenant."""

    def client(self, tenant: str, role: Role = Role.PLATFORM_ADMIN) -> httpx.AsyncClient:
        """Somebody of a tenant; with every right unless `role` says less."""
        return self.clients[tenant, role]

    def pass_a_moment(self) -> None:
        """So long that what was decided elsewhere is known."""
        self.watch.seconds += FRESH_S

    async def project(self) -> None:
        """Bring the read models up to the log."""
        await asyncio.to_thread(project, self.dsn, self.subjects)

    def log_of(self, tenant: str) -> list[tuple[Any, ...]]:
        """Every event on streams of a tenant, without the uses of its tokens."""
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(
                "SELECT originator_id, originator_version, topic FROM eventstore.stored_events "
                "WHERE split_part(originator_id, '/', 2) = %s AND topic <> 'api_token.seen' "
                "ORDER BY originator_id, originator_version",
                (tenant,),
            ).fetchall()

    def position_of(self, stream: str) -> str:
        """Of the first event of a stream."""
        with psycopg.connect(self.dsn) as connection:
            (position,) = connection.execute(
                "SELECT min(notification_id) FROM eventstore.stored_events WHERE originator_id = %s",
                (stream,),
            ).fetchone()  # type: ignore[misc]  # one row, always
        return Positions(SETTINGS.cursor_secret).hide(stream.split("/")[1], position)


@asynccontextmanager
async def two_tenants(dsn: str, engine: Engine, directory: Path) -> AsyncIterator[Two]:
    """`zeus` is the default tenant, `hera` was founded; both have a life behind them."""
    with psycopg.connect(dsn) as connection:
        ensure_positions(connection)
    fleet_schema.create(dsn)
    subjects = Subjects(InMemoryVault(), KeyRing({1: b"k" * 32}))
    store = CountedEventStore(sealed(open_store(dsn, FACTS), subjects, FACTS))
    workplace = workplace_on(store)
    await workplace.switchboard.open(News().tell)
    door = open_door(dsn, store, OURS)
    services = services_on(
        store, workplace, directory, firmware_hosts=("fw.example",), subjects=subjects, streams=door
    )
    await Tenants(store, "user:ann").found(THEIRS, "Hera")
    watch = Watch()

    def serving() -> WebApplication:
        return build_app(
            replace(SETTINGS, public_url="https://csms.example"),
            engine=engine,
            access=StoredTokens(Nobody(), TokenDoor(store, Directory(store, OURS, watch), watch)),
            gateway=workplace.gateway,
            store=store,
            services=services,
            naming=Naming(subjects),
            sessions=SessionAccess(
                SessionDoor(store, Directory(store, OURS, watch), services.people.sessions, watch)
            ),
        )

    app = serving()
    tokens = {
        (tenant, role): await ApiTokens(store, tenant, "user:ann").issue(f"{tenant} {role}", role)
        for tenant in (OURS, THEIRS)
        for role in Role
    }
    two = Two(app, store, workplace, services, dsn, tokens, serving, watch, subjects)
    async with AsyncExitStack() as stack:
        for who, made in tokens.items():
            client = client_of(app, {"Authorization": f"Bearer {made.token}"})
            two.clients[who] = await stack.enter_async_context(client)
        fleet = Fleet(store)
        for n, tenant in enumerate((OURS, THEIRS), start=1):
            two.ids[tenant] = await _settle(two, fleet, tenant, n)
        await two.project()
        yield two
    app.database.close()
    close_door(door)
    await workplace.switchboard.finish()
    await store.close()


async def _settle(two: Two, fleet: Fleet, tenant: str, n: int) -> Ids:
    """Something of every kind; every name of it has the tenant's name in it."""
    client, mark = two.client(tenant), tenant.upper()
    cpid, card, template = f"{mark}-1", f"{mark}CARD", f"{tenant}-tpl"
    await fleet.charger(tenant, cpid)
    session = await fleet.session(tenant, cpid, n, card=card)
    await fleet.token(tenant, card)
    await fleet.refusal(tenant, f"{mark}-X", n)
    await fleet.asked(tenant, cpid, n)
    await _alarm(two.store, tenant, cpid)
    provider = ProviderBook(two.store, KEYS, tenant, "user:ann")
    await provider.choose(f"https://login.{tenant}.example", tenant, "", [GroupRole("g", Role.VIEWER)])
    window = {"pattern": f"{mark}-*", "until": (clock.now() + timedelta(hours=1)).isoformat()}
    wishes = {"keys": {"HeartbeatInterval": "300"}}
    entries = {"mode": "Full", "entries": [{"id_tag": card}]}
    no_waiting = {"Prefer": "wait=0"}
    settled = (
        await client.put(f"{API}/templates/{template}", json={"settings": {f"{mark}Key": "1"}}),
        await client.post(f"{API}/provisioning/window", json=window),
        await client.put(f"{API}/chargers/{cpid}/configuration", json=wishes, headers=no_waiting),
        await client.put(f"{API}/chargers/{cpid}/local-list", json=entries, headers=no_waiting),
        await client.post(f"{API}/chargers/{cpid}/exclusions", json=_EXCUSE | {"evidence": tenant}),
        await client.post(f"{API}/users", json={"login": f"ann@{tenant}.example", "role": "viewer"}),
        await client.post(f"{API}/webhooks", json={"url": f"https://{tenant}.invalid/x", "name": tenant}),
        await client.post(f"{API}/artefacts?name={tenant}.bin", content=tenant.encode(), headers=RAW),
    )
    for answer in settled:
        assert answer.is_success, answer.text
    await two.project()
    return {
        "cpid": cpid,
        "session": session,
        "command": f"{n:022x}",
        "artefact": settled[-1].json()["id"],
        "rid": str(n),
        "template": template,
        "token": two.tokens[tenant, Role.VIEWER].id,
        "card": card,
        "exclusion": settled[-4].json()["id"],
        "user": settled[-3].json()["id"],
        "webhook": settled[-2].json()["id"],
        "place": Seals(SECRET).of(tenant).seal(Place(1)),
        "alarm": (await client.get(f"{API}/alarms")).json()["items"][0]["id"],
        "position": two.position_of(f"charger/{tenant}/{cpid}"),
    }


async def _alarm(store: CountedEventStore, tenant: str, cpid: str) -> None:
    fact = SecurityEventReported(kind="TamperDetectionActivated", info=tenant)
    told = Told(recorded_at=clock.now())
    event: Event[Any] = Event(
        originator_id=f"charger/{tenant}/{cpid}", originator_version=9, fact=fact, told=told
    )
    await heard_security_event(store, Recorded(1, event))
