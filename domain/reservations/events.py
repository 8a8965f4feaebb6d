"""Facts of a charger's reservations; all of them stand on one stream, `reservations/<tenant>/<CPID>`."""

from datetime import datetime

from domain.event import Fact
from domain.identity import IdToken, TokenText


class ReservationFact(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Every fact names the reservation it is about."""

    reservation_id: int
    """Ours: positive, 31 bits, drawn at random."""


class Requested(ReservationFact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody wants an EVSE kept free; until the charger has answered it counts as taken."""

    TOPIC = "reservation.requested"
    evse_id: int
    """0: any EVSE of the charger (1.6 connector 0, 2.x without an EVSE)."""
    id_token: IdToken
    expires_at: datetime
    connector_id: int | None = None
    group: TokenText = ""
    """Whoever belongs to it may use the reservation too (1.6 parentIdTag, 2.x groupIdToken)."""
    command: str
    """The id of the command that asks the charger; its answer settles the request."""
    replaces: bool = False
    """The reservation stands already and gets new terms if the charger agrees (1.6 §5.13, 2.x H01.FR.02)."""


class Confirmed(ReservationFact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger agreed; these terms hold from now on, and none that were asked for before."""

    TOPIC = "reservation.confirmed"
    evse_id: int
    id_token: IdToken
    expires_at: datetime
    connector_id: int | None = None
    group: TokenText = ""
    command: str = ""


class Refused(ReservationFact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger did not agree, or was never asked; the reservation ends, unless earlier terms stand."""

    TOPIC = "reservation.refused"
    status: str
    """`Faulted`, `Occupied`, `Rejected`, `Unavailable`; `Error` for an error in answer, `NotSent`."""
    reason: str = ""
    command: str = ""
    stands: str = ""
    """What the reservation still is by what was asked before: `active`, `unknown`, `requested`; empty: nothing."""


class OutcomeUnknown(ReservationFact, frozen=True, kw_only=True, omit_defaults=True):
    """No answer came and the charger may have agreed: it counts as taken until that is known or it expires."""

    TOPIC = "reservation.outcome_unknown"
    command: str = ""
    stands: str = ""
    """`active` where it is held for certain, by these terms or by earlier ones; empty: nothing is certain."""


class Used(ReservationFact, frozen=True, kw_only=True, omit_defaults=True):
    """A transaction began on it; that ends the reservation (1.6 §5.13, 2.x H03)."""

    TOPIC = "reservation.used"
    transaction: str
    """The transaction's stream id."""
    evse_id: int
    by: str
    """`token`, `group`, or `charger`: it named the reservation, though neither token nor group is the reserved."""


class Expired(ReservationFact, frozen=True, kw_only=True, omit_defaults=True):
    """Its time was over, by our clock or by the charger's."""

    TOPIC = "reservation.expired"


class CancellationRequested(ReservationFact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody wants it cancelled; it counts as taken until the charger has agreed."""

    TOPIC = "reservation.cancellation_requested"
    command: str = ""


class CancellationFailed(ReservationFact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger was not reached, or answered an error or nothing: the reservation stands."""

    TOPIC = "reservation.cancellation_failed"
    why: str
    command: str = ""


class Cancelled(ReservationFact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger agreed to the cancellation."""

    TOPIC = "reservation.cancelled"
    by: str = ""
    """Who asked for it."""
    command: str = ""


class Lost(ReservationFact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger no longer holds it, without our doing."""

    TOPIC = "reservation.lost"
    why: str
    """`Removed`, `NoTransaction` (2.x), `Faulted`, `Unavailable` (1.6 §5.13), or `NotHeld`: it knows of none."""


class Mismatched(ReservationFact, frozen=True, kw_only=True, omit_defaults=True):
    """A transaction began that does not fit the book; nothing else changes, for a report is never refused."""

    TOPIC = "reservation.mismatched"
    transaction: str
    """The transaction's stream id."""
    why: str
    """`wrong_token`: on a reserved EVSE, for somebody else; `ended`, `unknown`: the reservation it names is so."""
