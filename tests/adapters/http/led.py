"""The API over a real store, with a process that leads its chargers, and a charger that keeps what it is given."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine

from adapters.http.access import Right
from adapters.http.api.routes import PREFIX
from adapters.http.app import build_app
from adapters.http.services import Services
from adapters.ocpp.gateway_settings import GatewaySettings
from adapters.ocpp.versions import Version
from application.attempts import Attempts
from domain.chargers.events import Registered
from domain.chargers.provisioning import NetworksAllowed
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId
from tests.adapters.http.conftest import AUTH, SETTINGS, TENANT, Rights, World, client_of
from tests.adapters.http.fleet import START, project
from tests.adapters.http.services import services_on
from tests.adapters.ocpp.front_door import Workplace
from tests.fakes.living_charger import LivingCharger


@dataclass
class Led:
    """What a test may touch; the charger is `CP1`, and away until it connects."""

    world: World
    client: httpx.AsyncClient
    charger: LivingCharger

    async def ask(
        self, method: str, path: str, body: Any = None, *, wait_s: int = 5, **params: Any
    ) -> httpx.Response:
        """A request about the charger, or about anything where the path begins with `/`."""
        where = path if path.startswith("/") else f"/chargers/CP1/{path}".rstrip("/")
        return await self.client.request(
            method, PREFIX + where, json=body, params=params, headers={"Prefer": f"wait={wait_s}"}
        )

    async def tell(self, *facts: Fact, cpid: str = "CP1", tenant: str = TENANT) -> None:
        """Facts on a charger's stream."""
        stream = ChargerId.of(tenant, cpid).stream
        version = len(await self.world.store.read(stream))
        await self.world.store.append(events_of(stream, version, facts, Told(recorded_at=START)))

    async def project(self) -> None:
        """Bring the read models up to the log."""
        await asyncio.to_thread(project, self.world.dsn)


@asynccontextmanager
async def led_on(world: World, engine: Engine, directory: Path) -> AsyncIterator[Led]:
    """Everything put together, and taken apart again."""
    settings = GatewaySettings(
        tenant=TENANT, gateway="test", versions=frozenset(Version), frames_per_s=1e6, burst=1e6
    )
    workplace = Workplace(world.store, Attempts(world.store, TENANT), settings, knows_abilities=True)

    async def noticed(charger: ChargerId, news: str) -> None:
        assert news == Services.WANTED
        workplace.guide.lead(charger)

    await workplace.switchboard.open(noticed)
    services = services_on(world.store, workplace, directory)
    app = build_app(
        SETTINGS,
        engine=engine,
        access=Rights(*Right),
        gateway=workplace.gateway,
        store=world.store,
        services=replace(services, notify=workplace.switchboard.notify),
    )
    async with client_of(app, AUTH) as client:
        led = Led(world, client, LivingCharger(workplace.gateway))
        await led.tell(Registered(cpid="CP1", security_profile=0))
        await led.tell(NetworksAllowed(("0.0.0.0/0",)))
        await led.tell(Registered(cpid="HERS", security_profile=0), cpid="HERS", tenant="hera")
        yield led
        if led.charger.socket is not None and led.charger.socket.state == "open":
            await led.charger.vanish()
    app.database.close()
    await workplace.guide.finish()
    await workplace.switchboard.finish()
