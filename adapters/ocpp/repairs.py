"""Repairs: named, small changes that make a payload fit its schema without changing what it says.

Tried only after the schema has refused a payload. A repair may drop what says nothing, cut descriptive text,
and rewrite a value in the type or spelling the schema wants. It never cuts or rounds a number, and never
invents an id token, a time or a meter value. The caller keeps the text as received.
"""

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import jsonschema_rs
import msgspec

from adapters.ocpp import repair_rules as rules
from adapters.ocpp.faults import Fault, schema_fault
from adapters.ocpp.repair_rules import GONE, Finding, value_at
from adapters.ocpp.schemas import Message

ROUNDS = 8
"""A repair may uncover the next finding (null dropped → field missing); real frames need three rounds."""
FINDINGS = 1000
"""Findings looked at in one round: 200 samples with five wrong fields each."""


class Repaired(msgspec.Struct, frozen=True):
    """A payload that fits its schema but for what is tolerated, and the rules that were needed, each once."""

    payload: Any
    rules: tuple[str, ...]


Rule = Callable[[Finding], bool]
"""Changes the payload in place and says whether it did."""


def admit(message: Message, payload: Any) -> Repaired | Fault:
    """What to make of a payload: as it is (no rules), repaired, or refused with the fault of the original."""
    if message.is_valid(payload):
        return Repaired(payload, ())
    return repair(message, payload) or schema_fault(message, payload)


def repair(message: Message, payload: Any) -> Repaired | None:
    """Make `payload` fit, on a copy; None where some finding has no repair."""
    if not isinstance(payload, dict):
        return None
    mended = copy.deepcopy(payload)
    names: dict[str, None] = {}
    for _ in range(ROUNDS):
        findings = [
            error
            for error in message.errors(mended, FINDINGS)
            if not _tolerated(message, mended, error, names)
        ]
        if not findings:
            return Repaired(mended, tuple(names))
        for error in sorted(findings, key=_turn):
            if not _mend(message, mended, error, names):
                return None
        _sweep(mended)
    return None


RULES: dict[str, tuple[tuple[str, Rule], ...]] = {
    "type": (
        ("null_field", rules.null_field),
        ("number_as_string", rules.number_as_string),
        ("boolean_as_string", rules.boolean_as_string),
        ("object_as_string", rules.object_as_string),
        ("string_as_integer", rules.string_as_integer),
        ("integral_float", rules.integral_float),
        ("fractional_register", rules.fractional_register),
        ("string_as_number", rules.string_as_number),
        ("string_as_boolean", rules.string_as_boolean),
        ("single_as_list", rules.single_as_list),
    ),
    "additionalProperties": (("extra_field", rules.extra_field),),
    "required": (("default_field", rules.default_field),),
    "enum": (
        ("null_field", rules.null_field),
        ("enum_spelling", rules.enum_spelling),
        ("enum_other", rules.enum_other),
        ("unknown_sample", rules.unknown_sample),
    ),
    "minItems": (("empty_list", rules.empty_list),),
    "maxLength": (("long_text", rules.long_text),),
}
"""The rules by the schema keyword that complains, in the order they are tried."""


def _tolerated(
    message: Message, payload: Any, error: jsonschema_rs.ValidationError, names: dict[str, None]
) -> bool:
    """Findings that need no change: the value is whole, only the schema's bound is narrower than the field.

    Configuration values beyond 500 characters (MeterValuesSampledData of long lists) and limits finer than
    0.1 A (GetCompositeSchedule) stay as they are, as do MeterValues without any sample: there is nothing to
    record, and a refusal would be retried for ever. A register of 1234.5 Wh is kept exact: cutting it would
    change what it says, refusing it would lose the transaction.
    """
    path = error.instance_path
    keyword = error.kind.name
    if keyword == "maxLength" and path[0] == "configurationKey" and path[-1] == "value":
        names["long_configuration_value"] = None
        return True
    if keyword == "minItems" and path == ["meterValue"] and message.action == "MeterValues":
        names["no_samples"] = None
        return True
    if keyword == "multipleOf":
        names["fine_grained_limit"] = None
        return True
    if keyword == "type" and path in (["meterStart"], ["meterStop"]):
        register = value_at(payload, tuple(path))
        if not isinstance(register, float | Decimal) or register == int(register):
            return False  # a string or 96.0 has a rule of its own
        names["fractional_register"] = None
        return True
    return False


def _turn(error: jsonschema_rs.ValidationError) -> int:
    """Fields in other capitals take their names before missing ones are missed."""
    return {"additionalProperties": 0, "required": 2}.get(error.kind.name, 1)


def _mend(
    message: Message, root: dict[str, Any], error: jsonschema_rs.ValidationError, names: dict[str, None]
) -> bool:
    """Let the first rule that can deal with one finding, and note its name."""
    path = tuple(error.instance_path)
    value = value_at(root, path)
    if value is GONE:  # an earlier repair of this round has taken away what holds it
        return True
    finding = Finding(message, root, path, value, error.kind)
    for name, rule in RULES.get(error.kind.name, ()):
        if rule(finding):
            names[name] = None
            return True
    return False


def _sweep(value: Any) -> None:
    """Remove the list elements that were taken away."""
    if isinstance(value, dict):
        for held in value.values():
            _sweep(held)
    elif isinstance(value, list):
        value[:] = [held for held in value if held is not GONE]
        for held in value:
            _sweep(held)
