"""Facts about those who stand before a charger: what it shows them, holds for them, takes from them."""

from datetime import datetime
from decimal import Decimal

import msgspec

from domain.event import Fact
from domain.identity import IdToken, PersonalText, TokenText


class ReservationEnded(Fact, frozen=True):
    """A reservation ended at the charger without our doing."""

    TOPIC = "reservation.ended_by_charger"
    reservation_id: int
    why: str
    """`Expired`, `Removed` or (2.1) `NoTransaction`."""


class DisplayMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message the charger shows or will show."""

    message_id: int
    priority: str
    """`AlwaysFront`, `InFront` or `NormalCycle`."""
    format: str
    """`ASCII`, `HTML`, `URI`, `UTF8` or `QRCODE`."""
    content: str
    language: str = ""
    state: str = ""
    """Shown only in this state of the charger; empty: in all."""
    start_at: datetime | None = None
    end_at: datetime | None = None
    transaction: str = ""
    """The charger's own name of the transaction it is for."""
    evse_id: int | None = None
    """Of the display, where it is one of several."""


class DisplayMessagesReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The messages a charger holds, told upon a request, in parts (`more` until the last)."""

    TOPIC = "display.messages_reported"
    request_id: int
    more: bool = False
    messages: tuple[DisplayMessage, ...] = ()


class CustomerInformationReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """What the charger knows of a customer, in parts; the text is personal and stays in the frame."""

    TOPIC = "customer.information_reported"
    request_id: int
    seq_no: int
    characters: int
    """Length of this part."""
    more: bool = False


class SettlementReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A payment terminal settled, or failed to; when, is the told time of the event (2.1)."""

    TOPIC = "payment.settlement_reported"
    id_token: IdToken
    """The payment's reference, which the transaction carries as its token."""
    status: str
    """`Settled`, `Canceled`, `Rejected` or `Failed`."""
    amount: Decimal | None
    """In the currency of the charger's tariff; also where settling failed."""
    transaction: str = ""
    """The charger's own name of the transaction; empty where none came of it."""
    receipt_id: PersonalText = ""
    receipt_url: PersonalText = ""
    vat_number: TokenText = ""
    info: str = ""


class VatNumberPresented(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A driver wants a receipt for a company and entered its VAT number (2.1)."""

    TOPIC = "payment.vat_number_presented"
    vat_number: TokenText
    evse_id: int | None = None


class Battery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A battery in a slot of a swap station."""

    evse_id: int
    """The slot."""
    serial: str
    soc_pct: Decimal | None
    soh_pct: Decimal | None
    """State of health."""
    produced_at: datetime | None = None
    info: str = ""


class BatterySwapped(Fact, frozen=True, kw_only=True):
    """Batteries went in or out, or the driver did not take them (2.1)."""

    TOPIC = "battery.swapped"
    request_id: int
    """Ties what went in to what came out."""
    id_token: IdToken
    step: str
    """`BatteryIn`, `BatteryOut` or `BatteryOutTimeout`."""
    batteries: tuple[Battery, ...]
