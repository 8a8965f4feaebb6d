"""The schemas shipped with `ocpp`: an oracle for what the simulator sends."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

_FOLDERS = {"1.6": "v16", "2.0.1": "v201", "2.1": "v21"}
_NOW = "2026-01-01T00:00:00.000Z"


@cache
def schema(version: str, action: str, *, response: bool) -> dict[str, Any]:
    """The schema of one request or response."""
    suffix = "Response" if response else "" if version == "1.6" else "Request"
    file = files("ocpp") / _FOLDERS[version] / "schemas" / f"{action}{suffix}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8-sig"))
    return found


@cache
def _validator(version: str, action: str, *, response: bool) -> jsonschema_rs.Draft4Validator:
    return jsonschema_rs.Draft4Validator(schema(version, action, response=response), validate_formats=False)


def violations(version: str, action: str, payload: object, *, response: bool = False) -> list[str]:
    """What is wrong with a payload; empty when it is valid."""
    errors = _validator(version, action, response=response).iter_errors(payload)
    return [f"{action}: {error.message}" for error in errors]


_transaction_numbers = iter(range(1000, 10**9))


def accepted_answer(version: str, action: str) -> dict[str, Any]:
    """A schema-valid answer that accepts everything."""
    token = (
        {"idTagInfo": {"status": "Accepted"}} if version == "1.6" else {"idTokenInfo": {"status": "Accepted"}}
    )
    answers: dict[str, dict[str, Any]] = {
        "BootNotification": {"currentTime": _NOW, "interval": 300, "status": "Accepted"},
        "Heartbeat": {"currentTime": _NOW},
        "Authorize": token,
    }
    if action == "StartTransaction":
        return {"transactionId": next(_transaction_numbers), **token}
    return answers.get(action, {})
