"""The charging profiles of one charger: those that are wanted, and those it holds as far as we know.

There is at most one wanted profile of a purpose, stack level and EVSE, and one of an id: the later one replaces the
other, as the charger would do it (1.6 §3.13.2, 2.x K01.FR.05). Where a charger must not be sent a second one before
the first is cleared (2.x K01.FR.06, K01.FR.39), `next_step` sees to that.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from domain.charging_profiles.events import (
    Cleared,
    ClearingRefused,
    Ending,
    Installed,
    Lapsed,
    Lost,
    Origin,
    Refused,
    Wanted,
    Withdrawn,
)
from domain.charging_profiles.profile import ChargingProfile, Placed, Purpose
from domain.event import Event, Fact
from domain.identity import ChargerId


class Ack(StrEnum):
    """What the charger said to a wanted profile."""

    PENDING = "pending"
    """Nothing yet, or it is to be installed again."""
    INSTALLED = "installed"
    REFUSED = "refused"
    """Not asked again until somebody wants it anew."""


class Entry(msgspec.Struct):
    """A wanted profile."""

    placed: Placed
    origin: Origin
    ack: Ack = Ack.PENDING
    status: str = ""
    """Its own word, where it refused."""
    reason: str = ""


class Held(msgspec.Struct, frozen=True):
    """A profile the charger holds."""

    placed: Placed
    sure: bool = True
    """No: something was sent and nothing heard. It may not be there, or another of its id, in another slot."""
    plain: bool = False
    """Sent without being wanted for good: nobody wants it, and it stays all the same."""
    stuck: bool = False
    """The charger cannot drop it."""


class Criteria(msgspec.Struct, frozen=True, kw_only=True):
    """Which profiles are meant (1.6 §5.3, 2.x K10): the id decides alone; else all that is given must fit."""

    profile_id: int | None = None
    evse_id: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None

    def fit(self, placed: Placed) -> bool:
        """Is this one meant? Nothing given: each is (errata 3.25)."""
        if self.profile_id is not None:
            return self.profile_id == placed.profile.profile_id
        asked = (self.purpose, self.stack_level, self.evse_id)
        return all(one is None or one == has for one, has in zip(asked, placed.slot, strict=True))


def profiles_stream(charger: ChargerId) -> str:
    """`charging-profiles/<tenant>/<CPID>`."""
    return f"charging-profiles/{charger.tenant}/{charger.key}"


class Book(msgspec.Struct):
    """State of one charger's profiles; the only way to change it is `when`."""

    stream: str
    version: int = 0
    wanted: dict[int, Entry] = msgspec.field(default_factory=dict)
    """By profile id, as is `held`."""
    held: dict[int, Held] = msgspec.field(default_factory=dict)

    @property
    def in_force(self) -> list[Placed]:
        """What the charger has taken and not dropped: what its composite schedule is made of."""
        return [held.placed for held in self.held.values() if held.sure]

    def matching(self, criteria: Criteria) -> list[int]:
        """The ids of the profiles that are meant: the wanted ones, and those that are left at the charger."""
        left = [
            number
            for number, held in self.held.items()
            if number not in self.wanted and (held.plain or held.stuck) and criteria.fit(held.placed)
        ]
        return [number for number, entry in self.wanted.items() if criteria.fit(entry.placed)] + left

    def want(self, profile: ChargingProfile, evse_id: int, origin: Origin = Origin.OPERATOR) -> list[Fact]:
        """Want it, in place of whatever it displaces; wanted already: nothing new, unless it was refused.

        A TxProfile names its transaction. One that rides on a remote start is not wanted here: it is no
        lasting wish, and `lapse` would end it at once.
        """
        new = Placed(profile=profile, evse_id=evse_id)
        same = self.wanted.get(profile.profile_id)
        if same is not None and (same.placed, same.origin) == (new, origin) and same.ack is not Ack.REFUSED:
            return []
        displaced = {n: entry for n, entry in self.wanted.items() if new.displaces(entry.placed)}
        facts: list[Fact] = [
            Withdrawn(profile_id=number, replaced_by=profile.profile_id)
            for number in displaced
            if number != profile.profile_id
        ]
        facts.append(Wanted(profile=profile, evse_id=evse_id, origin=origin))
        if self._holds(new) and not any(_may_have_displaced(one, new) for one in displaced.values()):
            facts.append(Installed(profile=profile, evse_id=evse_id))
        return facts

    def withdraw(self, criteria: Criteria) -> list[Fact]:
        """Want them no longer; the charger is told by and by."""
        return [Withdrawn(profile_id=number) for number in self.matching(criteria)]

    def install(
        self, profile: ChargingProfile, evse_id: int, command: str = "", *, plain: bool = False
    ) -> list[Fact]:
        """The charger took a profile, as it was sent; what that displaced at the charger is gone from it.

        `plain`: whoever sent it does not want it for good.
        """
        new = Placed(profile=profile, evse_id=evse_id)
        entry = self.wanted.get(profile.profile_id)
        as_wanted = entry is not None and _same(entry.placed, new)
        confirmed = entry is None or entry.ack is Ack.INSTALLED or not as_wanted
        if self._holds(new) and confirmed:
            return []
        displaced = [
            number
            for number, held in self.held.items()
            if held.sure and number != profile.profile_id and new.displaces(held.placed)
        ]
        gone = self.gone(displaced, command, replaced_by=profile.profile_id)
        taken = Installed(
            profile=profile,
            evse_id=evse_id,
            command=command,
            outdated=not as_wanted,
            plain=plain and not as_wanted,
        )
        return [*gone, taken]

    def refuse(
        self, profile: ChargingProfile, evse_id: int, status: str, reason: str = "", command: str = ""
    ) -> list[Fact]:
        """The charger would not take a profile; of one that is no longer wanted like that, nothing follows."""
        entry = self.wanted.get(profile.profile_id)
        sent = Placed(profile=profile, evse_id=evse_id)
        if entry is None or entry.ack is not Ack.PENDING or not _same(entry.placed, sent):
            return []
        return [Refused(profile_id=profile.profile_id, status=status, reason=reason, command=command)]

    def keep(
        self, profile_ids: Iterable[int], status: str, reason: str = "", command: str = ""
    ) -> list[Fact]:
        """The charger cannot drop these, and is not asked again."""
        return [
            ClearingRefused(profile_id=number, status=status, reason=reason, command=command)
            for number in profile_ids
            if number in self.held and not self.held[number].stuck
        ]

    def gone(
        self, profile_ids: Iterable[int], command: str = "", *, replaced_by: int | None = None
    ) -> list[Fact]:
        """The charger does not hold these: it cleared them, knew nothing of them, or was found without them.

        What is wanted all the same is lost, and will be installed again.
        """
        facts: list[Fact] = []
        for number in profile_ids:
            if number not in self.held:
                continue
            if number in self.wanted:
                facts.append(Lost(profile_id=number, command=command))
            else:
                facts.append(Cleared(profile_id=number, command=command, replaced_by=replaced_by))
        return facts

    def lapse(self, now: datetime, open_transactions: Mapping[int, str]) -> list[Fact]:
        """What is over by itself: TxProfiles whose transaction is, and what is wanted beyond its validity.

        `open_transactions`: EVSE → the charger's own name of the transaction there.
        """
        open_ones = set(open_transactions.values())
        known = {number: held.placed for number, held in self.held.items()}
        known |= {number: entry.placed for number, entry in self.wanted.items()}
        facts: list[Fact] = []
        for number, placed in known.items():
            profile = placed.profile
            if profile.purpose is Purpose.TX and profile.transaction not in open_ones:
                facts.append(Lapsed(profile_id=number, why=Ending.TRANSACTION_ENDED))
            elif number in self.wanted and profile.valid_to is not None and profile.valid_to <= now:
                facts.append(Lapsed(profile_id=number, why=Ending.EXPIRED))
        return facts

    def _holds(self, placed: Placed) -> bool:
        """Does the charger hold just this, for sure?"""
        held = self.held.get(placed.profile.profile_id)
        return held is not None and held.sure and _same(held.placed, placed)

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state; never refuses, never looks at a clock."""
        self.version = event.originator_version
        evolve = _EVOLVE.get(type(event.fact))
        if evolve is not None:
            evolve(self, event.fact, event.told.recorded_at)


def _same(one: Placed, other: Placed) -> bool:
    """The same profile at the same EVSE, whenever it was taken."""
    return (one.profile, one.evse_id) == (other.profile, other.evse_id)


def _may_have_displaced(entry: Entry, placed: Placed) -> bool:
    """Could an unconfirmed profile have reached the charger and ended this one there?"""
    return entry.ack is not Ack.INSTALLED and entry.placed.displaces(placed)


def _wanted(book: Book, fact: Wanted, at: datetime) -> None:
    _leave(book, fact.profile.profile_id)
    placed = Placed(profile=fact.profile, evse_id=fact.evse_id)
    book.wanted[fact.profile.profile_id] = Entry(placed, fact.origin)
    _touch(book, fact.profile.profile_id)


def _installed(book: Book, fact: Installed, at: datetime) -> None:
    number = fact.profile.profile_id
    placed = Placed(profile=fact.profile, evse_id=fact.evse_id, since=at)
    before = book.held.get(number)
    if before is None or not (before.sure and _same(before.placed, placed)):
        book.held[number] = Held(placed, plain=fact.plain)
    if number in book.wanted and not fact.outdated:
        book.wanted[number].ack = Ack.INSTALLED


def _refused(book: Book, fact: Refused, at: datetime) -> None:
    if fact.profile_id in book.wanted:
        entry = book.wanted[fact.profile_id]
        entry.ack, entry.status, entry.reason = Ack.REFUSED, fact.status, fact.reason


def _withdrawn(book: Book, fact: Withdrawn, at: datetime) -> None:
    _leave(book, fact.profile_id)
    _touch(book, fact.profile_id)


def _clearing_refused(book: Book, fact: ClearingRefused, at: datetime) -> None:
    held = book.held.get(fact.profile_id)
    if held is not None:
        book.held[fact.profile_id] = msgspec.structs.replace(held, stuck=True)


def _touch(book: Book, profile_id: int) -> None:
    """Somebody has a wish about it: it is no longer left as it is."""
    held = book.held.get(profile_id)
    if held is not None and (held.plain or held.stuck):
        book.held[profile_id] = msgspec.structs.replace(held, plain=False, stuck=False)


def _cleared(book: Book, fact: Cleared, at: datetime) -> None:
    book.held.pop(fact.profile_id, None)


def _lapsed(book: Book, fact: Lapsed, at: datetime) -> None:
    _leave(book, fact.profile_id)
    held = book.held.get(fact.profile_id)
    if (
        held is not None
        and held.placed.profile.purpose is Purpose.TX
        and fact.why is Ending.TRANSACTION_ENDED
    ):
        del book.held[fact.profile_id]  # another profile of the same id, from before, would still be there


def _lost(book: Book, fact: Lost, at: datetime) -> None:
    book.held.pop(fact.profile_id, None)
    if fact.profile_id in book.wanted:
        book.wanted[fact.profile_id].ack = Ack.PENDING


def _leave(book: Book, profile_id: int) -> None:
    """Wanted no longer, or not like that; what it did not confirm may have reached the charger all the same.

    A refusal is no proof of the contrary: it may be the answer to a repetition, after the first one was lost.
    """
    entry = book.wanted.pop(profile_id, None)
    if entry is None or entry.ack is Ack.INSTALLED:
        return
    for number, held in book.held.items():
        if _may_have_displaced(entry, held.placed):
            book.held[number] = msgspec.structs.replace(held, sure=False)
    book.held.setdefault(profile_id, Held(entry.placed, sure=False))


_EVOLVE: dict[type[Fact], Callable[[Book, Any, datetime], None]] = {
    Wanted: _wanted,
    Installed: _installed,
    Refused: _refused,
    Withdrawn: _withdrawn,
    Cleared: _cleared,
    ClearingRefused: _clearing_refused,
    Lapsed: _lapsed,
    Lost: _lost,
}
