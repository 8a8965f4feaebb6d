"""A small fleet of two tenants, told in facts, and the engine that makes read models of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from adapters.privacy.subjects import Subjects
from application.ports import EventStore
from domain.alarms.events import AlarmRaised, Severity
from domain.artefacts import events as artefact
from domain.chargers.events import (
    Acceptance,
    Booted,
    Connected,
    HandshakeRefused,
    HeartbeatReceived,
    Registered,
    StatusReported,
)
from domain.commands.events import Requested
from domain.commands.upkeep import ClearCache
from domain.event import Fact, Told, events_of
from domain.id_tokens.events import Issued
from domain.identity import ChargerId, IdToken
from domain.metering import ENERGY_IMPORT, Reading, Sample
from domain.reservations import events as reservation
from domain.tenants.events import TokenIssued, TokenSeen
from domain.tenants.roles import Role
from domain.transactions.events import Ended, EnergySettled, Metered, Started
from entrypoints.wiring import open_engine
from projections.streams import session_id

TENANT, OTHER = "zeus", "hera"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
FORMULA = "=HYPERLINK(0)"
BLOB = "b" * 22
"""Where the one byte of every file is kept."""


def project(dsn: str, subjects: Subjects | None = None) -> None:
    """Bring every read model up to the log."""
    engine = open_engine(dsn, subjects=subjects)
    try:
        engine.catch_up()
    finally:
        engine.close()


class Fleet:
    """Tells facts to a store; keeps count of each stream's version."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._versions: dict[str, int] = {}

    async def tell(self, stream: str, facts: Sequence[Fact], at: datetime = START, **told: str) -> None:
        """Append facts to a stream."""
        version = self._versions.get(stream, 0)
        circumstances = Told(recorded_at=at, **told)  # type: ignore[arg-type]
        await self._store.append(events_of(stream, version, facts, circumstances))
        self._versions[stream] = version + len(facts)

    async def charger(self, tenant: str, cpid: str) -> None:
        """A charger that was registered, connected, booted, and told the status of connector 1."""
        facts: list[Fact] = [
            Registered(cpid=cpid, security_profile=1, name=f"Name of {cpid}"),
            Connected(connection=f"c-{cpid}", gateway="g1", protocol="1.6", security_profile=1),
            Booted(
                vendor="Acme",
                model="One",
                serial="S1",
                firmware="1.2",
                answered=Acceptance.ACCEPTED,
                interval_s=300,
            ),
            StatusReported(evse_id=1, connector_id=1, status="Occupied", activity="Charging"),
        ]
        await self.tell(ChargerId.of(tenant, cpid).stream, facts)
        call = '[2,"m1","Heartbeat",{}]'
        reply = '[3,"m1",{"currentTime":"2026-03-01T12:00:00Z"}]'
        await self.tell(
            ChargerId.of(tenant, cpid).stream, [HeartbeatReceived()], frame=call, reply=reply, cause="m1"
        )

    async def session(
        self, tenant: str, cpid: str, n: int, *, card: str = "CARD-1", reason: str = "Local"
    ) -> str:
        """Session `n` of a charger: an hour long, from n hours after START, n + 0.5 kWh; returns its id."""
        stream = f"transaction/{tenant}/{cpid.upper()}/{n:04d}"
        begin, end = START + timedelta(hours=n), START + timedelta(hours=n, minutes=40)
        stop_wh = Decimal("1000.25") + n * 1000 + 500
        half = (
            Reading(ENERGY_IMPORT, Decimal("1200.5"), "Wh"),
            Reading("Power.Active.Import", Decimal("3700.5"), "W"),
        )
        samples = (Sample(begin + timedelta(minutes=20), "Sample.Periodic", half),)
        facts: list[Fact] = [
            Started(
                evse_id=1,
                connector_id=1,
                at=begin,
                id_token=IdToken(card),
                verdict="Accepted",
                meter_start_wh=Decimal("1000.25"),
                number=n,
            ),
            Metered(evse_id=1, connector_id=1, samples=samples, register_wh=Decimal("1200.5"), energy_wh=200),
            Ended(evse_id=1, connector_id=1, at=end, reason=reason),
            EnergySettled(energy_wh=n * 1000 + 500, meter_start_wh=Decimal("1000.25"), meter_stop_wh=stop_wh),
        ]
        await self.tell(stream, facts, end)
        return session_id(stream)

    async def token(self, tenant: str, value: str) -> None:
        """A registered token."""
        await self.tell(IdToken(value).stream(tenant), [Issued(id_token=IdToken(value), label="Ann")])

    async def api_token(self, tenant: str, name: str, n: int) -> None:
        """A token of the API that was issued and used."""
        issued = TokenIssued(token_id=f"{n:022x}", name=name, role=Role.VIEWER, digest="d")
        await self.tell(f"api-token/{tenant}/{n:022x}", [issued, TokenSeen()], START + timedelta(seconds=n))

    async def refusal(self, tenant: str, cpid: str, n: int) -> None:
        """A refused handshake, and an alarm about whoever knocked."""
        fact = HandshakeRefused(
            cpid=cpid, reason="id_unknown", status=404, hint="Add the charger.", path="/ocpp/x"
        )
        at = START + timedelta(seconds=n)
        await self.tell(f"attempt/{tenant}/{n:06d}", [fact], at)
        raised = AlarmRaised(
            alarm_id=f"{n:022x}",
            kind="bad_certificate",
            severity=Severity.CRITICAL,
            words="A certificate of another.",
            info=f"shown by {cpid}",
            source=f"attempt/{tenant}/{n:06d}@1",
            at=at,
        )
        await self.tell(f"alarms/{tenant}/{cpid.upper()}", [raised], at)

    async def asked(self, tenant: str, cpid: str, n: int) -> None:
        """A command that was never sent, a reservation that stands, and a file."""
        key, until = cpid.upper(), START + timedelta(hours=1)
        wanted = Requested(charger=key, intent=ClearCache(), send_before=until, answer_within_s=30)
        await self.tell(f"command/{tenant}/{n:022x}", [wanted])
        terms = {"reservation_id": n, "evse_id": 1, "id_token": IdToken("ann"), "expires_at": until}
        made = [reservation.Requested(command="c", **terms), reservation.Confirmed(command="c", **terms)]
        await self.tell(f"reservations/{tenant}/{key}", made)
        stored = artefact.Stored(
            name=f"log of {cpid}",
            kind=artefact.Kind.UPLOAD,
            size_bytes=1,
            sha256="ab",
            blob=BLOB,
            charger=key,
        )
        await self.tell(f"artefact/{tenant}/{n:022x}", [stored])
