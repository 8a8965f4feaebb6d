"""Which handler answers which call: one table for each version."""

from entrypoints.simulator.commands import v2x, v16, v21
from entrypoints.simulator.commands.refusal import Refusal
from entrypoints.simulator.station import Station
from entrypoints.simulator.story import Payload

__all__ = ["Refusal", "answer_for"]


def answer_for(station: Station, action: str, payload: Payload, now_s: float) -> Payload | Refusal:
    """The answer to a call, with its effect done or planned.

    An action this version does not have gets NotImplemented, one this charger does not offer NotSupported,
    and a payload that lacks what it must have a violation (1.6: `OccurenceConstraintViolation`, sic).
    """
    old = station.equipment.version == "1.6"
    newest = station.equipment.version == "2.1"
    handler = (v16.HANDLERS if old else v2x.HANDLERS).get(action)
    if handler is None and newest:
        handler = v21.HANDLERS.get(action)
    if handler is None:
        known = (not old and action in v2x.NOT_OFFERED) or (newest and action in v21.NOT_OFFERED)
        code = "NotSupported" if known else "NotImplemented"
        return Refusal(code, f"this charger has no {action}")
    try:
        return handler(station, payload, now_s)
    except KeyError as missing:
        code = "OccurenceConstraintViolation" if old else "OccurrenceConstraintViolation"
        return Refusal(code, f"{action} lacks {missing}")
    except (TypeError, ValueError, AttributeError) as wrong:
        return Refusal("TypeConstraintViolation", f"{action}: {wrong}"[:255])
