"""The 2.x device model: GetVariables, SetVariables and the reports."""

from entrypoints.simulator.settings import Setting
from entrypoints.simulator.station import Station
from entrypoints.simulator.story import Payload, Step, timestamp


def _name(entry: Payload) -> str:
    return f"{entry['component']['name']}.{entry['variable']['name']}"


def _unknown(station: Station, entry: Payload) -> str:
    component = entry["component"]["name"] + "."
    known = any(name.startswith(component) for name, _ in station.settings)
    return "UnknownVariable" if known else "UnknownComponent"


def get_variables(station: Station, payload: Payload, now_s: float) -> Payload:
    """Each variable asked for, with its value or the reason why not."""
    return {"getVariableResult": [_got(station, entry) for entry in payload["getVariableData"]]}


def _got(station: Station, entry: Payload) -> Payload:
    result: Payload = {"component": entry["component"], "variable": entry["variable"]}
    setting = station.settings.get(_name(entry))
    if setting is None:
        result["attributeStatus"] = _unknown(station, entry)
    elif entry.get("attributeType", "Actual") != "Actual":
        result["attributeStatus"] = "NotSupportedAttributeType"
    elif setting.write_only:
        result["attributeStatus"] = "Rejected"
    else:
        result["attributeStatus"] = "Accepted"
        result["attributeValue"] = setting.value
    return result


def set_variables(station: Station, payload: Payload, now_s: float) -> Payload:
    """Each variable to write, with what became of it."""
    return {"setVariableResult": [_set(station, entry, now_s) for entry in payload["setVariableData"]]}


def _set(station: Station, entry: Payload, now_s: float) -> Payload:
    name, value = _name(entry), entry["attributeValue"]
    if entry.get("attributeType", "Actual") != "Actual":
        word = "NotSupportedAttributeType"
    else:
        word = station.settings.change(name, value)
    if word == "Accepted":
        _apply(station, name, value, now_s)
    status = _unknown(station, entry) if word == "Unknown" else word
    return {"attributeStatus": status, "component": entry["component"], "variable": entry["variable"]}


def _apply(station: Station, name: str, value: str, now_s: float) -> None:
    """A changed variable takes effect at once."""
    dialect = station.dialect
    if name == dialect.attempts_key:
        station.outbox.max_attempts = int(value)
    elif name == dialect.retry_interval_key:
        station.outbox.retry_interval_s = float(value) * station.pace.stretch
    elif name == dialect.heartbeat_key:
        station.heartbeat_at_s = now_s + float(value)
    elif name == dialect.metering_interval_key:
        for connector in station.connectors.values():
            if connector.transaction is not None:
                connector.next_sample_s = now_s + station.sample_interval_s


def get_base_report(station: Station, payload: Payload, now_s: float) -> Payload:
    """Accepted, and NotifyReport messages with the whole inventory in pages of ten."""
    if payload["reportBase"] == "SummaryInventory":
        return {"status": "NotSupported"}
    _report(station, list(station.settings), payload["requestId"], now_s)
    return {"status": "Accepted"}


def get_report(station: Station, payload: Payload, now_s: float) -> Payload:
    """The variables of the components asked for; without any the whole inventory."""
    asked = payload.get("componentVariable")
    wanted = {(e["component"]["name"], (e.get("variable") or {}).get("name")) for e in asked or ()}
    found = []
    for name, setting in station.settings:
        component, variable = name.split(".", 1)
        if not asked or (component, variable) in wanted or (component, None) in wanted:
            found.append((name, setting))
    if not found:
        return {"status": "EmptyResultSet"}
    _report(station, found, payload["requestId"], now_s)
    return {"status": "Accepted"}


def _report(station: Station, found: list[tuple[str, Setting]], request_id: int, now_s: float) -> None:
    pages = [found[start : start + 10] for start in range(0, len(found), 10)]
    for number, page in enumerate(pages):
        report: Payload = {
            "requestId": request_id,
            "generatedAt": timestamp(station.plan.clock(now_s)),
            "seqNo": number,
            "tbc": number + 1 < len(pages),
            "reportData": [_described(name, setting) for name, setting in page],
        }
        station.tell(Step("NotifyReport", report))


def _described(name: str, setting: Setting) -> Payload:
    component, variable = name.split(".", 1)
    mutability = "ReadOnly" if setting.read_only else "WriteOnly" if setting.write_only else "ReadWrite"
    attribute: Payload = {"type": "Actual", "mutability": mutability}
    if not setting.write_only:
        attribute["value"] = setting.value
    kind = (
        "boolean"
        if setting.value in ("true", "false")
        else "integer"
        if setting.value.isdigit()
        else "string"
    )
    return {
        "component": {"name": component},
        "variable": {"name": variable},
        "variableAttribute": [attribute],
        "variableCharacteristics": {"dataType": kind, "supportsMonitoring": False},
    }
