"""Intents that keep a charger in order: restart, availability, cache, and what fits nowhere else."""

from typing import Any

from domain.commands.intent import Intent
from domain.identity import PersonalPayload


class Reset(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Restart the charger, or one EVSE (2.x). Soft waits for transactions to end."""

    hard: bool = False
    """1.6 Hard, 2.x Immediate; else Soft, OnIdle."""
    evse_id: int | None = None
    """2.x; None: the whole charger."""
    resume: bool = False
    """2.1, with `hard`: transactions go on after the restart (ImmediateAndResume)."""


class ChangeAvailability(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Put the charger, an EVSE or a connector into service, or out of it."""

    operative: bool
    evse_id: int | None = None
    """None and 0: the whole charger."""
    connector_id: int | None = None
    """None: all connectors of the EVSE."""


class ClearCache(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Empty the charger's authorization cache."""


class DataTransfer(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Send something of a vendor's own."""

    vendor_id: str
    message_id: str = ""
    data: Any = None
    """1.6: text; 2.x: any JSON value. None: no data."""


class TriggerMessage(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Ask the charger to send a message now. 1.6 TriggerMessage, ExtendedTriggerMessage."""

    message: str
    """In 2.x words: `StatusNotification`, `MeterValues`, `Heartbeat`, `BootNotification` (a charger not yet accepted),
    `TransactionEvent`, `FirmwareStatusNotification`, `LogStatusNotification` (1.6: of diagnostics, where the charger
    has no security extension), `SignChargingStationCertificate`, `PublishFirmwareStatusNotification` …"""
    evse_id: int | None = None
    """None: of all EVSEs, or of the charger itself."""
    connector_id: int | None = None
    custom: str = ""
    """2.1, with `CustomTrigger`: the name of the vendor's trigger."""


class Raw(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Send any action we may send, in the words of the charger's version; for engineers."""

    action: str
    payload: PersonalPayload
    """Checked against the schema of the version. It is kept in the log: no secrets here."""
