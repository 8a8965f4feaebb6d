"""The rows about reservations."""

from datetime import datetime

from adapters.http.access import Right
from adapters.http.action import Action
from adapters.http.api import reservations
from adapters.http.api.command_routes import ASKING, SHOW
from adapters.http.api.commands import CommandShape
from adapters.http.api.control import PlainQuery
from adapters.http.route import READING, Link, Page, Route

RESERVATION_ROUTES: tuple[Route | Action, ...] = (
    Action(
        method="POST",
        path="/chargers/{cpid}/reservations",
        summary="Hold a place for a driver",
        handler=reservations.reserve,
        query=PlainQuery,
        body=reservations.ReservationBody,
        response=reservations.ReservationMade,
        right=Right.OPERATE,
        statuses=(200, 201, 202),
        errors=ASKING,
        command=True,
        links=(Link("command", "one_command", {"id": "$response.body#/command"}),),
    ),
    Action(
        method="DELETE",
        path="/chargers/{cpid}/reservations/{rid}",
        summary="Give a reservation up",
        handler=reservations.cancel_reservation,
        query=PlainQuery,
        response=CommandShape,
        right=Right.OPERATE,
        statuses=(200, 202),
        errors=("ended", *ASKING),
        command=True,
        links=SHOW,
    ),
    Route(
        method="GET",
        path="/reservations",
        summary="Places that are or were held for drivers",
        handler=reservations.list_reservations,
        query=reservations.ReservationsQuery,
        response=Page[reservations.ReservationLine],
        errors=READING,
        key=tuple[datetime, str, int],
        links=(
            Link(
                "reservation",
                "one_reservation",
                {
                    "cpid": "$response.body#/items/0/charger",
                    "rid": "$response.body#/items/0/reservation_id",
                },
            ),
        ),
    ),
    Route(
        method="GET",
        path="/chargers/{cpid}/reservations/{rid}",
        summary="One reservation of a charger",
        handler=reservations.one_reservation,
        query=reservations.OneReservationQuery,
        response=reservations.ReservationLine,
        errors=("not_found", *READING),
        etag=True,
    ),
)
"""Reservations."""
