"""The rows about live streams; `/ws/telemetry` beside them is no HTTP."""

from adapters.http.access import Right
from adapters.http.action import MUTATING, STORING, Action
from adapters.http.api import live
from adapters.http.api.control import PlainQuery
from adapters.http.stream_query import StreamQuery
from adapters.http.streaming import MEDIA_TYPE
from adapters.http.transfer import Transfer

LIVE_ROUTES: tuple[Transfer | Action, ...] = (
    Transfer(
        method="GET",
        path="/events",
        summary="Follow what happens, as server-sent events",
        handler=live.follow_events,
        query=StreamQuery,
        gives=(MEDIA_TYPE,),
        right=Right.READ,
        errors=(*STORING, "draining"),
    ),
    Action(
        method="POST",
        path="/stream-tickets",
        summary="A ticket for a stream, for browsers",
        handler=live.sell_ticket,
        query=PlainQuery,
        response=live.StreamTicket,
        right=Right.READ,
        statuses=(201,),
        errors=("draining", *MUTATING),
    ),
)
"""Streams."""
