"""What is recorded of a command, and with it of other books, when somebody else is first."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from application.command_book import Changes, CommandBook
from application.ports import EventStore
from application.snapshots import load_charger
from domain.chargers.events import GuidanceBegun, Registered
from domain.commands.command import Command, command_stream
from domain.commands.events import Requested
from domain.commands.upkeep import ClearCache
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId
from tests.fakes.event_store import InMemoryEventStore

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TOLD = Told(recorded_at=NOW, actor="user:test")
CP = ChargerId.of("t", "CP1")
ASKED = Requested(
    charger=CP.key,
    intent=ClearCache(),
    send_before=NOW + timedelta(seconds=30),
    answer_within_s=30,
    protocol="1.6",
    connection="c1",
    reason="",
)


async def test_a_consequence_is_told_whom_the_wish_is_for() -> None:
    heard: list[ChargerId] = []

    async def consequence(
        store: EventStore, charger: ChargerId, command: Command, facts: Sequence[Fact], told: Told
    ) -> Changes:
        heard.append(charger)
        return []

    book = CommandBook(InMemoryEventStore(), {ClearCache: consequence})
    command, _ = await book.record(Command(command_stream("t", "c1")), lambda _: [ASKED], TOLD)
    await book.record(command, lambda one: one.cancel("no"), TOLD)
    assert heard == [CP, CP]


async def test_a_wish_is_recorded_though_the_book_it_changes_was_changed_meanwhile() -> None:
    store = InMemoryEventStore()
    first = True

    async def consequence(
        store: EventStore, charger: ChargerId, command: Command, facts: Sequence[Fact], told: Told
    ) -> Changes:
        nonlocal first
        state = await load_charger(store, charger)
        if first:  # another process writes between our reading and our writing
            first = False
            await store.append(
                events_of(CP.stream, state.version, [Registered(cpid="CP1", security_profile=0)], TOLD)
            )
        return [(state, [GuidanceBegun()])]

    book = CommandBook(store, {ClearCache: consequence})
    command, ours = await book.record(
        Command(command_stream("t", "c1")), lambda one: [] if one.version else [ASKED], TOLD
    )
    assert (ours, command.version, command.charger) == (True, 1, CP.key)
    topics = [event.fact.TOPIC for event in await store.read(CP.stream)]
    assert topics == [Registered.TOPIC, GuidanceBegun.TOPIC]
