"""OCPP 1.6 as a charger speaks it."""

from typing import Any

from entrypoints.simulator.story import Equipment, Payload, Reading, Step, Transaction, timestamp

_UNITS = {"Energy.Active.Import.Register": "Wh", "Power.Active.Import": "W", "SoC": "Percent"}
_REGISTER_ONLY = frozenset({"Energy.Active.Import.Register"})
_STOP_REASONS = {
    "ImmediateReset": "HardReset",
    "OnReset": "SoftReset",
    "StoppedByEV": "Local",
    "EVDisconnected": "EVDisconnected",
}


class V16:
    """The 1.6 dialect: connector n is EVSE n, connector 0 the charger itself."""

    subprotocol = "ocpp1.6"
    metering_interval_key = "MeterValueSampleInterval"
    sampled_data_key = "MeterValuesSampledData"
    attempts_key = "TransactionMessageAttempts"
    retry_interval_key = "TransactionMessageRetryInterval"
    heartbeat_key = "HeartbeatInterval"

    def boot(self, equipment: Equipment, reason: str) -> Step:
        """BootNotification.req; 1.6 has no place for `reason`."""
        payload = {
            "chargePointVendor": equipment.vendor[:20],
            "chargePointModel": equipment.model[:20],
            "firmwareVersion": equipment.firmware[:50],
        }
        if equipment.serial:
            payload["chargePointSerialNumber"] = equipment.serial[:25]
        return Step("BootNotification", payload)

    def heartbeat(self) -> Step:
        """Heartbeat.req."""
        return Step("Heartbeat", {})

    def connector_word(self, state: str) -> str:
        """1.6 has a word for every state."""
        return state

    def status(self, evse_id: int, word: str, at_s: float, error: str = "NoError") -> Step:
        """StatusNotification.req."""
        payload = {"connectorId": evse_id, "errorCode": error, "status": word, "timestamp": timestamp(at_s)}
        return Step("StatusNotification", payload)

    def authorize(self, token: str) -> Step:
        """Authorize.req."""
        return Step("Authorize", {"idTag": token})

    def start(self, transaction: Transaction, trigger: str, offline: bool) -> Step:
        """StartTransaction.req: the register is in the message itself."""
        payload = {
            "connectorId": transaction.evse_id,
            "idTag": transaction.token,
            "meterStart": transaction.began.register_wh,
            "timestamp": timestamp(transaction.started_at_s),
        }
        return Step("StartTransaction", payload)

    def charging_state(self, transaction: Transaction, at_s: float, offline: bool) -> Step | None:
        """Nothing: in 1.6 the connector's status tells it."""
        return None

    def meter(
        self,
        transaction: Transaction,
        reading: Reading,
        wanted: frozenset[str],
        offline: bool,
        context: str = "Sample.Periodic",
    ) -> Step:
        """MeterValues.req of a transaction; `bind` writes the id when it is sent."""
        values = _sampled(reading, wanted, context)
        payload = {
            "connectorId": transaction.evse_id,
            "transactionId": -1,
            "meterValue": [{"timestamp": timestamp(reading.at_s), "sampledValue": values}],
        }
        return Step("MeterValues", payload)

    def idle_meter(self, evse_id: int, reading: Reading, wanted: frozenset[str]) -> Step:
        """MeterValues.req without a transaction."""
        value = {"timestamp": timestamp(reading.at_s), "sampledValue": _sampled(reading, wanted, "Trigger")}
        return Step("MeterValues", {"connectorId": evse_id, "meterValue": [value]})

    def stop(
        self, transaction: Transaction, reading: Reading, reason: str, token: str | None, offline: bool
    ) -> Step:
        """StopTransaction.req with the registers of begin and end as transaction data."""
        payload: Payload = {
            "transactionId": -1,
            "meterStop": reading.register_wh,
            "timestamp": timestamp(reading.at_s),
            "reason": _STOP_REASONS.get(reason, reason),
            "transactionData": [
                _edge(transaction.began, "Transaction.Begin"),
                _edge(reading, "Transaction.End"),
            ],
        }
        if token is not None:
            payload["idTag"] = token
        return Step("StopTransaction", payload)

    def bind(self, step_payload: Payload, transaction: Transaction) -> None:
        """The server's id, or -1 when StartTransaction was never answered (errata 3.18)."""
        if "transactionId" in step_payload:
            step_payload["transactionId"] = -1 if transaction.number is None else transaction.number

    def security_event(self, kind: str, at_s: float, info: str) -> Step:
        """SecurityEventNotification.req of the security extension."""
        payload = {"type": kind, "timestamp": timestamp(at_s), "techInfo": info[:255]}
        return Step("SecurityEventNotification", payload)

    def verdict(self, action: str, answer: Payload) -> str | None:
        """`idTagInfo.status`."""
        status: str | None = (answer.get("idTagInfo") or {}).get("status")
        return status

    def number(self, action: str, answer: Payload) -> int | None:
        """`transactionId` of StartTransaction.conf."""
        value: int | None = answer.get("transactionId") if action == "StartTransaction" else None
        return value


def _edge(reading: Reading, context: str) -> Payload:
    values = _sampled(reading, _REGISTER_ONLY, context)
    return {"timestamp": timestamp(reading.at_s), "sampledValue": values}


def _sampled(reading: Reading, wanted: frozenset[str], context: str) -> list[dict[str, Any]]:
    """The sampled values in 1.6 form: strings with unit, a phase for currents and voltages."""
    out = []
    if "Energy.Active.Import.Register" in wanted or not wanted:
        out.append(_value(str(reading.register_wh), "Energy.Active.Import.Register", context))
    if "Power.Active.Import" in wanted:
        out.append(_value(f"{reading.power_w:.1f}", "Power.Active.Import", context))
    for number, current_a in enumerate(reading.currents_a, start=1):
        if "Current.Import" in wanted:
            out.append(_phase(f"{current_a:.2f}", "Current.Import", f"L{number}", "A", context))
        if "Voltage" in wanted:
            out.append(_phase(f"{reading.voltage_v:.1f}", "Voltage", f"L{number}-N", "V", context))
    if reading.soc_percent is not None and "SoC" in wanted:
        out.append({**_value(f"{reading.soc_percent:.0f}", "SoC", context), "location": "EV"})
    return out


def _value(value: str, measurand: str, context: str) -> dict[str, Any]:
    return {"value": value, "context": context, "measurand": measurand, "unit": _UNITS[measurand]}


def _phase(value: str, measurand: str, phase: str, unit: str, context: str) -> dict[str, Any]:
    return {"value": value, "context": context, "measurand": measurand, "phase": phase, "unit": unit}
