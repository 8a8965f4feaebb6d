"""Numbers of transactions (1.6): each system gives its own, and the charger would have told each the one it got.

In 2.x the charger names its transactions itself, and nothing is put in the place of anything.
"""

import re
from collections.abc import Iterable

MOST = 200
"""Transactions of a charger that are remembered, the newest."""
_NUMBER = re.compile(r'("transactionId"\s*:\s*)(-?[0-9]+)')
_NAMING = frozenset({"MeterValues", "StopTransaction"})


class BegunBefore(Exception):
    """The transaction began before the mirror: the other system has no number for it."""


class Numbers:
    """Ours and theirs, of one charger."""

    def __init__(self, known: Iterable[tuple[int, int]] = ()) -> None:
        self._theirs = dict(known)

    def learn(self, ours: object, theirs: object) -> bool:
        """Both systems have given a transaction its number; False where one has not."""
        if not isinstance(ours, int) or not isinstance(theirs, int):
            return False
        self._theirs.pop(ours, None)
        self._theirs[ours] = theirs
        while len(self._theirs) > MOST:
            del self._theirs[next(iter(self._theirs))]
        return True

    def known(self) -> list[tuple[int, int]]:
        """The pairs, the oldest first."""
        return list(self._theirs.items())

    def said_to_them(self, frame: str, action: str | None) -> str:
        """The frame with their number in the place of ours, and nothing else moved. Raises BegunBefore.

        0 and -1 are what chargers write that got no number: nobody's, and left alone.
        """
        if action not in _NAMING:
            return frame

        def theirs(found: "re.Match[str]") -> str:
            ours = int(found[2])
            if ours <= 0:
                return found[0]
            if ours not in self._theirs:
                raise BegunBefore
            return f"{found[1]}{self._theirs[ours]}"

        return _NUMBER.sub(theirs, frame)
