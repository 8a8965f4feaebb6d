"""Faults strike where they should, and the same seed strikes the same."""

import orjson
import pytest

from entrypoints.simulator.faults import Fault, Faults, Scripted
from tests.simulator.workbench import BORN_S, Table


def _scripted(fault: Fault, after_s: float = 0.0) -> Faults:
    return Faults(scripted=(Scripted("CP1", after_s, fault),))


def test_a_plan_is_the_same_for_the_same_seed_and_shares_are_met() -> None:
    faults = Faults(share={Fault.OFFLINE: 0.3}, chance=1.0)
    struck = [faults.plan(f"CP{n}", 1, 0.0).strikes(Fault.OFFLINE, 0.0) for n in range(1000)]
    assert struck == [faults.plan(f"CP{n}", 1, 0.0).strikes(Fault.OFFLINE, 0.0) for n in range(1000)]
    assert 250 < sum(struck) < 350


def test_a_scripted_fault_strikes_once_after_its_time() -> None:
    plan = _scripted(Fault.OFFLINE, 10).plan("CP1", 1, 0.0)
    assert [plan.strikes(Fault.OFFLINE, t) for t in (5.0, 11.0, 12.0)] == [False, True, False]
    assert not _scripted(Fault.OFFLINE).plan("CP2", 1, 0.0).strikes(Fault.OFFLINE, 0.0)


def test_duplicates_repeat_the_frame_and_retransmits_the_payload() -> None:
    table = Table(faults=_scripted(Fault.DUPLICATE)).online()
    assert table.frames[0] == table.frames[1]
    other = Table(faults=_scripted(Fault.RETRANSMIT)).online()
    other.charge()
    starts = [f for f in map(orjson.loads, other.frames) if f[2] == "StartTransaction"]
    assert starts[0][1] != starts[1][1]
    assert starts[0][3] == starts[1][3]


def test_an_outage_is_asked_for_after_an_answer() -> None:
    table = Table(faults=_scripted(Fault.HALF_OPEN)).online()
    away = table.charger.take_away()
    assert away is not None
    assert away.deaf


def test_missing_stop_minus_one_and_a_falling_register() -> None:
    table = Table(faults=_scripted(Fault.MISSING_STOP)).online()
    table.charge().wait(60)
    assert table.leave().calls("StopTransaction") == []
    minus = Table(faults=_scripted(Fault.STOP_MINUS_ONE)).online()
    minus.charge().leave()
    assert minus.calls("StopTransaction")[0]["transactionId"] == -1
    jump = Table(faults=_scripted(Fault.METER_JUMP, 200)).online()
    jump.station.connectors[1].register_wh = 50_000.0
    jump.charge(wanted_wh=20_000).wait(400)
    registers = [int(m["meterValue"][0]["sampledValue"][0]["value"]) for m in jump.calls("MeterValues")]
    assert registers != sorted(registers)


@pytest.mark.parametrize("fault", [Fault.BAD_JSON, Fault.BAD_SCHEMA, Fault.BAD_TYPE, Fault.RUBBISH])
def test_bad_frames_go_out_beside_the_good_ones(fault: Fault) -> None:
    table = Table(faults=_scripted(fault))
    frames = table.charger.opened(BORN_S)
    assert len(frames) == (21 if fault is Fault.RUBBISH else 2)
    assert orjson.loads(frames[-1])[2] == "BootNotification"


def test_clocks_go_wrong() -> None:
    zone = Faults(share={Fault.WRONG_ZONE: 1.0}, chance=0.0).plan("CP1", 1, 0.0)
    assert zone.clock(100.0) == 100.0 + 3 * 3600
    drift = Faults(share={Fault.DRIFT: 1.0}, chance=0.0).plan("CP1", 1, 0.0)
    assert drift.clock(1000.0) == 1020.0
    later = _scripted(Fault.WRONG_ZONE, 50).plan("CP1", 1, 0.0)
    assert [later.clock(t) - t for t in (49.0, 51.0, 60.0)] == [0, 3 * 3600, 3 * 3600]


def test_a_slow_answer_comes_late_and_dies_with_its_connection() -> None:
    call = '[2,"c{}","ClearCache",{{}}]'
    table = Table(faults=Faults(share={Fault.SLOW: 1.0}, chance=1.0, slow_s=20)).online()
    assert table.charger.received(call.format(1), table.now_s) == []
    table.frames.clear()
    table.wait(19)
    assert table.frames == []
    table.wait(2)
    assert [orjson.loads(text)[:2] for text in table.frames] == [[3, "c1"]]
    table.charger.received(call.format(2), table.now_s)
    table.frames.clear()
    table.offline().wait(30).online()
    assert all(orjson.loads(text)[0] == 2 for text in table.frames)
