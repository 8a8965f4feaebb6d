"""A step towards the desired state: something to ask, something to write down, or a pause."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec

from domain.commands.intent import Intent
from domain.event import Fact

CHECK_AGAIN = timedelta(days=1)
"""What a charger told is believed for a day; then drift is looked for."""
FIRST_RETRY_S = 5
LONGEST_RETRY_S = 3600
WAIT_FOR_LIMITS = timedelta(seconds=30)
WAIT_FOR_TRANSACTION = timedelta(seconds=60)


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """The charger as it is connected now."""

    protocol: str
    """`1.6`, `2.0.1` or `2.1`."""
    vendor: str = ""
    model: str = ""
    in_transaction: bool = False
    """Any transaction is open: no restart."""
    limits_known: bool = True
    """The charger told what its local list may be (`settings_step.limits_known`); before, none is sent."""
    write_budget: int = 50
    """Writes a day."""


class Pause(msgspec.Struct, frozen=True):
    """Nothing to ask before `until`, unless something is heard or wanted meanwhile."""

    until: datetime
    why: str


class Note(msgspec.Struct, frozen=True):
    """Nothing to ask yet, but something to write down; then look again."""

    facts: tuple[Fact, ...]


Step: TypeAlias = Intent | Pause | Note | None
"""None: nothing to do until something is heard or wanted."""


class Failures(msgspec.Struct, frozen=True):
    """How often in a row a question led to nothing."""

    count: int
    last_at: datetime
    errors: int = 0
    """How many of them were errors that the charger answered."""

    @property
    def again_at(self) -> datetime:
        """Pauses double: 5 s, 10 s, 20 s … an hour."""
        return self.last_at + timedelta(
            seconds=min(FIRST_RETRY_S * 2 ** min(self.count - 1, 16), LONGEST_RETRY_S)
        )


def failed_again(before: Failures | None, at: datetime, *, error: bool) -> Failures:
    """One more in the row."""
    if before is None:
        return Failures(1, at, int(error))
    return Failures(before.count + 1, at, before.errors + int(error))


def resting(failures: Failures | None, now: datetime) -> Pause | None:
    """The pause that a question in vain is followed by, while it lasts."""
    if failures is None or failures.again_at <= now:
        return None
    return Pause(failures.again_at, f"no answer {failures.count} times in a row")


def earliest(pauses: Iterable[Pause]) -> Pause | None:
    """The pause that is over first."""
    return min(pauses, key=lambda pause: pause.until, default=None)
