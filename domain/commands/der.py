"""Intents about distributed energy resources: the grid functions of chargers that feed in (2.1, block R)."""

from typing import Any

from domain.commands.intent import Intent


class SetDERControl(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Set a grid function: a default one, or one for a time."""

    control_id: str
    kind: str
    """`VoltVar`, `FreqDroop`, `LimitMaxDischarge` … of DERControlEnumType."""
    control: dict[str, Any]
    """The part of the kind as 2.1 writes it: `{"curve": {…}}`, `{"freqDroop": {…}}`, `{"fixedVar": {…}}` …"""
    default: bool = False
    """In force whenever no other one of its kind is."""


class GetDERControl(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Ask which grid functions are set; they follow in reports that carry `request_id`."""

    default: bool | None = None
    """None: both the default ones and the others."""
    kind: str = ""
    control_id: str = ""
    request_id: int = 0


class ClearDERControl(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Remove grid functions: one by its id, or all of a kind."""

    default: bool
    kind: str = ""
    """Empty: all kinds."""
    control_id: str = ""
