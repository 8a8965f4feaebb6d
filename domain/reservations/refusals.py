"""Why a reservation cannot be asked for, or not be cancelled: each docstring is what the operator reads."""


class ReservationRefused(Exception):
    """The reservation cannot be made or changed; the subclasses say why. The charger was not asked."""


class InvalidReservationId(ReservationRefused):
    """A reservation's number is between 1 and 2147483647."""


class ExpiryInThePast(ReservationRefused):
    """The reservation would be over before it began; choose a later end."""


class PlaceUnknown(ReservationRefused):
    """The charger has no EVSE of this number."""


class AnyPlaceUnsupported(ReservationRefused):
    """This charger reserves single EVSEs only; name one (1.6 ReserveConnectorZeroSupported, 2.x NonEvseSpecific)."""


class PlaceNotFree(ReservationRefused):
    """The EVSE cannot be reserved as it is now: occupied, faulted or out of service."""


class AlreadyReserved(ReservationRefused):
    """The EVSE is reserved already; choose another, or wait until that reservation is over."""


class NoPlaceLeft(ReservationRefused):
    """Every EVSE that is free is reserved already."""


class ReservationUnsettled(ReservationRefused):
    """The charger has not answered the last request for this reservation yet; ask again when it has."""


class ReservationUnknown(ReservationRefused):
    """The charger has no reservation of this number."""


class ReservationOver(ReservationRefused):
    """The reservation has ended already."""
