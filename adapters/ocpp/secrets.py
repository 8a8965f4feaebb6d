"""Passwords inside frames, hidden before a frame is shown: the log keeps the text, people see it masked."""

from typing import Any

import orjson

HIDDEN = "[hidden]"

_NAMES = frozenset({"authorizationkey", "basicauthpassword"})
"""1.6 configuration key (security whitepaper A05) and 2.x SecurityCtrlr variable that hold the password."""
_VALUES = ("value", "attributeValue", "evData")


def without_secrets(frame: str) -> str:
    """`frame`, with the charger's password replaced where it is set or told; unchanged where there is none.

    A frame that names a password and cannot be read is hidden as a whole.
    """
    folded = frame.lower()
    if not any(name in folded for name in _NAMES):
        return frame
    try:
        message = orjson.loads(frame)
    except orjson.JSONDecodeError:
        return f"{HIDDEN}: cannot be read, and names a password"
    return orjson.dumps(_masked(message)).decode()


def _masked(part: Any) -> Any:
    if isinstance(part, list):
        return [_masked(one) for one in part]
    if not isinstance(part, dict):
        return part
    names = [part.get("key"), part.get("variable")]
    named = {str(n.get("name") if isinstance(n, dict) else n).lower() for n in names if n is not None}
    secret = not named.isdisjoint(_NAMES)
    return {
        name: HIDDEN if secret and name in _VALUES and value is not None else _masked(value)
        for name, value in part.items()
    }
