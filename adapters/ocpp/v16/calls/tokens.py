"""Id tokens as 1.6 writes them (§7.28): up to 20 signs, and no type."""

from adapters.ocpp.operation import CannotSay
from domain.identity import IdToken, is_erased

LONGEST = 20


def id_tag(token: IdToken) -> str:
    """The token; raises CannotSay where it is empty or too long: cut short it would name another one."""
    return tag_of(token.value)


def tag_of(value: str) -> str:
    """The same for the bare value, such as the name of a group."""
    if not value:
        raise CannotSay("An id token has at least one sign.")
    if is_erased(value):
        raise CannotSay("The owner of this id token was erased: nobody knows it any more.")
    if len(value) > LONGEST:
        raise CannotSay(f"OCPP 1.6 has room for id tokens of {LONGEST} signs, this one has {len(value)}.")
    return value
