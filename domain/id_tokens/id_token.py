"""The id token aggregate and the rule of who may charge."""

from collections.abc import Callable, Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from domain.event import Event, Fact
from domain.id_tokens.events import Blocked, GivenBack, Issued, TakenUp, Unblocked
from domain.identity import IdToken, is_erased


class Verdict(StrEnum):
    """May this token charge now? The edge turns it into each version's own word."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    UNKNOWN = "Unknown"
    CONCURRENT = "ConcurrentTx"
    UNPROVEN = "Unproven"
    """A contract certificate was presented, which we cannot check: not accepted (2.x C07)."""
    EMPTY = "NoToken"
    """No token at all (2.x `NoAuthorization`, plug & charge buttons): allowed by tenant policy alone."""


class Authorization(msgspec.Struct, frozen=True):
    """The verdict with what the charger may remember of it."""

    verdict: Verdict
    expires_at: datetime | None = None
    group: str = ""


class TokenPolicy(msgspec.Struct, frozen=True):
    """A tenant's rules for tokens."""

    accept_unknown: bool = False
    """Free vending: tokens nobody registered may charge (they are recorded all the same)."""
    accept_none: bool = True
    """2.x `NoAuthorization` starts (a button, a free site) are accepted."""


class TokenRecord(msgspec.Struct):
    """State of one token; `version` 0 means nobody ever registered it."""

    stream: str
    version: int = 0
    id_token: IdToken | None = None
    group: str = ""
    label: str = ""
    expires_at: datetime | None = None
    max_active: int | None = None
    blocked: bool = False
    active: list[str] = msgspec.field(default_factory=list)

    def judge(
        self, now: datetime, policy: TokenPolicy, besides: Collection[str] = (), *, limited: bool = True
    ) -> Authorization:
        """May it charge at `now`? `besides`: streams of transactions that do not count against its limit.

        Not `limited`: the limit of transactions at once does not matter to the question.
        """
        if self.id_token is None:
            return Authorization(Verdict.ACCEPTED if policy.accept_unknown else Verdict.UNKNOWN)
        if self.blocked:
            return Authorization(Verdict.BLOCKED, self.expires_at, self.group)
        if self.expires_at is not None and self.expires_at <= now:
            return Authorization(Verdict.EXPIRED, self.expires_at, self.group)
        others = sum(1 for stream in self.active if stream not in besides)
        if limited and self.max_active is not None and others >= self.max_active:
            return Authorization(Verdict.CONCURRENT, self.expires_at, self.group)
        return Authorization(Verdict.ACCEPTED, self.expires_at, self.group)

    def take_up(self, transaction: str) -> list[Fact]:
        """Count a transaction, where a limit makes counting worth a write."""
        if self.max_active is None or transaction in self.active:
            return []
        return [TakenUp(transaction)]

    def give_back(self, transaction: str) -> list[Fact]:
        """Stop counting a transaction."""
        return [GivenBack(transaction)] if transaction in self.active else []

    def issue(self, fact: Issued) -> list[Fact]:
        """Register the token or describe it anew; the same description again changes nothing."""
        same = (fact.group, fact.label, fact.expires_at, fact.max_active) == (
            self.group,
            self.label,
            self.expires_at,
            self.max_active,
        )
        return [] if same and self.id_token is not None else [fact]

    def block(self, reason: str) -> list[Fact]:
        """Block it; blocked already: nothing new."""
        return [] if self.blocked else [Blocked(reason)]

    def unblock(self) -> list[Fact]:
        """Unblock it; not blocked: nothing new."""
        return [Unblocked()] if self.blocked else []

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state."""
        self.version = event.originator_version
        evolve = _EVOLVE.get(type(event.fact))
        if evolve is not None:
            evolve(self, event.fact)


def _issued(state: TokenRecord, fact: Issued) -> None:
    group = "" if is_erased(fact.group) else fact.group  # it names nobody any more, to a charger least of all
    state.id_token, state.group, state.label = fact.id_token, group, fact.label
    state.expires_at, state.max_active = fact.expires_at, fact.max_active


def _blocked(state: TokenRecord, fact: Blocked) -> None:
    state.blocked = True


def _unblocked(state: TokenRecord, fact: Unblocked) -> None:
    state.blocked = False


def _taken_up(state: TokenRecord, fact: TakenUp) -> None:
    state.active.append(fact.transaction)


def _given_back(state: TokenRecord, fact: GivenBack) -> None:
    if fact.transaction in state.active:
        state.active.remove(fact.transaction)


_EVOLVE: dict[type[Fact], Callable[[TokenRecord, Any], None]] = {
    Issued: _issued,
    Blocked: _blocked,
    Unblocked: _unblocked,
    TakenUp: _taken_up,
    GivenBack: _given_back,
}
