"""What can be asked of a charger, of this version, with these abilities; and if it cannot, why not.

reason = why_not(Version.V16, Reset, abilities)         # "" or a sentence: for a screen, before anything is filled in
reason = why_not(Version.V16, Reset(hard=True), abilities)   # the same with all that was filled in
call = compose(Version.V16, Reset(hard=True), abilities)     # raises CannotSay with the same sentence
answer = understand(Version.V16, intent, call.action, payload)
"""

from collections.abc import Mapping
from typing import Any

import orjson
from jsonschema_rs import ValidationError

from adapters.ocpp.operation import CannotSay, Operation, WireCall
from adapters.ocpp.schemas import Kind, Message, catalogue
from adapters.ocpp.told_settings import told_flag
from adapters.ocpp.v2x.calls.controllers import AVAILABLE
from adapters.ocpp.v16.calls.security_extension import has_extension
from adapters.ocpp.v16.calls.table import CALLS as CALLS_16
from adapters.ocpp.v16.calls.table import EXTENSION, FEATURE_PROFILES
from adapters.ocpp.v21.calls.table import CALLS as CALLS_21
from adapters.ocpp.v201.calls.table import CALLS as CALLS_201
from adapters.ocpp.versions import Version
from domain.commands.intent import Abilities, Answer, Intent
from domain.commands.intents import INTENTS
from domain.commands.transactions import UnlockConnector
from domain.commands.upkeep import Raw

CALLS: Mapping[Version, Mapping[type[Intent], Operation]] = {
    Version.V16: CALLS_16,
    Version.V201: CALLS_201,
    Version.V21: CALLS_21,
}


def offered(version: Version, abilities: Abilities) -> dict[str, str]:
    """Every intent by name → why it cannot be asked, empty where it can: what a screen greys out by."""
    return {kind.name(): why_not(version, kind, abilities) for kind in INTENTS}


def why_not(version: Version, intent: Intent | type[Intent], abilities: Abilities) -> str:
    """A sentence for a person; empty if it can be sent. An instance is tried with all its fields."""
    kind = intent if isinstance(intent, type) else type(intent)
    operation = CALLS[version].get(kind)
    if operation is None:
        return f"OCPP {version} has no message for {kind.name()}."
    reason = _lacking(version, kind, operation.ACTIONS, abilities)
    if reason or isinstance(intent, type):
        return reason
    try:
        call = compose(version, intent, abilities)
    except CannotSay as problem:
        return str(problem)
    return _lacking(version, kind, (call.action,), abilities) or _beyond(version, intent, abilities)


def compose(version: Version, intent: Intent, abilities: Abilities) -> WireCall:
    """The call, valid by the schema; raises CannotSay. `SECRET` in it still stands for a password."""
    operation = CALLS[version].get(type(intent))
    if operation is None:
        raise CannotSay(f"OCPP {version} has no message for {intent.name()}.")
    call = operation.to_call(intent, abilities)
    message = catalogue(version).message(Kind.REQUEST, call.action)
    if message is None:  # our own tables disagree: a fault of ours, not of the one who asks
        raise LookupError(f"{call.action} is no request of OCPP {version}")
    _check(message, call.payload)
    return call


def understand(version: Version, intent: Intent, action: str, payload: Mapping[str, Any]) -> Answer:
    """What the charger's CALLRESULT to `action` means; the payload has passed the schema."""
    operation = CALLS[version][type(intent)]
    if action not in operation.ACTIONS:
        raise LookupError(f"{intent.name()} is never sent as {action}")
    return operation.to_answer(intent, payload)


def _check(message: Message, payload: dict[str, Any]) -> None:
    """Strict in what we send: raises CannotSay with the first finding."""
    try:
        orjson.dumps(payload)
    except TypeError as problem:  # orjson: numbers beyond 64 bits, half characters
        raise CannotSay(f"This cannot be written as JSON: {problem}.") from problem
    for finding in message.errors(payload, bound=1):
        place = ".".join(str(step) for step in finding.instance_path) or message.action
        raise CannotSay(f"OCPP {message.version} does not allow this in {place}: {_without_value(finding)}.")


def _without_value(finding: ValidationError) -> str:
    """The finding, without the text it is about: that may be an id token, or pages long."""
    text: str = finding.message
    value = finding.instance
    return text.replace(orjson.dumps(value).decode(), "it") if isinstance(value, str) else text


def _lacking(version: Version, kind: type[Intent], actions: tuple[str, ...], abilities: Abilities) -> str:
    """Why the charger cannot do any of the actions that the intent may become."""
    if kind is Raw:  # engineers may try
        return ""
    if kind is UnlockConnector and abilities.tethered:
        return "The cable of this charger is fixed: there is nothing to unlock."
    reasons = [_missing(version, action, abilities) for action in actions]
    return reasons[0] if all(reasons) else ""


def _missing(version: Version, action: str, abilities: Abilities) -> str:
    if version is not Version.V16:
        available = AVAILABLE.get(action, "")
        lacks = bool(available) and told_flag(abilities, available) is False
        return f"This charger has no {available.partition('.')[0]} (OCPP {version})." if lacks else ""
    profile = FEATURE_PROFILES.get(action)
    if profile is not None and abilities.profiles is not None and profile not in abilities.profiles:
        return f"This charger does not support {profile} (SupportedFeatureProfiles)."
    if action in EXTENSION and has_extension(abilities) is False:
        return "This charger lacks the security extension of OCPP 1.6."
    return ""


def _beyond(version: Version, intent: Intent, abilities: Abilities) -> str:
    """1.6 NumberOfConnectors: a connector that the charger does not have."""
    at, most = getattr(intent, "evse_id", None), abilities.connectors
    if version is not Version.V16 or at is None or most is None or at <= most:
        return ""
    return f"This charger has {most} connector{'' if most == 1 else 's'}; there is no connector {at}."
