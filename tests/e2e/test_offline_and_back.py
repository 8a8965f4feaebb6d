"""A charger that was away comes back to what was wanted meanwhile, without a person; nothing is executed late.

It is away for seconds here and not for an hour: wishes have no end, and of what waits for a charger nothing counts
time but the connection that is closed already.
"""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from adapters.eventstore.store import open_store
from application.charging_profiles import ChargingProfiles
from application.desired_state import DesiredState
from application.ports import EventStore
from application.registry import Registry
from domain.catalogue import FACTS
from domain.charging_profiles.profile import ChargingProfile, Kind, Period, Purpose, Schedule, Unit
from domain.commands.drivers import ListEntry
from domain.commands.intent import Abilities
from domain.commands.transactions import RemoteStart
from domain.desired_state.goals import State
from domain.identity import ChargerId, IdToken
from entrypoints.bench.asker import Asker
from tests.e2e.commanded import asked
from tests.e2e.conditions import until, until_told
from tests.e2e.log import read_log
from tests.e2e.pavement import Pavement, pavement
from tests.e2e.workers import owners
from tests.e2e.zeus_process import TOKEN, ZeusProcess

AWAY_S = 10.0
TENANT, ACTOR = "default", "user:test"
SETTING = {
    "1.6": "MeterValueSampleInterval",
    "2.0.1": "SampledDataCtrlr.TxUpdatedInterval",
    "2.1": "SampledDataCtrlr.TxUpdatedInterval",
}
CARD = IdToken("04AABBCC")
PROFILE = ChargingProfile(
    profile_id=71,
    stack_level=1,
    purpose=Purpose.TX_DEFAULT,
    kind=Kind.RELATIVE,
    schedules=(Schedule(unit=Unit.A, periods=(Period(start_s=0, limit=Decimal(10)),)),),
)

pytestmark = pytest.mark.slow


@pytest.fixture
async def store(server: ZeusProcess) -> AsyncIterator[EventStore]:
    """The server's log, for wishes made by another process."""
    store = open_store(server.dsn, FACTS)
    yield store
    await store.close()


async def test_chargers_of_every_version_find_their_way_by_themselves(
    server: ZeusProcess, store: EventStore
) -> None:
    versions = {f"AWAY-{version}": version for version in SETTING}
    await server.register(versions)
    async with pavement(server.url, versions) as chargers:
        await asyncio.gather(*(away_and_back(server, store, chargers, cpid) for cpid in versions))
    for cpid in versions:
        started = [line.topic for line in read_log(server.dsn, f"transaction/{TENANT}/{cpid}/%")]
        assert started == [], "nothing was started"
        asked_for = read_log(server.dsn, f"command/{TENANT}/%")
        actions = {line.fact.get("action", "") for line in asked_for if line.fact.get("charger") == cpid}
        assert "SetChargingProfile" in actions
        assert not {action for action in actions if "Start" in action}


async def away_and_back(server: ZeusProcess, store: EventStore, chargers: Pavement, cpid: str) -> None:
    version = chargers.versions[cpid]
    await until(lambda: cpid in owners(server) and chargers.station(cpid).accepted, "it is online")
    chargers.plug(cpid, 1)  # a start that was kept would begin at once
    chargers.leave(cpid, AWAY_S)
    await until(lambda: cpid not in owners(server), "it is offline", AWAY_S)
    await wish(store, cpid, version)
    await refused(server, cpid)
    assert not holds_all(chargers, cpid, version)
    await until(lambda: holds_all(chargers, cpid, version), "all that is wanted is there", 60)
    await known(store, cpid, version)
    assert chargers.station(cpid).connectors[1].transaction is None


async def wish(store: EventStore, cpid: str, version: str) -> None:
    """A setting, a list and a profile."""
    desired = DesiredState(store, TENANT, ACTOR)
    await desired.want_settings(cpid, {SETTING[version]: "17"})
    await desired.want_local_list(cpid, [ListEntry(id_token=CARD)])
    await ChargingProfiles(store, TENANT, ACTOR).want(cpid, PROFILE, 1, Abilities())
    await Registry(store, TENANT, ACTOR).begin_guidance(cpid)


async def refused(server: ZeusProcess, cpid: str) -> None:
    """A start is for now or never."""
    asker = await Asker.open(server.port, TOKEN)
    replied = await asked(asker, cpid, RemoteStart(id_token=CARD, evse_id=1))
    await asker.close()
    assert (replied.status, replied.body["code"]) == (409, "offline")


def holds_all(chargers: Pavement, cpid: str, version: str) -> bool:
    """As the charger itself has it."""
    station = chargers.station(cpid)
    profiles = [profile for evse_id, profile in station.profiles.installed() if evse_id == 1]
    return (
        station.settings.value(SETTING[version]) == "17"
        and station.local_list == {CARD.value: "Accepted"}
        and len(profiles) == 1
    )


async def known(store: EventStore, cpid: str, version: str) -> None:
    """As the books have it, once the last answer is in them."""
    profiles = ChargingProfiles(store, TENANT, ACTOR)
    charger = ChargerId.of(TENANT, cpid)
    book = await until_told(lambda: profiles.book(charger), lambda book: book.held, "the profile is booked")
    assert list(book.held) == [PROFILE.profile_id]
    view = await DesiredState(store, TENANT, ACTOR).settings_of(cpid)
    standing = {one.name: one.standing.state for one in view.settings if one.desired is not None}
    assert standing == {SETTING[version]: State.REACHED}
