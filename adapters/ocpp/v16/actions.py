"""The actions a 1.6 charger may call: one table."""

from collections.abc import Mapping

from adapters.ocpp.action import Action
from adapters.ocpp.v16 import (
    authorize,
    boot_notification,
    data_transfer,
    heartbeat,
    meter_values,
    start_transaction,
    status_notification,
    stop_transaction,
)
from adapters.ocpp.v16.notices import NOTICES

ACTIONS: Mapping[str, Action] = {
    **NOTICES,
    "Authorize": authorize,
    "BootNotification": boot_notification,
    "DataTransfer": data_transfer,
    "Heartbeat": heartbeat,
    "MeterValues": meter_values,
    "StartTransaction": start_transaction,
    "StatusNotification": status_notification,
    "StopTransaction": stop_transaction,
}
"""Action name on the wire → its module."""
