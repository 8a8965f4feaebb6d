"""What to ask a charger next, so that it comes to hold the profiles that are wanted: a pure function.

One step at a time: the answer to it is taken into the book before the next one is looked for. A step whose answer
never came may simply be taken again, since both kinds are harmless when repeated.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypeAlias

import msgspec

from domain.charging_profiles.book import Ack, Book, Entry, Held
from domain.charging_profiles.profile import ChargingProfile, Placed, Purpose


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """How things are at the charger."""

    open_transactions: Mapping[int, str]
    """EVSE → the charger's own name of the transaction there."""
    replaces: bool
    """Does it replace a profile of the same purpose, level and EVSE by itself? 1.6 does, 2.x must not be asked to."""
    resting: frozenset[int] = frozenset()
    """Profile ids to leave alone for now: asked already, or in vain a moment ago."""


class Install(msgspec.Struct, frozen=True):
    """Send it this profile."""

    profile: ChargingProfile
    evse_id: int


class Clear(msgspec.Struct, frozen=True):
    """Have it drop the profile of this id."""

    profile_id: int
    evse_id: int


Step: TypeAlias = Install | Clear
_FIRST = (Purpose.CHARGER_MAX, Purpose.TX_DEFAULT)
"""What protects the site goes before what serves a driver."""


def next_step(book: Book, now: datetime, ready: Ready) -> Step | None:
    """The next thing to ask; None: nothing until something changes, or until those that rest have rested.

    First goes what nobody wants, for it takes up room. It stays where the charger would replace it by itself with
    one that is about to come, and where it refused the one to come: an old limit is better than none. What somebody
    sent as a plain command stays too, and what the charger cannot drop.
    """
    step = next(_unwanted(book, now, ready), None) or next(_missing(book, now, ready), None)
    return step or next(_in_the_way(book, now, ready), None)


def _unwanted(book: Book, now: datetime, ready: Ready) -> Iterator[Step]:
    for number, held in book.held.items():
        if number in book.wanted or number in ready.resting or held.plain or held.stuck:
            continue
        heir = next((one for one in book.wanted.values() if one.placed.slot == held.placed.slot), None)
        if heir is None or not held.sure or not _keeps(heir, now, ready):
            yield _clear(number, held)


def _keeps(heir: Entry, now: datetime, ready: Ready) -> bool:
    """Does what stands in the slot of `heir` stay until it comes?"""
    return heir.ack is Ack.REFUSED or (ready.replaces and _is_due(heir, now, ready))


def _missing(book: Book, now: datetime, ready: Ready) -> Iterator[Step]:
    for entry in _due(book, now, ready):
        if ready.replaces or not _blockers(book, entry.placed):
            yield Install(entry.placed.profile, entry.placed.evse_id)


def _in_the_way(book: Book, now: datetime, ready: Ready) -> Iterator[Step]:
    """Profiles that are wanted elsewhere and block each other where they are: two that change places."""
    if ready.replaces:
        return
    for entry in _due(book, now, ready):
        for number, held in _blockers(book, entry.placed).items():
            if number not in ready.resting and not held.stuck:
                yield _clear(number, held)


def _due(book: Book, now: datetime, ready: Ready) -> list[Entry]:
    """What is to be installed and may be, in the order to do it."""
    due = [
        entry
        for number, entry in book.wanted.items()
        if number not in ready.resting and _is_due(entry, now, ready)
    ]
    return sorted(due, key=_urgency)


def _is_due(entry: Entry, now: datetime, ready: Ready) -> bool:
    profile = entry.placed.profile
    if entry.ack is not Ack.PENDING or (profile.valid_to is not None and profile.valid_to <= now):
        return False
    if profile.purpose is not Purpose.TX:
        return True
    return ready.open_transactions.get(entry.placed.evse_id) == profile.transaction


def _urgency(entry: Entry) -> tuple[int, int, int]:
    profile = entry.placed.profile
    place = _FIRST.index(profile.purpose) if profile.purpose in _FIRST else len(_FIRST)
    return place, profile.stack_level, profile.profile_id


def _blockers(book: Book, placed: Placed) -> dict[int, Held]:
    """Other profiles the charger may hold in this slot; of those in doubt nobody knows where they are."""
    own = placed.profile.profile_id
    return {
        number: held
        for number, held in book.held.items()
        if number != own and (held.placed.slot == placed.slot or not held.sure)
    }


def _clear(number: int, held: Held) -> Clear:
    return Clear(number, held.placed.evse_id)
