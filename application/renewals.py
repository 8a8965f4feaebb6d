"""Certificates that end soon: chargers are asked to renew theirs, and who does not follow is an alarm.

A plain function for a scheduler. It may run in every process and as often as wanted: a day's question has a name of
its own, so that it is asked once, and a certificate raises each of its alarms once.
"""

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from application.alarms import end_alarms, raise_occurrence
from application.certificates import CertificateBook
from application.command_refusals import ChargerNotAccepted, ChargerNotConnected, NotPossible
from application.commands import Commands, Wish
from application.ports import EventStore
from application.registry import ChargerUnknown
from application.snapshots import load_charger
from domain.alarms import kinds
from domain.alarms.alarms import OURSELVES, Occurrence
from domain.alarms.kinds import Kind
from domain.certificates.register import Entry
from domain.chargers.provisioning import Standing
from domain.commands.upkeep import TriggerMessage

log = logging.getLogger("zeus.certificates")

ACTOR = "job:certificates"
ASK_BEFORE = timedelta(days=30)
WARN_BEFORE = timedelta(days=28)
"""A charger that is there has been asked twice by then."""
CRITICAL_BEFORE = timedelta(days=7)
SIGN = TriggerMessage(message="SignChargingStationCertificate")
"""1.6 ExtendedTriggerMessage SignChargePointCertificate (A02)."""


class Renewals(msgspec.Struct, frozen=True):
    """What was done."""

    asked: int = 0
    unasked: int = 0
    """Due, and not connected or not able to."""


async def renew_due(store: EventStore, book: CertificateBook, commands: Commands, now: datetime) -> Renewals:
    """Ask whose certificate ends within 30 days, once a day; raise alarms for those that do not follow.

    Raises EventStoreError, FleetUnavailable.
    """
    asked = unasked = 0
    register = await book.current()
    for entry in register.shown():
        left = entry.not_after - now
        if left > ASK_BEFORE:
            break  # those that end first come first
        charger = await load_charger(store, entry.owner)
        if not charger.registered or charger.standing is not Standing.ACTIVE:
            continue
        if left > timedelta() and await _ask(commands, entry, now):
            asked += 1
        else:
            unasked += 1
        if kind := kind_of(left):
            info = f"{entry.serial} ends {entry.not_after:%Y-%m-%d}"
            source = f"{register.stream}@{entry.version}"
            what = Occurrence(kind=kind, source=source, at=entry.issued_at, info=info)
            await raise_occurrence(store, entry.tenant, entry.charger, what)
    return Renewals(asked, unasked)


async def watch_ours(
    store: EventStore, tenant: str, ends: Mapping[str, tuple[str, datetime]], now: datetime
) -> None:
    """Raise alarms for certificates of the server itself, and end them: what it is → (its serial number, when it ends).

    Raises EventStoreError.
    """
    found = {name: kind_of(end - now) for name, (_, end) in ends.items()}
    if not any(found.values()):
        await end_alarms(store, tenant, OURSELVES, kinds.OF_CERTIFICATES, "it was renewed")
    for name, (serial, end) in ends.items():
        if kind := found[name]:
            source = f"{name} {serial}".strip()
            what = Occurrence(kind=kind, source=source, at=end, info=f"{name} ends {end:%Y-%m-%d}")
            await raise_occurrence(store, tenant, OURSELVES, what)


def kind_of(left: timedelta) -> Kind | None:
    """The alarm for a certificate that has so long to go."""
    if left <= CRITICAL_BEFORE:
        return kinds.CERTIFICATE_ENDING
    return kinds.CERTIFICATE_EXPIRING if left <= WARN_BEFORE else None


async def _ask(commands: Commands, entry: Entry, now: datetime) -> bool:
    """Has it been asked today? One that cannot be is asked tomorrow."""
    name = hashlib.sha256(f"renew {entry.serial} {now:%Y-%m-%d}".encode()).hexdigest()[:32]
    wish = Wish(intent=SIGN, actor=ACTOR, cause=entry.serial, reason="its certificate ends", command_id=name)
    try:
        await commands.request(entry.owner, wish)
    except (ChargerNotConnected, ChargerNotAccepted, ChargerUnknown, NotPossible) as error:
        log.info("%s: not asked to renew its certificate: %r", entry.owner.stream, error)
        return False
    return True
