"""A log in memory, read by streams as they read the true one, each reading let go by hand."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from adapters.live.places import END, Place, Seals
from adapters.live.prepared import Prepared, Preparer
from adapters.live.stream import Batch, Stream, Stretch
from domain.event import Event, Told
from domain.identity import IdToken
from domain.metering import Reading, Sample
from domain.transactions.events import Metered

TENANT, SECRET = "zeus", b"of a test"
BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
CARD = IdToken("04AABBCC")


def metered(
    position: int, tenant: str = TENANT, *, connector: int = 1, at: datetime = BEGAN
) -> Event[Metered]:
    """Two messages: a sample, and the energy of the session."""
    reading = Reading("Energy.Active.Import.Register", None, "Wh", text=str(position))
    return Event(
        originator_id=f"transaction/{tenant}/CP-{connector}/1",
        originator_version=position,
        fact=Metered(
            evse_id=connector,
            connector_id=1,
            samples=(Sample(at, "Sample.Periodic", (reading,)),),
            energy_wh=position,
        ),
        told=Told(recorded_at=at, frame=f'[2,"{position}","MeterValues",{{}}]'),
    )


class Logbook:
    """Events at positions that have gaps, as a sequence has them."""

    def __init__(self) -> None:
        self.preparer = Preparer(SECRET)
        self.events: dict[int, list[Prepared]] = {}
        self.head = 0
        self.oldest = 0

    def append(self, *, gap: int = 0, tenant: str = TENANT, connector: int = 1) -> None:
        """One more event, a tenth of a second after the one before."""
        self.head += 1 + gap
        event = metered(self.head, tenant, connector=connector, at=BEGAN + timedelta(seconds=self.head / 10))
        self.events[self.head] = self.preparer.prepare(self.head, event)

    def between(self, after: int, upto: int, tenant: str = TENANT) -> list[Prepared]:
        """The messages of a stretch."""
        return [
            message
            for position in sorted(self.events)
            if after < position <= upto
            for message in self.events[position]
            if message.tenant == tenant
        ]


class HandArchive:
    """Readings wait until somebody lets them go; a piece holds two events at most."""

    EVENTS = 2

    def __init__(self, book: Logbook) -> None:
        self.book = book
        self.asked: list[asyncio.Future[None]] = []
        self.envelope = book.preparer.envelope

    async def stretch(self, tenant: str, after: Place, upto: int, *, frames: bool) -> Stretch:
        """See Archive; what is read is what stands there when the reading is let go."""
        await self._turn()
        first = after.position if after.part == END else after.position - 1
        positions = [p for p in sorted(self.book.events) if first < p <= upto][: self.EVENTS]
        reached = positions[-1] if len(positions) == self.EVENTS else upto
        found = [m for m in self.book.between(first, reached, tenant) if frames or m.type != "ocpp.message"]
        return Stretch(upto=Place(reached), messages=found)

    async def ends(self) -> tuple[int, int]:
        """See Archive."""
        await self._turn()
        return self.book.oldest, self.book.head

    async def _turn(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.asked.append(turn)
        await turn

    def let_go(self) -> None:
        """The readings that were asked for."""
        asked, self.asked = self.asked, []
        for turn in asked:
            if not turn.done():
                turn.set_result(None)


class HandHub:
    """Hands out batches when it is told to."""

    def __init__(self, book: Logbook) -> None:
        self.book = book
        self.position = book.head
        self.streams: dict[Stream, Callable[[], None]] = {}

    async def attach(self, stream: Stream, wake: Callable[[], None]) -> int:
        """See Hub."""
        await asyncio.sleep(0)
        self.streams[stream] = wake
        stream.attach(self.position)
        return self.position

    def detach(self, stream: Stream) -> None:
        """See Hub."""
        self.streams.pop(stream, None)
        stream.detach()

    def deliver(self, upto: int, *, tenants: Iterable[str] = (TENANT,), frames: bool = True) -> None:
        """The next batch, up to there."""
        told = self.book.between(self.position, upto) if TENANT in tenants else []
        batch = Batch(
            after=self.position,
            upto=upto,
            tenants=frozenset(tenants),
            frames=frames,
            every={TENANT: [m for m in told if frames or m.type != "ocpp.message"]},
            coalesced={},
        )
        self.position = upto
        for stream, wake in list(self.streams.items()):
            if not stream.offer(batch):
                del self.streams[stream]
            wake()


SEAL = Seals(SECRET).of(TENANT)
