"""Given events, the status board's rows; and what can be asked of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from domain.chargers import events as charger
from domain.chargers import provisioning
from domain.event import Fact, Told
from domain.transactions import events as transaction
from projections.paging import PageTooLong
from projections.status_board import queries
from projections.streams import session_id
from tests.projections.stories import START, TENANT, Fleet, Log, project, reading, rows, sample, stream, told
from tests.projections.stories import transaction_of as tx


def status(word: str, connector: int = 1, **more: Any) -> charger.StatusReported:
    return charger.StatusReported(evse_id=1, connector_id=connector, status=word, **more)


def registered(cpid: str = "cp1") -> charger.Registered:
    return charger.Registered(cpid=cpid, security_profile=2, name="Lot 7")


def minutes(n: float) -> datetime:
    return START + timedelta(minutes=n)


def connector(dsn: str) -> dict[str, Any]:
    (row,) = rows(dsn, "ocpp_connectors")
    return row


def test_a_charger_arrives_and_leaves(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    booted = charger.Booted(
        vendor="Beny\x00",
        model="B2N",
        answered=charger.Acceptance.PENDING,
        interval_s=61,
        firmware="1.0.31",
        reason="PowerUp",
    )
    connected = charger.Connected(
        connection="c1", gateway="g1", protocol="1.6", security_profile=2, flags=("id_case",)
    )
    log.tell(
        (stream(), registered(), Told(recorded_at=START, actor="user:ada")),
        (stream(), connected, told(1)),
        (stream(), booted, told(2, frame="[2]")),
        (stream(), msgspec.structs.replace(booted, repeated=True, reason="x"), told(3, frame="[2]")),
        (stream(), charger.ClockSkewMeasured(3600), told(3)),
        (stream(), charger.AcceptanceDecided(charger.Acceptance.ACCEPTED), told(4)),
        (stream(), charger.HeartbeatReceived(), told(9, frame="[2]")),
    )
    project(postgres_dsn)
    (row,) = rows(postgres_dsn, "ocpp_chargers")
    expected = {
        "tenant": TENANT,
        "charger": "CP1",
        "cpid": "cp1",
        "name": "Lot 7",
        "online": True,
        "connection": "c1",
        "vendor": "Beny\ufffd",
        "boot_status": "Pending",
        "acceptance": "Accepted",
        "heartbeat_interval_s": 61,
        "booted_at": minutes(2),
        "boot_reason": "PowerUp",
        "clock_skew_s": 3600,
        "last_seen": minutes(9),
        "flags": ["id_case"],
        "registered_at": START,
    }
    assert {name: row[name] for name in expected} == expected
    log.tell((stream(), charger.Disconnected(connection="c1", code=1006, reason="gone"), told(10)))
    project(postgres_dsn)
    (row,) = rows(postgres_dsn, "ocpp_chargers")
    assert (row["online"], row["connection"], row["disconnect_code"]) == (False, None, 1006)
    assert (row["disconnected_at"], row["last_seen"]) == (minutes(10), minutes(9))


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_since_moves_only_when_the_state_does(postgres_dsn: str, batch: int) -> None:
    log = Log(postgres_dsn)
    told_states = [("Available", 0), ("Available", 5), ("Faulted", 6), ("Available", 7), ("Available", 8)]
    log.tell(*((stream(), status(word), told(n)) for word, n in told_states))
    project(postgres_dsn, batch=batch)
    row = connector(postgres_dsn)
    assert (row["status"], row["since"], row["reported_at"]) == ("Available", minutes(7), minutes(8))


@pytest.mark.parametrize(
    ("dated", "wins"),
    [
        (minutes(-60), False),  # a backlog: older than the report before it
        (minutes(19), True),  # a minute late is the network
        (datetime(1970, 1, 1, tzinfo=UTC), True),  # a clock that was never set is no backlog
        (datetime(2099, 1, 1, tzinfo=UTC), True),
        (None, True),
    ],
)
def test_which_report_is_the_newer_one(postgres_dsn: str, dated: datetime | None, wins: bool) -> None:
    log = Log(postgres_dsn)
    late = Told(recorded_at=minutes(20), occurred_at=dated)
    log.tell((stream(), status("Available"), told(0)), (stream(), status("Faulted"), late))
    project(postgres_dsn)
    assert connector(postgres_dsn)["status"] == ("Faulted" if wins else "Available")


def test_a_clock_that_is_steadily_behind_is_heard(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    log.tell(
        *(
            (stream(), status(word), told(n, at=minutes(n - 120)))
            for n, word in enumerate(("Available", "Occupied", "Faulted"))
        )
    )
    project(postgres_dsn)
    assert connector(postgres_dsn)["status"] == "Faulted"


def test_a_restart_forgets_the_comparison(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    booted = charger.Booted(vendor="v", model="m", answered=charger.Acceptance.ACCEPTED, interval_s=1)
    behind = told(3, at=minutes(-300))
    log.tell(
        (stream(), status("Faulted"), told(0)),
        (stream(), booted, told(2)),
        (stream(), status("Available"), behind),
    )
    project(postgres_dsn)
    assert connector(postgres_dsn)["status"] == "Available"


def metered(wh: str, energy: int) -> transaction.Metered:
    return transaction.Metered(
        evse_id=1,
        connector_id=1,
        samples=(sample(START, wh),),
        register_wh=Decimal(wh),
        energy_wh=energy,
    )


def test_the_running_session_and_only_it_is_on_the_connector(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    one, two = tx("one"), tx("two")
    opened = [
        charger.TransactionOpened(transaction=path, evse_id=1, connector_id=1, started_at=START)
        for path in (one, two)
    ]
    log.tell(
        (stream(), opened[0], told(0)),
        (one, transaction.ChargingStateChanged(state="Charging", at=START), told(1)),
        (one, metered("1500.5", 500), told(2)),
    )
    project(postgres_dsn)
    row = connector(postgres_dsn)
    assert (row["session"], row["charging_state"], row["energy_wh"]) == (session_id(one), "Charging", 500)
    assert (row["power_w"], row["soc_pct"], row["register_wh"]) == (7360.5, 55.0, Decimal("1500.5"))
    log.tell(
        (stream(), charger.TransactionClosed(one), told(3)),
        (stream(), opened[1], told(3)),
        (one, metered("9000", 8000), told(4)),
    )
    project(postgres_dsn)
    row = connector(postgres_dsn)
    assert (row["session"], row["energy_wh"], row["charging_state"]) == (session_id(two), None, None)
    log.tell((stream(), charger.TransactionClosed(two), told(5)), (two, metered("1", 1), told(6)))
    project(postgres_dsn)
    row = connector(postgres_dsn)
    assert (row["session"], row["energy_wh"], row["last_transaction"]) == (None, None, two)


def test_ids_beyond_reason_stop_nothing(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    fact = charger.StatusReported(evse_id=2**60, connector_id=-(2**50), status="Available")
    log.tell((stream(), fact, told(0)))
    project(postgres_dsn)
    assert connector(postgres_dsn)["status"] == "Available"


def test_lists_pages_and_counts(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    fleet = Fleet(log, 3, 25, odd=False)
    log.append(fleet.arrive())
    log.tell(
        (stream("CP00007"), status("Faulted"), told(600)),
        (stream("CP00007"), charger.Disconnected(connection="x"), told(600)),
        (f"charger/other/{fleet.ids[0]}", registered("spy"), told(1)),
    )
    project(postgres_dsn)
    with reading(postgres_dsn).connect() as connection:
        seen: list[str] = []
        after: Any = None
        while True:
            page = queries.list_chargers(connection, TENANT, after=after, limit=10)
            seen += [row.charger for row in page.rows]
            if page.next is None:
                break
            after = page.next
        assert seen == fleet.ids

        def keys(**wanted: Any) -> list[str]:
            found = queries.list_chargers(connection, TENANT, queries.ChargerFilter(**wanted))
            return [row.charger for row in found.rows]

        assert keys(online=False) == ["CP00007"]
        assert keys(status="Faulted") == ["CP00007"]
        assert keys(q="p0001") == [f"CP0001{n}" for n in range(10)]
        assert keys(q="%") == []
        alfen, beny = keys(vendor="Alfen"), keys(vendor="ZJBENY")
        assert sorted(alfen + beny) == fleet.ids
        assert set(keys(vendor="Alfen", firmware="1.0.31")) < set(alfen)
        one = queries.charger(connection, TENANT, "cp00007")
        assert one is not None
        assert one.cpid == "cp00007"
        assert b'"online":false' in msgspec.json.encode(one)
        assert queries.charger(connection, TENANT, "spy") is None
        found = queries.connectors(connection, TENANT, ["cp00007", "CP00001"])
        assert {key: [row.status for row in each] for key, each in found.items()} == {
            "CP00001": ["Available"],
            "CP00007": ["Faulted"],
        }
        assert queries.count_connectors(connection, TENANT) == {"Available": 24, "Faulted": 1}
        assert queries.count_chargers(connection, TENANT) == (24, 25)
        with pytest.raises(PageTooLong):
            queries.list_chargers(connection, TENANT, limit=201)


def test_what_operators_say_is_on_the_board(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    plan = provisioning.ConnectorPlan(connector_id=1, plug="CCS2", max_a=Decimal("62.5"), phases=3)
    bare = Told(recorded_at=START, actor="user:ada")
    later = Told(recorded_at=minutes(5), actor="user:ada")

    def tell(*facts: Fact, at: Told = bare) -> dict[str, Any]:
        log.tell(*((stream(), fact, at) for fact in facts))
        project(postgres_dsn)
        (row,) = rows(postgres_dsn, "ocpp_chargers")
        return row

    row = tell(
        registered(),
        charger.CredentialIssued("00", "11", "c1", True),
        provisioning.Renamed("Gate"),
        provisioning.Placed(site="s1", node="n1"),
        provisioning.ModelProfileChosen("beny"),
        provisioning.ConnectorsDescribed((plan,)),
        charger.AcceptanceDecided(charger.Acceptance.PENDING, minutes(9)),
        charger.HeartbeatReceived(),
    )
    expected = {
        "name": "Gate",
        "site": "s1",
        "node": "n1",
        "model_profile": "beny",
        "planned_connectors": [{"connector_id": 1, "plug": "CCS2", "max_a": "62.5", "phases": 3}],
        "credential": "c1",
        "credential_since": START,
        "credential_first_use": True,
        "acceptance": "Pending",
        "auto_accept_until": minutes(9),
        "standing": "active",
        "revision": 7,
    }
    assert {name: row[name] for name in expected} == expected
    row = tell(provisioning.CredentialOffered(credential_id="c2", salt="00", digest="22"), at=later)
    assert (row["credential"], row["offered_at"], row["revision"]) == ("c1", minutes(5), 7)
    row = tell(provisioning.CredentialAdopted(credential_id="c2"), at=later)
    assert (row["credential"], row["credential_since"], row["offered_at"]) == ("c2", minutes(5), None)
    assert row["credential_first_use"] is False
    offered = provisioning.CredentialOffered(credential_id="c3", salt="00", digest="33")
    row = tell(offered, provisioning.CredentialWithdrawn(credential_id="c3"), at=later)
    assert (row["credential"], row["offered_at"]) == ("c2", None)
    row = tell(provisioning.Disabled("broken"), at=later)
    assert (row["standing"], row["standing_reason"]) == ("disabled", "broken")
    row = tell(provisioning.Enabled(), at=later)
    assert (row["standing"], row["standing_reason"]) == ("active", None)
    row = tell(provisioning.Retired("sold"), at=later)
    assert (row["standing"], row["credential"], row["revision"]) == ("retired", None, 15)
    with reading(postgres_dsn).connect() as connection:
        assert queries.registered_ids(connection, TENANT) == ["cp1"]
        wanted = queries.ChargerFilter(standing="retired", site="s1")
        assert [one.cpid for one in queries.list_chargers(connection, TENANT, wanted).rows] == ["cp1"]
    row = tell(registered("CP1"), at=later)
    assert (row["cpid"], row["standing"], row["site"], row["planned_connectors"]) == (
        "CP1",
        "active",
        None,
        None,
    )
