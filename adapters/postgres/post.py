"""Parcels as rows of `fleet.parcels`, NOTIFY as the bell, and a look every second in case a bell was lost."""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
from psycopg import AsyncConnection, Notify
from psycopg.sql import SQL, Identifier

from adapters.postgres.link import AWAY, PostgresLink, Row
from application import clock
from application.fleet import FleetUnavailable, Heard, Parcel, Take, check_ring
from application.receiving import Inbox, Rings

logger = logging.getLogger("zeus.fleet")

_BELL = "fleet_bell"
_POLL_S = 1.0
_PAUSE_S = 0.25
"""Between two attempts to connect."""
_BATCH = 200
_SWEEP_EVERY = 60
"""Looks between two sweeps of what is past."""

_SEND = """
    WITH put AS (
        INSERT INTO fleet.parcels (addressee, id, kind, subject, body, reply_to, expires_at)
        VALUES (%(to)s, %(id)s, %(kind)s, %(subject)s, %(body)s, %(reply_to)s,
            clock_timestamp() + make_interval(secs => %(left_s)s))
        ON CONFLICT (addressee, id) DO NOTHING
    )
    SELECT pg_notify(%(channel)s, '')
"""
_FETCH = """
    SELECT id, kind, subject, body, reply_to, extract(epoch FROM expires_at - clock_timestamp())
    FROM fleet.parcels WHERE addressee = %(to)s AND expires_at > clock_timestamp()
    ORDER BY place LIMIT %(batch)s
"""
_TAKEN = "DELETE FROM fleet.parcels WHERE addressee = %(to)s AND id = ANY(%(ids)s)"


class PostgresPost:
    """The port `application.fleet.Post` on Postgres: sends by the shared pool, listens by one connection."""

    def __init__(self, link: PostgresLink, now: Callable[[], datetime] = clock.now) -> None:
        """The tables exist (`fleet_schema.create`)."""
        self._link = link
        self._now = now
        self._rings = Rings()
        self._keeper: asyncio.Task[None] | None = None

    async def send(self, parcel: Parcel) -> None:
        """Row and bell in one statement."""
        left_s = (parcel.until - self._now()).total_seconds()
        if left_s > 0:
            fields = {**parcel._asdict(), "left_s": left_s, "channel": _channel(parcel.to)}
            await self._link.rows(_SEND, fields)

    async def open(self, gateway: str, take: Take) -> None:
        """Starts the one task that listens."""
        await self.close()
        self._link.check_open()
        listening = asyncio.Event()
        self._keeper = asyncio.create_task(self._keep(gateway, Inbox(take, self._now), listening))
        try:
            async with asyncio.timeout(self._link.patience_s):
                await listening.wait()
        except TimeoutError:
            await self.close()
            raise FleetUnavailable("Postgres does not let the post listen") from None

    async def ring(self, topic: str, payload: str) -> None:
        """NOTIFY to all who listen at this moment."""
        check_ring(topic, payload)
        told = {"bell": _BELL, "told": f"{len(topic)}:{topic}{payload}"}
        await self._link.rows("SELECT pg_notify(%(bell)s, %(told)s)", told)

    def on_ring(self, topic: str, heard: Heard) -> Callable[[], None]:
        """Sorted by topic on this side."""
        return self._rings.on_ring(topic, heard)

    async def close(self) -> None:
        """Ends the task and its connection."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait({keeper})

    async def _keep(self, gateway: str, inbox: Inbox, listening: asyncio.Event) -> None:
        """Listen, and again whenever the connection is lost, until cancelled."""
        while True:
            try:
                connection = await self._link.connect("zeus post")
                try:
                    await self._listen(connection, gateway, inbox, listening)
                finally:
                    await connection.close()
            except (*AWAY, psycopg.Error, FleetUnavailable) as error:
                logger.warning("the post of %s lost Postgres, connecting again: %s", gateway, error)
            await asyncio.sleep(_PAUSE_S)

    async def _listen(
        self, connection: AsyncConnection[Row], gateway: str, inbox: Inbox, listening: asyncio.Event
    ) -> None:
        """Listen first, then look: what comes in between rings."""
        listen = SQL("LISTEN {}; LISTEN {}").format(Identifier(_channel(gateway)), Identifier(_BELL))
        await self._link.bounded(connection.execute(listen))
        for look in range(1, 2**63):
            await self._fetch(connection, gateway, inbox)
            listening.set()
            await self._wait(connection)
            if look % _SWEEP_EVERY == 0:
                await self._link.bounded(connection.execute("SELECT fleet.sweep()"))

    async def _wait(self, connection: AsyncConnection[Row]) -> None:
        """Until a parcel's bell, or for one poll; other rings are handed on meanwhile."""
        look_at = clock.monotonic() + _POLL_S
        called = False
        while not called and (left_s := look_at - clock.monotonic()) > 0:
            async for notify in connection.notifies(timeout=left_s, stop_after=1):
                if notify.channel == _BELL:
                    self._hear(notify)
                else:
                    called = True

    def _hear(self, notify: Notify) -> None:
        length, _, told = notify.payload.partition(":")
        if not length.isdecimal():
            logger.warning("a ring that no gateway sent: %.100s", notify.payload)
            return
        self._rings.deliver(told[: int(length)], told[int(length) :])

    async def _fetch(self, connection: AsyncConnection[Row], gateway: str, inbox: Inbox) -> None:
        """Hand over, then remove: who is cut off in between gets them again, and the inbox knows them."""
        full = True
        while full:
            asked_at = self._now()  # the time left is counted from before the question, never from after
            wanted = {"to": gateway, "batch": _BATCH}
            cursor = await self._link.bounded(connection.execute(_FETCH, wanted, binary=True))
            rows = await cursor.fetchall()
            for row in rows:
                inbox.deliver(_parcel(gateway, asked_at, row))
            if rows:
                taken = {"to": gateway, "ids": [row[0] for row in rows]}
                await self._link.bounded(connection.execute(_TAKEN, taken))
            full = len(rows) == _BATCH


def _parcel(gateway: str, asked_at: datetime, row: Row) -> Parcel:
    id_, kind, subject, body, reply_to, left_s = row
    until = asked_at + timedelta(seconds=float(left_s))
    return Parcel(id_, gateway, kind, subject, bytes(body), until, reply_to)


def _channel(gateway: str) -> str:
    """A name of at most 63 bytes, whatever the gateway is called."""
    return "fleet_" + hashlib.sha256(gateway.encode()).hexdigest()[:32]
