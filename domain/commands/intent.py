"""An intent is what we want of a charger, in our words; an answer is what the charger said to it."""

from enum import StrEnum
from typing import Any

import msgspec

SECRET = "[secret]"  # noqa: S105 — a placeholder
"""Stands in an intent, a payload or a frame for what must not be kept; whoever sends the call puts it in its place."""


class Intent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True, tag_field="intent"):
    """One thing to ask of a charger, whatever its version. The class name is its stored name and never changes.

    `request_id`, where a subclass has it, ties later reports to the request; 0 until the application draws one.
    """

    @classmethod
    def name(cls) -> str:
        """The stored name, such as `RemoteStart`; also the `action` of the API."""
        return cls.__name__


class Verdict(StrEnum):
    """Did the charger agree?"""

    AGREED = "agreed"
    """It did or will do it: Accepted, Scheduled, RebootRequired, Unlocked …"""
    REFUSED = "refused"
    """It will not: Rejected, NotSupported, Occupied, UnlockFailed …"""


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a charger answered, in our words; its very frame is kept with the event."""

    verdict: Verdict
    status: str = ""
    """Its own word, such as `Accepted`, `RebootRequired`, `VersionMismatch`; empty where the answer has none."""
    reason: str = ""
    """Why, where it tells (2.x statusInfo: `reasonCode additionalInfo`)."""
    result: dict[str, Any] = {}
    """What was asked for, in our shape and JSON's types; each operation's module documents its own."""


class Abilities(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a charger is known to be able to do, as it told in its configuration. None and empty: not known."""

    profiles: frozenset[str] | None = None
    """1.6 SupportedFeatureProfiles (`Core`, `SmartCharging` …); None: never told, so nothing is ruled out."""
    connectors: int | None = None
    """1.6 NumberOfConnectors."""
    settings: dict[str, str] = {}
    """1.6 configuration keys, or 2.x variables as `domain/chargers/variable_names.py` spells them, as last told."""
    complete: bool = False
    """All of its settings were read: a key that is not among them, it does not have."""
    tethered: bool = False
    """A fixed cable: nothing to unlock."""
    accepted: bool | None = None
    """Its BootNotification was answered with Accepted; None: not known."""
