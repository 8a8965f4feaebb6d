"""OCPP 2.0.1 and 2.1 as a charger speaks them; for what this program tells they differ in the name alone."""

from typing import Any

from entrypoints.simulator.story import Equipment, Payload, Reading, Step, Transaction, timestamp

_OCCUPIED = frozenset({"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"})
_REGISTER_ONLY = frozenset({"Energy.Active.Import.Register"})
_STOP_REASONS = {"OnReset": "ImmediateReset"}
_STOP_TRIGGERS = {
    "Remote": "RemoteStop",
    "EVDisconnected": "EVCommunicationLost",
    "DeAuthorized": "Deauthorized",
    "Local": "StopAuthorized",
    "ImmediateReset": "ResetCommand",
    "OnReset": "ResetCommand",
    "PowerLoss": "AbnormalCondition",
    "StoppedByEV": "ChargingStateChanged",
}


class V2x:
    """The 2.0.1 and 2.1 dialect: transactions are told in TransactionEvents."""

    metering_interval_key = "SampledDataCtrlr.TxUpdatedInterval"
    sampled_data_key = "SampledDataCtrlr.TxUpdatedMeasurands"
    attempts_key = "OCPPCommCtrlr.MessageAttempts"
    retry_interval_key = "OCPPCommCtrlr.MessageAttemptInterval"
    heartbeat_key = "OCPPCommCtrlr.HeartbeatInterval"

    def __init__(self, version: str) -> None:
        self.subprotocol = f"ocpp{version}"

    def boot(self, equipment: Equipment, reason: str) -> Step:
        """BootNotificationRequest."""
        station = {
            "model": equipment.model[:20],
            "vendorName": equipment.vendor[:50],
            "firmwareVersion": equipment.firmware[:50],
        }
        if equipment.serial:
            station["serialNumber"] = equipment.serial[:25]
        return Step("BootNotification", {"reason": reason, "chargingStation": station})

    def heartbeat(self) -> Step:
        """HeartbeatRequest."""
        return Step("Heartbeat", {})

    def connector_word(self, state: str) -> str:
        """Everything between plugging in and driving off is Occupied."""
        return "Occupied" if state in _OCCUPIED else state

    def status(self, evse_id: int, word: str, at_s: float, error: str = "NoError") -> Step:
        """StatusNotificationRequest; errors are told by NotifyEvent in 2.x, not here."""
        payload = {
            "timestamp": timestamp(at_s),
            "connectorStatus": word,
            "evseId": evse_id,
            "connectorId": 1,
        }
        return Step("StatusNotification", payload)

    def authorize(self, token: str) -> Step:
        """AuthorizeRequest."""
        return Step("Authorize", {"idToken": _token(token)})

    def start(self, transaction: Transaction, trigger: str, offline: bool) -> Step:
        """TransactionEventRequest Started, with the token and the register at the beginning."""
        at_s = transaction.started_at_s
        payload = _event("Started", transaction, trigger, at_s, offline)
        payload["evse"] = {"id": transaction.evse_id, "connectorId": 1}
        payload["idToken"] = _token(transaction.token)
        if transaction.remote_start_id is not None:
            payload["transactionInfo"]["remoteStartId"] = transaction.remote_start_id
        payload["meterValue"] = [_values(transaction.began, _REGISTER_ONLY, "Transaction.Begin")]
        return Step("TransactionEvent", payload)

    def charging_state(self, transaction: Transaction, at_s: float, offline: bool) -> Step | None:
        """TransactionEventRequest Updated, ChargingStateChanged."""
        return Step("TransactionEvent", _event("Updated", transaction, "ChargingStateChanged", at_s, offline))

    def meter(
        self,
        transaction: Transaction,
        reading: Reading,
        wanted: frozenset[str],
        offline: bool,
        context: str = "Sample.Periodic",
    ) -> Step:
        """TransactionEventRequest Updated with a reading."""
        trigger = "Trigger" if context == "Trigger" else "MeterValuePeriodic"
        payload = _event("Updated", transaction, trigger, reading.at_s, offline)
        payload["meterValue"] = [_values(reading, wanted, context)]
        return Step("TransactionEvent", payload)

    def idle_meter(self, evse_id: int, reading: Reading, wanted: frozenset[str]) -> Step:
        """MeterValuesRequest, which 2.x keeps for readings outside a transaction."""
        return Step("MeterValues", {"evseId": evse_id, "meterValue": [_values(reading, wanted, "Trigger")]})

    def stop(
        self, transaction: Transaction, reading: Reading, reason: str, token: str | None, offline: bool
    ) -> Step:
        """TransactionEventRequest Ended with the register at the end."""
        transaction.state = "Idle" if reason == "EVDisconnected" else "EVConnected"
        trigger = _STOP_TRIGGERS.get(reason, "StopAuthorized")
        payload = _event("Ended", transaction, trigger, reading.at_s, offline)
        payload["transactionInfo"]["stoppedReason"] = _STOP_REASONS.get(reason, reason)
        if token is not None:
            payload["idToken"] = _token(token)
        payload["meterValue"] = [_values(reading, _REGISTER_ONLY, "Transaction.End")]
        return Step("TransactionEvent", payload)

    def bind(self, step_payload: Payload, transaction: Transaction) -> None:
        """Nothing: in 2.x the charger chooses the transaction's id itself."""

    def security_event(self, kind: str, at_s: float, info: str) -> Step:
        """SecurityEventNotificationRequest."""
        payload = {"type": kind, "timestamp": timestamp(at_s), "techInfo": info[:255]}
        return Step("SecurityEventNotification", payload)

    def verdict(self, action: str, answer: Payload) -> str | None:
        """`idTokenInfo.status`."""
        status: str | None = (answer.get("idTokenInfo") or {}).get("status")
        return status

    def number(self, action: str, answer: Payload) -> int | None:
        """None: see `bind`."""
        return None


def _token(token: str) -> dict[str, str]:
    return {"idToken": token, "type": "ISO14443"}


def _event(kind: str, transaction: Transaction, trigger: str, at_s: float, offline: bool) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "eventType": kind,
        "timestamp": timestamp(at_s),
        "triggerReason": trigger,
        "seqNo": transaction.next_sequence(),
        "transactionInfo": {"transactionId": transaction.key, "chargingState": transaction.state},
    }
    if offline:
        payload["offline"] = True
    return payload


def _values(reading: Reading, wanted: frozenset[str], context: str) -> dict[str, Any]:
    """A meter value in 2.x form: numbers, units of their own, a phase for currents and voltages."""
    out = []
    if "Energy.Active.Import.Register" in wanted or not wanted:
        out.append(_value(reading.register_wh, "Energy.Active.Import.Register", "Wh", context))
    if "Power.Active.Import" in wanted:
        out.append(_value(round(reading.power_w, 1), "Power.Active.Import", "W", context))
    for number, current_a in enumerate(reading.currents_a, start=1):
        if "Current.Import" in wanted:
            out.append(_phase(round(current_a, 2), "Current.Import", f"L{number}", "A", context))
        if "Voltage" in wanted:
            out.append(_phase(round(reading.voltage_v, 1), "Voltage", f"L{number}-N", "V", context))
    if reading.soc_percent is not None and "SoC" in wanted:
        out.append(_value(round(reading.soc_percent), "SoC", "Percent", context))
    return {"timestamp": timestamp(reading.at_s), "sampledValue": out}


def _value(value: float, measurand: str, unit: str, context: str) -> dict[str, Any]:
    return {"value": value, "context": context, "measurand": measurand, "unitOfMeasure": {"unit": unit}}


def _phase(value: float, measurand: str, phase: str, unit: str, context: str) -> dict[str, Any]:
    return {**_value(value, measurand, unit, context), "phase": phase}
