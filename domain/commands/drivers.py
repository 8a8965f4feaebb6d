"""Intents for those who stand before a charger: tokens it knows, places held, messages shown, payments."""

from datetime import datetime

import msgspec

from domain.chargers.drivers import DisplayMessage
from domain.chargers.security import CertificateHash
from domain.commands.intent import Intent
from domain.identity import IdToken, TokenText


class ListEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A token in a local list."""

    id_token: IdToken
    status: str = "Accepted"
    """`Accepted`, `Blocked`, `Expired`, `Invalid` …; empty, in an update: take the token off the list."""
    expires_at: datetime | None = None
    group: TokenText = ""


class SendLocalList(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Send the list of tokens that a charger may accept by itself, whole or as an update."""

    version: int
    """Of the list after this; above 0 (1.6 errata 3.52)."""
    entries: tuple[ListEntry, ...] = ()
    full: bool = True
    """The list is replaced, by an empty one where there are no entries; else updated."""


class GetLocalListVersion(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Ask which version of the local list the charger has."""


class ReserveNow(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Hold an EVSE for a token until a time; the same id again replaces the reservation."""

    reservation_id: int
    id_token: IdToken
    expires_at: datetime
    group_id_token: IdToken | None = None
    """Whoever belongs to this group may use the reservation."""
    evse_id: int | None = None
    """None and 0: any one, of the charger's choice."""
    connector_type: str = ""
    """2.x: `cCCS2`, `sType2` … of ConnectorEnumType; 1.6 knows no types."""


class CancelReservation(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Give a reservation up."""

    reservation_id: int


class CustomerInformation(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Ask what a charger keeps of one customer, or have it deleted; it follows in parts that carry `request_id`."""

    report: bool = True
    clear: bool = False
    id_token: IdToken | None = None
    """One of the three names the customer."""
    certificate: CertificateHash | None = None
    customer: TokenText = ""
    """Name, e-mail address or whatever else identifies."""
    request_id: int = 0


class SetDisplayMessage(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Show a message at the charger; one of the same id is replaced."""

    message: DisplayMessage


class GetDisplayMessages(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Ask which messages a charger holds; they follow in parts that carry `request_id`."""

    message_ids: tuple[int, ...] = ()
    priority: str = ""
    """`AlwaysFront`, `InFront` or `NormalCycle`; empty: any."""
    state: str = ""
    """`Charging`, `Faulted`, `Idle`, `Unavailable`; empty: any."""
    request_id: int = 0


class ClearDisplayMessage(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Take a message off the charger's display."""

    message_id: int


class NotifyWebPaymentStarted(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Tell the charger that a driver is paying on the web page of an EVSE."""

    evse_id: int
    timeout_s: int
    """After this no payment is to be expected any more."""


class RequestBatterySwap(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Let a token swap batteries at a swap station."""

    id_token: IdToken
    request_id: int = 0
    """The swap that follows carries it."""
