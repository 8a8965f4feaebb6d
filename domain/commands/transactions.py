"""Intents about charging itself: begin, end, unlock, price, priority."""

from decimal import Decimal

from domain.charging_profiles.profile import ChargingProfile
from domain.commands.intent import Intent
from domain.identity import IdToken


class RemoteStart(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Start a transaction for a token. 1.6 RemoteStartTransaction, 2.x RequestStartTransaction."""

    id_token: IdToken
    group_id_token: IdToken | None = None
    """2.x: the token's group; 1.6 has no place for it and the charger asks by Authorize."""
    evse_id: int | None = None
    """None: the charger chooses; never 0."""
    profile: ChargingProfile | None = None
    """A TxProfile without a transaction, in force from the start (1.6 §5.11, 2.x K05)."""
    request_id: int = 0
    """2.x remoteStartId; the transaction that follows carries it."""


class RemoteStop(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """End a transaction. 1.6 RemoteStopTransaction, 2.x RequestStopTransaction."""

    transaction: str
    """The charger's own name of it: 1.6 the number in digits, 2.x its transactionId."""


class UnlockConnector(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Release the plug of a socket. A running transaction ends with it in 1.6; 2.x refuses then."""

    evse_id: int
    connector_id: int = 1


class GetTransactionStatus(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Ask whether a transaction goes on, and whether messages about it wait to be sent."""

    transaction: str = ""
    """The charger's own name of it; empty: about all transactions."""


class CostUpdated(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Show the driver what the running transaction has cost so far."""

    transaction: str
    total_cost: Decimal
    """In the currency of the charger (2.x TariffCostCtrlr.Currency), taxes included."""


class UsePriorityCharging(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Put a transaction before the others at the charger, or take that back."""

    transaction: str
    active: bool


class NotifyAllowedEnergyTransfer(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Tell the charger which ways of energy transfer the driver of a transaction may use."""

    transaction: str
    modes: tuple[str, ...]
    """`AC_three_phase`, `DC`, `DC_BPT` (both directions) … of EnergyTransferModeEnumType; at least one."""
