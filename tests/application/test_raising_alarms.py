"""Which events raise which alarm, for whom, and what operators do about it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from application.alarms import AlarmBook
from domain.alarms.alarms import AlarmNotOpen
from domain.alarms.events import AlarmAcknowledged, AlarmCleared, AlarmRaised, AlarmRepeated, Severity
from domain.chargers.absence import WentOffline
from domain.chargers.events import Connected, HandshakeRefused, Metered
from domain.chargers.security import SecurityEventReported
from domain.commands.events import OutcomeUnknown
from domain.event import Event, Fact, Recorded, Told
from domain.people.events import Locked
from domain.safeguards.events import AddressHeld, MassCommandsRefused
from domain.transactions.anomalies import Anomaly
from domain.transactions.events import Ended, NumberClaimed
from entrypoints.reactions import REACTIONS
from tests.fakes.event_store import InMemoryEventStore

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Followed:
    """A store, and events that the follower hears."""

    def __init__(self) -> None:
        self.store = InMemoryEventStore()
        self._n = 0

    async def hear(self, stream: str, fact: Fact, minutes: float = 0) -> None:
        self._n += 1
        told = Told(recorded_at=NOON + timedelta(minutes=minutes))
        event: Event[Any] = Event(originator_id=stream, originator_version=self._n, fact=fact, told=told)
        await self.store.append([event])
        for react in REACTIONS[type(fact)]:
            await react.do(self.store, Recorded(self._n, event))

    def alarms(self) -> list[Event[Fact]]:
        return [one.event for one in self.store.log if one.event.originator_id.startswith("alarms/")]

    def raised(self) -> list[tuple[str, str]]:
        """(stream, kind) of each alarm."""
        return [
            (event.originator_id, event.fact.kind)
            for event in self.alarms()
            if isinstance(event.fact, AlarmRaised)
        ]


def refused(reason: str, *, known: bool = True, count: int = 1, cpid: str = "cp1") -> HandshakeRefused:
    return HandshakeRefused(
        cpid=cpid, reason=reason, status=401, known=known, count=count, remote="203.0.113.9"
    )


async def test_who_guesses_at_a_person_raises_an_alarm_about_that_person() -> None:
    here = Followed()
    await here.hear("user/t/0123", Locked(seconds=60))
    await here.hear("user/t/0123", Locked(seconds=120), minutes=2)
    assert here.raised() == [("alarms/t/user:0123", "sign_in_guessing")]
    assert [type(event.fact) for event in here.alarms()] == [AlarmRaised, AlarmRepeated]


async def test_a_security_event_is_an_alarm_of_its_severity_with_its_source() -> None:
    here = Followed()
    await here.hear("charger/t/CP1", SecurityEventReported(kind="TamperDetectionActivated", info="door"))
    (event,) = here.alarms()
    fact = event.fact
    assert isinstance(fact, AlarmRaised)
    assert (fact.severity, fact.info, fact.source) == (Severity.CRITICAL, "door", "charger/t/CP1@1")
    assert event.originator_id == "alarms/t/CP1"
    assert event.told.cause == "charger/t/CP1@1"


async def test_a_makers_event_says_which() -> None:
    here = Followed()
    await here.hear("charger/t/CP1", SecurityEventReported(kind="LidOpen", info="x" * 2000))
    (event,) = here.alarms()
    assert isinstance(event.fact, AlarmRaised)
    assert event.fact.kind == "other_security_event"
    assert event.fact.info.startswith("LidOpen: x")
    assert len(event.fact.info) == 255


@pytest.mark.parametrize(
    ("fact", "raised"),
    [
        (refused("auth_locked"), [("alarms/t/CP1", "password_guessing")]),
        (refused("auth_password", count=59), [("alarms/t/CP1", "password_guessing")]),
        (refused("duplicate_connection"), [("alarms/t/CP1", "duplicate_connection")]),
        (refused("profile_mismatch"), [("alarms/t/CP1", "weaker_profile")]),
        (refused("client_cert_revoked"), [("alarms/t/CP1", "bad_certificate")]),
        (refused("rate_limited"), [("alarms/t/address:203.0.113.9", "address_locked")]),
        (refused("auth_locked", known=False), [("alarms/t/address:203.0.113.9", "address_locked")]),
        (refused("arrivals_too_often"), [("alarms/t/CP1", "arrivals_too_often")]),
        (refused("auth_password"), []),
        (refused("id_unknown", known=False, count=500), []),
        (refused("draining", known=False), []),
    ],
)
async def test_refusals_that_a_slip_does_not_explain(
    fact: HandshakeRefused, raised: list[tuple[str, str]]
) -> None:
    here = Followed()
    await here.hear("attempt/t/1", fact)
    assert here.raised() == raised


async def test_an_address_that_has_to_wait_at_the_api_is_worth_a_look() -> None:
    here = Followed()
    await here.hear("attempt/t/1", AddressHeld(remote="203.0.113.9", wait_s=8, strikes=3))
    assert here.raised() == [("alarms/t/address:203.0.113.9", "strangers_at_the_api")]


async def test_sec_36_who_would_steer_too_many_raises_a_critical_alarm() -> None:
    here = Followed()
    await here.hear("pace/t/1", MassCommandsRefused(charger="CP1", what="Reset", per_min=60, wait_s=1))
    assert here.raised() == [("alarms/t/actor:charger", "mass_commands")]
    (event,) = here.alarms()
    assert isinstance(event.fact, AlarmRaised)
    assert (event.fact.severity, event.fact.info) == (
        Severity.CRITICAL,
        "Reset, more than 60 chargers a minute; CP1 was not asked",
    )


async def test_an_unknown_outcome_is_worth_a_look() -> None:
    here = Followed()
    await here.hear("command/t/1", OutcomeUnknown(charger="CP1", why="the connection ended"))
    assert here.raised() == [("alarms/t/CP1", "command_outcome_unknown")]


async def test_sec_10_a_transaction_of_another_charger_is_an_alarm() -> None:
    here = Followed()
    end = Ended(evse_id=1, connector_id=1, at=NOON, flags=(Anomaly.FOREIGN_NUMBER,))
    await here.hear("transaction/t/CP1/x", end)
    assert here.raised() == [("alarms/t/CP1", "foreign_transaction")]


@pytest.mark.parametrize(
    ("claimed", "raised"), [("7", 1), ("8", 0), ("9", 0), ("0", 0), ("-1", 0), ("abc", 0), ("", 0)]
)
async def test_sec_10_readings_for_another_chargers_transaction_are_an_alarm(
    claimed: str, raised: int
) -> None:
    here = Followed()
    for number, owner in ((7, "CP2"), (8, "CP1")):
        claim = NumberClaimed(number, f"transaction/t/{owner}/x")
        stream = f"transaction-number/t/{number}"
        told = Told(recorded_at=NOON)
        await here.store.append([Event(originator_id=stream, originator_version=1, fact=claim, told=told)])
    await here.hear(
        "charger/t/CP1", Metered(evse_id=1, connector_id=1, samples=(), claimed_transaction=claimed)
    )
    assert len(here.raised()) == raised


async def test_what_repeats_is_counted_once_a_minute_and_with_what_the_source_counted() -> None:
    here = Followed()
    for minutes in (0, 0.5, 1, 1.5, 2):
        await here.hear("attempt/t/1", refused("auth_locked", count=10), minutes)
    counts = [
        event.fact.count for event in here.alarms() if isinstance(event.fact, AlarmRaised | AlarmRepeated)
    ]
    assert counts == [10, 10, 10]


async def test_an_operator_looks_after_an_alarm_and_ends_it() -> None:
    here = Followed()
    await here.hear("charger/t/CP1", SecurityEventReported(kind="MemoryExhaustion"))
    alarm_id = here.alarms()[0].fact.alarm_id  # type: ignore[attr-defined]
    book = AlarmBook(here.store, "t", "user:ann", "request-1")
    await book.acknowledge("CP1", alarm_id, "on my way")
    await book.acknowledge("CP1", alarm_id, "on my way")
    await book.acknowledge("CP1", alarm_id, "mended", clear=True)
    facts = [(type(event.fact), event.told.actor, event.told.cause) for event in here.alarms()[1:]]
    assert facts == [
        (AlarmAcknowledged, "user:ann", "request-1"),
        (AlarmCleared, "user:ann", "request-1"),
    ]
    for tenant, subject in (("t", "CP1"), ("t", "CP2"), ("other", "CP1")):
        with pytest.raises(AlarmNotOpen):
            await AlarmBook(here.store, tenant, "user:ann").acknowledge(subject, alarm_id, "")


async def test_who_stays_away_is_an_alarm_until_he_is_back() -> None:
    here = Followed()
    gone = WentOffline(since=NOON, patience_s=900, reason="cut")
    back = Connected(connection="c", gateway="g", protocol="1.6", security_profile=0)
    await here.hear("charger/t/CP1", back)
    assert here.alarms() == [], "nobody missed it"
    for minutes in (20, 40):
        await here.hear("charger/t/CP1", gone, minutes)
        await here.hear("charger/t/CP1", back, minutes + 1)
    await here.hear("charger/t/CP1", back, 60)
    kinds = [(type(event.fact), event.fact.kind) for event in here.alarms()]  # type: ignore[attr-defined]
    assert kinds == [(AlarmRaised, "charger_offline"), (AlarmCleared, "charger_offline")] * 2
