"""Passwords inside frames, hidden before a frame is shown: the log keeps the text, people see it masked."""

import re
from typing import Any

import orjson

HIDDEN = "[hidden]"
_LINK = re.compile(r"(/artefacts/)[A-Za-z0-9_.~-]+")
_CLOSED = rf"\1{HIDDEN}"
"""A signed link to our store of files is as good as a password while it lasts."""

_NAMES = frozenset({"authorizationkey", "basicauthpassword"})
"""1.6 configuration key (security whitepaper A05) and 2.x SecurityCtrlr variable that hold the password."""
_VALUES = ("value", "attributeValue", "evData")


def without_secrets(frame: str) -> str:
    """`frame`, with the charger's password and the keys of our links replaced; unchanged where there are none.

    A frame that names a password and cannot be read is hidden as a whole.
    """
    frame = _LINK.sub(_CLOSED, frame)
    folded = frame.lower()
    if not any(name in folded for name in _NAMES):
        return frame
    try:
        message = orjson.loads(frame)
    except orjson.JSONDecodeError:
        return f"{HIDDEN}: cannot be read, and names a password"
    return orjson.dumps(_masked(message)).decode()


def without_links(shown: dict[str, Any]) -> dict[str, Any]:
    """`shown`, with the keys of our links replaced: whoever has one may fetch a firmware, or upload in its place."""
    return {name: _LINK.sub(_CLOSED, one) if isinstance(one, str) else one for name, one in shown.items()}


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
