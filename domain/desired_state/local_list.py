"""The local list of one charger: which tokens it should accept by itself, and what it holds.

What the charger holds at which version is known from the parts it took, since nobody else sends it lists;
so any interrupted sending goes on as a change from what it holds to what is wanted.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from domain.commands.drivers import ListEntry
from domain.desired_state.local_list_events import (
    ListAccepted,
    ListDesired,
    ListDoubted,
    ListGivenUp,
    ListRefused,
    ListReported,
    ListUnanswered,
)
from domain.desired_state.step import Failures, failed_again
from domain.event import Event, Fact
from domain.identity import ChargerId, is_erased

Tokens: TypeAlias = dict[str, ListEntry]
"""A list, by the tokens' keys."""

REMEMBERED = 8
"""So many versions of what the charger may hold are kept."""
INT32 = 2**31 - 1


class LocalListVersionTooLow(ValueError):
    """The version must be at least the one named: above the last, with one more for each further part."""

    def __init__(self, least: int) -> None:
        super().__init__(str(least))
        self.least = least


class LocalListTooLong(ValueError):
    """The charger keeps no list as long as that (LocalAuthListMaxLength); it keeps the number named."""


class LocalListInvalid(ValueError):
    """A whole list holds each token with a status; a version is a positive int32."""


class ListLimits(msgspec.Struct, frozen=True):
    """What the charger told of itself; None: it told nothing."""

    per_message: int | None = None
    entries: int | None = None

    def parts(self, entries: int) -> int:
        """How many messages a list needs."""
        return max(1, -(-entries // self.per_message)) if self.per_message else 1


class LocalList(msgspec.Struct):
    """State of one charger's list; the only way to change it is `when`."""

    id: ChargerId
    version: int = 0
    """Of the stream."""
    wanted_version: int = 0
    """0: nobody ever wanted a list."""
    tokens: Tokens = msgspec.field(default_factory=dict)
    held_version: int | None = None
    """None: not known, or doubted."""
    told_at: datetime | None = None
    confirmed: bool = False
    """The charger told its version since this list is wanted."""
    contents: dict[int, Tokens] = msgspec.field(default_factory=dict)
    """What the charger holds if its list has this version."""
    refusals: int = 0
    whole_next: bool = False
    given_up: str = ""
    failures: Failures | None = None
    sent_at: datetime | None = None

    @property
    def stream(self) -> str:
        """Its stream id."""
        return local_list_stream(self.id)

    @property
    def reached(self) -> bool:
        """Does the charger hold what is wanted, as far as we know?"""
        return (
            self.held_version == self.wanted_version
            and not self.whole_next
            and self.contents.get(self.wanted_version) == self.tokens
        )

    def want(
        self,
        entries: Iterable[ListEntry],
        limits: ListLimits,
        *,
        version: int | None = None,
        full: bool = True,
    ) -> list[Fact]:
        """Want this list, or these changes to the one wanted before; the same again changes nothing.

        Raises LocalListVersionTooLow, LocalListTooLong, LocalListInvalid.
        """
        named = {entry.id_token.key: entry for entry in entries}
        if full and not all(entry.status for entry in named.values()):
            raise LocalListInvalid
        wanted = named if full else changed(self.tokens, named.values())
        again = wanted == self.tokens and version in (None, self.wanted_version) and self.wanted_version > 0
        if again and not self.given_up:
            return []
        if limits.entries is not None and len(wanted) > limits.entries:
            raise LocalListTooLong(str(limits.entries))
        chosen = self.wanted_version if again else self._version(version, limits, len(wanted))
        news = tuple(changes(self.tokens, wanted))
        replaced = not self.wanted_version or len(news) >= len(wanted)
        fact = ListDesired(
            version=chosen,
            replaced=replaced,
            entries=tuple(wanted.values()) if replaced else news,
            size=len(wanted),
        )
        return [fact]

    def _version(self, version: int | None, limits: ListLimits, size: int) -> int:
        # Each part has a version of its own, above the last, and the last part has the wanted one. While the
        # charger told no limit, ours leaves room for parts of one token each.
        least = self.wanted_version + limits.parts(size)
        roomy = self.wanted_version + (limits.parts(size) if limits.per_message else max(1, size))
        chosen = roomy if version is None else version
        if not 0 < chosen <= INT32:
            raise LocalListInvalid
        if chosen < least:
            raise LocalListVersionTooLow(least)
        return chosen

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state; never refuses, never looks at a clock."""
        self.version = event.originator_version
        evolve = _EVOLVE.get(type(event.fact))
        if evolve is not None:
            evolve(self, event.fact, event.told.recorded_at)

    def outstanding(self, *, full: bool) -> list[ListEntry]:
        """What is to be sent, in order: the whole list, or the changes to what the charger holds."""
        if full:
            return list(self.tokens.values())
        return list(changes(self.contents.get(self.held_version or 0, {}), self.tokens))

    def after_part(self, entries: int, *, full: bool) -> Tokens:
        """What the charger holds once it took the next `entries`."""
        base = {} if full else self.contents.get(self.held_version or 0, {})
        return changed(base, self.outstanding(full=full)[:entries])

    def remember(self, version: int, tokens: Tokens) -> None:
        """What the charger holds at this version."""
        self.contents.pop(version, None)
        self.contents[version] = tokens
        while len(self.contents) > REMEMBERED:
            del self.contents[next(iter(self.contents))]


def local_list_stream(charger: ChargerId) -> str:
    """`local-list/<tenant>/<CPID>`."""
    return f"local-list/{charger.tenant}/{charger.key}"


def changes(before: Mapping[str, ListEntry], after: Mapping[str, ListEntry]) -> Iterable[ListEntry]:
    """What makes one list of the other: first those to take off, so that the list never is too long."""
    for key, entry in before.items():
        if key not in after:
            yield ListEntry(id_token=entry.id_token, status="")
    for key, entry in after.items():
        if before.get(key) != entry:
            yield entry


def changed(before: Mapping[str, ListEntry], entries: Iterable[ListEntry]) -> Tokens:
    """The list after these changes."""
    after = dict(before)
    for entry in entries:
        if entry.status:
            after[entry.id_token.key] = entry
        else:
            after.pop(entry.id_token.key, None)
    return after


def _desired(state: LocalList, fact: ListDesired, at: datetime) -> None:
    # Nobody can send a token whose owner was erased. What the charger holds is then counted without it too, so
    # that there is no change to send, and a list wanted without it goes as a whole.
    entries = [
        msgspec.structs.replace(entry, group="") if is_erased(entry.group) else entry
        for entry in fact.entries
        if not is_erased(entry.id_token.value)
    ]
    state.tokens = changed({} if fact.replaced else state.tokens, entries)
    state.wanted_version, state.confirmed = fact.version, False
    state.refusals, state.whole_next, state.given_up, state.failures = 0, False, "", None


def _reported(state: LocalList, fact: ListReported, at: datetime) -> None:
    state.held_version, state.told_at, state.failures = fact.version, at, None
    state.confirmed = True


def _accepted(state: LocalList, fact: ListAccepted, at: datetime) -> None:
    if fact.expected:
        state.remember(fact.version, state.after_part(fact.entries, full=fact.full))
    else:
        state.contents.pop(fact.version, None)
    state.held_version, state.told_at, state.sent_at = fact.version, at, at
    state.whole_next, state.failures = False, None
    if not fact.more:
        state.refusals = 0


def _refused(state: LocalList, fact: ListRefused, at: datetime) -> None:
    # 1.6 §5.15: after Failed or VersionMismatch the whole list is sent.
    state.refusals += 1
    state.whole_next = True
    state.sent_at, state.failures = at, None
    if fact.status == "NotSupported":
        state.held_version = -1


def _unanswered(state: LocalList, fact: ListUnanswered, at: datetime) -> None:
    state.failures = failed_again(state.failures, at, error=fact.error)
    if not fact.version:
        return
    state.sent_at = at
    if not fact.expected or fact.version == state.held_version:
        state.contents.pop(fact.version, None)  # whether the charger took it, its version will not tell
    else:
        state.remember(fact.version, state.after_part(fact.entries, full=fact.full))
    state.held_version = None


def _given_up(state: LocalList, fact: ListGivenUp, at: datetime) -> None:
    state.given_up = fact.reason


def _doubted(state: LocalList, fact: ListDoubted, at: datetime) -> None:
    state.held_version, state.failures, state.given_up, state.refusals = None, None, "", 0


_EVOLVE: dict[type[Fact], Callable[[LocalList, Any, datetime], None]] = {
    ListDesired: _desired,
    ListReported: _reported,
    ListAccepted: _accepted,
    ListRefused: _refused,
    ListUnanswered: _unanswered,
    ListGivenUp: _given_up,
    ListDoubted: _doubted,
}
