"""The charger's core: what goes in, which frames come out."""

import orjson
import pytest

from entrypoints.simulator.connector import Vehicle
from tests.simulator.workbench import BORN_S, Table

VERSIONS = ("1.6", "2.0.1", "2.1")


@pytest.mark.parametrize("version", VERSIONS)
def test_first_frame_is_boot_and_status_follows_acceptance(version: str) -> None:
    table = Table(version).online()
    assert table.actions()[0] == "BootNotification"
    assert set(table.actions()[1:]) == {"StatusNotification"}
    assert len(table.calls("StatusNotification")) == (2 if version == "1.6" else 1)


def test_reconnect_does_not_boot_and_reports_only_what_changed() -> None:
    table = Table().online()
    table.frames.clear()
    table.offline().online()
    assert table.actions() == []
    table.offline()
    table.charge()
    table.online()
    assert "BootNotification" not in table.actions()
    assert table.calls("StatusNotification")[-1]["status"] == "Charging"


def test_pending_boot_is_repeated_after_the_interval_and_nothing_else_is_sent() -> None:
    table = Table()
    table.answers["BootNotification"] = {
        "status": "Pending",
        "interval": 20,
        "currentTime": "2026-01-01T00:00:00Z",
    }
    table.online().wait(19)
    assert table.actions() == ["BootNotification"]
    table.answers.clear()
    table.wait(2)
    assert table.actions()[:3] == ["BootNotification", "BootNotification", "StatusNotification"]


def test_a_16_session_from_plug_to_unplug() -> None:
    table = Table().online()
    table.frames.clear()
    table.charge(wanted_wh=500, power_w=6000).wait(600)
    table.leave()
    words = [call["status"] for call in table.calls("StatusNotification")]
    assert words == ["Preparing", "Charging", "SuspendedEV", "Finishing", "Available"]
    start, stop = table.calls("StartTransaction")[0], table.calls("StopTransaction")[0]
    assert stop["meterStop"] - start["meterStart"] == 500
    assert stop["reason"] == "EVDisconnected"
    meters = table.calls("MeterValues")
    assert {meter["transactionId"] for meter in meters} == {stop["transactionId"]}
    assert len(meters) == 10
    registers = [int(m["meterValue"][0]["sampledValue"][0]["value"]) for m in meters]
    assert registers == sorted(registers)


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_a_2x_session_numbers_its_events_without_gaps(version: str) -> None:
    table = Table(version).online().charge(wanted_wh=500, power_w=6000).wait(600)
    table.leave()
    events = table.calls("TransactionEvent")
    assert [event["seqNo"] for event in events] == list(range(len(events)))
    assert [events[0]["eventType"], events[-1]["eventType"]] == ["Started", "Ended"]
    assert len({event["transactionInfo"]["transactionId"] for event in events}) == 1
    begin = events[0]["meterValue"][0]["sampledValue"][0]
    end = events[-1]["meterValue"][0]["sampledValue"][0]
    assert (begin["context"], end["context"]) == ("Transaction.Begin", "Transaction.End")
    assert end["value"] - begin["value"] == 500
    assert "offline" not in events[0]


def test_only_one_call_is_outstanding() -> None:
    table = Table()
    table.silent.add("StatusNotification")
    table.online()
    table.charge()
    assert table.actions() == ["BootNotification", "StatusNotification"]


def test_same_inputs_and_seed_give_the_same_frames_and_another_seed_others() -> None:
    def told(seed: int) -> list[str]:
        table = Table("2.0.1", seed=seed).online().charge(wanted_wh=900).wait(900)
        return table.leave().frames

    assert told(7) == told(7)
    assert told(7) != told(8)


def test_an_unknown_token_never_starts_and_an_invalid_start_is_stopped() -> None:
    table = Table().online()
    table.answers["Authorize"] = {"idTagInfo": {"status": "Blocked"}}
    table.charge()
    assert table.calls("StartTransaction") == []
    other = Table().online()
    other.answers["StartTransaction"] = {"transactionId": 5, "idTagInfo": {"status": "Invalid"}}
    other.charge()
    assert other.calls("StopTransaction")[0]["reason"] == "DeAuthorized"


def test_noise_is_counted_and_not_answered() -> None:
    table = Table().online()
    for noise in ("", "null", "[]", '[3,"nobody",{}]', '[4,"nobody","X","",{}]', "[9,1]", '[2,7,"Reset",{}]'):
        assert table.charger.received(noise, BORN_S) == []
    assert table.charger.unexpected == 7


def test_the_car_tapers_and_never_takes_more_than_it_wants() -> None:
    vehicle = Vehicle(10_000, 11_000)
    assert vehicle.power_w(22_000) == 11_000
    vehicle.delivered_wh = 9_000
    assert 1_650 < vehicle.power_w(22_000) < 11_000
    assert vehicle.power_w(1_000) == 1_000
    vehicle.delivered_wh = 10_000
    assert vehicle.power_w(22_000) == 0


def test_a_profile_limits_power_and_zero_suspends() -> None:
    table = Table().online().charge(wanted_wh=50_000).wait(60)
    number = table.station.connectors[1].transaction.number
    profile = {
        "chargingProfileId": 1,
        "transactionId": number,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}, {"startPeriod": 120, "limit": 0}],
        },
    }
    answer = table.ask("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})
    assert answer == {"status": "Accepted"}
    table.wait(1)
    assert table.station.connectors[1].power_w == 10 * 230 * 3
    table.wait(120)
    assert table.calls("StatusNotification")[-1]["status"] == "SuspendedEVSE"
    composite = table.ask("GetCompositeSchedule", {"connectorId": 1, "duration": 600})
    assert composite["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 0.0}]


def test_a_server_that_forgot_the_charger_is_told_again() -> None:
    table = Table().online()
    frames = table.wait(299).charger.elapsed(table.now_s + 1)
    message_id = orjson.loads(frames[0])[1]
    table.frames.clear()
    table.say(table.charger.received(f'[4,"{message_id}","SecurityError","",{{}}]', table.now_s))
    assert table.actions()[:2] == ["BootNotification", "StatusNotification"]


def test_message_ids_never_repeat() -> None:
    table = Table().online().charge().wait(600)
    ids = [orjson.loads(text)[1] for text in table.frames]
    assert len(ids) == len(set(ids))
    assert max(map(len, ids)) <= 36
