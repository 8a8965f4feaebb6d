"""Intents about prices that a charger itself computes with (2.1, functional block I)."""

from typing import Any

from domain.commands.intent import Intent


class SetDefaultTariff(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Set the tariff for drivers who have none of their own."""

    tariff: dict[str, Any]
    """A TariffType as 2.1 writes it: `tariffId`, `currency`, `energy` …"""
    evse_id: int = 0
    """0: all EVSEs."""


class GetTariffs(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Ask which tariffs are in use."""

    evse_id: int = 0
    """0: at all EVSEs."""


class ClearTariffs(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Remove tariffs."""

    tariff_ids: tuple[str, ...] = ()
    """Empty: all of them."""
    evse_id: int | None = None
    """None: at all EVSEs."""


class ChangeTransactionTariff(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Change the tariff of a running transaction, from now on."""

    transaction: str
    tariff: dict[str, Any]
    """A TariffType as 2.1 writes it, in the same currency."""
