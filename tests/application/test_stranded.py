"""Connections of a server that ended without a goodbye are closed in the books, and no others."""

from datetime import UTC, datetime
from functools import partial

from application.intake import ATTEMPTS, Intake
from application.ports import Loaded, UnreadableEvent
from application.rules import Rules
from application.snapshots import load_charger
from application.stranded import REASON, close_stranded
from domain.chargers.events import Connected, Disconnected, HeartbeatReceived, Registered
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId
from tests.fakes.staged_store import StagedEventStore

TOLD = Told(recorded_at=datetime(2026, 11, 22, tzinfo=UTC))
A, B, C, D = (ChargerId.of("t", cpid) for cpid in "ABCD")


def connected(name: str, gateway: str) -> Connected:
    return Connected(connection=name, gateway=gateway, protocol="1.6", security_profile=0)


async def lived(store: StagedEventStore, charger: ChargerId, *facts: Fact) -> None:
    registered = Registered(cpid=charger.key, security_profile=0)
    await store.append(events_of(charger.stream, 0, [registered, *facts], TOLD))


async def close(store: StagedEventStore, *chargers: ChargerId) -> int:
    return await close_stranded(store, Intake(store, Rules()), chargers, "new")


async def test_only_what_another_server_left_open_is_closed() -> None:
    store = StagedEventStore()
    await lived(store, A, connected("a", "old"))
    await lived(store, B, connected("b", "new"))
    await lived(store, C, connected("c", "old"), Disconnected(connection="c", code=1000))
    before = len(store.log)
    assert await close(store, A, B, C, D) == 1
    assert [(one.event.originator_id, one.event.fact) for one in store.log[before:]] == [
        (A.stream, Disconnected(connection="a", reason=REASON))
    ]
    told = store.log[-1].event.told
    assert (told.actor, told.connection) == ("job:stranded", "a")
    assert (await load_charger(store, A)).connection == ""
    assert await close(store, A, B, C, D) == 0


async def test_who_comes_back_meanwhile_stays_connected() -> None:
    store = StagedEventStore()
    await lived(store, A, connected("a", "old"))

    async def returns() -> None:
        state = await load_charger(store, A)
        facts = state.connected(connected("a2", "new"), dead="a")
        for fact in facts:
            await store.intrude(A.stream, fact, TOLD)

    store.before = [returns]
    await close(store, A)
    assert (await load_charger(store, A)).connection == "a2"


class PartlyUnreadable(StagedEventStore):
    """The log holds an event of a later version on B's stream."""

    async def load(self, stream: str, kind: str) -> Loaded:
        """All but B."""
        if stream == B.stream:
            raise UnreadableEvent("charger.levitated on charger/t/B version 2")
        return await super().load(stream, kind)


async def test_one_that_cannot_be_closed_leaves_none_of_the_others_open() -> None:
    store = PartlyUnreadable()
    for charger in (A, B, C):
        await lived(store, charger, connected(charger.key, "old"))
    busy = partial(store.intrude, A.stream, HeartbeatReceived(), TOLD)
    store.before = [busy] * ATTEMPTS
    assert await close(store, A, B) == 0
    assert await close(store, A, B, C) == 2
    for charger in (A, C):
        assert (await load_charger(store, charger)).connection == ""
