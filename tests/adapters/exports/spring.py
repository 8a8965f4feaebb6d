"""The end of a winter at two operators: a month's end, the night of summer time, a day on which nothing happens."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from domain.chargers import events as charger
from domain.chargers.provisioning import Placed
from domain.commands import events as command
from domain.commands.intent import Answer, Verdict
from domain.commands.upkeep import Reset
from domain.event import Fact, Told
from domain.identity import IdToken
from domain.transactions import events as transaction
from domain.transactions.anomalies import Anomaly
from tests.projections.stories import Log, sample

TENANTS = ("acme", "north")
CHARGERS = ("HALL-1", "HALL-2", "YARD-1")
DAYS = tuple(date(2026, 3, 27) + timedelta(days=n) for n in range(7))
EMPTY = date(2026, 3, 31)
BEGIN = datetime(2026, 3, 28, tzinfo=UTC)
END = datetime(2026, 4, 2, tzinfo=UTC)
"""What tests export: all but the first day and the last."""

ANN = "~" + "A" * 26
PLAIN = "04A2B9C1D2E380"
"""A token of a log from before sealing."""


def live(log: Log) -> None:
    """All of it, a day after the other."""
    for day in DAYS:
        if day == EMPTY:
            continue
        for tenant in TENANTS:
            for n, cpid in enumerate(CHARGERS):
                _day(log, tenant, cpid, datetime(day.year, day.month, day.day, n, 40, tzinfo=UTC))


def _day(log: Log, tenant: str, cpid: str, at: datetime) -> None:
    """A session of an hour and a half, of which the car charges for one hour; then one of unknown energy."""
    told: list[tuple[str, Fact, Told]] = []
    path = f"charger/{tenant}/{cpid}"
    if at.date() == DAYS[0]:
        registered = charger.Registered(cpid=cpid, security_profile=1)
        placed = Placed(site=cpid.partition("-")[0].title(), node="")
        booted = charger.Booted(
            vendor="ZJBENY", model="M7", answered=charger.Acceptance.ACCEPTED, interval_s=300
        )
        by_ada = Told(recorded_at=at, actor="user:ada")
        told += [(path, registered, by_ada), (path, placed, by_ada), (path, booted, _told(at))]
    told += [(path, _status("Occupied", "Charging"), _told(at)), *_session(tenant, cpid, at)]
    told += [
        (path, _status("Available"), _told(at + timedelta(minutes=90))),
        (path, _status("Available"), _told(at + timedelta(minutes=95))),
        *_lost(tenant, cpid, at + timedelta(hours=5)),
        *_asked(tenant, cpid, at + timedelta(hours=6)),
    ]
    log.tell(*told)


def _session(tenant: str, cpid: str, at: datetime) -> list[tuple[str, Fact, Told]]:
    path = f"transaction/{tenant}/{cpid}/{at:%Y%m%dT%H%M}"
    end = at + timedelta(minutes=90)
    start = transaction.Started(
        evse_id=1,
        connector_id=1,
        at=at,
        id_token=IdToken(ANN if cpid != "YARD-1" else PLAIN),
        verdict="Accepted",
        meter_start_wh=Decimal("1000.125"),
    )
    told: list[tuple[str, Fact, Told]] = [(path, start, _told(at))]
    for minute in range(5, 90, 5):
        now, wh = at + timedelta(minutes=minute), min(minute, 60) * 120
        reading = sample(now, str(1000 + wh) + ".125", six=minute <= 60)
        metered = transaction.Metered(evse_id=1, connector_id=1, samples=(reading,), energy_wh=wh)
        told.append((path, metered, _told(now)))
    ended = transaction.Ended(
        evse_id=1, connector_id=1, at=end, reason="EVDisconnected", id_token=IdToken(ANN)
    )
    settled = transaction.EnergySettled(
        energy_wh=7200, meter_start_wh=Decimal("1000.125"), meter_stop_wh=Decimal("8200.125")
    )
    return [*told, (path, ended, _told(end)), (path, settled, Told(recorded_at=end))]


def _lost(tenant: str, cpid: str, at: datetime) -> list[tuple[str, Fact, Told]]:
    """An end without a start, of which nobody can say how much it was."""
    path = f"transaction/{tenant}/{cpid}/lost-{at:%Y%m%dT%H%M}"
    ended = transaction.Ended(evse_id=1, connector_id=1, at=at, flags=(Anomaly.END_WITHOUT_START,))
    return [(path, ended, _told(at)), (path, transaction.EnergySettled(energy_wh=None), _told(at))]


def _asked(tenant: str, cpid: str, at: datetime) -> list[tuple[str, Fact, Told]]:
    path = f"command/{tenant}/{int(at.timestamp()):010x}{cpid}"
    until = at + timedelta(seconds=30)
    wanted = command.Requested(
        charger=cpid, intent=Reset(hard=True), send_before=until, answer_within_s=30, reason=f"for {PLAIN}"
    )
    sent = command.Sent(
        charger=cpid, action="Reset", message_id="m", connection="c", gateway="g", answer_before=until
    )
    answered = command.Answered(
        charger=cpid, answer=Answer(verdict=Verdict.AGREED, status="Accepted"), latency_ms=12
    )
    seen = command.EffectObserved(charger=cpid, effect="it booted", event="e@1", after_s=1.25)
    return [(path, fact, Told(recorded_at=at, actor="user:ada")) for fact in (wanted, sent, answered, seen)]


def _status(status: str, activity: str = "") -> charger.StatusReported:
    return charger.StatusReported(
        evse_id=1, connector_id=1, status=status, activity=activity, info=f"\x00 {PLAIN}"
    )


def _told(at: datetime) -> Told:
    return Told(recorded_at=at, occurred_at=at - timedelta(seconds=1), connection="c", frame="[]")
