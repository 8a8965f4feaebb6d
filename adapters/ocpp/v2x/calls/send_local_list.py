"""SendLocalList of 2.x (D01)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.told_settings import check_count, told_number
from adapters.ocpp.v2x.calls.tokens import group_token, id_token
from domain.commands.drivers import ListEntry, SendLocalList
from domain.commands.intent import Abilities, Answer

ACTIONS = ("SendLocalList",)
MOST = "LocalAuthListCtrlr.ItemsPerMessage"


def to_call(intent: SendLocalList, abilities: Abilities) -> WireCall:
    """The call. Refused: version 0 or below; more entries than the charger takes; a token twice."""
    if intent.version < 1:
        raise CannotSay("The version of a local list is above 0 (D01.FR.18).")
    check_count(len(intent.entries), told_number(abilities, MOST), "entries")
    entries = [_entry(entry, intent.full) for entry in intent.entries]
    tokens = {(entry["idToken"]["idToken"].upper(), entry["idToken"]["type"]) for entry in entries}
    if len(tokens) < len(entries):
        raise CannotSay("A token stands in a list once.")
    payload = {
        "versionNumber": intent.version,
        "updateType": "Full" if intent.full else "Differential",
        "localAuthorizationList": entries,
    }
    return WireCall("SendLocalList", filled(payload))


def to_answer(intent: SendLocalList, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Failed, VersionMismatch."""
    return answered(payload)


def _entry(entry: ListEntry, full: bool) -> dict[str, Any]:
    """An entry of an update without idTokenInfo takes the token off the list (D01.FR.16)."""
    if not entry.status:
        if full:
            raise CannotSay("A token is taken off by leaving it out of the whole list.")
        return {"idToken": id_token(entry.id_token)}
    info = {
        "status": entry.status,
        "cacheExpiryDateTime": entry.expires_at,
        "groupIdToken": group_token(entry.group) if entry.group else None,
    }
    return {"idToken": id_token(entry.id_token), "idTokenInfo": filled(info)}
