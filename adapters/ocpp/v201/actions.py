"""The actions a 2.0.1 charger may call: one table."""

from collections.abc import Mapping

from adapters.ocpp.action import Action
from adapters.ocpp.v201 import (
    authorize,
    boot_notification,
    data_transfer,
    heartbeat,
    meter_values,
    status_notification,
    transaction_event,
)
from adapters.ocpp.v201.notices import NOTICES

ACTIONS: Mapping[str, Action] = {
    **NOTICES,
    "Authorize": authorize,
    "BootNotification": boot_notification,
    "DataTransfer": data_transfer,
    "Heartbeat": heartbeat,
    "MeterValues": meter_values,
    "StatusNotification": status_notification,
    "TransactionEvent": transaction_event,
}
"""Action name on the wire → its module."""
