"""Two tenants at one gateway: the address names the tenant, and nobody learns which tenants there are."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ocpp.handshake import read_path
from adapters.ocpp.refusals import VERDICTS, Reason
from adapters.ocpp.versions import Version
from application import clock
from application.ports import AnyEvent
from application.tenants import NOBODY, Tenants
from application.windows import Wanted, Windows
from domain.chargers.events import Booted, Connected, HandshakeRefused, Registered
from domain.chargers.provisioning import NetworksAllowed
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId
from domain.tenants.tenant import SLUG, is_slug
from tests.adapters.ocpp.front_door import NOW, TENANT, FrontDoor
from tests.adapters.ocpp.test_gateway import NEW, basic
from tests.fakes.charger_socket import CLOSED, OPEN, ChargerSocket
from tests.fakes.event_store import InMemoryEventStore

BOOT = '[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'
slugs = st.from_regex(SLUG, fullmatch=True).filter(is_slug)


class Watched(InMemoryEventStore):
    """Counts what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def read(self, stream: str, after: int = 0) -> list[AnyEvent]:
        """And count."""
        self.asked.append(stream)
        return await super().read(stream, after)


@pytest.fixture
async def door() -> FrontDoor:
    """The default tenant `t` and tenant `acme`, each with a charger CP1."""
    door = FrontDoor(Watched())
    await door.register("CP1")
    await Tenants(door.store, "user:ann").found("acme")
    await register(door, "acme", "CP1")
    return door


async def register(door: FrontDoor, tenant: str, cpid: str) -> None:
    facts: list[Fact] = [Registered(cpid=cpid, security_profile=0), NetworksAllowed(("10.0.0.0/8",))]
    stream = ChargerId.of(tenant, cpid).stream
    await door.store.append(events_of(stream, 0, facts, Told(recorded_at=NOW)))


async def refused(door: FrontDoor, path: str) -> tuple[int | None, str, object]:
    """All that somebody learns who is not let in."""
    socket = ChargerSocket(door.gateway, path)
    await socket.ended()
    return socket.status, socket.words, socket.sent


def attempts(door: FrontDoor) -> list[tuple[str, str]]:
    """(tenant, reason) of what was recorded."""
    found = [one.event for one in door.store.log if isinstance(one.event.fact, HandshakeRefused)]
    return [(event.tenant, event.fact.reason) for event in found]  # type: ignore[attr-defined]


@given(slug=slugs, version=st.sampled_from([None, *Version]))
def test_a_slug_stands_before_the_id(slug: str, version: Version | None) -> None:
    prefix = f"/ocpp/{version.value}/" if version else "/ocpp/"
    address = read_path(f"{prefix}{slug}/CP%201".encode())
    assert (address.slug, address.cpid, address.version) == (slug, "CP 1", version)
    assert read_path(f"{prefix}{slug}".encode()).cpid == slug
    assert read_path(f"{prefix}{slug}".encode()).slug == ""
    assert read_path(f"{prefix}{slug}/CP1/CP1".encode()).problems == (Reason.PATH_MALFORMED,)


async def test_the_same_id_of_two_tenants_is_two_chargers(door: FrontDoor) -> None:
    sockets = {}
    for tenant, path in ((TENANT, "/ocpp/1.6/CP1"), ("acme", "/ocpp/1.6/acme/CP1")):
        sockets[tenant] = ChargerSocket(door.gateway, path)
        assert await sockets[tenant].decided() == 101
    assert len(door.gateway.presence) == 2
    assert "Accepted" in await sockets["acme"].ask(BOOT)
    booted = [event.originator_id for event in door.events(Booted)]
    assert booted == ["charger/acme/CP1"]
    assert {event.tenant for event in door.events(Connected)} == {TENANT, "acme"}
    for socket in sockets.values():
        socket.leave(1000)
    await asyncio.gather(*(socket.ended() for socket in sockets.values()))


async def test_the_default_tenant_may_be_named_as_well(door: FrontDoor) -> None:
    socket = ChargerSocket(door.gateway, f"/ocpp/{TENANT}/CP1")
    assert await socket.decided() == 101
    assert [event.tenant for event in door.events(Connected)] == [TENANT]
    socket.leave(1000)
    await socket.ended()


async def test_nobody_learns_which_tenants_there_are(door: FrontDoor) -> None:
    """An id nobody registered, and a tenant nobody founded: the same answer, for the same work."""
    await refused(door, "/ocpp/acme/NOBODY")
    paths = ("/ocpp/acme/NOBODY", "/ocpp/hera/NOBODY", "/ocpp/hera/CP1", "/ocpp/NOBODY", "/ocpp/acme/acme")
    answers, costs = [], []
    for path in (*paths, "/ocpp/hera/hera", "/ocpp/1.6/hera/CP1"):
        door.store.asked.clear()  # type: ignore[attr-defined]
        answers.append(await refused(door, path))
        costs.append(len(door.store.asked))  # type: ignore[attr-defined]
    assert answers == [answers[0]] * len(answers)
    assert answers[0][:2] == (404, VERDICTS[Reason.ID_UNKNOWN].hint)
    recorded = attempts(door)
    assert recorded[0] == ("acme", "id_unknown")
    assert recorded[1:] == [
        (TENANT, "tenant_unknown"),
        (TENANT, "tenant_unknown"),
        (TENANT, "id_unknown"),
        ("acme", "id_unknown"),
        (TENANT, "id_doubled"),
        (TENANT, "tenant_unknown"),
    ]
    assert not [one for one in door.store.log if one.event.tenant == NOBODY]
    known_tenant, unknown_tenant = costs[0], costs[2]
    assert known_tenant == unknown_tenant == costs[4] == costs[5] == costs[6]


async def test_a_suspended_tenant_looks_like_none(door: FrontDoor) -> None:
    await Tenants(door.store, "user:ann").suspend("acme")
    assert await refused(door, "/ocpp/acme/CP1") == await refused(door, "/ocpp/hera/CP1")
    assert attempts(door) == [(TENANT, "tenant_unknown")] * 2
    await Tenants(door.store, "user:ann").suspend(TENANT, implied=TENANT)
    assert (await refused(FrontDoor(door.store), "/ocpp/CP1"))[0] == 404


async def test_the_sockets_of_a_suspended_tenant_are_closed_and_those_of_others_stay(door: FrontDoor) -> None:
    theirs, ours = ChargerSocket(door.gateway, "/ocpp/1.6/acme/CP1"), ChargerSocket(door.gateway)
    assert [await theirs.decided(), await ours.decided()] == [101, 101]
    await door.gateway.close_unserved()
    assert (theirs.state, ours.state) == (OPEN, OPEN)
    await Tenants(door.store, "user:ann").suspend("acme")
    there = FrontDoor(door.store)  # as a process that has just begun, or looks again two seconds later
    door.gateway.admittance = there.gateway.admittance
    door.store.unavailable = True
    await door.gateway.close_unserved()
    assert theirs.state == OPEN, "nobody is turned out on old knowledge"
    door.store.unavailable = False
    await door.gateway.close_unserved()
    assert (theirs.state, theirs.link.close_code, ours.state) == (CLOSED, 1008, OPEN)
    await theirs.ended()
    back = ChargerSocket(there.gateway, "/ocpp/1.6/acme/CP1")
    assert await back.decided() == 404
    await Tenants(door.store, "user:ann").resume("acme")
    resumed = ChargerSocket(FrontDoor(door.store).gateway, "/ocpp/1.6/acme/CP1")
    assert await resumed.decided() == 101
    for socket in (ours, resumed):
        socket.leave(1000)
    await asyncio.gather(ours.ended(), resumed.ended(), back.ended())


async def test_a_window_lets_chargers_into_its_own_tenant_alone(door: FrontDoor) -> None:
    until = clock.now() + timedelta(hours=1)
    wanted = Wanted(until=until, pattern="NEW-*", most=1, security_profile=1)
    await Windows(door.store, "acme", "user:ann").open(wanted)
    for path in ("/ocpp/NEW-1", "/ocpp/hera/NEW-1"):
        socket = ChargerSocket(door.gateway, path, headers=basic(b"NEW-1", NEW))
        assert await socket.decided() == 404
        await socket.ended()
    socket = ChargerSocket(door.gateway, "/ocpp/acme/NEW-1", headers=basic(b"NEW-1", NEW))
    assert await socket.decided() == 101
    socket.leave(1000)
    await socket.ended()
    assert [event.originator_id for event in door.events(Registered)][-1] == "charger/acme/NEW-1"


async def test_a_tenant_that_is_known_costs_a_handshake_no_reading(door: FrontDoor) -> None:
    await refused(door, "/ocpp/acme/NOBODY")
    for path, tenant in (("/ocpp/acme/CP1", "acme"), ("/ocpp/CP1", TENANT)):
        await refused(door, path.replace("CP1", "NOBODY"))
        door.store.asked.clear()  # type: ignore[attr-defined]
        await refused(door, path.replace("CP1", "NOBODY2"))
        assert f"tenant/{tenant}/self" not in door.store.asked  # type: ignore[attr-defined]
