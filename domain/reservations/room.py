"""Is there room for one more reservation? The rules of single EVSEs, and of those that leave the EVSE open."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from domain.reservations.refusals import (
    AlreadyReserved,
    AnyPlaceUnsupported,
    ExpiryInThePast,
    InvalidReservationId,
    NoPlaceLeft,
    PlaceNotFree,
    PlaceUnknown,
)
from domain.reservations.reservation import Reservation, Terms

HIGHEST_ID = 2**31 - 1
OUT_OF_ORDER = frozenset({"Faulted", "Unavailable"})
NOT_FREE = OUT_OF_ORDER | {"Occupied"}


class Premises(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the charger when somebody wants a reservation; nothing of it is refused for not being known."""

    evses: int | None = None
    """How many EVSEs it has."""
    any_place: bool = False
    """May a reservation leave the EVSE open (1.6 ReserveConnectorZeroSupported, 2.x NonEvseSpecific)?"""
    statuses: Mapping[int, str] = {}
    """EVSE → its status as last told; 0 is the charger itself."""


def check_terms(reservation_id: int, terms: Terms, now: datetime, premises: Premises) -> None:
    """Can these terms be asked for at all? Raises a ReservationRefused."""
    if not 1 <= reservation_id <= HIGHEST_ID:
        raise InvalidReservationId(str(reservation_id))
    if terms.expires_at <= now:
        raise ExpiryInThePast(terms.expires_at.isoformat())
    if terms.evse_id < 0 or (premises.evses is not None and terms.evse_id > premises.evses):
        raise PlaceUnknown(str(terms.evse_id))
    if terms.evse_id == 0 and not premises.any_place:
        raise AnyPlaceUnsupported


def check_room(evse_id: int, others: Sequence[Reservation], premises: Premises) -> None:
    """Is there a place for one more, wherever those that left it open will go?

    All fit if the named EVSEs differ and there are no more reservations than EVSEs. Where nobody knows how
    many there are, one that leaves its EVSE open takes the whole charger. Raises a ReservationRefused.
    """
    whole, place = premises.statuses.get(0, ""), premises.statuses.get(evse_id, "")
    if whole in OUT_OF_ORDER or (evse_id and place in NOT_FREE):
        raise PlaceNotFree(whole if whole in OUT_OF_ORDER else place)
    taken = {evse for one in others for evse in one.evses if evse}
    if evse_id in taken:
        raise AlreadyReserved(str(evse_id))
    if evse_id and not any(0 in one.evses for one in others):
        return
    if premises.evses is None:
        if others:
            raise NoPlaceLeft
        return
    busy = {evse for evse, status in premises.statuses.items() if evse and status in NOT_FREE} - taken
    if len(others) + 1 > premises.evses - len(busy):
        raise NoPlaceLeft
