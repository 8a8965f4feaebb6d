"""SendLocalList of 1.6 (§5.15)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.timestamps import write_timestamp
from adapters.ocpp.told_settings import check_count, told_number
from adapters.ocpp.v16.calls.tokens import id_tag, tag_of
from domain.commands.drivers import ListEntry, SendLocalList
from domain.commands.intent import Abilities, Answer

ACTIONS = ("SendLocalList",)
STATUS: Mapping[str, str] = {
    "Accepted": "Accepted",
    "Blocked": "Blocked",
    "Expired": "Expired",
    "Invalid": "Invalid",
    "Unknown": "Invalid",
    "ConcurrentTx": "ConcurrentTx",
}
"""2.x word → AuthorizationStatus (§7.2: Invalid is "identifier is unknown")."""


def to_call(intent: SendLocalList, abilities: Abilities) -> WireCall:
    """The call.

    Refused: version 0 or below; more entries than SendLocalListMaxLength; a token twice; a token of more than 20
    signs; a status that 1.6 has no word for.
    """
    if intent.version < 1:  # errata 3.52: 0 says that the list is empty, -1 that there is none
        raise CannotSay("The version of a local list is above 0.")
    check_count(len(intent.entries), told_number(abilities, "SendLocalListMaxLength"), "entries")
    if len({entry.id_token.key for entry in intent.entries}) < len(intent.entries):
        raise CannotSay("A token stands in a list once.")
    payload: dict[str, Any] = {
        "listVersion": intent.version,
        "updateType": "Full" if intent.full else "Differential",
    }
    if intent.entries:
        payload["localAuthorizationList"] = [_entry(entry, intent.full) for entry in intent.entries]
    return WireCall("SendLocalList", payload)


def to_answer(intent: SendLocalList, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Failed, NotSupported, VersionMismatch."""
    return answered(payload)


def _entry(entry: ListEntry, full: bool) -> dict[str, Any]:
    """An entry of an update without idTagInfo takes the token off the list."""
    if not entry.status:
        if full:
            raise CannotSay("A token is taken off by leaving it out of the whole list.")
        return {"idTag": id_tag(entry.id_token)}
    if entry.status not in STATUS:
        raise CannotSay(f"OCPP 1.6 has no word for tokens that are {entry.status}.")
    info = {"status": STATUS[entry.status]}
    if entry.expires_at is not None:
        info["expiryDate"] = write_timestamp(entry.expires_at)
    if entry.group:
        info["parentIdTag"] = tag_of(entry.group)
    return {"idTag": id_tag(entry.id_token), "idTagInfo": info}
