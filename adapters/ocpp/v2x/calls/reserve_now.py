"""ReserveNow of 2.x (H01)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.told_settings import told_flag
from adapters.ocpp.v2x.calls.addresses import not_below_zero
from adapters.ocpp.v2x.calls.tokens import id_token
from domain.commands.drivers import ReserveNow
from domain.commands.intent import Abilities, Answer

ACTIONS = ("ReserveNow",)
ANY_EVSE = "ReservationCtrlr.NonEvseSpecific"


def to_call(intent: ReserveNow, abilities: Abilities) -> WireCall:
    """The call. Refused: any EVSE, where the charger told that it reserves one of them only."""
    at = not_below_zero(intent.evse_id or 0)
    if at == 0 and told_flag(abilities, ANY_EVSE) is False:  # H01.FR.18, H01.FR.19
        raise CannotSay("This charger reserves one EVSE, not any one (ReservationCtrlr.NonEvseSpecific).")
    group = intent.group_id_token
    payload = {
        "id": intent.reservation_id,
        "expiryDateTime": intent.expires_at,
        "connectorType": intent.connector_type,
        "evseId": at or None,
        "idToken": id_token(intent.id_token),
        "groupIdToken": None if group is None else id_token(group),
    }
    return WireCall("ReserveNow", filled(payload))


def to_answer(intent: ReserveNow, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Faulted, Occupied, Rejected, Unavailable."""
    return answered(payload)
