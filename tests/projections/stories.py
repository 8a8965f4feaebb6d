"""Plausible lives of chargers as events, and the way to put them into a log and through the engine."""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import sqlalchemy as sa
from eventsourcing.persistence import StoredEvent
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from adapters.eventstore.mapper import EventMapper
from domain.alarms import events as alarm
from domain.artefacts import events as artefact
from domain.catalogue import FACTS
from domain.chargers import events as charger
from domain.charging_profiles import events as charging_profile
from domain.charging_profiles.profile import ChargingProfile, Kind, Period, Purpose, Schedule, Unit
from domain.commands import events as command
from domain.commands.intent import Answer, Verdict
from domain.commands.upkeep import Reset
from domain.desired_state import events as desired
from domain.desired_state import local_list_events as lists
from domain.event import Event, Fact, Told
from domain.id_tokens import events as token
from domain.identity import IdToken
from domain.metering import Reading, Sample
from domain.people import events as user
from domain.reservations import events as reservation
from domain.signed_values.events import SignedValuesJudged
from domain.tenants import events as tenant
from domain.tenants.roles import Right, Role
from domain.transactions import events as transaction
from domain.transactions.anomalies import Anomaly
from domain.uptime import events as uptime
from domain.uptime.formulas import Formula
from domain.webhooks import events as webhook
from projections.catalogue import READ_MODELS
from projections.engine import Engine
from projections.log import PostgresLog
from projections.read_model import ReadModel

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TENANT = "acme"
MAPPER = EventMapper(FACTS)
LIST = "MeterValuesSampledData"
SETTINGS: tuple[Fact, ...] = (
    desired.SettingsDesired(
        settings=(desired.WantedSetting("Alpha", "1"), desired.WantedSetting("β\x00", "x"))
    ),
    desired.SettingsUndesired(("alpha", "never")),
    desired.TemplateChosen("auto"),
    desired.TemplateChosen(""),
    desired.TemplateApplied(
        template="t", settings=(desired.WantedSetting("ALPHA", "2"), desired.WantedSetting(LIST, "a,b"))
    ),
    desired.BootNoticed(vendor="V", model="M"),
    desired.BootNoticed(vendor="V", model="N", changed=True),
    desired.SettingsReported(
        settings=(desired.HeldSetting(name="alpha", value="2"), desired.HeldSetting(name=LIST, value="a")),
        complete=True,
    ),
    desired.SettingsReported(asked=("Alpha", "Beta"), unknown=("Beta",), gone=("alpha",)),
    desired.SettingAnswered(name="Alpha", value="1", status="Accepted"),
    desired.SettingAnswered(name="Alpha", value="1", status="RebootRequired"),
    desired.SettingGivenUp(name="Alpha", value="1", reason="Rejected"),
    desired.SettingNarrowed(name=LIST, value="a", refused=("b",)),
    desired.QuestionUnanswered(intent="ChangeSettings", about="Alpha", why="no answer"),
    desired.QuestionUnanswered(intent="ReadSettings", why="no answer"),
    desired.RestartAnswered(agreed=False, reason="Rejected"),
    desired.WriteBudgetExhausted(START),
)
TOKENS: tuple[Fact, ...] = (
    tenant.TokenIssued(
        token_id="1",
        name="n\x00",
        role=Role.VIEWER,
        digest="d",
        expires_at=START + timedelta(days=90),
        rights=(Right.READ,),
        chargers=("CP00001",),
    ),
    tenant.TokenSeen(),
    tenant.TokenRevoked(reason="lost"),
    tenant.TokenRevoked(),
)
USERS: tuple[Fact, ...] = (
    user.Added(user_id="1", role=Role.OPERATOR),
    user.Named(login="ann@example.com\x00", name="Ann"),
    user.Invited(digest="d", expires_at=START + timedelta(days=3)),
    user.PasswordChosen(verifier="v"),
    user.AuthenticatorEnrolled(),
    user.SignInRefused(why="password"),
    user.Locked(seconds=60),
    user.SignedIn(proof="password+code", session="s"),
    user.RoleChanged(role=Role.VIEWER, reason="moved"),
    user.Disabled(reason="left\x00"),
    user.Enabled(),
    user.AuthenticatorRemoved(reason="lost"),
    user.Erased(reason="asked"),
)
LISTS: tuple[Fact, ...] = (
    lists.ListDesired(version=3, replaced=True, size=5),
    lists.ListReported(0),
    lists.ListReported(3),
    lists.ListAccepted(version=3, full=True, entries=5),
    lists.ListRefused(version=3, status="Failed"),
    lists.ListUnanswered(version=3, entries=5, why="no answer"),
    lists.ListGivenUp(version=3, reason="refused twice"),
    lists.ListDoubted("the charger restarted"),
)


def decode(topic: str, state: bytes, stream: str, version: int) -> Event[Fact]:
    """As the product reads its log."""
    return MAPPER.to_domain_event(StoredEvent(stream, version, topic, state))


class Log:
    """Appends to the event store as the product does, numbering every stream."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._versions: dict[str, int] = {}

    def tell(self, *told: tuple[str, Fact, Told]) -> int:
        """Commit (stream, fact, circumstances) in order; the last position."""
        return self.append([self.event(*each) for each in told])

    def event(self, stream: str, fact: Fact, told: Told) -> Event[Fact]:
        """The next event of a stream."""
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        return Event(originator_id=stream, originator_version=version, fact=fact, told=told)

    def append(self, events: Iterable[Event[Fact]]) -> int:
        """One commit; the last position."""
        rows = [MAPPER.to_stored_event(event) for event in events]
        columns: list[list[Any]] = [
            [row.originator_id for row in rows],
            [row.originator_version for row in rows],
            [row.topic for row in rows],
            [row.state for row in rows],
        ]
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(
                "SELECT eventstore.append_stored_events(%s::text[], %s::bigint[], %s::text[], %s::bytea[])",
                columns,
            ).fetchone()
        assert row is not None
        return int(row[0][-1])


def engine(dsn: str, models: Sequence[ReadModel] = READ_MODELS, *, batch: int = 2000) -> Engine:
    """The real engine on the database's own log."""
    return Engine(dsn, PostgresLog(dsn, decode), models, batch=batch)


def project(dsn: str, *models: ReadModel, batch: int = 2000) -> None:
    """Bring read models to the head of the log; fails where one stopped."""
    one = engine(dsn, models or READ_MODELS, batch=batch)
    one.catch_up()
    one.close()
    with psycopg.connect(dsn) as connection:
        stopped = connection.execute(
            "SELECT name, error, error_position FROM zeus_read_models WHERE state = 'stopped'"
        ).fetchall()
    assert stopped == []


def rows(dsn: str, table: str, order: str = "1") -> list[dict[str, Any]]:
    """A table of the live read models."""
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        connection.execute("SET timezone = 'UTC'")
        query = SQL("SELECT * FROM {} ORDER BY " + order).format(Identifier(table))  # type: ignore[arg-type]  # noqa: S608
        return connection.execute(query).fetchall()


def reading(dsn: str) -> sa.Engine:
    """What the API reads through."""
    url = sa.make_url(dsn.replace("postgresql://", "postgresql+psycopg://", 1))
    return sa.create_engine(url, poolclass=sa.NullPool, connect_args={"options": "-c timezone=UTC"})


def told(
    minutes: float = 0, frame: str | None = None, reply: str | None = None, at: datetime | None = None
) -> Told:
    """Circumstances `minutes` after the start; the charger's clock agrees with ours unless `at` is given."""
    now = START + timedelta(minutes=minutes)
    return Told(recorded_at=now, occurred_at=at or now, frame=frame, reply=reply, connection="c1")


def stream(cpid: str = "CP1") -> str:
    """A charger's stream."""
    return f"charger/{TENANT}/{cpid}"


def transaction_of(key: str = "t1", cpid: str = "CP1") -> str:
    """A transaction's stream."""
    return f"transaction/{TENANT}/{cpid}/{key}"


def sample(at: datetime, wh: str, *, context: str = "Sample.Periodic", six: bool = True) -> Sample:
    """One reading of the register, or the six that most chargers send."""
    readings = [Reading("Energy.Active.Import.Register", Decimal(wh), "Wh")]
    if six:
        readings += [
            Reading("Power.Active.Import", Decimal("7360.5"), "W"),
            Reading("Current.Import", Decimal("16.1"), "A", "L1"),
            Reading("Current.Import", Decimal("16.0"), "A", "L2"),
            Reading("Voltage", Decimal("230.1"), "V", "L1-N"),
            Reading("SoC", Decimal(55), "Percent", "", "EV"),
        ]
    return Sample(at, context, tuple(readings))


class Fleet:
    """Chargers that boot, beat, change states, run sessions, lose connections and have wrong clocks."""

    def __init__(self, log: Log, seed: int, chargers: int, *, odd: bool = True, pace_s: float = 2) -> None:
        """`pace_s`: time between messages, on average.

        `odd`: with late starts, ends without start, backlogs, NULs and clocks that were never set.
        """
        self.log = log
        self.random = random.Random(seed)
        self.now = START
        self.ids = [f"CP{n:05}" for n in range(chargers)]
        self.running: dict[str, tuple[str, datetime, Decimal]] = {}
        self.register = dict.fromkeys(self.ids, Decimal(1000))
        self.odd = odd
        self.pace_s = pace_s
        self._n = 0

    def arrive(self) -> Iterator[Event[Fact]]:
        """Everybody is registered, connects, boots."""
        bare = Told(recorded_at=self.now, actor="user:ada")
        for standing in (tenant.Founded(slug=TENANT), tenant.Suspended(reason="x\x00"), tenant.Resumed()):
            yield self._event(f"tenant/{TENANT}/self", standing, bare)
        yield from self._webhooks(bare)
        for n in range(1, 5):  # one is merely issued, the next one is used as well, the others are revoked
            for fact in TOKENS[:n]:
                yield self._event(f"api-token/{TENANT}/{n}", fact, bare)
        for n in range(2, len(USERS) + 1):  # each is a step further in a life than the one before
            for fact in USERS[:n]:
                yield self._event(f"user/{TENANT}/{n}", fact, bare)
        for cpid in self.ids:
            self._n += 1
            at = self._told(cpid, "BootNotification", {"v": "Zj"})
            bare = Told(recorded_at=self.now, actor="user:ada")
            yield self._event(stream(cpid), charger.Registered(cpid=cpid.lower(), security_profile=1), bare)
            connected = charger.Connected(
                connection=f"c{cpid}", gateway="g", protocol="1.6", security_profile=1
            )
            yield self._event(stream(cpid), connected, Told(recorded_at=self.now))
            booted = charger.Booted(
                vendor=self.random.choice(("Alfen", "ZJBENY")),
                model="M",
                answered=charger.Acceptance.ACCEPTED,
                interval_s=300,
                firmware=self.random.choice(("1.0.23", "1.0.31")),
            )
            yield self._event(stream(cpid), booted, at)
            yield from self._status(cpid, "Available")
            yield from self._away(cpid)
            yield from self._excused(cpid, bare)
            yield from self._reserve(cpid)
            yield from self._alarms(cpid)
            yield from self._files(cpid, bare)
            yield from self._asked(cpid, bare)
            wanted = charging_profile.Wanted(profile=self._profile(0), evse_id=1)
            yield self._event(f"charging-profiles/{TENANT}/{cpid}", wanted, bare)
            yield self._event(f"settings/{TENANT}/{cpid}", SETTINGS[0], bare)
            yield self._event(f"local-list/{TENANT}/{cpid}", LISTS[0], bare)

    def live(self, events: int) -> Iterator[Event[Fact]]:
        """About that many events of ordinary life."""
        made = 0
        while made < events:
            self.now += timedelta(seconds=self.pace_s * 2 * self.random.random())
            for event in self._something(self.random.choice(self.ids)):
                made += 1
                yield event

    def _something(self, cpid: str) -> Iterator[Event[Fact]]:
        chance = self.random.random()
        if chance < 0.25:
            yield self._event(stream(cpid), charger.HeartbeatReceived(), self._told(cpid, "Heartbeat", {}))
        elif cpid in self.running and chance < 0.85:
            yield from self._meter(cpid)
        elif cpid in self.running and chance < 0.92:
            yield from self._end(cpid)
        elif chance < 0.5:
            yield from self._status(cpid, self.random.choice(("Available", "Occupied", "Faulted")))
        elif self.odd and chance < 0.6:
            yield from self._oddity(cpid)
        else:
            yield from self._start(cpid)

    def _start(self, cpid: str) -> Iterator[Event[Fact]]:
        former = self.running.get(cpid)
        self._n += 1
        path = transaction_of(f"{self.now:%Y%m%dT%H%M%S}-{self._n}", cpid)
        wh = self.register[cpid]
        late = self.odd and self.random.random() < 0.1
        begin = (sample(self.now, str(wh), context="Transaction.Begin", six=False),)
        fact = transaction.Started(
            evse_id=1,
            connector_id=1,
            at=self.now,
            id_token=IdToken(f"tag{self.random.randrange(50)}"),
            verdict="Accepted",
            meter_start_wh=wh,
            number=self._n,
            samples=begin,
            flags=(Anomaly.LATE_START, Anomaly.BUSY_CONNECTOR) if late else (),
        )
        at = self._told(cpid, "StartTransaction", {"connectorId": 1, "meterStart": int(wh)})
        bare = Told(recorded_at=self.now, connection=f"c{cpid}")
        if late:
            yield self._event(path, transaction.Noted(trigger="x", at=self.now), at)
        else:
            yield self._event(path, fact, at)
        if former is not None:
            yield self._event(former[0], transaction.Superseded(path), bare)
            yield from self._reconcile(former[0])
            yield self._event(stream(cpid), charger.TransactionClosed(former[0]), bare)
        opened = charger.TransactionOpened(transaction=path, evse_id=1, connector_id=1, started_at=self.now)
        yield self._event(stream(cpid), opened, bare)
        self.running[cpid] = (path, self.now, wh)
        if late:
            yield from self._meter(cpid)
            yield self._event(path, fact, at)
        yield from self._status(cpid, "Occupied", "Charging")
        yield self._event(path, transaction.ChargingStateChanged(state="Charging", at=self.now), bare)

    def _reconcile(self, path: str) -> Iterator[Event[Fact]]:
        """What the reconciler says of a session whose end does not come; the end may still come."""
        by = Told(recorded_at=self.now, actor="job:session_reconciler")
        if self.random.random() < 0.5:
            yield self._event(path, transaction.FoundStale(transaction.Staleness.CONNECTOR_FREE), by)
        if self.random.random() < 0.5:
            closed = transaction.ClosedUnreported(at=self.now - timedelta(minutes=1), waited_s=86400)
            yield self._event(path, closed, by)
            yield self._event(path, transaction.EnergySettled(energy_wh=self.random.choice([None, 7])), by)

    def _meter(self, cpid: str) -> Iterator[Event[Fact]]:
        path, _, begin = self.running[cpid]
        self.register[cpid] += self.random.randrange(1, 200)
        wh = self.register[cpid] + Decimal("0.125")
        readings = (sample(self.now, str(wh)),)
        flags = (Anomaly.ATTRIBUTED,) if self.odd and self.random.random() < 0.05 else ()
        fact = transaction.Metered(
            evse_id=1,
            connector_id=1,
            samples=readings,
            register_wh=wh,
            energy_wh=int(wh - begin),
            flags=flags,
        )
        payload = {
            "connectorId": 1,
            "transactionId": self._n,
            "meterValue": [
                {
                    "timestamp": self.now.isoformat(),
                    "sampledValue": [
                        {"value": str(r.value), "measurand": r.measurand, "unit": r.unit, "phase": r.phase}
                        for r in readings[0].readings
                    ],
                }
            ],
        }
        yield self._event(path, fact, self._told(cpid, "MeterValues", payload))

    def _end(self, cpid: str) -> Iterator[Event[Fact]]:
        path, _, begin = self.running.pop(cpid)
        wh = self.register[cpid]
        samples = (sample(self.now, str(wh), context="Transaction.End", six=False),)
        fact = transaction.Ended(
            evse_id=1, connector_id=1, at=self.now, reason="Local", id_token=IdToken("tag1"), samples=samples
        )
        bare = Told(recorded_at=self.now)
        yield self._event(path, fact, self._told(cpid, "StopTransaction", {"meterStop": int(wh)}))
        settled = transaction.EnergySettled(energy_wh=int(wh - begin), meter_start_wh=begin, meter_stop_wh=wh)
        yield self._event(path, settled, bare)
        for state in self.random.sample(("unverified", "invalid", "valid"), 2):
            energy = wh - begin if state == "valid" else None
            reasons = () if state == "valid" else ("no_key", "page_missing")
            judged = SignedValuesJudged(
                state=state, reasons=reasons, energy_wh=energy, meter="M-1", records=2
            )
            yield self._event(path, judged, bare)
        yield self._event(stream(cpid), charger.TransactionClosed(path), bare)

    def _reserve(self, cpid: str) -> Iterator[Event[Fact]]:
        path, ann, until = f"reservations/{TENANT}/{cpid}", IdToken("ann"), self.now + timedelta(hours=1)
        bare = Told(recorded_at=self.now, actor="user:ada")
        asked = reservation.Requested(
            reservation_id=self._n, evse_id=1, id_token=ann, expires_at=until, command=f"c{self._n}"
        )
        agreed = reservation.Confirmed(
            reservation_id=self._n, evse_id=1, id_token=ann, expires_at=until, command=f"c{self._n}"
        )
        ends = (
            reservation.Expired(reservation_id=self._n),
            reservation.Used(
                reservation_id=self._n, transaction=transaction_of("x", cpid), evse_id=1, by="token"
            ),
            reservation.Mismatched(reservation_id=self._n + 1, transaction="x", why="unknown"),
        )
        for fact in (asked, agreed, ends[self._n % 3]):
            yield self._event(path, fact, bare)

    def _alarms(self, cpid: str) -> Iterator[Event[Fact]]:
        self._n += 1
        path, name = f"alarms/{TENANT}/{cpid}", f"{self._n:022x}"
        by_ann = Told(recorded_at=self.now, actor="user:ann")
        raised = alarm.AlarmRaised(
            alarm_id=name,
            kind="InvalidMessages",
            severity=alarm.Severity.WARNING,
            words="w",
            info="\x00",
            source="e@1",
            at=self.now,
        )
        more = (
            alarm.AlarmRepeated(alarm_id=name, kind="InvalidMessages", source="e@2", at=self.now, count=3),
            alarm.AlarmAcknowledged(alarm_id=name, kind="InvalidMessages", note="seen"),
            alarm.AlarmCleared(alarm_id=name, kind="InvalidMessages", why="over"),
        )
        for fact in (raised, *more[: self._n % 4]):
            yield self._event(path, fact, by_ann)

    def _away(self, cpid: str) -> Iterator[Event[Fact]]:
        """Offline for a minute, and a session of that minute told afterwards."""
        gone, begun = Told(recorded_at=self.now), self.now + timedelta(seconds=10)
        self.now += timedelta(minutes=1)
        yield self._event(stream(cpid), charger.Disconnected(connection=f"c{cpid}", code=1006), gone)
        back = charger.Connected(connection=f"c{cpid}", gateway="g", protocol="1.6", security_profile=1)
        yield self._event(stream(cpid), back, Told(recorded_at=self.now))
        self._n += 1
        path, at = transaction_of(f"offline-{self._n}", cpid), Told(recorded_at=self.now)
        started = transaction.Started(evse_id=1, connector_id=1, at=begun, offline=True)
        ended = transaction.Ended(evse_id=1, connector_id=1, at=begun + timedelta(seconds=40), reason="Local")
        settled = transaction.EnergySettled(energy_wh=1, meter_start_wh=Decimal(0), meter_stop_wh=Decimal(1))
        for fact in (started, ended, settled):
            yield self._event(path, fact, at)

    def _excused(self, cpid: str, bare: Told) -> Iterator[Event[Fact]]:
        """An exclusion, one in two of them withdrawn, and the plate of the port."""
        self._n += 1
        name = f"{self._n:022x}"
        declared = uptime.ExclusionDeclared(
            exclusion_id=name,
            cause=uptime.Cause.VANDALISM,
            begin=self.now,
            end=self.now + timedelta(hours=1),
            evidence="seen\x00",
            formulas=(Formula.NEVI, Formula.UK),
        )
        withdrawn = uptime.ExclusionWithdrawn(exclusion_id=name, reason="it was not")
        path = f"uptime/{TENANT}/{cpid}"
        for fact in (declared, uptime.PortRated(evse_id=1, rated_w=50_000), withdrawn)[: 2 + self._n % 2]:
            yield self._event(path, fact, bare)

    def _webhooks(self, bare: Told) -> Iterator[Event[Fact]]:
        """One that is removed at last, and one that lives."""
        for n in range(2):
            path = f"webhook/{TENANT}/{n:022x}"
            lives: tuple[Fact, ...] = (
                webhook.WebhookDefined(url="https://x.example/a\x00", name="a", types=("session.*",)),
                webhook.WebhookSecretRotated(generation=2, former_until=self.now),
                webhook.WebhookPaused("a while\x00"),
                webhook.WebhookResumed(),
                webhook.WebhookDefined(url="https://x.example/b", chargers=("CP1",), meter="none"),
                webhook.WebhookDisabled(failing_since=self.now, why="HTTP 500"),
                webhook.WebhookRemoved("old"),
            )
            for fact in lives if n else lives[:5]:
                yield self._event(path, fact, bare)

    def _status(self, cpid: str, status: str, activity: str = "") -> Iterator[Event[Fact]]:
        fact = charger.StatusReported(evse_id=1, connector_id=1, status=status, activity=activity)
        yield self._event(stream(cpid), fact, self._told(cpid, "StatusNotification", {"status": status}))

    def _oddity(self, cpid: str) -> Iterator[Event[Fact]]:
        bare = Told(recorded_at=self.now)
        which = self.random.randrange(13)
        if which == 0:
            yield self._event(stream(cpid), charger.Disconnected(connection=f"c{cpid}", code=1006), bare)
        elif which == 1:
            rubbish = charger.FrameRejected(code="Unreadable", description="no JSON\x00")
            yield self._event(
                stream(cpid),
                rubbish,
                Told(recorded_at=self.now, frame='[2,"1\x00","Nul"', connection="c"),
            )
        elif which == 2:
            fact = charger.StatusReported(evse_id=1, connector_id=1, status="Faulted", info="old\x00")
            told_at = self.now - timedelta(minutes=self.random.choice((1, 30, 600, 10**7)))
            yield self._event(stream(cpid), fact, Told(recorded_at=self.now, occurred_at=told_at, frame="[]"))
        elif which == 3:
            path = transaction_of(f"end-{self._n}", cpid)
            self._n += 1
            ended = transaction.Ended(
                evse_id=1, connector_id=1, at=self.now, flags=(Anomaly.END_WITHOUT_START,)
            )
            yield self._event(path, ended, bare)
        elif which == 4:
            at = self.random.choice((datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)))
            late = self.now - timedelta(hours=self.random.randrange(1, 300))
            fact_ = charger.Metered(
                evse_id=1, connector_id=1, samples=(sample(at, "7"), sample(late, "8"), sample(self.now, "9"))
            )
            yield self._event(stream(cpid), fact_, bare)
        elif which == 5:
            shown = charger.TokenPresented(
                id_token=IdToken(f"New{self.random.randrange(9)}"), verdict="Unknown"
            )
            yield self._event(stream(cpid), shown, self._told(cpid, "Authorize", {"idTag": "x"}))
        elif which == 6:
            tag = f"tag{self.random.randrange(50)}"
            path = IdToken(tag).stream(TENANT)
            fact__ = self.random.choice(
                (
                    token.Issued(id_token=IdToken(tag), label="l", max_active=1),
                    token.Blocked("lost"),
                    token.TakenUp("t"),
                    token.GivenBack("t"),
                )
            )
            yield self._event(path, fact__, bare)
        elif which == 7:
            yield from self._files(cpid, bare)
        elif which == 8:
            setting = self.random.choice(SETTINGS)
            yield self._event(f"settings/{TENANT}/{cpid}", setting, bare)
        elif which == 9:
            yield self._event(f"local-list/{TENANT}/{cpid}", self.random.choice(LISTS), bare)
        elif which == 10:
            yield from self._asked(cpid, bare)
        elif which == 11:
            yield self._event(f"charging-profiles/{TENANT}/{cpid}", self._profile_fact(), bare)
        else:
            refused = charger.HandshakeRefused(cpid="who\x00", reason="id_unknown", status=404, count=3)
            self._n += 1
            yield self._event(f"attempt/{TENANT}/{self._n:09}", refused, bare)

    def _asked(self, cpid: str, bare: Told) -> Iterator[Event[Fact]]:
        self._n += 1
        path, until = f"command/{TENANT}/{self._n:022x}", self.now + timedelta(seconds=30)
        sent = command.Sent(
            charger=cpid, action="Reset", message_id="m", connection="c", gateway="g", answer_before=until
        )
        agreed = Answer(verdict=Verdict.AGREED, status="Accepted\x00")
        ends = (
            command.Answered(charger=cpid, answer=agreed, latency_ms=3),
            command.Failed(charger=cpid, code="InternalError", description="no\x00"),
            command.TimedOut(charger=cpid, after_s=30),
            command.OutcomeUnknown(charger=cpid, why="gone"),
        )
        wanted = command.Requested(
            charger=cpid, intent=Reset(hard=True), send_before=until, answer_within_s=30, reason="\x00"
        )
        followed = command.EffectObserved(charger=cpid, effect="it booted", event="e@1", after_s=1.5)
        for fact in (wanted, sent, self.random.choice(ends), followed)[: self.random.randrange(1, 5)]:
            yield self._event(path, fact, bare)

    def _files(self, cpid: str, bare: Told) -> Iterator[Event[Fact]]:
        self._n += 1
        path = f"artefact/{TENANT}/{self._n:022x}"
        purpose = self.random.choice(tuple(artefact.Purpose))
        link = artefact.Released(
            link="l", charger=cpid, purpose=purpose, expires_at=self.now + timedelta(hours=1), command="c\x00"
        )
        kind = {"upload": artefact.Kind.UPLOAD, "download": artefact.Kind.FIRMWARE}[purpose]
        stored = artefact.Stored(name="f\x00", kind=kind, size_bytes=9, sha256="ab", blob="b", charger=cpid)
        for fact in (link, stored) if purpose is artefact.Purpose.UPLOAD else (stored, link):
            yield self._event(path, fact, bare)
        for n in range(self.random.randrange(4)):
            fetched = artefact.Fetched(link="l", offset=n, length=3, complete=n == 2)
            yield self._event(path, fetched, bare)
        if self.random.random() < 0.3:
            yield self._event(path, artefact.Withdrawn("old"), bare)

    def _profile(self, number: int) -> ChargingProfile:
        period = Period(start_s=0, limit=Decimal(self.random.randrange(60, 320)) / 10)
        return ChargingProfile(
            profile_id=number,
            stack_level=number,
            purpose=Purpose.TX_DEFAULT,
            kind=Kind.RELATIVE,
            schedules=(Schedule(unit=Unit.A, periods=(period,)),),
        )

    def _profile_fact(self) -> Fact:
        number = self.random.randrange(3)
        profile = self._profile(number)
        why = self.random.choice(list(charging_profile.Ending))
        return self.random.choice(
            (
                charging_profile.Wanted(profile=profile, evse_id=1),
                charging_profile.Wanted(profile=profile, evse_id=0, origin=charging_profile.Origin.DLM),
                charging_profile.Installed(profile=profile, evse_id=1, command="c"),
                charging_profile.Installed(profile=profile, evse_id=0, outdated=True),
                charging_profile.Refused(profile_id=number, status="Rejected", reason="no\x00"),
                charging_profile.Withdrawn(profile_id=number, replaced_by=number + 1),
                charging_profile.Cleared(profile_id=number, command="c"),
                charging_profile.Lapsed(profile_id=number, why=why),
                charging_profile.Lost(profile_id=number),
            )
        )

    def _event(self, path: str, fact: Fact, circumstances: Told) -> Event[Fact]:
        return self.log.event(path, fact, circumstances)

    def _told(self, cpid: str, action: str, payload: object) -> Told:
        self._n += 1
        return Told(
            recorded_at=self.now,
            occurred_at=self.now,
            cause=f"m{self._n}",
            connection=f"c{cpid}",
            frame=json.dumps([2, f"m{self._n}", action, payload]),
            reply=json.dumps([3, f"m{self._n}", {}]),
        )
