"""Id tokens as 2.x writes them: a value and a type, which must be told."""

import re
from collections.abc import Mapping

from adapters.ocpp.operation import CannotSay
from adapters.ocpp.v2x.id_token import GROUP_KIND
from domain.identity import IdToken, is_erased

UNTYPED = "NoAuthorization"
"""The one type whose value is empty (IdTokenEnumType)."""
_UID = re.compile(r"[0-9A-Fa-f]+")
_UID_TYPES: Mapping[int, str] = {8: "ISO14443", 14: "ISO14443", 20: "ISO14443", 16: "ISO15693"}
"""Hex digits of a card's number → its standard: UIDs of 4, 7 or 10 bytes (ISO 14443-3), of 8 bytes (ISO 15693)."""


def id_token(token: IdToken) -> dict[str, str]:
    """IdTokenType; raises CannotSay for an empty token."""
    if not token.value and token.kind != UNTYPED:
        raise CannotSay("An id token has at least one sign.")
    if is_erased(token.value):
        raise CannotSay("The owner of this id token was erased: nobody knows it any more.")
    return {"idToken": token.value, "type": token.kind or _kind(token.value)}


def group_token(group: str) -> dict[str, str]:
    """A group is a name that we give: type Central."""
    return {"idToken": group, "type": GROUP_KIND}


def _kind(value: str) -> str:
    """For tokens without a type: what looks like a card's number is one, all else is an id of the CSMS's making.

    2.x Central: "a centrally, in the CSMS, generated id; no format defined".
    """
    return _UID_TYPES.get(len(value), GROUP_KIND) if _UID.fullmatch(value) else GROUP_KIND
