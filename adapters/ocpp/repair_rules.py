"""The single repairs: each a small function that helps against one complaint, with where it was seen
(project and issue); rules without a source are the neighbours of those that have one.

See `repairs.py` for the order in which they are tried and for what no repair may do.
"""

import re
from decimal import Decimal
from typing import Any

import jsonschema_rs
import msgspec
import orjson

from adapters.ocpp.numbers import decimal_of
from adapters.ocpp.schemas import Message
from adapters.ocpp.versions import Version

Kinds = jsonschema_rs.ValidationErrorKind


class Finding(msgspec.Struct, frozen=True):
    """One place the schema refuses. A rule changes the payload in place and says whether it did."""

    message: Message
    root: dict[str, Any]
    path: tuple[str | int, ...]
    value: Any
    """What stands at the path."""
    complaint: jsonschema_rs.ValidationErrorKind

    @property
    def field(self) -> str:
        """The name of the field the value is in, list indices left out."""
        return next((step for step in reversed(self.path) if isinstance(step, str)), "")

    def put(self, value: Any) -> None:
        """Write `value` where the refused one stands."""
        value_at(self.root, self.path[:-1])[self.path[-1]] = value


GONE: Any = object()
"""Stands for a list element that is removed after the round, so that indices stay true until then."""


def value_at(root: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at `path`; GONE where an earlier repair of the round has taken it away."""
    for step in path:
        try:
            root = root[step]
        except (LookupError, TypeError):
            return GONE
    return root


def take_away(finding: Finding, path: tuple[str | int, ...]) -> bool:
    """Remove an optional field or a list element."""
    *above, last = path
    holder = value_at(finding.root, tuple(above))
    if isinstance(last, int):
        holder[last] = GONE
    elif last in finding.message.required_at(tuple(above)):
        return False
    else:
        del holder[last]
    return True


def null_field(finding: Finding) -> bool:
    """`"reservationId": null` → no field, which says the same."""
    if finding.value is not None:
        return False
    return take_away(finding, finding.path)


def number_as_string(finding: Finding) -> bool:
    """`"value": 23.1`, `"idTag": 12345678` → text; OpenEVSE fw 4.1.2 (openevse_esp32_firmware #335).

    Of fractions only measured and configured values: the text of a fraction is no identity.
    """
    value = finding.value
    if (
        not _wants(finding, "string")
        or isinstance(value, bool)
        or not isinstance(value, int | float | Decimal)
    ):
        return False
    if not isinstance(value, int) and finding.field not in ("value", "attributeValue", "v"):
        return False
    finding.put(str(decimal_of(value)))
    return True


def boolean_as_string(finding: Finding) -> bool:
    """`"value": true` in a configuration → `"true"` (1.6 §9: booleans are the texts true and false)."""
    configured = any(step in ("configurationKey", "getVariableResult") for step in finding.path)
    if not (_wants(finding, "string") and configured and isinstance(finding.value, bool)):
        return False
    finding.put("true" if finding.value else "false")
    return True


def object_as_string(finding: Finding) -> bool:
    """1.6 DataTransfer `"data": {…}` → its JSON as text, which a vendor's reader takes apart again."""
    if finding.message.action != "DataTransfer" or finding.path != ("data",) or not _wants(finding, "string"):
        return False
    finding.put(orjson.dumps(finding.value, default=str).decode())
    return True


def fractional_register(finding: Finding) -> bool:
    """`meterStart` and `meterStop` as text with a fraction: the exact number."""
    if finding.path not in (("meterStart",), ("meterStop",)) or not isinstance(finding.value, str):
        return False
    if not _FRACTION.fullmatch(finding.value.strip()):
        return False
    finding.put(Decimal(finding.value.strip()))
    return True


_FRACTION = re.compile(r"-?[0-9]{1,18}\.[0-9]{1,9}", re.ASCII)


def string_as_integer(finding: Finding) -> bool:
    """`"connectorId": "1"` → 1."""
    if not (_wants(finding, "integer") and isinstance(finding.value, str)):
        return False
    if not _INTEGER.fullmatch(finding.value.strip()):
        return False
    finding.put(int(finding.value.strip().partition(".")[0]))
    return True


def integral_float(finding: Finding) -> bool:
    """`"meterStart": 96.0` → 96: JSON has one number type, some serializers write a point.

    A true fraction is not touched: Wh are energy, and energy is not rounded here.
    """
    number = finding.value
    if not _wants(finding, "integer") or not isinstance(number, float | Decimal):
        return False
    if abs(float(number)) >= 2**53 or number != int(number):
        return False
    finding.put(int(number))
    return True


def string_as_number(finding: Finding) -> bool:
    """`"value": "230.1"` in 2.x, `"limit": "16"` → the same number; 1.6 wants text here."""
    if not (_wants(finding, "number") and isinstance(finding.value, str)):
        return False
    if not _NUMBER.fullmatch(finding.value.strip()):
        return False
    finding.put(decimal_of(finding.value))
    return True


def string_as_boolean(finding: Finding) -> bool:
    """`"readonly": "false"`, `"offline": 0` → a boolean; other words are not guessed at."""
    if not _wants(finding, "boolean"):
        return False
    value = finding.value
    word = value.strip().lower() if isinstance(value, str) else str(value) if type(value) is int else ""
    if word not in _BOOLEANS:
        return False
    finding.put(_BOOLEANS[word])
    return True


def single_as_list(finding: Finding) -> bool:
    """`"meterValue": {…}` → a list of one."""
    if not (_wants(finding, "array") and isinstance(finding.value, dict)):
        return False
    finding.put([finding.value])
    return True


def extra_field(finding: Finding) -> bool:
    """Unknown fields are dropped: `connectorId` in Authorize (evcc #14579); J-errata 3.2 forbids them.

    A known field in other capitals (`idtag`) takes its proper name when that is still free.
    """
    complaint = finding.complaint
    if not isinstance(complaint, Kinds.AdditionalProperties):
        return False
    target = finding.value
    proper_names = {name.lower(): name for name in finding.message.properties_at(finding.path)}
    for name in complaint.unexpected:
        value = target.pop(name)
        proper = proper_names.get(name.lower())
        if proper is not None and proper not in target:
            target[proper] = value
    return True


def default_field(finding: Finding) -> bool:
    """A missing field that has a word for "not told" gets it: errorCode → NoError, boot reason → Unknown."""
    if not isinstance(finding.complaint, Kinds.Required):
        return False
    name = finding.complaint.property
    if name in finding.value:  # another repair of this round has brought it
        return True
    if name == "sampledValue" and finding.message.version is Version.V16:
        finding.value[
            name
        ] = []  # a meter value without samples says nothing (SteVe has it among its test frames)
        return True
    if name == "errorCode" and finding.value.get("status") not in _WITHOUT_ERROR:
        return False  # NoError would deny the fault that the status reports
    if (finding.message.action, name) not in _NOT_TOLD:
        return False
    finding.value[name] = _NOT_TOLD[finding.message.action, name]
    return True


def enum_spelling(finding: Finding) -> bool:
    """`"status": "available"`, `"Wh "`, unit `%` → the schema's own spelling. 1.6 has Celcius and Celsius."""
    complaint = finding.complaint
    if not isinstance(complaint, Kinds.Enum) or not isinstance(finding.value, str):
        return False
    told = _folded(finding.value)
    if finding.field == "unit":
        told = _UNITS.get(told, told)
    fitting = [o for o in complaint.options if isinstance(o, str) and _folded(o) == told]
    if len(fitting) != 1:
        return False
    finding.put(fitting[0])
    return True


def enum_other(finding: Finding) -> bool:
    """A stop reason or error code we do not know is Other, for which the lists have a word.

    To drop it would say more: a 1.6 StopTransaction without reason means Local.
    """
    other = {"reason": "Other", "stoppedReason": "Other", "errorCode": "OtherError"}.get(finding.field)
    complaint = finding.complaint
    if not isinstance(complaint, Kinds.Enum) or not isinstance(finding.value, str):
        return False
    if other is None or other not in complaint.options:
        return False
    finding.put(other)
    return True


def unknown_sample(finding: Finding) -> bool:
    """A sample with an unknown measurand, unit, phase … is left out, and the rest of the message is kept.

    Without its unit or measurand the value would be taken for Wh of the energy register, the defaults of 1.6.
    """
    if not isinstance(finding.complaint, Kinds.Enum):
        return False
    return (
        len(finding.path) > 2 and finding.path[-3] == "sampledValue" and take_away(finding, finding.path[:-1])
    )


def empty_list(finding: Finding) -> bool:
    """2.x wants at least one element; an optional list that is empty says as much as none at all.

    A meter value without samples (lbbrhzn/ocpp #466, Sonnen in evcc #25708), or a schedule without periods
    (Beny GetCompositeSchedule), goes as a whole where its holder is optional.
    """
    if finding.value != []:
        return False
    if take_away(finding, finding.path):
        return True
    return finding.field in ("sampledValue", "chargingSchedulePeriod") and take_away(
        finding, finding.path[:-1]
    )


def long_text(finding: Finding) -> bool:
    """Descriptive text beyond its length is cut: model, info, firmware version … Never ids or values."""
    complaint = finding.complaint
    if not isinstance(complaint, Kinds.MaxLength):
        return False
    if finding.field not in _DESCRIPTIVE or not isinstance(finding.value, str):
        return False
    finding.put(finding.value[: complaint.limit])
    return True


_INTEGER = re.compile(r"[+-]?[0-9]{1,18}(\.0+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_UNITS = {"%": "percent", "hz": "hertz", "°c": "celsius"}
"""Units in everyday signs, folded → the name of the list."""
_NOT_TOLD: dict[tuple[str, str], Any] = {
    ("StatusNotification", "errorCode"): "NoError",
    ("BootNotification", "chargePointVendor"): "",
    ("BootNotification", "chargePointModel"): "",
    ("BootNotification", "vendorName"): "",
    ("BootNotification", "model"): "",
    ("BootNotification", "reason"): "Unknown",
}
_WITHOUT_ERROR = frozenset(
    {
        "Available",
        "Preparing",
        "Charging",
        "SuspendedEV",
        "SuspendedEVSE",
        "Finishing",
        "Reserved",
        "Unavailable",
    }
)
"""The statuses of 1.6 that go without an error: all but Faulted."""
_DESCRIPTIVE = frozenset(
    {
        "additionalInfo", "chargeBoxSerialNumber", "chargePointModel", "chargePointSerialNumber",
        "chargePointVendor", "firmwareVersion", "iccid", "imsi", "info", "meterSerialNumber", "meterType",
        "model", "serialNumber", "techCode", "techInfo", "vendorErrorCode", "vendorName",
    }
)  # fmt: skip
"""Fields that are read by people. A serial number here is what the box is called, not what it is known by."""


def _wants(finding: Finding, kind: str) -> bool:
    return isinstance(finding.complaint, Kinds.Type) and kind in finding.complaint.types


def _folded(word: str) -> str:
    """Case, blanks, dashes and underscores say nothing in the words of OCPP."""
    return re.sub(r"[\s_-]", "", word).lower()
