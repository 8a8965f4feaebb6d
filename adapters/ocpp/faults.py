"""Faults: the CALLERROR a message earns, with the codes and spellings of each version.

A description names the place and the rule, never the value: values may be secrets or megabytes.
"""

from typing import Any

import jsonschema_rs
import msgspec

from adapters.ocpp.frames import MessageId, call_error
from adapters.ocpp.schemas import Message
from adapters.ocpp.versions import Version

DESCRIPTION_LENGTH = 255
"""OCPP-J §4.2.3."""


class Fault(msgspec.Struct, frozen=True):
    """Why a message is refused: an error code of its version, words for the log, details for the charger."""

    code: str
    description: str = ""
    details: dict[str, Any] = msgspec.field(default_factory=dict)

    def answer(self, message_id: MessageId) -> str:
        """The CALLERROR text."""
        return call_error(message_id, self.code, self.description, self.details)


def schema_fault(message: Message, payload: Any) -> Fault:
    """The fault of a payload its schema refuses, chosen the same way every time: worst class, shortest path.

    Raises ValueError when the payload is valid.
    """
    findings = message.errors(payload, bound=100)
    if not findings:
        raise ValueError(f"{message.action}: the payload is valid, there is no fault to name")
    worst = min(findings, key=_rank)
    path = _path(worst)
    keyword = worst.kind.name
    words = f"{path or 'payload'}: {_words(worst)}"[:DESCRIPTION_LENGTH]
    return Fault(_code(_class_of(keyword), message.version), words, {"keyword": keyword, "path": path})


def unknown_action(version: Version, action: str) -> Fault:
    """No such action in this version: NotImplemented, "not known by receiver" (OCPP-J §4.2.3)."""
    return Fault("NotImplemented", f"{_bounded(action)} is no action of OCPP {version}")


def unsupported_action(action: str) -> Fault:
    """The action exists, but a charger may not start it or it is switched off: NotSupported."""
    return Fault("NotSupported", f"{_bounded(action)} is not supported in this direction")


def internal_error() -> Fault:
    """We failed; the charger may try again. Says nothing about the cause."""
    return Fault("InternalError", "the message could not be processed, please try again")


def not_accepted_yet() -> Fault:
    """A call before the boot was accepted (J-errata 3.10, 2.x B02.FR.09, B03.FR.07)."""
    return Fault("SecurityError", "send BootNotification first")


_TYPE, _STRUCTURE, _OCCURRENCE, _PROPERTY = range(4)
"""Classes of findings, worst first: where the type is wrong, nothing below it can be judged."""

_CLASSES = {
    "type": _TYPE,
    "additionalProperties": _STRUCTURE,
    "required": _OCCURRENCE,
    "minItems": _OCCURRENCE,
    "maxItems": _OCCURRENCE,
    "enum": _PROPERTY,
    "maxLength": _PROPERTY,
    "minLength": _PROPERTY,
    "minimum": _PROPERTY,
    "maximum": _PROPERTY,
    "multipleOf": _PROPERTY,
}


def _class_of(keyword: str) -> int:
    return _CLASSES.get(keyword, _STRUCTURE)


def _code(finding: int, version: Version) -> str:
    """1.6 spells two codes in its own way (J-errata 5: they will not be corrected)."""
    old = version is Version.V16
    if finding == _TYPE:
        return "TypeConstraintViolation"
    if finding == _OCCURRENCE:
        return "OccurenceConstraintViolation" if old else "OccurrenceConstraintViolation"
    if finding == _PROPERTY:
        return "PropertyConstraintViolation"
    return "FormationViolation" if old else "ProtocolError"


def _rank(error: jsonschema_rs.ValidationError) -> tuple[int, int, str]:
    return _class_of(error.kind.name), len(error.instance_path), _path(error)


def _path(error: jsonschema_rs.ValidationError) -> str:
    return "/".join(_bounded(str(step)) for step in error.instance_path)


def _words(error: jsonschema_rs.ValidationError) -> str:
    kind = error.kind
    match kind:
        case jsonschema_rs.ValidationErrorKind.Required():
            return f"{kind.property} is missing"
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties():
            return "holds unknown fields: " + ", ".join(_bounded(name) for name in kind.unexpected[:5])
        case jsonschema_rs.ValidationErrorKind.Type():
            return "is not of type " + " or ".join(kind.types)
        case jsonschema_rs.ValidationErrorKind.Enum():
            return "is none of the allowed values"
        case jsonschema_rs.ValidationErrorKind.MaxLength():
            return f"is longer than {kind.limit} characters"
        case jsonschema_rs.ValidationErrorKind.MinItems():
            return f"holds fewer than {kind.limit} elements"
        case jsonschema_rs.ValidationErrorKind.MaxItems():
            return f"holds more than {kind.limit} elements"
    return f"breaks the rule {kind.name}"


def _bounded(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "…"
