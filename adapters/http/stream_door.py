"""The door to live streams, whether they leave as WebSocket or as server-sent events: seats, pace, and the end."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from adapters.http.access import Caller, Right
from adapters.http.problems import Fault, Problem, invalid
from adapters.http.stream_credentials import Standing, Tickets
from adapters.live.listening import Lagging, Listening, Outgoing
from adapters.live.prepared import control
from adapters.live.seats import Seat, Seats, SeatsUnknown
from adapters.live.selection import Selection
from adapters.live.streams import LiveStreams, PlaceUnknown
from application import clock
from application.ports import StoreUnavailable
from projections.live.catalogue import OCPP_MESSAGE

log = logging.getLogger("zeus.live")

HEARTBEAT_S = 15.0
LOOK_AGAIN_S = 2.0
"""So soon a credential that is gone ends its streams."""
STALL_S = 10.0
"""Who takes nothing for so long is closed: what waits for him is kept in the log, not in memory."""
RETRY_AFTER_S = 10


class Outlet(Protocol):
    """The way to a listener's network."""

    def has_room(self) -> bool:
        """Does `hand` return without waiting?"""
        ...

    async def hand(self, told: Sequence[Outgoing]) -> None:
        """Give it messages; returns when it has taken them, or what was there before."""
        ...


class Ending(msgspec.Struct, frozen=True):
    """Why a stream ends."""

    reason: str
    close_code: int
    """Of a WebSocket (RFC 6455 §7.4, and the registry)."""


LAGGING = Ending("stream.lagging", 1013)
CREDENTIAL_ENDED = Ending("credential_ended", 1008)
RIGHT_LOST = Ending("right_lost", 1008)
DRAINING = Ending("draining", 1012)


class StreamDoor:
    """One for a process."""

    def __init__(
        self,
        live: LiveStreams,
        seats: Seats,
        tickets: Tickets,
        standing: Standing,
        draining: Callable[[], bool],
    ) -> None:
        self.live = live
        self.tickets = tickets
        self.seats = seats
        self._standing = standing
        self._draining = draining
        self.open = 0
        """Streams of this process."""
        self.lagging = 0
        """Streams that were closed because nobody read them."""

    async def sit(self, caller: Caller) -> Seat:
        """Raises a 429 Problem where the credential or the tenant has all the streams it may have, and 503."""
        if self._draining():
            raise Problem("draining", "Come again in a moment; you will be let in elsewhere.")
        limits = self.live.settings
        rows = (
            (f"credential {caller.tenant} {caller.name}", limits.per_credential),
            (f"tenant {caller.tenant}", limits.per_tenant),
        )
        try:
            seat = await self.seats.take(rows)
        except SeatsUnknown as error:
            raise Problem("store_unavailable", "Streams cannot be opened now.") from error
        if isinstance(seat, Seat):
            return seat
        whose, most = ("credential", rows[0][1]) if seat == rows[0][0] else ("tenant", rows[1][1])
        detail = f"Your {whose} has {most} streams open already. Close one of them."
        raise Problem("rate_limited", detail, headers={"Retry-After": str(RETRY_AFTER_S)})

    def listen(self, caller: Caller, selection: Selection, after: str | None) -> Listening:
        """Raises a 422 Problem for a place that is not the tenant's, a 403 one for frames without the right."""
        if selection.frames and Right.ENGINEER not in caller.rights:
            raise Problem("role", f"The right `{Right.ENGINEER}` is needed for `{OCPP_MESSAGE}`.")
        try:
            place = None if after is None else self.live.place_of(caller.tenant, after)
        except PlaceUnknown as error:
            words = " ".join((type(error).__doc__ or "").split())
            raise invalid(Fault("after", words)) from error
        return self.live.listen(caller.tenant, caller.rights, selection, place)

    async def run(self, caller: Caller, listening: Listening, outlet: Outlet, *, resumed: bool) -> Ending:
        """Hand over what comes until the stream has to end. The client's own end is a cancellation."""
        self.open += 1
        try:
            return await self._run(caller, listening, outlet, resumed=resumed)
        except Lagging:
            self.lagging += 1
            return LAGGING
        finally:
            self.open -= 1
            listening.close()

    async def _run(self, caller: Caller, listening: Listening, outlet: Outlet, *, resumed: bool) -> Ending:
        first = listening.mark("stream.opened") if resumed else await listening.begin_now()
        await _in_time(outlet, (first,))
        beat_at = clock.monotonic() + HEARTBEAT_S
        look_at = clock.monotonic() + LOOK_AGAIN_S
        while True:
            now = clock.monotonic()
            told = await listening.next(max(0.01, min(beat_at, look_at) - now))
            if told:
                await _in_time(outlet, told)
            now = clock.monotonic()
            if now >= beat_at:
                beat_at = now + HEARTBEAT_S
                await _in_time(outlet, (listening.mark("stream.heartbeat"),))
            if now >= look_at:
                look_at = now + LOOK_AGAIN_S
                if self._draining():
                    return DRAINING
                if (end := await self._look_again(caller, listening)) is not None:
                    return end

    async def _look_again(self, caller: Caller, listening: Listening) -> Ending | None:
        """Where nobody can tell, nothing happens either: the log that is told of is the one that is asked."""
        try:
            today = await self._standing.standing(caller, clock.now())
        except StoreUnavailable as error:
            log.info("the credential of a stream cannot be looked at now: %r", error)
            return None
        if today is None:
            return CREDENTIAL_ENDED
        selection = listening.stream.selection
        if Right.READ not in today.rights or (selection.frames and Right.ENGINEER not in today.rights):
            return RIGHT_LOST
        listening.stream.rights = today.rights
        return None


async def _in_time(outlet: Outlet, told: Sequence[Outgoing]) -> None:
    """Raises Lagging where the client takes nothing."""
    if outlet.has_room():  # nearly always: a timer would be the dearest part of it
        await outlet.hand(told)
        return
    try:
        async with asyncio.timeout(STALL_S):
            await outlet.hand(told)
    except TimeoutError:
        raise Lagging from None


def farewell(caller: Caller, ending: Ending) -> bytes:
    """The last message of a stream that has room for one."""
    data: dict[str, Any] = {"reason": ending.reason}
    return control("stream.closed", caller.tenant, clock.now(), data).body
