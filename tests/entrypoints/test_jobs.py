"""The four jobs on a real log and real read models."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import Engine

from adapters.eventstore.past import EVERY
from adapters.http.database import open_engine
from adapters.postgres import fleet_schema, vault_schema
from application.snapshots import load_charger, snapshot_of
from domain.chargers.absence import WentOffline
from domain.chargers.events import (
    Acceptance,
    Booted,
    Connected,
    Disconnected,
    HeartbeatReceived,
    Registered,
    StatusReported,
    TransactionOpened,
)
from domain.commands.events import Requested
from domain.commands.upkeep import Reset
from domain.event import Fact, Told
from domain.identity import ChargerId
from domain.metering import BEGIN, PERIODIC, energy_sample
from domain.transactions import events as tx
from entrypoints.database import Addresses, secret_of
from entrypoints.jobs import Jobs, ReadModelsBehind
from entrypoints.settings import Settings
from entrypoints.wiring import Core
from tests.projections.stories import Log, project, rows

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AWAY, HERE, RUN = "charger/default/AWAY", "charger/default/HERE", "transaction/default/HERE/1"


class World:
    """A log with its read models, and the jobs over them."""

    def __init__(self, dsn: str, engine: Engine) -> None:
        self.dsn = dsn
        self.log = Log(dsn)
        settings = Settings(database_url=dsn, api_token="x" * 32)  # type: ignore[arg-type]
        self.core = Core(dsn, settings, secret_of(settings))
        self.jobs = Jobs(self.core, engine, Addresses(dsn, dsn, dsn), settings)

    def tell(self, at: datetime, *told: tuple[str, Fact]) -> None:
        self.log.tell(*((stream, fact, Told(recorded_at=at, frame="[]")) for stream, fact in told))

    def project(self) -> None:
        project(self.dsn)


@pytest.fixture
def engine(postgres_dsn: str) -> Iterator[Engine]:
    """As the jobs read."""
    made = open_engine(postgres_dsn)
    yield made
    made.dispose()


@pytest.fixture
async def world(postgres_dsn: str, engine: Engine) -> AsyncIterator[World]:
    """One charger that is away, one with a transaction whose connector is free."""
    fleet_schema.create(postgres_dsn)
    vault_schema.create(postgres_dsn)
    made = World(postgres_dsn, engine)
    booted = Booted(vendor="V", model="M", answered=Acceptance.ACCEPTED, interval_s=60)
    for stream, cpid in ((AWAY, "AWAY"), (HERE, "HERE")):
        came = Connected(connection=cpid, gateway="g", protocol="1.6", security_profile=0)
        made.tell(NOON, (stream, Registered(cpid=cpid, security_profile=0)), (stream, came), (stream, booted))
    readings = (energy_sample(NOON, BEGIN, 100),)  # type: ignore[arg-type]
    started = tx.Started(evse_id=1, connector_id=1, at=NOON, meter_start_wh=100, samples=readings)  # type: ignore[arg-type]
    metered = tx.Metered(
        evse_id=1,
        connector_id=1,
        samples=(energy_sample(NOON + timedelta(minutes=5), PERIODIC, 900),),  # type: ignore[arg-type]
        energy_wh=800,
    )
    free = StatusReported(evse_id=1, connector_id=1, status="Available")
    opened = TransactionOpened(transaction=RUN, evse_id=1, connector_id=1, started_at=NOON)
    made.tell(NOON, (RUN, started), (HERE, opened))
    made.tell(NOON + timedelta(minutes=5), (RUN, metered))
    made.tell(
        NOON + timedelta(minutes=6), (HERE, free), (AWAY, Disconnected(connection="AWAY", reason="cut"))
    )
    made.project()
    yield made
    await made.core.close()


async def test_who_is_away_is_found_by_the_board_and_decided_by_the_log(world: World) -> None:
    now = NOON + timedelta(minutes=6, seconds=180)
    assert await world.jobs.detect_offline(now) == 0
    assert await world.jobs.detect_offline(now + timedelta(seconds=1)) == 1
    assert await world.jobs.detect_offline(now + timedelta(hours=1)) == 0, (
        "the board is behind, the log is not"
    )
    world.project()
    board = {row["charger"]: row["offline_at"] for row in rows(world.dsn, "ocpp_chargers")}
    assert board == {"AWAY": now + timedelta(seconds=1), "HERE": None}
    [event] = [one for one in await world.core.store.read(AWAY) if isinstance(one.fact, WentOffline)]
    assert event.told.actor == "job:offline_detector"


async def test_a_board_that_is_behind_calls_nobody_offline(world: World) -> None:
    """The charger is back, and the board has not heard of it for an hour."""
    back = Connected(connection="2", gateway="g", protocol="1.6", security_profile=0)
    world.tell(NOON, (AWAY, back))
    with psycopg.connect(world.dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE eventstore.stored_events SET recorded_at = recorded_at - interval '1 hour' "
            "WHERE notification_id = (SELECT max(notification_id) FROM eventstore.stored_events)"
        )
    with pytest.raises(ReadModelsBehind):
        await world.jobs.detect_offline(NOON + timedelta(hours=1))


async def test_a_lost_end_is_waited_for_and_closed(world: World) -> None:
    assert await world.jobs.reconcile_sessions(NOON + timedelta(minutes=10)) == 0
    marked_at = NOON + timedelta(minutes=16)
    assert await world.jobs.reconcile_sessions(marked_at) == 1
    world.project()
    [session] = rows(world.dsn, "ocpp_sessions")
    assert (session["state"], session["stale_why"]) == ("awaiting_reconciliation", "connector_free")
    assert await world.jobs.reconcile_sessions(marked_at + timedelta(hours=23)) == 0
    assert await world.jobs.reconcile_sessions(marked_at + timedelta(hours=24)) == 1
    world.project()
    [session] = rows(world.dsn, "ocpp_sessions")
    assert (session["state"], session["energy_wh"]) == ("ended", 800)
    assert session["ended_at"] == NOON + timedelta(minutes=5)
    assert session["closed_at"] == marked_at + timedelta(hours=24)
    assert await world.jobs.reconcile_sessions(marked_at + timedelta(hours=99)) == 0
    [connector] = rows(world.dsn, "ocpp_connectors")
    assert connector["session"] is None


async def test_a_late_end_takes_the_place_of_the_closing(world: World) -> None:
    await world.jobs.reconcile_sessions(NOON + timedelta(hours=1))
    world.project()
    await world.jobs.reconcile_sessions(NOON + timedelta(hours=25))
    count = len(await world.core.store.read(RUN))
    world.log._versions[RUN] = count
    late = NOON + timedelta(hours=30)
    ended = tx.Ended(evse_id=1, connector_id=1, at=NOON + timedelta(hours=2))
    world.tell(late, (RUN, ended), (RUN, tx.EnergySettled(energy_wh=5000)))
    world.project()
    [session] = rows(world.dsn, "ocpp_sessions")
    assert (session["state"], session["energy_wh"]) == ("ended", 5000)
    assert (session["ended_at"], session["end_reported_at"]) == (NOON + timedelta(hours=2), late)


async def test_what_is_overdue_is_ended_once(world: World) -> None:
    asked = Requested(
        intent=Reset(), charger="AWAY", send_before=NOON + timedelta(seconds=5), answer_within_s=30
    )
    world.tell(NOON, ("command/default/c1", asked))
    world.project()
    assert await world.jobs.sweep_expired(NOON) == 0
    late = NOON + timedelta(minutes=5)
    assert await world.jobs.sweep_expired(late) == 1
    assert await world.jobs.sweep_expired(late) == 0
    last = (await world.core.store.read("command/default/c1"))[-1]
    assert last.told.actor == "job:expiry_sweeper"


async def test_retention_runs_on_whatever_tables_there_are(world: World) -> None:
    assert await world.jobs.retain(NOON) == 0


async def test_what_a_busy_charger_looked_like_is_kept(world: World) -> None:
    assert await world.jobs.keep_moments(NOON) == 0
    world.tell(NOON, *[(HERE, HeartbeatReceived())] * (2 * EVERY))
    state = await load_charger(world.core.store, ChargerId("default", "HERE"))
    await world.core.store.save_snapshot(snapshot_of(state))
    assert await world.jobs.keep_moments(NOON) == 2
    assert await world.jobs.keep_moments(NOON) == 0


async def test_each_has_a_name(world: World) -> None:
    names = [job.name for job in world.jobs.all]
    assert names == [
        "offline_detector",
        "session_reconciler",
        "expiry_sweeper",
        "configuration_drift",
        "moments",
        "retention",
    ]
