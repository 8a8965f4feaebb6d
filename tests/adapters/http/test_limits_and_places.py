"""Reservations, charging profiles and composite schedules through the API."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from adapters.http.api.routes import PREFIX
from application import clock
from domain.chargers.events import Connected, StatusReported, TransactionOpened
from domain.event import Told, events_of
from domain.id_tokens.events import Issued
from domain.identity import IdToken
from tests.adapters.http.conftest import TENANT, World
from tests.adapters.http.led import START, Led, led_on

FAR = "2099-01-01T00:00:00Z"
HOLD = {"connector": 1, "id_tag": "CARD-1", "expiry": FAR}


@pytest.fixture
async def led(world: World, engine: Engine, tmp_path: Path) -> AsyncIterator[Led]:
    """CP1 is known and away."""
    async with led_on(world, engine, tmp_path) as one:
        yield one


async def test_a_place_is_held_shown_and_given_up(led: Led) -> None:
    token = IdToken("CARD-1")
    issued = Issued(id_token=token, group="FLEET")
    await led.world.store.append(events_of(token.stream(TENANT), 0, [issued], Told(recorded_at=START)))
    away = await led.ask("POST", "reservations", HOLD)
    assert (away.status_code, away.json()["code"]) == (409, "offline")
    await led.charger.connect()
    made = await led.ask("POST", "reservations", HOLD)
    assert (made.status_code, made.json()["state"]) == (201, "Accepted"), made.text
    number = made.json()["reservation_id"]
    assert made.headers["location"] == f"{PREFIX}/chargers/CP1/reservations/{number}"
    assert led.charger.reservations[number]["parentIdTag"] == "FLEET", "the group of our books"
    taken = await led.ask("POST", "reservations", HOLD | {"id_tag": "CARD-2"})
    assert (taken.status_code, taken.json()["code"]) == (409, "busy")
    await led.project()
    shown = await led.ask("GET", f"reservations/{number}")
    assert shown.status_code == 200, shown.text
    assert (shown.json()["state"], shown.json()["parent"]) == ("active", "FLEET")
    for found, params in (
        (1, {"state": "active", "charger": "cp1"}),
        (1, {"open": "true", "tag": "card-1"}),
        (0, {"state": "used"}),
        (0, {"charger": "NOBODY"}),
    ):
        listed = await led.client.get(f"{PREFIX}/reservations", params=params)
        assert len(listed.json()["items"]) == found, params
    gone = await led.ask("DELETE", f"reservations/{number}")
    assert (gone.status_code, gone.json()["state"]) == (200, "succeeded")
    assert led.charger.reservations == {}
    over = await led.ask("DELETE", f"reservations/{number}")
    assert (over.status_code, over.json()["code"]) == (409, "ended")
    for absent in (str(number % (2**31 - 2) + 1), "0", "-1", "x", str(2**40)):
        assert (await led.ask("DELETE", f"reservations/{absent}")).status_code == 404
        assert (await led.ask("GET", f"reservations/{absent}")).status_code == 404


@pytest.mark.parametrize("word", ["Faulted", "Occupied", "Rejected", "Unavailable"])
async def test_a_charger_that_will_not_hold_a_place_says_so(led: Led, word: str) -> None:
    led.charger.words = {"ReserveNow": word}
    await led.charger.connect()
    answer = await led.ask("POST", "reservations", HOLD | {"parent": ""})
    assert (answer.status_code, answer.json()["state"]) == (200, word)


async def test_a_reservation_that_is_repeated_with_its_key_is_the_same(led: Led) -> None:
    led.charger.silent = {"ReserveNow"}
    await led.charger.connect()
    headers = {"Prefer": "wait=1", "Idempotency-Key": "once"}
    first = await led.client.post(f"{PREFIX}/chargers/CP1/reservations", json=HOLD, headers=headers)
    assert (first.status_code, first.json()["state"]) == (202, "pending")
    second = await led.client.post(f"{PREFIX}/chargers/CP1/reservations", json=HOLD, headers=headers)
    assert second.json()["reservation_id"] == first.json()["reservation_id"]
    assert len(led.charger.asked("ReserveNow")) == 1


async def test_reservations_that_never_will_be_possible_are_422(led: Led) -> None:
    await led.charger.connect()
    assert (await led.ask("GET", "configuration", refresh=1)).status_code == 200
    for wrong, code in (
        ({"expiry": "2020-01-01T00:00:00Z"}, "validation"),
        ({"connector": 3}, "unsupported_by_charger"),
        ({"connector": 0}, "unsupported_by_charger"),
        ({"id_tag": "C" * 21}, "unsupported_by_charger"),
    ):
        answer = await led.ask("POST", "reservations", HOLD | wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    await led.tell(StatusReported(evse_id=1, connector_id=1, status="Faulted"))
    faulted = await led.ask("POST", "reservations", HOLD)
    assert (faulted.status_code, faulted.json()["code"]) == (409, "busy"), faulted.text
    assert led.charger.reservations == {}


def profile(limit: float = 16, **more: Any) -> dict[str, Any]:
    start = (clock.now() - timedelta(hours=1)).isoformat()
    schedule = {"unit": "A", "start": start, "periods": [{"start": 0, "limit": limit}]}
    return {"id": 7, "purpose": "TxDefaultProfile", "schedule": schedule, **more}


async def test_a_limit_is_wanted_installed_shown_and_lifted(led: Led) -> None:
    body = {"connector": 1, "profile": profile()}
    later = await led.ask("POST", "charging-profiles", body)
    assert (later.status_code, later.json()["state"]) == (202, "pending")
    await led.charger.connect()
    await led.charger.until(lambda: 7 in led.charger.profiles)
    now = await led.ask("POST", "charging-profiles", {"connector": 1, "profile": profile(10)})
    assert (now.status_code, now.json()["state"], now.json()["profile_id"]) == (200, "installed", 7), now.text
    (shown,) = (await led.ask("GET", "charging-profiles")).json()["items"]
    assert (shown["state"], shown["held"], shown["origin"]) == ("installed", True, "operator")
    assert shown["profile"]["schedules"][0]["periods"][0]["limit"] == "10"
    gone = await led.ask("DELETE", "charging-profiles", connector=1, purpose="TxDefaultProfile")
    assert (gone.status_code, gone.json()["withdrawn"], gone.json()["pending"]) == (200, [7], [])
    assert led.charger.profiles == {}
    assert (await led.ask("GET", "charging-profiles")).json() == {"items": []}


async def test_a_limit_that_is_refused_says_why(led: Led) -> None:
    led.charger.words = {"SetChargingProfile": "Rejected"}
    await led.charger.connect()
    answer = await led.ask("POST", "charging-profiles", {"connector": 1, "profile": profile()})
    assert (answer.status_code, answer.json()["state"], answer.json()["status"]) == (
        200,
        "refused",
        "Rejected",
    )
    (shown,) = (await led.ask("GET", "charging-profiles")).json()["items"]
    assert (shown["state"], shown["status"], shown["held"]) == ("refused", "Rejected", False)


async def test_a_plain_limit_is_left_alone_and_cleared_when_it_is_meant(led: Led) -> None:
    plain = {"connector": 1, "profile": profile(), "lasting": False}
    away = await led.ask("POST", "charging-profiles", plain)
    assert (away.status_code, away.json()["code"]) == (409, "offline")
    await led.charger.connect()
    sent = await led.ask("POST", "charging-profiles", plain)
    assert (sent.status_code, sent.json()["state"], sent.json()["lasting"]) == (200, "installed", False)
    assert sent.json()["command"]["action"] == "SetChargingProfile"
    other = await led.ask("POST", "charging-profiles", {"connector": 2, "profile": profile(id=8)})
    assert other.json()["state"] == "installed"
    assert led.charger.profiles.keys() == {7, 8}
    gone = await led.ask("DELETE", "charging-profiles", id=7)
    assert (gone.status_code, gone.json()["withdrawn"]) == (200, [7])
    assert led.charger.profiles.keys() == {8}


async def test_what_nobody_wanted_is_cleared_by_a_command(led: Led) -> None:
    offline = await led.ask("DELETE", "charging-profiles", id=99)
    assert (offline.status_code, offline.json()["code"]) == (409, "offline")
    await led.charger.connect()
    unknown = await led.ask("DELETE", "charging-profiles", id=99)
    assert (unknown.status_code, unknown.json()["status"]) == (200, "Unknown")
    assert unknown.json()["command"]["state"] == "rejected"
    await led.ask("POST", "charging-profiles", {"connector": 1, "profile": profile()})
    everything = await led.ask("DELETE", "charging-profiles", all=True)
    assert (everything.status_code, everything.json()["withdrawn"]) == (200, [7])
    assert led.charger.asked("ClearChargingProfile")[-1] == {}
    for params in ({}, {"id": 7, "all": True}, {"id": 7, "connector": 1}, {"stack": 0, "all": True}):
        answer = await led.ask("DELETE", "charging-profiles", **params)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation"), params


async def test_profiles_that_break_rules_name_them(led: Led) -> None:
    for connector, wrong, rules in (
        (1, {"purpose": "ChargingStationMaxProfile"}, ["V1"]),
        (1, {"purpose": "TxProfile"}, ["V2"]),
        (1, {"kind": "Recurring"}, ["V6"]),
        (1, {"kind": "Relative", "recurrency": "Daily"}, ["V6", "V7"]),
        (1, {"valid_to": "2020-01-01T00:00:00Z"}, ["V11"]),
    ):
        for lasting in (True, False):
            body = {"connector": connector, "profile": profile(**wrong), "lasting": lasting}
            answer = await led.ask("POST", "charging-profiles", body)
            assert (answer.status_code, answer.json()["rules"]) == (422, rules), answer.text
            details = [fault["detail"].partition(":")[0] for fault in answer.json()["errors"]]
            assert sorted(set(details)) == rules
    assert (await led.ask("GET", "charging-profiles")).json() == {"items": []}


async def test_a_composite_schedule_is_laid_beside_ours(led: Led) -> None:
    await led.charger.connect()
    await led.ask("POST", "charging-profiles", {"connector": 1, "profile": profile(16)})
    start = clock.now().replace(microsecond=0)
    led.charger.schedule = {
        "scheduleStart": start.isoformat(),
        "chargingSchedule": {
            "duration": 600,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}, {"startPeriod": 300, "limit": 8}],
        },
    }
    answer = await led.ask("GET", "connectors/1/composite-schedule", duration=600)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["differ"] == [{"start": 300, "end": 600, "we_computed": "16", "charger_says": "8"}]
    assert body["we_computed"]["periods"] == [{"start": 0, "limit": "16", "phases": 3}]
    assert [one["limit"] for one in body["charger_says"]["periods"]] == ["16", "8"]
    assert datetime.fromisoformat(body["we_computed"]["start"]) == start
    assert body["command"]["action"] == "GetCompositeSchedule"
    whole = await led.ask("GET", "connectors/0/composite-schedule", duration=600)
    assert [one["limit"] for one in whole.json()["we_computed"]["periods"]] == [None]


async def test_a_composite_schedule_stands_alone_where_the_charger_says_nothing(led: Led) -> None:
    away = await led.ask("GET", "connectors/1/composite-schedule", unit="W")
    assert (away.status_code, away.json()["charger_says"], away.json()["differ"]) == (200, None, None)
    assert "not connected" in away.json()["why"]
    assert away.json()["we_computed"]["unit"] == "W"
    await led.charger.connect()
    rejected = await led.ask("GET", "connectors/1/composite-schedule")
    assert (rejected.status_code, rejected.json()["charger_says"]) == (200, None)
    assert "Rejected" in rejected.json()["why"]
    led.charger.errors = {"GetCompositeSchedule": "InternalError"}
    failed = await led.ask("GET", "connectors/1/composite-schedule")
    assert (failed.status_code, failed.json()["code"]) == (502, "callerror")
    assert (await led.ask("GET", "configuration", refresh=1)).status_code == 200
    for absent in ("3", "x", "-1", "1000"):
        assert (await led.ask("GET", f"connectors/{absent}/composite-schedule")).status_code == 404
    for wrong in ({"duration": 86_401}, {"duration": 0}, {"unit": "kW"}):
        assert (await led.ask("GET", "connectors/1/composite-schedule", **wrong)).status_code == 422


async def test_a_limit_of_a_transaction_counts_for_it(led: Led) -> None:
    opened = TransactionOpened(
        transaction=f"transaction/{TENANT}/CP1/a",
        evse_id=1,
        connector_id=1,
        started_at=clock.now() - timedelta(minutes=5),
        number=4711,
    )
    connected = Connected(connection="c", gateway="g", protocol="1.6", security_profile=0)
    await led.tell(connected, opened)
    await led.charger.connect()
    tx = profile(6, purpose="TxProfile", kind="Relative", transaction="4711")
    tx["schedule"].pop("start")
    answer = await led.ask("POST", "charging-profiles", {"connector": 1, "profile": tx})
    assert (answer.status_code, answer.json()["state"]) == (200, "installed"), answer.text
    shown = await led.ask("GET", "connectors/1/composite-schedule", duration=60)
    assert [one["limit"] for one in shown.json()["we_computed"]["periods"]] == ["6"]
