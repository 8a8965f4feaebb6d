"""ReserveNow of 1.6 (§5.13); connector 0 is any connector, where the charger can do that."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.timestamps import write_timestamp
from adapters.ocpp.told_settings import told_flag
from adapters.ocpp.v16.calls.addresses import connector_of
from adapters.ocpp.v16.calls.tokens import id_tag
from domain.commands.drivers import ReserveNow
from domain.commands.intent import Abilities, Answer

ACTIONS = ("ReserveNow",)
ANY_CONNECTOR = "ReserveConnectorZeroSupported"


def to_call(intent: ReserveNow, abilities: Abilities) -> WireCall:
    """The call. Refused: any connector, unless ReserveConnectorZeroSupported; a connector type; long tokens."""
    if intent.connector_type:
        raise CannotSay("OCPP 1.6 cannot reserve a type of connector.")
    number = connector_of(intent.evse_id)
    # An optional key (1.6 §9.2): a charger that told its settings without it does not support connector 0.
    if number == 0 and abilities.settings and told_flag(abilities, ANY_CONNECTOR) is not True:
        raise CannotSay("This charger reserves one connector, not any one (ReserveConnectorZeroSupported).")
    payload: dict[str, Any] = {
        "connectorId": number,
        "expiryDate": write_timestamp(intent.expires_at),
        "idTag": id_tag(intent.id_token),
        "reservationId": intent.reservation_id,
    }
    if intent.group_id_token is not None:
        payload["parentIdTag"] = id_tag(intent.group_id_token)
    return WireCall("ReserveNow", payload)


def to_answer(intent: ReserveNow, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Faulted, Occupied, Rejected, Unavailable."""
    return answered(payload)
