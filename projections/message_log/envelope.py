"""The head of an OCPP-J frame, read as tolerantly as a log must: kind, id, and action or error code.

Only the head is looked at: a log line does not need a payload parsed, and a broken one has to have a line too.
"""

import contextlib
import re
from typing import NamedTuple

import orjson

from projections.bounds import key_text

_HEAD = re.compile(
    r'\s*\[[\s,]*([0-9]{1,3})\s*,\s*("(?:[^"\\]|\\.)*"|-?[0-9]+)\s*(?:,\s*("(?:[^"\\]|\\.)*"))?', re.DOTALL
)
_KINDS = {2: "call", 6: "send", 3: "answer", 4: "answer", 5: "answer"}
_LOOKED_AT = 2048
"""Id and action stand within the first characters, or they are no id and no action."""


class Head(NamedTuple):
    """What the beginning of a frame tells."""

    kind: str
    """`call`, `send`, `answer` or `unreadable`."""
    message_id: str | None = None
    action: str | None = None
    """Of a call or send."""
    error_code: str | None = None
    """Of an error answer."""


UNREADABLE = Head("unreadable")


def read_head(frame: str) -> Head:
    """The head of a frame; never raises."""
    match = _HEAD.match(frame, 0, _LOOKED_AT)
    if match is None:
        return UNREADABLE
    number = int(match[1])
    kind = _KINDS.get(number)
    if kind is None:
        return Head("unreadable", _text(match[2]))
    word = _text(match[3]) if match[3] else None
    if kind == "answer":
        return Head(kind, _text(match[2]), None, word if number in (4, 5) else None)
    return Head(kind, _text(match[2]), word)


def _text(token: str) -> str:
    if not token.startswith('"'):
        return key_text(token)
    inner = token[1:-1]
    if "\\" in inner:
        with contextlib.suppress(orjson.JSONDecodeError):  # what cannot be read is shown as it was written
            inner = str(orjson.loads(token))
    return key_text(inner)
