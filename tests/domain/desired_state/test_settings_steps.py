"""Given what was told and wanted, the next step: the cases that the field taught."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from domain.chargers.device_model import Attribute, Place, ReportedVariable, VariablesReported
from domain.commands.intent import Answer, Verdict
from domain.commands.settings import ChangeSettings, ReadSettings
from domain.commands.upkeep import ChangeAvailability, Reset
from domain.desired_state import wishes
from domain.desired_state.abilities import abilities_of
from domain.desired_state.events import (
    AvailabilityAnswered,
    AvailabilityDesired,
    HeldSetting,
    SettingAnswered,
    SettingGivenUp,
    SettingsDesired,
    SettingsReported,
    WantedSetting,
    WriteBudgetExhausted,
)
from domain.desired_state.goals import State, standing
from domain.desired_state.hearing import heard, unheard, variables_heard
from domain.desired_state.manners import Manners, manners_of
from domain.desired_state.settings_step import next_setting
from domain.desired_state.step import Note, Pause, Situation
from tests.domain.desired_state.box import Box, Key
from tests.domain.desired_state.desk import Desk

V16 = Situation(protocol="1.6", vendor="V", model="M")
V201 = Situation(protocol="2.0.1", vendor="V", model="M")


def desk(*keys: Key, max_keys: int | None = None, budget: int = 50, vendor: str = "V") -> Desk:
    return Desk(Box(list(keys), max_keys=max_keys), budget=budget, vendor=vendor)


def want(one: Desk, *, restart: bool = False, **values: str) -> None:
    wanted = tuple(WantedSetting(name, value) for name, value in values.items())
    one.tell([SettingsDesired(settings=wanted, restart_if_required=restart)])


def asked(one: Desk, kind: type) -> list[object]:
    return [intent for intent in one.asked if isinstance(intent, kind)]


def test_everything_is_read_once_then_once_a_day_and_after_new_firmware() -> None:
    one = desk(Key("A", "0"))
    one.run(timedelta(hours=23))
    assert one.asked == [ReadSettings()]
    one.boot("1.0")
    one.run(timedelta(hours=23))
    assert len(one.asked) == 1
    one.boot("2.0")
    one.run(timedelta(hours=1))
    assert one.asked == [ReadSettings()] * 2
    one.run(timedelta(hours=49))
    assert len(one.asked) == 4


def test_a_reading_that_tells_nothing_new_leaves_a_small_event() -> None:
    one = desk(Key("A", "0"), Key("B", "0"))
    one.run(timedelta(hours=25))
    readings = [event.fact for event in one.events if isinstance(event.fact, SettingsReported)]
    assert [len(fact.settings) for fact in readings] == [2, 0]


def test_a_charger_that_cannot_tell_everything_is_asked_by_name_as_many_as_it_takes() -> None:
    one = desk(Key("A", "0"), Key("B", "0"), max_keys=1)
    want(one, A="0", B="0")
    for n in range(2):
        one.now += timedelta(minutes=n)
        assert next_setting(one.settings, V16, one.now) == ReadSettings()
        one.tell(unheard(one.settings, ReadSettings(), "no answer"))
    one.run()
    by_name = [intent for intent in one.asked if isinstance(intent, ReadSettings) and intent.names]
    assert by_name[0] == ReadSettings(names=("GetConfigurationMaxKeys",))
    assert all(len(intent.names) == 1 for intent in by_name)
    assert one.box.rules == []


def test_2x_is_asked_for_what_is_wanted_by_name_since_everything_comes_in_reports() -> None:
    one = desk()
    name = "OCPPCommCtrlr.WebSocketPingInterval"
    one.tell([SettingsDesired(settings=(WantedSetting(name, "30"),))])
    limit = ReadSettings(names=("DeviceDataCtrlr.ItemsPerMessage[GetVariables]",))
    assert next_setting(one.settings, V201, one.now) == limit
    told = {"settings": [{"name": limit.names[0], "value": "1"}], "unknown": []}
    one.tell(heard(one.settings, limit, Answer(verdict=Verdict.AGREED, result=told)))
    assert next_setting(one.settings, V201, one.now) == ReadSettings(names=(name,))
    nothing = Answer(verdict=Verdict.AGREED, status="Accepted")
    assert heard(one.settings, ReadSettings(), nothing) == []


def test_one_key_at_a_time_then_read_back_then_one_restart_for_all() -> None:
    slow = "RebootRequired"
    one = desk(Key("A", "0"), Key("B", "0", on_write=slow), Key("C", "0", on_write=slow), max_keys=9)
    want(one, restart=True, A="1", B="1", C="1")
    one.run()
    kinds = [type(intent).__name__ for intent in one.asked]
    assert kinds[:6] == ["ReadSettings", *["ChangeSettings"] * 3, "ReadSettings", "Reset"]
    assert kinds.count("Reset") == 1
    assert {one.box.keys[key].value for key in "abc"} == {"1"}


def test_no_restart_where_nobody_allowed_it_or_a_transaction_runs() -> None:
    one = desk(Key("B", "0", on_write="RebootRequired"))
    want(one, B="1")
    one.run()
    assert asked(one, Reset) == []
    assert standing(one.settings, "b", Manners()).state is State.AWAITING_RESTART
    one.tell(wishes.want_settings(one.settings, {"B": "1"}, restart_if_required=True))
    busy = Situation(protocol="1.6", vendor="V", model="M", in_transaction=True)
    waiting = next_setting(one.settings, busy, one.now)
    assert isinstance(waiting, Pause)
    assert "transaction" in waiting.why
    one.run()
    assert len(asked(one, Reset)) == 1
    assert standing(one.settings, "B", Manners()).state is State.REACHED


def test_a_restart_without_answer_is_not_asked_for_twice() -> None:
    one = desk(Key("B", "0", on_write="RebootRequired"))
    want(one, restart=True, B="1")
    while not isinstance(next_setting(one.settings, V16, one.now), Reset):
        one.look()
        one.now += timedelta(seconds=2)
    one.tell(unheard(one.settings, Reset(), "no answer"))
    one.run(timedelta(days=3))
    assert asked(one, Reset) == []
    assert "not asked for twice" in standing(one.settings, "B", Manners()).reason


def test_a_refused_value_is_not_repeated_until_the_wish_or_the_firmware_changes() -> None:
    one = desk(Key("P", "0", on_write="Rejected"))
    want(one, P="1")
    one.run(timedelta(days=5))
    assert len(asked(one, ChangeSettings)) == 1
    assert standing(one.settings, "p", Manners()) == standing(one.settings, "P", Manners())
    assert standing(one.settings, "P", Manners()).reason == "Rejected"
    one.tell(wishes.want_settings(one.settings, {"P": "1"}))
    one.run(timedelta(hours=1))
    assert len(asked(one, ChangeSettings)) == 2
    one.box.keys["p"].on_write = "Accepted"
    one.boot("2.0")
    one.run(timedelta(hours=1))
    assert one.box.keys["p"].value == "1"


def test_a_key_that_answers_nothing_does_not_hold_up_the_others_and_is_tried_ever_more_seldom() -> None:
    one = desk(Key("A", "0"), Key("B", "0"))
    want(one, A="1", B="1")
    one.look()
    tried: list[datetime] = []
    while len(tried) < 4:
        step = next_setting(one.settings, V16, one.now)
        if isinstance(step, Pause):
            one.now = step.until
        elif step == ChangeSettings(values={"A": "1"}):
            tried.append(one.now)
            one.tell(unheard(one.settings, step, "connection lost"))
        else:
            one.look()
    assert one.box.keys["b"].value == "1"
    assert not one.settings.given_up
    assert [(later - first).seconds for first, later in pairwise(tried)] == [5, 10, 20]


def test_errors_three_times_end_a_wish_lost_connections_never_do() -> None:
    one = desk(Key("A", "0"))
    want(one, A="1")
    one.look()
    write = ChangeSettings(values={"A": "1"})
    for _ in range(9):
        one.tell(unheard(one.settings, write, "connection lost"))
    assert not isinstance(next_setting(one.settings, V16, one.now), Note)
    for _ in range(3):
        one.tell(unheard(one.settings, write, "InternalError", error=True))
    verdict = next_setting(one.settings, V16, one.now)
    assert isinstance(verdict, Note)
    assert isinstance(verdict.facts[0], SettingGivenUp)


def test_over_the_budget_of_the_day_writes_wait_until_the_window_slides() -> None:
    one = desk(*(Key(f"K{n}", "0") for n in range(5)), budget=3)
    want(one, K0="1", K1="1", K2="1", K3="1", K4="1")
    one.run(timedelta(hours=12))
    assert len(one.box.writes) == 3
    (exhausted,) = [event.fact for event in one.events if isinstance(event.fact, WriteBudgetExhausted)]
    first = next(event for event in one.events if isinstance(event.fact, SettingAnswered))
    assert exhausted.until == first.told.recorded_at + timedelta(days=1)
    one.run(timedelta(hours=24))
    assert len(one.box.writes) == 5


@pytest.mark.parametrize(
    ("told", "items"),
    [
        (None, "Energy"),
        ("2", "Energy,Power"),
    ],
)
def test_a_make_that_must_not_be_probed_gets_one_measurand_or_as_many_as_it_told(
    told: str | None, items: str
) -> None:
    keys = [Key("MeterValuesSampledData", "")]
    if told is not None:
        keys.append(Key("MeterValuesSampledDataMaxLength", told, readonly=True))
    one = desk(*keys, vendor="ABB")
    want(one, MeterValuesSampledData="Energy,Power,SoC")
    one.run()
    assert [intent for intent in one.asked if isinstance(intent, ChangeSettings)] == [
        ChangeSettings(values={"MeterValuesSampledData": items})
    ]
    assert standing(one.settings, "MeterValuesSampledData", manners_of("ABB", "")).state is State.NARROWED


def test_a_fixed_cable_makes_no_drift_and_is_known_as_such() -> None:
    name = "UnlockConnectorOnEVSideDisconnect"
    one = desk(Key(name, "false", readonly=True))
    want(one, UnlockConnectorOnEVSideDisconnect="true")
    one.run()
    assert asked(one, ChangeSettings) == []
    assert standing(one.settings, name, Manners()).state is State.UNSUPPORTED
    assert abilities_of(one.settings).tethered
    assert abilities_of(one.settings).profiles is None


def test_abilities_are_what_the_charger_told() -> None:
    one = desk(
        Key("SupportedFeatureProfiles", "Core, SmartCharging", readonly=True),
        Key("NumberOfConnectors", "2", readonly=True),
        Key("AuthorizationKey", "hunter2"),
        Key("StationPassword", "hunter2"),
    )
    one.run()
    abilities = abilities_of(one.settings, vendor="ZJBENY", model="BCP-AT2N-P")
    assert (abilities.profiles, abilities.connectors) == (frozenset({"Core", "SmartCharging"}), 2)
    assert abilities.tethered
    assert set(abilities.settings) == {"SupportedFeatureProfiles", "NumberOfConnectors"}
    assert "hunter2" not in repr(one.events)
    assert one.settings.held["authorizationkey"].setting == HeldSetting(name="AuthorizationKey", secret=True)


def test_wishes_that_are_none() -> None:
    one = desk(Key("Fixed", "0", readonly=True), Key("A", "0"))
    one.run()
    with pytest.raises(wishes.SecretNotKept):
        wishes.want_settings(one.settings, {"AuthorizationKey": "x"})
    with pytest.raises(wishes.SettingReadOnly):
        wishes.want_settings(one.settings, {"fixed": "1"})
    assert wishes.want_settings(one.settings, {"fixed": "0"}) != []
    want(one, A="1")
    assert wishes.want_settings(one.settings, {"a": "1"}) == []
    assert wishes.want_no_settings(one.settings, ["never"]) == []


def test_availability_is_sent_once_in_order_and_a_closed_charger_again_after_a_restart() -> None:
    one = desk()
    one.tell(
        [AvailabilityDesired(operative=True, evse_id=1), AvailabilityDesired(operative=False, reason="works")]
    )
    one.run()
    shut = ChangeAvailability(operative=False)
    assert asked(one, ChangeAvailability) == [ChangeAvailability(operative=True, evse_id=1), shut]
    one.boot()
    one.run()
    assert asked(one, ChangeAvailability)[2:] == [shut]


def test_a_refused_availability_rests_until_it_is_wanted_anew() -> None:
    one = desk()
    one.box.availability_status = "Rejected"
    one.tell(wishes.want_availability(one.settings, True, evse_id=1))
    one.run(timedelta(days=2))
    assert len(asked(one, ChangeAvailability)) == 1
    one.box.availability_status = "Scheduled"
    one.tell(wishes.want_availability(one.settings, True, evse_id=1))
    one.run()
    assert len(asked(one, ChangeAvailability)) == 2
    assert wishes.want_availability(one.settings, True, evse_id=1) == []
    answers = [event.fact for event in one.events if isinstance(event.fact, AvailabilityAnswered)]
    assert [(fact.status, fact.agreed) for fact in answers] == [("Rejected", False), ("Scheduled", True)]


def test_an_availability_answered_with_errors_is_given_up() -> None:
    one = desk()
    one.tell(wishes.want_availability(one.settings, False))
    for _ in range(3):
        one.tell(unheard(one.settings, ChangeAvailability(operative=False), "InternalError", error=True))
    one.run(timedelta(days=2))
    assert asked(one, ChangeAvailability) == []
    (want,) = one.settings.availability.values()
    assert (want.answered, want.agreed) == ("Error", False)


LATER = datetime(2030, 1, 1, tzinfo=UTC)


def test_a_report_of_2x_variables_tells_settings_without_their_secrets() -> None:
    def variable(component: str, name: str, *attributes: Attribute) -> ReportedVariable:
        return ReportedVariable(place=Place(component=component, variable=name), attributes=attributes)

    one = desk()
    report = VariablesReported(
        request_id=1,
        seq_no=0,
        variables=(
            variable("AlignedDataCtrlr", "Interval", Attribute(kind="Target"), Attribute(value="900")),
            variable("ChargingStation", "Model", Attribute(value="M", mutability="ReadOnly")),
            variable("SecurityCtrlr", "BasicAuthPassword", Attribute(value="hunter2")),
            variable("Other", "Nothing", Attribute(kind="Target", value="1")),
        ),
    )
    one.tell(variables_heard(one.settings, report, LATER))
    told = {known.setting.name: known.setting for known in one.settings.held.values()}
    assert set(told) == {
        "AlignedDataCtrlr.Interval",
        "ChargingStation.Model",
        "SecurityCtrlr.BasicAuthPassword",
    }
    assert told["AlignedDataCtrlr.Interval"].value == "900"
    assert told["ChargingStation.Model"].readonly
    assert "hunter2" not in repr(one.events)
    assert variables_heard(one.settings, VariablesReported(request_id=1, seq_no=1), LATER) == []
