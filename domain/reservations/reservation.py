"""One reservation that is not over: what was asked for it, and what the charger may be holding."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from domain.identity import IdToken, TokenText

EARLY = timedelta(minutes=5)
"""A transaction dated earlier than that before a reservation was made comes from a backlog."""
CLOCK_NEVER_SET = timedelta(days=400)
"""No backlog is older; the charger's clock is wrong."""


class State(StrEnum):
    """What is known of a reservation, or of one request for it."""

    REQUESTED = "requested"
    """The charger has not answered."""
    UNKNOWN = "unknown"
    """The charger's answer never came; it may hold it."""
    ACTIVE = "active"
    """The charger holds it."""


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that began, or whose driver became known, as far as reservations are concerned."""

    transaction: str
    """Its stream id."""
    evse_id: int
    at: datetime
    """The charger's clock."""
    heard_at: datetime
    """Ours."""
    id_token: IdToken | None = None
    group: str = ""
    """Of the token, by our books."""
    reservation_id: int | None = None
    """The reservation the charger says it is."""

    @property
    def began_at(self) -> datetime:
        """The charger's time, unless its clock cannot be right."""
        return self.at if self.heard_at - CLOCK_NEVER_SET <= self.at <= self.heard_at else self.heard_at


class Terms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which place for whom until when."""

    evse_id: int
    """0: any."""
    id_token: IdToken
    expires_at: datetime
    connector_id: int | None = None
    group: TokenText = ""

    def bond(self, beginning: Beginning) -> str:
        """What ties a transaction to the reservation: `token`, `group`, or nothing."""
        if beginning.id_token is None:
            return ""
        if beginning.id_token.key == self.id_token.key:
            return "token"
        return "group" if beginning.group and beginning.group.upper() == self.group.upper() else ""

    def cover(self, beginning: Beginning) -> bool:
        """Did it begin on the reserved place, and in time?"""
        return self.evse_id in (0, beginning.evse_id) and beginning.began_at < self.expires_at


class Claim(msgspec.Struct, frozen=True):
    """One request for a reservation and how it stands; the charger holds the newest one it agreed to."""

    terms: Terms
    command: str
    asked_at: datetime
    """Our clock."""
    state: State = State.REQUESTED


class Reservation(msgspec.Struct):
    """A reservation with every request that may be what the charger holds, oldest first."""

    reservation_id: int
    claims: list[Claim]
    cancellation: str = ""
    """The command of the last attempt to cancel it."""
    cancelling: bool = False
    """That attempt has not been settled."""
    cancelled_by: str = ""

    @property
    def state(self) -> State:
        """`active` where any request was agreed to: the charger then holds that one or a later one."""
        return standing(self.claims)

    @property
    def unanswered(self) -> bool:
        """Is there a request or a cancellation the charger has yet to answer?"""
        return self.cancelling or any(claim.state is State.REQUESTED for claim in self.claims)

    @property
    def evses(self) -> frozenset[int]:
        """The places it may be holding; 0 stands for any."""
        return frozenset(claim.terms.evse_id for claim in self.claims)

    @property
    def expires_at(self) -> datetime:
        """When nothing of it can hold any longer."""
        return max(claim.terms.expires_at for claim in self.claims)

    @property
    def asked_at(self) -> datetime:
        """When it got its newest terms; what was told before does not speak of them."""
        return max(claim.asked_at for claim in self.claims)

    def claim(self, command: str) -> int | None:
        """Where the request of that command stands among the claims; None where it is none of them."""
        return next((n for n, claim in enumerate(self.claims) if claim.command == command), None)

    def fit(self, beginning: Beginning) -> tuple[bool, bool] | None:
        """Does the transaction use it for certain? (any place, by group), so that the closest fit is the smallest.

        Not while a request is unanswered: the transaction may have begun before the charger reads it. And not
        where it fits one of several terms alone: the charger may hold the others.
        """
        if self._is_older(beginning) or any(claim.state is State.REQUESTED for claim in self.claims):
            return None
        bonds = [claim.terms.bond(beginning) for claim in self.claims]
        if not all(bonds) or not all(claim.terms.cover(beginning) for claim in self.claims):
            return None
        return 0 in self.evses, "group" in bonds

    def is_slighted_by(self, beginning: Beginning) -> bool:
        """Did a stranger begin to charge on the very EVSE the charger agreed to keep free?"""
        if beginning.id_token is None or self._is_older(beginning) or self.state is not State.ACTIVE:
            return False
        return self.evses == {beginning.evse_id} and all(
            claim.terms.cover(beginning) and not claim.terms.bond(beginning) for claim in self.claims
        )

    def bond(self, beginning: Beginning) -> str:
        """What ties the transaction to any of its terms, wherever it began: `token`, `group`, or nothing."""
        return max((claim.terms.bond(beginning) for claim in self.claims), key=("", "group", "token").index)

    def _is_older(self, beginning: Beginning) -> bool:
        return beginning.heard_at < self.asked_at or beginning.began_at < self.asked_at - EARLY


def standing(claims: Iterable[Claim]) -> State:
    """What a reservation is by these requests."""
    states = {claim.state for claim in claims}
    return next(state for state in (State.ACTIVE, State.UNKNOWN, State.REQUESTED) if state in states)
