"""Certificates that end soon: asked for once a day, told as alarms, and quiet again when they are renewed."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from application.alarms import heard_certificate
from application.certificates import CertificateBook
from application.renewals import Renewals, renew_due, watch_ours
from domain.alarms.events import AlarmCleared, AlarmRaised
from domain.certificates.events import Issued, Revoked
from domain.certificates.register import register_stream
from domain.chargers.provisioning import Disabled
from domain.commands.events import Requested
from domain.event import Fact, Recorded, Told, events_of
from tests.adapters.ocpp.front_door import CP, TENANT, FrontDoor
from tests.fakes.charger_socket import ChargerSocket

BOOT = '[2,"boot","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'
ENDS = datetime(2027, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Office:
    """CP1 with a certificate that ends on 1 June."""

    def __init__(self) -> None:
        self.door = FrontDoor()
        self.store = self.door.store
        self.book = CertificateBook(self.store, TENANT)

    async def issue(self, serial: str, ends: datetime, issued: datetime) -> Recorded[Any]:
        fact = Issued(
            serial=serial,
            tenant=TENANT,
            charger=CP.key,
            common_name="CP1",
            issuer="CN=us",
            not_after=ends,
            fingerprint="00",
            csr_sha256=serial,
            certificate="pem",
        )
        return await self.write(fact, at=issued)

    async def write(self, fact: Fact, *, at: datetime = ENDS) -> Recorded[Any]:
        version = (await self.book.current()).version
        await self.store.append(events_of(register_stream(TENANT), version, [fact], Told(recorded_at=at)))
        return self.store.log[-1]

    async def look(self, before: timedelta) -> Renewals:
        """The job, so long before the end."""
        return await renew_due(self.store, self.book, self.door.workplace.commands, ENDS - before)

    def raised(self) -> list[tuple[str, str, str]]:
        return [
            (event.originator_id, event.fact.kind, event.fact.severity)
            for event in self.door.events(AlarmRaised)
            if isinstance(event.fact, AlarmRaised)
        ]


async def unnoticed(*_: object) -> None:
    """Nobody sends news here."""


@pytest.fixture
async def office() -> Office:
    office = Office()
    await office.door.register()
    await office.door.workplace.switchboard.open(unnoticed)
    await office.issue("1", ENDS, ENDS - timedelta(days=365))
    return office


async def connect(office: Office) -> ChargerSocket:
    socket = ChargerSocket(office.door.gateway)
    assert await socket.decided() == 101
    await socket.ask(BOOT)
    return socket


def asked(socket: ChargerSocket) -> list[Any]:
    calls = [json.loads(text) for text in socket.texts if text.startswith("[2,")]
    return [(action, payload) for _, _, action, payload in calls]


async def test_a_charger_is_asked_thirty_days_before_and_once_a_day(office: Office) -> None:
    socket = await connect(office)
    assert await office.look(timedelta(days=30, hours=1)) == Renewals()
    assert await office.look(timedelta(days=30)) == Renewals(asked=1)
    await socket.until(lambda: bool(asked(socket)))
    trigger = ("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"})
    assert asked(socket) == [trigger]
    for hours in range(24):
        await office.look(timedelta(days=30) - hours * HOUR)
    assert len(office.door.events(Requested)) == 1, "the same day"
    await office.look(timedelta(days=29))
    assert len(office.door.events(Requested)) == 2
    assert office.raised() == []
    socket.leave(1000)
    await socket.ended()


async def test_who_does_not_follow_is_an_alarm_and_in_the_last_week_a_critical_one(office: Office) -> None:
    for hours in range(31 * 24):
        assert (await office.look(timedelta(days=30) - hours * HOUR)).asked == 0
    assert office.raised() == [
        ("alarms/t/CP1", "certificate_expiring", "warning"),
        ("alarms/t/CP1", "certificate_ending", "critical"),
    ], "each once"


async def test_a_new_certificate_ends_the_alarms_and_the_asking(office: Office) -> None:
    await office.look(timedelta(days=5))
    renewed = await office.issue("2", ENDS + timedelta(days=360), ENDS - timedelta(days=5))
    await heard_certificate(office.store, renewed)
    await heard_certificate(office.store, renewed)
    assert [getattr(event.fact, "kind", "") for event in office.door.events(AlarmCleared)] == [
        "certificate_ending"
    ]
    assert await office.look(timedelta(days=1)) == Renewals()
    await office.look(timedelta(days=-355))
    assert len(office.raised()) == 2, "the new one ends too, a year later"


async def test_a_revoked_certificate_and_a_charger_out_of_use_are_left_alone(office: Office) -> None:
    charger = await office.door.charger()
    await office.store.append(
        events_of(charger.stream, charger.version, [Disabled()], Told(recorded_at=ENDS))
    )
    assert await office.look(timedelta(days=1)) == Renewals()
    await office.write(Revoked(serial="1"))
    assert await office.look(timedelta(days=1)) == Renewals()
    assert office.raised() == []


async def test_certificates_of_the_server_are_watched_too() -> None:
    office = Office()
    ours = {"server_rsa": ("a1", ENDS), "server_ecdsa": ("b2", ENDS + timedelta(days=100))}
    for hours in range(40 * 24):
        await watch_ours(office.store, TENANT, ours, ENDS - timedelta(days=35) + hours * HOUR)
    assert office.raised() == [
        ("alarms/t/server:certificates", "certificate_expiring", "warning"),
        ("alarms/t/server:certificates", "certificate_ending", "critical"),
    ]
    ours["server_rsa"] = ("a2", ENDS + timedelta(days=365))
    await watch_ours(office.store, TENANT, ours, ENDS)
    assert len(office.door.events(AlarmCleared)) == 2
