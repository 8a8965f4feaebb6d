"""The event store behind a seal: its contract, and that nothing personal gets into the log and all of it comes back."""

import base64
from collections.abc import AsyncIterator, Callable, Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from adapters.eventstore.mapper import EventMapper
from adapters.eventstore.store import open_store
from adapters.postgres import vault_schema
from adapters.privacy.key_ring import KeyRing
from adapters.privacy.opening import WIRE, naming, open_subjects, sealed
from adapters.privacy.sealed_store import SealedEventStore
from adapters.privacy.sealing import Places
from adapters.privacy.subjects import Subjects
from application import clock
from application.ports import StoreUnavailable
from application.snapshots import SNAPSHOT_EVERY, load_book
from application.vault import VaultRow
from domain.catalogue import FACTS
from domain.chargers.drivers import SettlementReported, VatNumberPresented
from domain.chargers.events import HeartbeatReceived, TokenPresented
from domain.chargers.security import ContractRequested
from domain.commands.drivers import CustomerInformation, ListEntry, ReserveNow, SendLocalList
from domain.commands.events import Requested
from domain.commands.upkeep import Raw
from domain.desired_state.local_list_events import ListDesired
from domain.event import Fact, Told, events_of
from domain.id_tokens.events import Blocked, Issued
from domain.identity import ChargerId, IdToken, is_erased
from domain.reservations import events as reservation
from domain.transactions.events import Ended, Started, TokenShown
from tests.contracts.event_store import Counted, EventStoreContract
from tests.fakes.event_store import InMemoryEventStore
from tests.fakes.vault import InMemoryVault

RING = KeyRing({1: b"k" * 32})
AT = datetime(2026, 1, 2, tzinfo=UTC)
CARD, GROUP, NAME = "Canary04A2B9", "CanaryFleet1", "CanaryAnn Smith"
TOKEN = IdToken(CARD, "ISO14443")
COMMAND: dict[str, Any] = {"charger": "CP", "send_before": AT, "answer_within_s": 30}
PERSONAL: tuple[Fact, ...] = (
    TokenPresented(id_token=TOKEN, verdict="accepted"),
    Issued(id_token=TOKEN, group=GROUP, label=NAME),
    Started(evse_id=1, connector_id=1, at=AT, id_token=TOKEN, verdict="accepted"),
    TokenShown(id_token=TOKEN, verdict="accepted", at=AT),
    Ended(evse_id=1, connector_id=1, at=AT, id_token=TOKEN),
    VatNumberPresented(vat_number=CARD),
    SettlementReported(
        id_token=TOKEN, status="Settled", amount=None, receipt_id=NAME, receipt_url=NAME, vat_number=GROUP
    ),
    ContractRequested(action="Install", iso15118_schema="x", preferred=(TOKEN, TOKEN)),
    ListDesired(version=1, replaced=True, size=1, entries=(ListEntry(id_token=TOKEN, group=GROUP),)),
    reservation.Requested(
        reservation_id=1, evse_id=1, id_token=TOKEN, expires_at=AT, group=GROUP, command="c"
    ),
    reservation.Confirmed(reservation_id=1, evse_id=1, id_token=TOKEN, expires_at=AT, group=GROUP),
    Requested(
        intent=ReserveNow(reservation_id=1, id_token=TOKEN, expires_at=AT, group_id_token=IdToken(GROUP)),
        **COMMAND,
    ),
    Requested(intent=SendLocalList(version=1, entries=(ListEntry(id_token=TOKEN, group=GROUP),)), **COMMAND),
    Requested(intent=CustomerInformation(customer=CARD), **COMMAND),
    Requested(intent=Raw(action="Any", payload={"list": [{"idTag": CARD}], "n": 1}), **COMMAND),
)


class TestInMemory(EventStoreContract):
    """The contract, behind a seal."""

    @pytest.fixture
    def store(self) -> SealedEventStore:
        """Empty."""
        subjects = Subjects(InMemoryVault(), RING)
        return SealedEventStore(InMemoryEventStore(), subjects, Places((Counted,)), WIRE)


class Room:
    """A sealed store in memory, what is behind it, and the log as bytes."""

    def __init__(self) -> None:
        self.log = InMemoryEventStore()
        self.vault = InMemoryVault()
        self.store = self.another()

    def another(self) -> SealedEventStore:
        """As another process has it."""
        return SealedEventStore(self.log, Subjects(self.vault, RING), Places(FACTS), WIRE)

    def text(self) -> str:
        mapper = EventMapper(FACTS)
        return "\n".join(
            f"{stored.originator_id} {stored.state.decode()}"
            for stored in (mapper.to_stored_event(recorded.event) for recorded in self.log.log)
        )


@pytest.fixture
def room() -> Room:
    return Room()


def told(**more: Any) -> Told:
    return Told(recorded_at=AT, **more)


async def put(store: SealedEventStore, stream: str, *facts: Fact, version: int = 0, **more: Any) -> None:
    await store.append(events_of(stream, version, facts, told(**more)))


@pytest.mark.parametrize("fact", PERSONAL, ids=lambda fact: fact.TOPIC)
async def test_nothing_personal_is_in_the_log_and_all_comes_back(room: Room, fact: Fact) -> None:
    await put(room.store, "charger/t/CP", fact)
    assert "canary" not in room.text().lower()
    for store in (room.store, room.another()):
        (event,) = await store.read("charger/t/CP")
        assert event.fact == fact


async def test_loading_a_charger_asks_nobody_who_stood_before_it(room: Room) -> None:
    await put(room.store, "charger/t/CP", PERSONAL[0])
    await put(room.store, "transaction/t/CP/1", PERSONAL[2])
    asked = room.vault.asked
    another = room.another()
    (event,) = (await another.load("charger/t/CP", "k")).events
    assert event.fact.id_token.value.startswith("~")
    assert room.vault.asked == asked
    assert (await another.load("transaction/t/CP/1", "k")).events[0].fact == PERSONAL[2]


@pytest.mark.parametrize("fact", PERSONAL, ids=lambda fact: fact.TOPIC)
async def test_read_models_get_pseudonyms(room: Room, fact: Fact) -> None:
    await put(room.store, "charger/t/CP", fact)
    named = naming(FACTS)(room.log.log[0].event)
    text = msgspec.json.encode(named.fact).decode()
    assert "canary" not in text.lower()
    assert "~" in text
    assert all("." not in part for part in text.split('"') if part.startswith("~"))


async def test_with_the_subjects_read_models_get_the_words_too(room: Room) -> None:
    await put(room.store, f"id-token/t/{CARD.upper()}", PERSONAL[1], Blocked(NAME))
    named = naming(FACTS, Subjects(room.vault, RING))
    issued, blocked = (named(recorded.event).fact for recorded in room.log.log)
    assert isinstance(issued, Issued)
    assert issued.label == NAME
    assert issued.id_token.value.startswith("~")
    assert blocked == Blocked(NAME)


async def test_snapshots_are_sealed_too(room: Room) -> None:
    charger = ChargerId("t", "CP")
    for number in range(SNAPSHOT_EVERY):
        fact = reservation.Requested(
            reservation_id=number + 1, evse_id=0, id_token=TOKEN, expires_at=AT, group=GROUP, command="c"
        )
        await put(room.store, "reservations/t/CP", fact, version=number)
    book = await load_book(room.store, charger)
    kept = await room.log.snapshot("reservations/t/CP")
    assert kept is not None
    assert b"canary" not in kept.state.lower()
    for store in (room.store, room.another()):
        assert await load_book(store, charger) == book
        found = await store.snapshot("reservations/t/CP")
        assert found is not None
        assert CARD.encode() in found.state
    ref = await room.store.pseudonym("t", TOKEN)
    room.store.subjects.destroy("t", ref)
    assert CARD not in str(msgspec.to_builtins(await load_book(room.another(), charger)))


async def test_the_stream_of_a_token_bears_its_pseudonym(room: Room) -> None:
    stream = IdToken(CARD).stream("t")
    await put(room.store, stream, PERSONAL[1], Blocked(NAME))
    (ref,) = {row.ref for row in room.vault.rows.values() if row.ref in room.log.log[0].event.originator_id}
    assert room.log.log[0].event.originator_id == f"id-token/t/{ref}"
    assert "canary" not in room.text().lower()
    for store in (room.store, room.another()):
        events = await store.read(IdToken(CARD.lower()).stream("t"))
        assert [event.fact for event in events] == [PERSONAL[1], Blocked(NAME)]
        assert {event.originator_id for event in events} == {stream}
    assert await room.store.read(IdToken("nobody").stream("t")) == []
    assert await room.store.read(IdToken(CARD).stream("other")) == []


async def test_reading_makes_no_subjects(room: Room) -> None:
    await room.store.read(IdToken(CARD).stream("t"))
    assert not room.vault.rows


async def test_frames_and_answers_are_sealed_with_the_facts(room: Room) -> None:
    frame = f'[2,"1","Authorize",{{"idTag":"{CARD}"}}]'
    reply = f'[3,"1",{{"idTagInfo":{{"status":"Accepted","parentIdTag":"{GROUP}"}}}}]'
    await put(room.store, "charger/t/CP", HeartbeatReceived(), frame=frame, reply=reply)
    assert "canary" not in room.text().lower()
    assert "Authorize" in room.text()


async def test_two_spellings_are_one_subject_and_two_tenants_are_two(room: Room) -> None:
    for stream, token in (("charger/t/CP", CARD), ("charger/t/CQ", CARD.lower()), ("charger/u/CP", CARD)):
        await put(room.store, stream, TokenPresented(id_token=IdToken(token), verdict="accepted"))
    assert len(room.vault.rows) == 2
    one, other = (
        await room.store.pseudonym("t", IdToken(CARD)),
        await room.store.pseudonym("u", IdToken(CARD)),
    )
    assert one != other
    assert await room.another().pseudonym("t", IdToken(CARD.upper())) == one
    (event,) = await room.store.read("charger/t/CQ")
    assert event.fact.id_token.value == CARD.lower(), "as it was spelled"


async def test_a_known_token_asks_nobody(room: Room) -> None:
    await put(room.store, "charger/t/CP", PERSONAL[0])
    asked = room.vault.asked
    await put(room.store, "charger/t/CP", PERSONAL[0], version=1)
    assert (await room.store.read("charger/t/CP"))[1].fact == PERSONAL[0]
    assert room.vault.asked == asked


async def test_what_is_not_personal_goes_through_untouched(room: Room) -> None:
    room.vault.unavailable = True
    (event,) = events_of("charger/t/CP", 0, [HeartbeatReceived()], told(frame='[2,"1","Heartbeat",{}]'))
    await room.store.append([event])
    assert room.log.log[0].event is event


async def test_without_the_vault_nothing_personal_is_stored(room: Room) -> None:
    room.vault.unavailable = True
    with pytest.raises(StoreUnavailable):
        await put(room.store, "charger/t/CP", PERSONAL[0])
    assert not room.log.log


async def test_another_key_is_noticed(room: Room) -> None:
    await put(room.store, "charger/t/CP", PERSONAL[0])
    other = SealedEventStore(room.log, Subjects(room.vault, KeyRing({1: b"x" * 32})), Places(FACTS), WIRE)
    with pytest.raises(StoreUnavailable, match="key for personal data"):
        await other.read("charger/t/CP")


async def test_after_erasing_only_the_pseudonym_is_left(room: Room) -> None:
    await put(room.store, "charger/t/CP", PERSONAL[2], PERSONAL[1])
    before = room.text()
    ref = await room.store.pseudonym("t", IdToken(CARD))
    room.store.subjects.destroy("t", ref)
    assert room.text() == before, "the log stays as it is, to the last byte"
    for store in (room.store, room.another()):
        started, issued = (event.fact for event in await store.read("charger/t/CP"))
        assert started.id_token.value == f"erased:{ref}"
        assert is_erased(started.id_token.value)
        assert issued.group == GROUP, "the group is another subject"
        assert issued.label == ""
    assert await room.store.read(IdToken(CARD).stream("t")) == []


async def test_what_was_erased_is_written_again_as_the_same_pseudonym(room: Room) -> None:
    await put(room.store, "charger/t/CP", PERSONAL[0])
    ref = await room.store.pseudonym("t", IdToken(CARD))
    room.store.subjects.destroy("t", ref)
    (event,) = await room.store.read("charger/t/CP")
    await put(room.store, "charger/t/CP", event.fact, version=1)
    assert (await room.store.read("charger/t/CP"))[1].fact == event.fact
    assert naming(FACTS)(room.log.log[1].event).fact.id_token.value == ref


async def test_who_says_that_he_was_erased_is_not_believed(room: Room) -> None:
    await put(room.store, "charger/t/CP", PERSONAL[0])
    ref = await room.store.pseudonym("t", IdToken(CARD))
    for number, claim in enumerate((f"erased:{ref}", ref, f"{ref}.{'A' * 60}")):
        await put(room.another(), f"charger/t/{number}", TokenPresented(id_token=IdToken(claim), verdict="x"))
        assert naming(FACTS)(room.log.log[-1].event).fact.id_token.value != ref
        (event,) = await room.another().read(f"charger/t/{number}")
        assert event.fact.id_token.value == claim


class Slow(InMemoryVault):
    """Somebody is erased by another process while his row is on the way."""

    forget: Callable[[str, str], None]

    def find(self, tenant: str, lookups: Collection[bytes]) -> list[VaultRow]:
        found = super().find(tenant, lookups)
        for row in found:
            del self.rows[tenant, row.ref]
            self.forget(tenant, row.ref)
        return found


async def test_who_is_erased_while_he_is_looked_up_does_not_stay_in_memory(room: Room) -> None:
    ref = await room.store.pseudonym("t", IdToken(CARD))
    vault = Slow()
    vault.rows = dict(room.vault.rows)
    subjects = Subjects(vault, RING)
    vault.forget = subjects.forget
    subjects.find("t", [CARD])
    assert subjects.named("t", ref) is None
    assert subjects.found("t", CARD) is None


async def test_a_card_that_comes_back_is_somebody_new(room: Room) -> None:
    first = await room.store.pseudonym("t", IdToken(CARD))
    room.store.subjects.destroy("t", first)
    assert await room.store.pseudonym("t", IdToken(CARD)) != first


async def test_a_token_of_an_older_log_keeps_its_stream(room: Room) -> None:
    stream = IdToken(CARD).stream("t")
    await room.log.append(events_of(stream, 0, [PERSONAL[1]], told()))
    assert [event.fact for event in await room.store.read(stream)] == [PERSONAL[1]], "nobody presented it yet"
    await put(room.store, stream, Blocked("lost"), version=1)
    assert room.log.log[1].event.originator_id == stream
    for store in (room.store, room.another()):
        assert [event.fact for event in await store.read(stream)] == [PERSONAL[1], Blocked("lost")]
    (row,) = [row for row in room.vault.rows.values() if row.plain_stream]
    assert row.ref == await room.store.pseudonym("t", IdToken(CARD))


async def test_a_new_key_takes_over_what_the_old_one_wrapped(room: Room) -> None:
    await put(room.store, "charger/t/CP", PERSONAL[0])
    both = KeyRing({1: b"k" * 32, 2: b"n" * 32})
    turning = Subjects(room.vault, both)
    turning.agree()
    assert turning.find("t", [CARD]), "found under the old key"
    assert turning.rewrap() == len(room.vault.rows) == 1
    assert turning.rewrap() == 0
    after = SealedEventStore(room.log, Subjects(room.vault, KeyRing({2: b"n" * 32})), Places(FACTS), WIRE)
    assert (await after.read("charger/t/CP"))[0].fact == PERSONAL[0]
    assert await after.pseudonym("t", IdToken(CARD)) == await room.store.pseudonym("t", IdToken(CARD))


async def test_more_subjects_in_one_unit_than_are_kept(room: Room) -> None:
    entries = tuple(ListEntry(id_token=IdToken(f"{CARD}{n}")) for n in range(300))
    fact = ListDesired(version=1, replaced=True, size=300, entries=entries)
    small = SealedEventStore(room.log, Subjects(room.vault, RING, kept=10), Places(FACTS), WIRE)
    await put(small, "local-list/t/CP", fact)
    for store in (small, room.another()):
        assert (await store.read("local-list/t/CP"))[0].fact == fact


@pytest.fixture
async def stores(postgres_dsn: str) -> AsyncIterator[tuple[SealedEventStore, SealedEventStore]]:
    """Two processes on one database."""
    vault_schema.create(postgres_dsn)
    one, other = (
        sealed(open_store(postgres_dsn, FACTS), open_subjects(postgres_dsn, RING), FACTS) for _ in range(2)
    )
    yield one, other
    await one.close()
    await other.close()


async def test_on_postgres_two_processes_agree_and_hear_of_erasures(
    stores: tuple[SealedEventStore, SealedEventStore], postgres_dsn: str
) -> None:
    one, other = stores
    one.subjects.watch()
    other.subjects.watch()
    await put(one, "charger/t/CP", PERSONAL[2])
    assert (await other.read("charger/t/CP"))[0].fact == PERSONAL[2]
    ref = await other.pseudonym("t", IdToken(CARD))
    other.subjects.destroy("t", ref)
    until = clock.monotonic() + 5
    while one.subjects.named("t", ref) is not None and clock.monotonic() < until:
        await one.snapshot("charger/t/CP")
    assert one.subjects.named("t", ref) is None
    assert (await one.read("charger/t/CP"))[0].fact.id_token.value == f"erased:{ref}"


def test_a_key_ring_says_what_is_wrong() -> None:
    key = base64.b64encode(b"k" * 32).decode()
    assert KeyRing.read(f"1:{key}\n2:{key}").newest == 2
    for wrong in ("", "1:zz", f"x:{key}", f"1:{key},1:{key}", "1:AAAA"):
        with pytest.raises(ValueError, match=r"Base64|bytes|once"):
            KeyRing.read(wrong)
