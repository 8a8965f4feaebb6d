"""Given events of transactions, the rows of sessions; and what can be asked of them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import msgspec

from domain.event import Fact
from domain.identity import IdToken
from domain.transactions import events as transaction
from domain.transactions.anomalies import Anomaly
from projections.sessions import queries
from projections.streams import session_id
from tests.projections.stories import START, TENANT, Fleet, Log, project, reading, rows, sample, told
from tests.projections.stories import transaction_of as tx

END = START + timedelta(hours=1)


def started(**more: Any) -> transaction.Started:
    known: dict[str, Any] = {
        "evse_id": 1,
        "connector_id": 1,
        "at": START,
        "id_token": IdToken("Tag1", "ISO14443"),
        "verdict": "Accepted",
        "meter_start_wh": Decimal("1000.25"),
        "number": 77,
        "flags": (Anomaly.BUSY_CONNECTOR,),
    }
    return transaction.Started(**(known | more))


def metered(wh: str, energy: int | None) -> transaction.Metered:
    samples = (sample(START + timedelta(minutes=5), wh),)
    return transaction.Metered(
        evse_id=1, connector_id=1, samples=samples, register_wh=Decimal(wh), energy_wh=energy
    )


def ended(at: datetime = END, **more: Any) -> transaction.Ended:
    flags = (Anomaly.METER_WENT_BACK,)
    return transaction.Ended(evse_id=1, connector_id=1, at=at, reason="Local", flags=flags, **more)


def settled(energy: int | None, stop: str | None = "3000.5") -> transaction.EnergySettled:
    return transaction.EnergySettled(
        energy_wh=energy,
        meter_start_wh=Decimal("1000.25"),
        meter_stop_wh=None if stop is None else Decimal(stop),
        flags=(Anomaly.BUSY_CONNECTOR, Anomaly.ATTRIBUTED),
    )


def tell(dsn: str, *facts: Fact, key: str = "t1") -> dict[str, Any]:
    """Project the facts, one a minute, and give the session's row."""
    log = Log(dsn)
    log.tell(*((tx(key), fact, told(n)) for n, fact in enumerate(facts)))
    project(dsn)
    (row,) = [row for row in rows(dsn, "ocpp_sessions") if row["transaction"] == tx(key)]
    return row


def test_a_session_from_start_to_end(postgres_dsn: str) -> None:
    stop = IdToken("Tag2")
    row = tell(postgres_dsn, started(), metered("2000.5", 1000), ended(id_token=stop), settled(2000))
    expected = {
        "session": session_id(tx()),
        "charger": "CP1",
        "number": 77,
        "id_token": "Tag1",
        "id_token_kind": "ISO14443",
        "stop_token": "Tag2",
        "started_at": START,
        "ended_at": END,
        "listed_at": START,
        "reported_at": START,
        "state": "ended",
        "energy_wh": 2000,
        "meter_start_wh": Decimal("1000.25"),
        "meter_stop_wh": Decimal("3000.5"),
        "register_wh": Decimal("2000.5"),
        "reason": "Local",
        "flags": ["busy_connector", "meter_went_back", "readings_attributed"],
    }
    assert {name: row[name] for name in expected} == expected


def test_energy_is_live_then_settled_then_corrected(postgres_dsn: str) -> None:
    story: list[Fact] = [started(), metered("2000", 1000)]
    assert tell(postgres_dsn, *story, key="a")["energy_wh"] == 1000
    story += [ended(), settled(2000)]
    assert tell(postgres_dsn, *story, metered("9000", 8000), key="b")["energy_wh"] == 2000
    assert tell(postgres_dsn, *story, settled(2500), key="c")["energy_wh"] == 2500
    unknown = [metered("2000", 1000), ended(), settled(None, None)]
    assert tell(postgres_dsn, *unknown, key="d")["energy_wh"] is None


def test_every_order_of_arrival_makes_sense(postgres_dsn: str) -> None:
    found = []
    for n, order in enumerate(permutations([started(), metered("2000", 1000), ended()])):
        row = tell(postgres_dsn, *order, settled(2000), key=f"o{n}")
        kept = ("state", "energy_wh", "started_at", "ended_at", "listed_at", "id_token", "flags", "number")
        found.append({name: row[name] for name in kept})
    assert found[0]["state"] == "ended"
    assert all(each == found[0] for each in found)


def test_states(postgres_dsn: str) -> None:
    gone = transaction.Superseded(tx("next"))
    waiting = "awaiting_reconciliation"
    assert tell(postgres_dsn, started(), key="a")["state"] == "active"
    assert tell(postgres_dsn, metered("1", None), key="b")["state"] == "active"
    assert tell(postgres_dsn, started(), gone, key="c")["state"] == waiting
    assert tell(postgres_dsn, ended(), settled(None, None), key="d")["state"] == waiting
    assert tell(postgres_dsn, started(), gone, ended(), key="e")["state"] == "ended"
    assert tell(postgres_dsn, ended(), started(), key="f")["state"] == "ended"


def test_the_first_token_shown_is_the_sessions(postgres_dsn: str) -> None:
    shown = [
        transaction.TokenShown(id_token=IdToken(name), verdict="Accepted", at=START) for name in ("A", "B")
    ]
    assert tell(postgres_dsn, started(id_token=None), *shown, key="a")["id_token"] == "A"
    assert tell(postgres_dsn, started(), *shown, key="b")["id_token"] == "Tag1"
    assert tell(postgres_dsn, shown[1], started(), key="c")["id_token"] == "Tag1"


def test_a_start_in_1970_is_told_and_listed_where_it_was_reported(postgres_dsn: str) -> None:
    unset = datetime(1970, 1, 1, tzinfo=UTC)
    row = tell(postgres_dsn, started(at=unset))
    assert (row["started_at"], row["listed_at"]) == (unset, START)


def test_odd_figures_and_signs_stop_nothing(postgres_dsn: str) -> None:
    odd = started(
        meter_start_wh=Decimal("1e400"),
        id_token=IdToken("\x00" + "x" * 5000),
        reservation_id=2**70,
        remote_start_id=-(2**62),
        reference="ref\x00",
        evse_id=2**40,
    )
    row = tell(postgres_dsn, odd, metered("1e-30000", 10**40), settled(10**30, "NaN"))
    assert row["id_token"] == "\ufffd" + "x" * 254
    assert (row["reservation_id"], row["energy_wh"], row["meter_stop_wh"]) == (None, None, None)
    assert (row["reference"], row["remote_start_id"]) == ("ref\ufffd", -(2**62))


def test_lists(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    fleet = Fleet(log, 5, 6)
    log.append(fleet.arrive())
    log.append(fleet.live(900))
    project(postgres_dsn)
    stored = rows(postgres_dsn, "ocpp_sessions", "listed_at DESC, session DESC")
    with reading(postgres_dsn).connect() as connection:

        def ids(**wanted: Any) -> list[str]:
            found: list[str] = []
            after: Any = None
            while True:
                page = queries.list_sessions(
                    connection, TENANT, queries.SessionFilter(**wanted), after=after, limit=7
                )
                found += [row.session for row in page.rows]
                if page.next is None:
                    return found
                after = page.next

        def where(test: Any) -> list[str]:
            found = [row["session"] for row in stored if test(row)]
            assert 0 < len(found) < len(stored)
            return found

        assert ids() == [row["session"] for row in stored]
        assert ids(charger="cp00003") == where(lambda row: row["charger"] == "CP00003")
        token = next(row["id_token"] for row in stored if row["id_token"])
        assert ids(id_token=token.upper()) == where(lambda row: row["id_token"] == token)
        for state in ("active", "ended", "awaiting_reconciliation"):
            assert ids(state=state) == where(lambda row, state=state: row["state"] == state)
        assert ids(flag="late_start") == where(lambda row: "late_start" in row["flags"])
        assert ids(min_energy_wh=300) == where(lambda row: (row["energy_wh"] or 0) >= 300)
        assert ids(reason="Local") == where(lambda row: row["reason"] == "Local")
        begin, end = stored[40]["listed_at"], stored[20]["listed_at"]
        assert ids(begin=begin, end=end) == where(lambda row: begin <= row["listed_at"] < end)
        open_ = [sum(r["state"] == s for r in stored) for s in ("active", "awaiting_reconciliation")]
        assert queries.count_open(connection, TENANT) == tuple(open_)
        one = queries.session(connection, TENANT, stored[0]["session"])
        assert one is not None
        assert msgspec.json.decode(msgspec.json.encode(one))["transaction"] == stored[0]["transaction"]
        assert queries.session(connection, "other", stored[0]["session"]) is None
        assert queries.list_sessions(connection, "other").rows == ()
