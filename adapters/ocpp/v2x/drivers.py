"""Reservations, displays and customers in 2.x (functional blocks H, N and O)."""

from adapters.ocpp.v2x.fields import Payload, time_in, whole_in
from adapters.ocpp.whole_numbers import int32
from application.reports import Report
from domain.chargers.drivers import (
    CustomerInformationReported,
    DisplayMessage,
    DisplayMessagesReported,
    ReservationEnded,
)


def reservation_update(payload: Payload) -> Report:
    """ReservationStatusUpdate."""
    return Report(ReservationEnded(int32(payload["reservationId"]), payload["reservationUpdateStatus"]))


def customer_information(payload: Payload) -> Report:
    """NotifyCustomerInformation; of the personal text the length alone leaves the frame."""
    fact = CustomerInformationReported(
        request_id=int32(payload["requestId"]),
        seq_no=int32(payload["seqNo"]),
        characters=len(payload["data"]),
        more=payload.get("tbc", False),
    )
    return Report(fact, time_in(payload, "generatedAt"))


def display_messages(payload: Payload) -> Report:
    """NotifyDisplayMessages."""
    return Report(
        DisplayMessagesReported(
            request_id=int32(payload["requestId"]),
            more=payload.get("tbc", False),
            messages=tuple(_message(told) for told in payload.get("messageInfo", ())),
        )
    )


def _message(told: Payload) -> DisplayMessage:
    content = told["message"]
    evse = told.get("display", {}).get("evse") or {}
    return DisplayMessage(
        message_id=int32(told["id"]),
        priority=told["priority"],
        format=content["format"],
        content=content["content"],
        language=content.get("language", ""),
        state=told.get("state", ""),
        start_at=time_in(told, "startDateTime"),
        end_at=time_in(told, "endDateTime"),
        transaction=told.get("transactionId", ""),
        evse_id=whole_in(evse, "id"),
    )
