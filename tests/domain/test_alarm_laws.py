"""Alarms: one open of each kind, counted and not repeated; told twice is told once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alarms import kinds
from domain.alarms.alarms import (
    PACE,
    AlarmNotOpen,
    Alarms,
    Occurrence,
    alarms_stream,
    subject_in,
)
from domain.alarms.events import AlarmAcknowledged, AlarmCleared, AlarmRaised, AlarmRepeated, Severity
from domain.event import Fact, Told, events_of

BEGIN = datetime(2026, 11, 25, tzinfo=UTC)
STREAM = "alarms/t/CP1"
CRITICAL = [
    "FirmwareUpdated",
    "SettingSystemTime",
    "StartupOfTheDevice",
    "ResetOrReboot",
    "SecurityLogWasCleared",
    "MemoryExhaustion",
    "TamperDetectionActivated",
]
RECORDED = [
    "FailedToAuthenticateAtCentralSystem",
    "ReconfigurationOfSecurityParameters",
    "InvalidMessages",
    "AttemptedReplayAttacks",
    "InvalidFirmwareSignature",
    "InvalidFirmwareSigningCertificate",
    "InvalidCentralSystemCertificate",
    "InvalidChargePointCertificate",
    "InvalidTLSVersion",
    "InvalidTLSCipherSuite",
]


class History:
    """An aggregate and all that was written of it."""

    def __init__(self) -> None:
        self.alarms = Alarms(STREAM)
        self.facts: list[Fact] = []

    def take(self, facts: list[Fact]) -> list[Fact]:
        for event in events_of(STREAM, self.alarms.version, facts, Told(recorded_at=BEGIN)):
            self.alarms.when(event)
        self.facts += facts
        return facts

    def notice(self, kind: kinds.Kind, seconds: float) -> list[Fact]:
        at = BEGIN + timedelta(seconds=seconds)
        what = Occurrence(kind=kind, source=f"charger/t/CP1@{seconds}", at=at)
        return self.take(self.alarms.notice(what, f"a{len(self.facts)}"))


def test_sec_33_critical_events_of_the_white_paper_are_critical_and_the_others_are_not() -> None:
    assert {kinds.of_report(name).severity for name in CRITICAL} == {Severity.CRITICAL}
    assert {kinds.of_report(name).severity for name in RECORDED} == {Severity.WARNING}
    assert kinds.of_report(" tamperDETECTIONactivated ").name == "TamperDetectionActivated"


def test_what_a_maker_invents_is_one_kind() -> None:
    assert {kinds.of_report(f"Invented{n}") for n in range(100)} == {kinds.OTHER_EVENT}


def test_a_flood_is_one_alarm_that_counts_once_a_minute() -> None:
    told = History()
    for n in range(600):
        told.notice(kinds.of_report("InvalidMessages"), n)
    assert [type(fact) for fact in told.facts] == [AlarmRaised, *[AlarmRepeated] * 9]


def test_an_acknowledged_alarm_that_happens_again_is_raised_anew() -> None:
    told, kind = History(), kinds.of_report("TamperDetectionActivated")
    (raised,) = told.notice(kind, 0)
    assert isinstance(raised, AlarmRaised)
    told.take(told.alarms.acknowledge(raised.alarm_id, "looking"))
    assert told.alarms.acknowledge(raised.alarm_id, "again") == []
    over, again = told.notice(kind, 120)
    assert isinstance(over, AlarmCleared)
    assert over.alarm_id == raised.alarm_id
    assert isinstance(again, AlarmRaised)
    assert again.alarm_id != raised.alarm_id


def test_what_is_over_cannot_be_acknowledged_or_cleared() -> None:
    told = History()
    (raised,) = told.notice(kinds.OTHER_EVENT, 0)
    assert isinstance(raised, AlarmRaised)
    told.take(told.alarms.clear(raised.alarm_id, "mended"))
    for refused in (told.alarms.acknowledge, told.alarms.clear):
        with pytest.raises(AlarmNotOpen):
            refused(raised.alarm_id, "")


STEPS = st.lists(
    st.tuples(st.sampled_from(["InvalidMessages", "MemoryExhaustion", "x"]), st.integers(0, 600))
    | st.sampled_from(["acknowledge", "clear"]),
    max_size=60,
)


@given(STEPS)
def test_at_most_one_is_open_of_a_kind_and_its_occurrences_are_a_minute_apart(
    steps: list[tuple[str, int] | str],
) -> None:
    told, now = History(), 0
    for step in steps:
        if isinstance(step, tuple):
            now += step[1]
            told.notice(kinds.of_report(step[0]), now)
        else:
            for one in list(told.alarms.open.values()):
                told.take(getattr(told.alarms, step)(one.id, ""))
    open_now: dict[str, str] = {}
    last: dict[str, datetime] = {}
    for fact in told.facts:
        if isinstance(fact, AlarmRaised):
            assert fact.kind not in open_now
            open_now[fact.kind] = fact.alarm_id
        elif isinstance(fact, AlarmCleared):
            assert open_now.pop(fact.kind) == fact.alarm_id
        elif isinstance(fact, AlarmAcknowledged | AlarmRepeated):
            assert open_now[fact.kind] == fact.alarm_id
        if isinstance(fact, AlarmRaised | AlarmRepeated):
            assert fact.kind not in last or fact.at - last[fact.kind] >= PACE
            last[fact.kind] = fact.at


@given(st.lists(st.integers(0, 300), min_size=1, max_size=30))
def test_what_is_told_twice_is_counted_once(seconds: list[int]) -> None:
    """A successor of the follower reads a part of the log again."""
    told = History()
    times = sorted(seconds)
    for at in times:
        told.notice(kinds.OTHER_EVENT, at)
    before = len(told.facts)
    for at in times:
        assert told.notice(kinds.OTHER_EVENT, at) == []
    assert len(told.facts) == before


@pytest.mark.parametrize("subject", ["CP1", "BÜRO 7", "address:203.0.113.9", "address:2001:db8::/64"])
def test_a_subject_reads_back_from_its_stream(subject: str) -> None:
    assert subject_in(alarms_stream("t", subject)) == ("t", subject)
