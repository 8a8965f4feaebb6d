"""All reservations of one charger: one aggregate, so that one version guards that no place is promised twice.

A reservation counts as taking its place from the moment it is asked for until it has surely ended: while the
charger has not answered, while its answer is lost, while a cancellation is under way. Whoever asks for the
same place meanwhile is refused. That may refuse a place which is free; it never promises one twice.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from domain.event import Event, Fact
from domain.identity import ChargerId
from domain.reservations.events import (
    CancellationFailed,
    CancellationRequested,
    Cancelled,
    Confirmed,
    Expired,
    Lost,
    Mismatched,
    OutcomeUnknown,
    Refused,
    Requested,
    ReservationFact,
    Used,
)
from domain.reservations.refusals import ReservationOver, ReservationUnknown, ReservationUnsettled
from domain.reservations.reservation import Beginning, Claim, Reservation, State, Terms, standing
from domain.reservations.room import Premises, check_room, check_terms

RECENT = 100
"""Ended reservations that are remembered, so that what is told late or twice finds them."""
EXPIRED = "Expired"
"""What a 2.x charger says of a reservation whose time was over."""


class ReservationBook(msgspec.Struct):
    """State of a charger's reservations; the only way to change it is `when`."""

    charger: ChargerId
    version: int = 0
    open: dict[int, Reservation] = msgspec.field(default_factory=dict)
    """Those that are not over, by number."""
    ended: dict[int, str] = msgspec.field(default_factory=dict)
    """The newest that are over, and how they ended."""
    users: dict[str, int] = msgspec.field(default_factory=dict)
    """Transaction → the reservation it used, the newest of them."""
    noted: list[str] = msgspec.field(default_factory=list)
    """The newest mismatches."""
    strays: list[Reservation] = msgspec.field(default_factory=list)
    """New terms that were under way to the charger when the reservation was used: it may hold them as a new one."""

    @property
    def stream(self) -> str:
        """`reservations/<tenant>/<CPID>`."""
        return f"reservations/{self.charger.tenant}/{self.charger.key}"

    def request(
        self, reservation_id: int, terms: Terms, command: str, now: datetime, premises: Premises
    ) -> list[Fact]:
        """Ask for a reservation, or for new terms of one; those that expired meanwhile make room.

        Raises a ReservationRefused.
        """
        existing = self.open.get(reservation_id)
        if existing is not None and existing.claim(command) is not None:
            return []
        check_terms(reservation_id, terms, now, premises)
        expired = self.expire(now)
        over = {fact.reservation_id for fact in expired}
        if reservation_id in self.ended or reservation_id in over:
            raise ReservationOver(str(reservation_id))
        if existing is not None and existing.unanswered:
            raise ReservationUnsettled(str(reservation_id))
        others = [one for number, one in self.open.items() if number != reservation_id and number not in over]
        others += [one for one in self.strays if one.expires_at > now]
        check_room(terms.evse_id, others, premises)
        wanted = Requested(
            reservation_id=reservation_id,
            command=command,
            replaces=existing is not None,
            **msgspec.structs.asdict(terms),
        )
        return [*expired, wanted]

    def confirm(self, command: str) -> list[Fact]:
        """The charger agreed to the request of that command; late, repeated or overtaken: nothing new."""
        found = self._asked(command)
        if found is None or found[1].state is State.ACTIVE:
            return []
        reservation, claim = found
        terms = msgspec.structs.asdict(claim.terms)
        return [Confirmed(reservation_id=reservation.reservation_id, command=command, **terms)]

    def refuse(self, command: str, status: str, reason: str = "") -> list[Fact]:
        """The charger did not agree to the request of that command, or never got it."""
        found = self._asked(command)
        if found is None or found[1].state is State.ACTIVE:
            return []
        reservation, claim = found
        others = [one for one in reservation.claims if one is not claim]
        stands = standing(others).value if others else ""
        number = reservation.reservation_id
        return [Refused(reservation_id=number, status=status, reason=reason, command=command, stands=stands)]

    def lose_sight(self, command: str) -> list[Fact]:
        """No answer came to the request of that command, and none may come."""
        found = self._asked(command)
        if found is None or found[1].state is not State.REQUESTED:
            return []
        reservation, _ = found
        stands = "active" if reservation.state is State.ACTIVE else ""
        return [OutcomeUnknown(reservation_id=reservation.reservation_id, command=command, stands=stands)]

    def cancel(self, reservation_id: int, command: str) -> list[Fact]:
        """Ask the charger to cancel; asked already: nothing new.

        Raises ReservationUnknown, ReservationOver, and ReservationUnsettled while a request is unanswered: the
        charger would cancel what it does not hold yet.
        """
        reservation = self.open.get(reservation_id)
        if reservation is None:
            raise (ReservationOver if reservation_id in self.ended else ReservationUnknown)(
                str(reservation_id)
            )
        if reservation.cancelling:
            return []
        if reservation.unanswered:
            raise ReservationUnsettled(str(reservation_id))
        return [CancellationRequested(reservation_id=reservation_id, command=command)]

    def confirm_cancellation(self, command: str) -> list[Fact]:
        """The charger agreed to the cancellation of that command, be it late."""
        reservation = self._cancelling(command)
        if reservation is None:
            return []
        by = reservation.cancelled_by
        return [Cancelled(reservation_id=reservation.reservation_id, by=by, command=command)]

    def refuse_cancellation(self, command: str) -> list[Fact]:
        """The charger holds no such reservation, which is what Rejected means (1.6 §5.2, 2.x H02.FR.01)."""
        reservation = self._cancelling(command)
        return [] if reservation is None else [Lost(reservation_id=reservation.reservation_id, why="NotHeld")]

    def fail_cancellation(self, command: str, why: str) -> list[Fact]:
        """The cancellation of that command did not reach the charger, or nobody knows: the reservation stands."""
        reservation = self._cancelling(command)
        if reservation is None or not reservation.cancelling:
            return []
        return [CancellationFailed(reservation_id=reservation.reservation_id, why=why, command=command)]

    def used_by(self, beginning: Beginning) -> list[Fact]:
        """Which reservation a transaction uses, and what does not fit about it; heard again: nothing new.

        The charger's own word comes first (1.6 §4.8 reservationId), and then it need not be the reserved token. Without
        it, the driver does: reserved EVSE before any EVSE, the token before its group.
        """
        facts: list[Fact] = []
        used = None
        if beginning.transaction not in self.users:
            used, by = self._match(beginning)
            if used is not None:
                facts.append(
                    Used(
                        reservation_id=used.reservation_id,
                        transaction=beginning.transaction,
                        evse_id=beginning.evse_id,
                        by=by,
                    )
                )
        named = beginning.reservation_id
        if named is not None and named not in (self.users.get(beginning.transaction), _number(used)):
            known = named in self.ended or named in self.open
            facts += self._mismatch(named, beginning, "ended" if known else "unknown")
        for one in self.open.values():
            if one is not used and one.is_slighted_by(beginning):
                facts += self._mismatch(one.reservation_id, beginning, "wrong_token")
        return facts

    def end_at_charger(self, reservation_id: int, why: str, heard_at: datetime) -> list[Fact]:
        """The charger told that it is over (2.x ReservationStatusUpdate).

        Not while it may hold one of several terms: nobody knows of which it speaks.
        """
        reservation = self.open.get(reservation_id)
        if reservation is None or len(reservation.claims) > 1 or heard_at < reservation.asked_at:
            return []
        if why == EXPIRED:
            return [Expired(reservation_id=reservation_id)]
        return [Lost(reservation_id=reservation_id, why=why)]

    def lose_place(self, evse_id: int, status: str, heard_at: datetime) -> list[Fact]:
        """An EVSE is faulted or out of service, and what was reserved there is over; 0: all of it (1.6 §5.13)."""
        return [
            Lost(reservation_id=one.reservation_id, why=status)
            for one in self.open.values()
            if (evse_id == 0 or one.evses == {evse_id})
            and one.asked_at <= heard_at
            and all(claim.state is not State.REQUESTED for claim in one.claims)
        ]

    def expire(self, now: datetime) -> list[ReservationFact]:
        """Those whose time is over, whatever the charger has said of them."""
        return [
            Expired(reservation_id=one.reservation_id) for one in self.open.values() if one.expires_at <= now
        ]

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state."""
        self.version = event.originator_version
        evolve = _EVOLVE.get(type(event.fact))
        if evolve is not None:
            evolve(self, event)

    def _asked(self, command: str) -> tuple[Reservation, Claim] | None:
        for one in self.open.values():
            place = one.claim(command)
            if place is not None:
                return one, one.claims[place]
        return None

    def _cancelling(self, command: str) -> Reservation | None:
        return next((one for one in self.open.values() if command and one.cancellation == command), None)

    def _match(self, beginning: Beginning) -> tuple[Reservation | None, str]:
        named = self.open.get(beginning.reservation_id or 0)
        if named is not None and named.asked_at <= beginning.heard_at:
            return named, named.bond(beginning) or "charger"
        fits = [(fit, one) for one in self.open.values() if (fit := one.fit(beginning)) is not None]
        if not fits:
            return None, ""
        (_, by_group), best = min(fits, key=lambda each: (each[0], each[1].reservation_id))
        return best, "group" if by_group else "token"

    def _mismatch(self, reservation_id: int, beginning: Beginning, why: str) -> list[Fact]:
        fact = Mismatched(reservation_id=reservation_id, transaction=beginning.transaction, why=why)
        return [] if _note(fact) in self.noted else [fact]


def _requested(book: ReservationBook, event: Event[Requested]) -> None:
    fact = event.fact
    claim = Claim(_terms(fact), fact.command, event.told.recorded_at)
    existing = book.open.get(fact.reservation_id)
    if existing is None:
        book.open[fact.reservation_id] = Reservation(fact.reservation_id, [claim])
    else:
        existing.claims.append(claim)
        existing.cancellation = ""


def _confirmed(book: ReservationBook, event: Event[Confirmed]) -> None:
    """What was asked before is replaced; what was asked after is still to come."""
    reservation = book.open.get(event.fact.reservation_id)
    place = reservation.claim(event.fact.command) if reservation is not None else None
    if reservation is not None and place is not None:
        held = msgspec.structs.replace(reservation.claims[place], state=State.ACTIVE)
        reservation.claims = [held, *reservation.claims[place + 1 :]]


def _refused(book: ReservationBook, event: Event[Refused]) -> None:
    reservation = book.open.get(event.fact.reservation_id)
    if reservation is None:
        return
    reservation.claims = [claim for claim in reservation.claims if claim.command != event.fact.command]
    if not reservation.claims:
        _end(book, event.fact.reservation_id, "refused")


def _outcome_unknown(book: ReservationBook, event: Event[OutcomeUnknown]) -> None:
    reservation = book.open.get(event.fact.reservation_id)
    place = reservation.claim(event.fact.command) if reservation is not None else None
    if reservation is not None and place is not None:
        claim = reservation.claims[place]
        reservation.claims[place] = msgspec.structs.replace(claim, state=State.UNKNOWN)


def _cancellation_requested(book: ReservationBook, event: Event[CancellationRequested]) -> None:
    reservation = book.open.get(event.fact.reservation_id)
    if reservation is not None:
        reservation.cancellation, reservation.cancelling = event.fact.command, True
        reservation.cancelled_by = event.told.actor


def _cancellation_failed(book: ReservationBook, event: Event[CancellationFailed]) -> None:
    reservation = book.open.get(event.fact.reservation_id)
    if reservation is not None:
        reservation.cancelling = False


def _used(book: ReservationBook, event: Event[Used]) -> None:
    book.users[event.fact.transaction] = event.fact.reservation_id
    _forget(book.users)
    reservation = book.open.get(event.fact.reservation_id)
    now = event.told.recorded_at
    book.strays = [stray for stray in book.strays if stray.expires_at > now]
    if reservation is not None and len(reservation.claims) > 1:
        under_way = [claim for claim in reservation.claims if claim.state is State.REQUESTED]
        book.strays += [Reservation(reservation.reservation_id, under_way)] if under_way else []
    _end(book, event.fact.reservation_id, "used")


def _over(how: str) -> Callable[[ReservationBook, Event[ReservationFact]], None]:
    return lambda book, event: _end(book, event.fact.reservation_id, how)


def _mismatched(book: ReservationBook, event: Event[Mismatched]) -> None:
    book.noted.append(_note(event.fact))
    del book.noted[:-RECENT]


def _end(book: ReservationBook, reservation_id: int, how: str) -> None:
    book.open.pop(reservation_id, None)
    book.ended[reservation_id] = how
    _forget(book.ended)


def _forget(memory: dict[Any, Any]) -> None:
    for oldest in list(memory)[:-RECENT]:
        del memory[oldest]


def _note(fact: Mismatched) -> str:
    return f"{fact.reservation_id} {fact.why} {fact.transaction}"


def _number(reservation: Reservation | None) -> int | None:
    return None if reservation is None else reservation.reservation_id


def _terms(fact: Requested) -> Terms:
    return Terms(**{name: getattr(fact, name) for name in Terms.__struct_fields__})


_EVOLVE: Mapping[type[Fact], Callable[[ReservationBook, Any], None]] = {
    Requested: _requested,
    Confirmed: _confirmed,
    Refused: _refused,
    OutcomeUnknown: _outcome_unknown,
    CancellationRequested: _cancellation_requested,
    CancellationFailed: _cancellation_failed,
    Used: _used,
    Expired: _over("expired"),
    Cancelled: _over("cancelled"),
    Lost: _over("lost"),
    Mismatched: _mismatched,
}
