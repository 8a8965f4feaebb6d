"""Two answers to one message side by side: where they differ, but for what differs between any two systems."""

import json
from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from adapters.ocpp.frames import LARGE, CallError, CallResult, read_frame
from adapters.ocpp.timestamps import read_timestamp
from adapters.ocpp.token_places import NAMES, tokens_in
from adapters.ocpp.versions import Version

ABSENT = "absent"
"""There is nothing at that place."""
SILENCE = "no answer"
OWN = frozenset({"currentTime", "transactionId"})
"""Each system has its own clock and its own numbers: that one is there is all that is compared."""
SHOWN = 120
"""Signs of a value that are kept."""
TELLING = 4
"""A token of so many signs is looked for in other values; a shorter one might be anything."""


class Difference(NamedTuple):
    """One place at which two answers differ."""

    path: str
    """Names with points between them, `[]` for any place in a list; empty where the answers as a whole differ."""
    ours: str
    theirs: str
    """JSON, cut to `SHOWN` signs; of a token, and of what has one in it, only that."""


class _Answer(NamedTuple):
    """What kind it is, in words, and what it holds."""

    words: str
    payload: Any = None


def differences(ours: str, theirs: str | None, version: Version, call: str = "") -> list[Difference]:
    """What differs in two answers to `call`, our frame and theirs; None: nothing came.

    Two refusals are alike where their codes are: descriptions are for people.
    """
    mine, other = _read(ours, version), _read(theirs, version)
    if mine.words != other.words:
        return [Difference("", mine.words, other.words)]
    unlike = list(_walk("", "", mine.payload, other.payload))
    if not unlike:
        return []
    places = [place for text in (call, ours, theirs or "") for place in tokens_in(text)]
    secret = {token for place in places if len(token := place.token.strip().casefold()) >= TELLING}
    return [
        Difference(one.path, _shown(one.ours, one, secret), _shown(one.theirs, one, secret)) for one in unlike
    ]


def _read(text: str | None, version: Version) -> _Answer:
    if text is None:
        return _Answer(SILENCE)
    frame = read_frame(text, version, LARGE)
    if isinstance(frame, CallResult):
        return _Answer("an answer", frame.payload)
    if isinstance(frame, CallError):
        return _Answer(f"the error {frame.code[:SHOWN]}")
    return _Answer("no readable answer")


class _Unlike(NamedTuple):
    """A place, the last name on the way to it, and the values there."""

    path: str
    name: str
    ours: Any
    theirs: Any


def _walk(path: str, name: str, mine: Any, other: Any) -> Iterator[_Unlike]:
    if isinstance(mine, dict) and isinstance(other, dict):
        for key in sorted(mine.keys() | other.keys()):
            below = f"{path}.{key}" if path else key
            if key in mine and key in other:
                yield from _walk(below, key, mine[key], other[key])
            else:
                yield _Unlike(below, key, mine.get(key, _NOTHING), other.get(key, _NOTHING))
    elif isinstance(mine, list) and isinstance(other, list) and len(mine) == len(other):
        for one, counterpart in zip(mine, other, strict=True):
            yield from _walk(f"{path}[]", name, one, counterpart)
    elif not _alike(name, mine, other):
        yield _Unlike(path, name, mine, other)


_NOTHING = object()


def _alike(name: str, mine: Any, other: Any) -> bool:
    if name in OWN:
        return _kind(mine) == _kind(other)
    if _kind(mine) != _kind(other):
        return False
    if mine == other:
        return True
    if not isinstance(mine, str):
        return False
    at = read_timestamp(mine).at  # one instant may be spelled in several ways
    return at is not None and at == read_timestamp(other).at


def _kind(value: Any) -> type:
    """1 and 1.0 are the same number in JSON; 1 and true are not."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return Decimal
    return type(value)


def _shown(value: Any, at: _Unlike, secret: Collection[str]) -> str:
    if value is _NOTHING:
        return ABSENT
    text = json.dumps(value, default=str, ensure_ascii=False)
    low = text.casefold()
    if at.name.casefold() in NAMES or any(token in low for token in secret):
        return "a token"
    return text[:SHOWN]
