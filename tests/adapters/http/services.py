"""What the API's handlers work with, put together as a process does it, and a charger that is connected to it."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from adapters.artefacts.local_disk import LocalDisk
from adapters.eventstore.counted import CountedEventStore
from adapters.http.access import Caller
from adapters.http.app import WebApplication
from adapters.http.install_card_links import InstallCards
from adapters.http.services import PeopleServices, Services, WebhookTools
from adapters.http.stream_door import StreamDoor
from adapters.ocpp.gateway_settings import GatewaySettings
from adapters.ocpp.versions import Version
from adapters.people.argon2_hashes import Argon2Hashes
from adapters.people.keyring import Keys
from adapters.privacy.keeper import SubjectKeeper
from adapters.privacy.key_ring import KeyRing
from adapters.privacy.subjects import Subjects
from adapters.webhooks.sender import Sender
from application import clock
from application.artefact_rooms import ArtefactRooms
from application.artefacts import Artefacts, ArtefactSettings
from application.attempts import Attempts
from application.charging_profiles import ChargingProfiles
from application.desired_state import DesiredState
from application.lockouts import Lockouts
from application.passwords import Passwords
from application.people import UserBook
from application.ports import EventStore
from application.privacy import PersonalData
from application.profile_upgrades import Footing, ProfileUpgrades
from application.registry import Registry
from application.sessions import Sessions
from application.sign_in import FrontDesk
from application.tenants import ApiTokens, Directory
from application.webhooks import Webhooks, WebhookSecrets
from application.windows import Windows
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId
from tests.adapters.http.fleet import BLOB, project
from tests.adapters.ocpp.front_door import Workplace
from tests.fakes.charger_socket import ChargerSocket
from tests.fakes.fleet import InMemoryBroker
from tests.fakes.sessions import InMemorySessions
from tests.fakes.vault import InMemoryVault

TENANT = "zeus"
ORIGIN = "https://csms.example"
SECRET = b"sealed with this"
KEYS = Keys([SECRET * 2])


def workplace_on(store: EventStore, tenant: str = TENANT) -> Workplace:
    """A process with a gateway that knows every action, alone in its fleet.

    Call `await workplace.switchboard.open(…)` before anything is asked of a charger.
    """
    settings = GatewaySettings(tenant=tenant, gateway="test", versions=frozenset(Version))
    return Workplace(store, Attempts(store, tenant), settings)


def services_on(
    store: EventStore,
    workplace: Workplace,
    directory: Path,
    *,
    tenant: str = TENANT,
    news: "News | None" = None,
    firmware_hosts: Collection[str] = (),
    subjects: Subjects | None = None,
    people: PeopleServices | None = None,
    streams: StreamDoor | None = None,
) -> Services:
    """The use cases over this store; files lie in `directory`, and `news` remembers whom was told what."""
    disk = LocalDisk(directory)
    (directory / BLOB[-2:]).mkdir(parents=True, exist_ok=True)
    (directory / BLOB[-2:] / BLOB).write_bytes(b"x")

    def furnish(owner: str, link_ending: str) -> Artefacts:
        choices = ArtefactSettings(
            tenant=owner,
            public_url=ORIGIN,
            firmware_bytes=100_000,
            upload_bytes=100_000,
            link_ending=link_ending,
        )
        return Artefacts(store, disk, SECRET, choices)

    def cards(caller: Caller) -> InstallCards:
        slug = "" if caller.tenant == tenant else caller.tenant
        return InstallCards(store, caller.tenant, SECRET, slug=slug)

    rooms = ArtefactRooms(tenant, SECRET, furnish)
    workplace.seal_of = lambda owner, location: rooms.of(owner).seal_of(location)
    return Services(
        store=store,
        commands=workplace.commands,
        desired_state=lambda caller: DesiredState(
            store, caller.tenant, caller.name, cause=caller.cause, pace=workplace.pace
        ),
        charging_profiles=lambda caller: ChargingProfiles(
            store, caller.tenant, caller.name, caller.cause, workplace.pace
        ),
        registry=lambda caller: Registry(store, caller.tenant, caller.name, caller.cause),
        windows=lambda caller: Windows(store, caller.tenant, caller.name, caller.cause),
        tokens=lambda caller: ApiTokens(store, caller.tenant, caller.name, caller.cause),
        cards=cards,
        artefacts=lambda caller: rooms.of(caller.tenant),
        personal_data=lambda caller: PersonalData(
            store,
            SubjectKeeper(subjects or Subjects(InMemoryVault(), KeyRing({1: b"k" * 32}))),
            caller.tenant,
            caller.name,
            DesiredState(store, caller.tenant, caller.name, cause=caller.cause),
            lambda charger: (news or News()).tell(charger, Services.WANTED),
            caller.cause,
        ),
        upgrades=lambda caller: ProfileUpgrades(
            store,
            caller.tenant,
            caller.name,
            workplace.certificates.book,
            Footing(tls=True),
            workplace.told,
            caller.cause,
        ),
        notify=(news or News()).tell,
        people=people or reception_on(store, tenant),
        default_tenant=tenant,
        firmware_hosts=frozenset(firmware_hosts),
        streams=streams,
        webhooks=WebhookTools(
            lambda caller: Webhooks(store, caller.tenant, caller.name, caller.cause),
            WebhookSecrets(SECRET),
            Sender(timeout_s=1),
        ),
    )


def reception_on(
    store: EventStore, tenant: str = TENANT, sessions: Sessions | None = None, *, code_needed: bool = True
) -> PeopleServices:
    """A front desk over this store, whose hashes cost nothing; sessions in memory where none are given."""
    fleet, sessions = InMemoryBroker().open_fleet(), sessions or InMemorySessions()
    desk = FrontDesk(
        UserBook(store, KEYS),
        Directory(store, tenant),
        Passwords(KEYS, Argon2Hashes(time_cost=1, memory_kib=8, threads=1)),
        sessions,
        Lockouts(fleet.limits, fleet.post),
        code_needed=code_needed,
    )
    return PeopleServices(desk, sessions)


@dataclass
class News:
    """What would have been told to the processes that have the sockets."""

    told: list[tuple[str, str]] = field(default_factory=list)
    """(charger, news), in order."""

    async def tell(self, charger: ChargerId, news: str) -> None:
        """Remember it."""
        self.told.append((charger.key, news))


@dataclass
class House:
    """The API with everything behind it."""

    client: httpx.AsyncClient
    """With every right."""
    store: CountedEventStore
    workplace: Workplace
    services: Services
    news: News
    dsn: str
    subjects: Subjects
    """Whose the tokens are."""
    serving: Callable[..., WebApplication]
    """The same for a caller with these rights; close its `database`."""

    @property
    def caller(self) -> Caller:
        """For services that are made for one."""
        return Caller(TENANT, "key:test", frozenset())

    async def project(self) -> None:
        """Bring the read models up to the log."""
        await asyncio.to_thread(project, self.dsn, self.subjects)

    async def followed(self, command: str, fact: Fact) -> None:
        """Something is seen of a command; the read models have it."""
        found = await self.services.commands.book.load(TENANT, command)
        told = Told(recorded_at=clock.now())
        await self.store.append(events_of(found.stream, found.version, [fact], told))
        await self.project()

    async def charger(self, cpid: str = "CP-1", **asked: Any) -> Any:
        """POST /chargers, without a password unless asked for."""
        body = {"cpid": cpid, "security_profile": 0, "networks": ["0.0.0.0/0"], **asked}
        response = await self.client.post("/api/ocpp/chargers", json=body)
        assert response.status_code == 201, response.text
        return response.json()


class PluggedIn:
    """A 1.6 charger that is connected, booted, and answers what it is told to."""

    def __init__(self, socket: ChargerSocket) -> None:
        self.socket = socket
        self.answers: dict[str, Any] = {}
        """Payloads by action; a call whose action has none is left without an answer."""
        self.calls: list[tuple[str, Any]] = []
        """What it was asked, in order."""
        self._heard = 0
        self._called = asyncio.Event()

    async def boot(self) -> None:
        """Say who it is."""
        boot = {"chargePointVendor": "Acme", "chargePointModel": "One"}
        assert await self.socket.decided() == 101
        answer = await self.socket.ask(orjson.dumps([2, "boot", "BootNotification", boot]).decode())
        assert orjson.loads(answer)[2]["status"] == "Accepted"

    async def attend(self) -> None:
        """Answer calls until cancelled."""
        while True:
            with suppress(TimeoutError):
                await self.socket.until(lambda: len(self.socket.texts) > self._heard)
            while len(self.socket.texts) > self._heard:
                self._hear(orjson.loads(self.socket.texts[self._heard]))
                self._heard += 1

    async def asked(self) -> None:
        """Wait for a call."""
        async with asyncio.timeout(5):
            await self._called.wait()

    def _hear(self, message: list[Any]) -> None:
        if message[0] != 2:
            return
        _, name, action, payload = message
        self.calls.append((action, payload))
        self._called.set()
        if action in self.answers:
            self.socket.say(orjson.dumps([3, name, self.answers[action]]).decode())


@asynccontextmanager
async def plugged_in(
    workplace: Workplace, cpid: str, password: str | None = None, **answers: Any
) -> AsyncIterator[PluggedIn]:
    """A registered charger at the gateway; it hangs up at the end. `answers` are payloads by action."""
    basic = b64encode(f"{cpid}:{password}".encode())
    headers = [] if password is None else [(b"authorization", b"Basic " + basic)]
    charger = PluggedIn(ChargerSocket(workplace.gateway, f"/ocpp/1.6/{cpid}", headers=headers))
    charger.answers.update(answers)
    await charger.boot()
    attending = asyncio.create_task(charger.attend())
    try:
        yield charger
    finally:
        attending.cancel()
        charger.socket.leave()
        await charger.socket.ended()
