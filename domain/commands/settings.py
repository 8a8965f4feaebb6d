"""Intents about a charger's settings: 1.6 configuration keys, 2.x variables, and its way to us.

A setting has one name: in 1.6 the key, in 2.x `Component.Variable` as `variable_names` spells it.
"""

from enum import StrEnum

import msgspec

from domain.commands.intent import Intent


class Inventory(StrEnum):
    """How much of a 2.x device model is told (ReportBaseEnumType); 1.6 tells all its keys."""

    FULL = "FullInventory"
    CONFIGURATION = "ConfigurationInventory"
    """What can be set."""
    SUMMARY = "SummaryInventory"
    """What is wrong or unavailable at present."""


class ReadSettings(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Read settings by name, or all of them. 1.6 GetConfiguration, 2.x GetVariables or GetBaseReport."""

    names: tuple[str, ...] = ()
    """Empty: all. 2.x tells all in reports that follow the answer and carry `request_id`."""
    inventory: Inventory = Inventory.FULL
    request_id: int = 0


class ChangeSettings(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Change settings. 1.6 ChangeConfiguration takes one at a time, 2.x SetVariables several."""

    values: dict[str, str]


class ChangePassword(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Give the charger a new password for its connection to us. 1.6 AuthorizationKey, 2.x BasicAuthPassword."""

    credential_id: str
    """Names the new credential; the password itself never enters an event."""


class ReportCriterion(StrEnum):
    """A state that components of a 2.x report are chosen by (ComponentCriterionEnumType)."""

    ACTIVE = "Active"
    AVAILABLE = "Available"
    ENABLED = "Enabled"
    PROBLEM = "Problem"


class GetReport(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Ask for a report on chosen components and variables; it follows in parts that carry `request_id`."""

    criteria: tuple[ReportCriterion, ...] = ()
    names: tuple[str, ...] = ()
    """`Component.Variable`, or `Component` for all of its variables; empty: all."""
    request_id: int = 0


class Apn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The mobile network's access point, without its password (which would stand in the log)."""

    name: str
    user: str = ""
    preferred_network: str = ""
    """MCC and MNC in digits."""
    only_preferred: bool = False
    authentication: str = "NONE"
    """`CHAP`, `NONE`, `PAP` or `AUTO`."""


class SetNetworkProfile(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Store a way to reach a CSMS in one of the charger's slots; it takes effect when the slot is chosen."""

    slot: int
    url: str
    """ocppCsmsUrl, without the charger's id."""
    security_profile: int
    """1 to 3; 2.x allows no lower one than the present (B09.FR.04)."""
    message_timeout_s: int = 30
    interface: str = "Wired0"
    """`Wired0` to `Wired3`, `Wireless0` to `Wireless3`, 2.1 also `Any`."""
    apn: Apn | None = None
    identity: str = ""
    """2.1: the charger's id at that CSMS, where it is another one."""
    credential_id: str = ""
    """2.1: names the password for that CSMS, which never enters an event; empty: the present one stays."""
