"""Passwords inside frames: hidden before a frame is kept, and once more before it is shown."""

import re
from typing import Any

import orjson

from domain.desired_state.values import SECRET, is_secret

HIDDEN = "[hidden]"
_LINK = re.compile(r"(/artefacts/)[A-Za-z0-9_.~\[\]-]+")
_CLOSED = rf"\1{HIDDEN}"
"""A signed link to our store of files is as good as a password while it lasts."""

_VALUES = frozenset({"value", "attributeValue", "actualValue", "evData"})
TELLING = frozenset({"NotifyReport", "NotifyEvent", "DataTransfer"})
"""Calls of a charger that may tell the value of a setting."""


def without_secrets(frame: str) -> str:
    """`frame`, with the charger's password and the keys of our links replaced; unchanged where there are none."""
    return without_passwords(_LINK.sub(_CLOSED, frame))


def without_passwords(frame: str) -> str:
    """`frame`, with the values of settings replaced whose name says that they are secret.

    A frame that names a secret and cannot be read is hidden as a whole.
    """
    if SECRET.search(frame) is None:
        return frame
    try:
        message = orjson.loads(frame)
    except orjson.JSONDecodeError:
        return f"{HIDDEN}: cannot be read, and names a password"
    kept = masked(message)
    return frame if kept == message else orjson.dumps(kept).decode()


def without_links(shown: dict[str, Any]) -> dict[str, Any]:
    """`shown`, with the keys of our links replaced: whoever has one may fetch a firmware, or upload in its place."""
    return {name: _LINK.sub(_CLOSED, one) if isinstance(one, str) else one for name, one in shown.items()}


def masked(part: Any, *, secret: bool = False) -> Any:
    """`part` of a message, with the values of secret settings replaced (1.6 keys, 2.x variables)."""
    if isinstance(part, list):
        return [masked(one, secret=secret) for one in part]
    if not isinstance(part, dict):
        return part
    names = [part.get("key"), part.get("variable")]
    named = [str(n.get("name") if isinstance(n, dict) else n) for n in names if n is not None]
    secret = secret or any(is_secret(name) for name in named)
    return {
        name: HIDDEN if secret and name in _VALUES and value is not None else masked(value, secret=secret)
        for name, value in part.items()
    }


def hidden_if_secret(name: str, value: str | None) -> str | None:
    """The value of a setting as it may be kept."""
    return HIDDEN if value and is_secret(name) else value
