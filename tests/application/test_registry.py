"""The operator's books: saying a thing twice changes nothing, and two who write at once both count."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial

import pytest

from application.ports import VersionConflict
from application.registry import (
    ATTEMPTS,
    ChargerAlreadyRegistered,
    ChargerUnknown,
    Registry,
    RevisionPassed,
    TokenUnknown,
)
from application.snapshots import load_charger
from domain.chargers.charger import Charger
from domain.chargers.credentials import ALPHABET, LENGTH, OFFERS, CredentialOffersUnsettled
from domain.chargers.events import (
    Acceptance,
    AcceptanceDecided,
    CredentialIssued,
    HeartbeatReceived,
    Registered,
)
from domain.chargers.particulars import ChargerRetired, Particulars, ProfileUnknown
from domain.chargers.provisioning import NetworksAllowed, Standing
from domain.event import Fact, Told
from domain.id_tokens.events import Blocked, Issued, TakenUp, Unblocked
from domain.id_tokens.id_token import TokenRecord
from domain.identity import ChargerId, IdToken, InvalidChargerId
from tests.fakes.staged_store import StagedEventStore

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TOLD = Told(recorded_at=NOW)
CP = ChargerId.of("t", "Box1")
TOKEN = IdToken("04A2")
STREAM = TOKEN.stream("t")
Change = Callable[[Registry], Awaitable[object]]
OPEN = Particulars(networks=("10.0.0.0/8",))


@pytest.fixture
def store() -> StagedEventStore:
    """Empty."""
    return StagedEventStore()


@pytest.fixture
def registry(store: StagedEventStore) -> Registry:
    """Of tenant `t`, used by Ann."""
    return Registry(store, "t", "user:ann")


def facts(store: StagedEventStore) -> list[Fact]:
    return [one.event.fact for one in store.log]


async def charger(store: StagedEventStore) -> Charger:
    return await load_charger(store, CP)


async def token(store: StagedEventStore) -> TokenRecord:
    record = TokenRecord(STREAM)
    for event in await store.read(STREAM):
        record.when(event)
    return record


def matches(state: Charger, password: str | None) -> str:
    assert state.credential is not None
    assert password is not None
    return state.credential.matches(password.encode())


@pytest.mark.parametrize("profile", [1, 2])
async def test_a_protected_charger_gets_a_password_that_is_shown_once(
    registry: Registry, store: StagedEventStore, profile: int
) -> None:
    made = await registry.add_charger("Box1", name="Yard", security_profile=profile)
    state = await charger(store)
    assert (state.cpid, state.name, state.security_profile) == ("Box1", "Yard", profile)
    assert made.password is not None
    assert len(made.password) == LENGTH
    assert set(made.password) <= set(ALPHABET)
    assert matches(state, made.password) == "raw"
    assert made.password not in str(facts(store))
    assert {one.event.told.actor for one in store.log} == {"user:ann"}


async def test_an_open_charger_gets_none(registry: Registry, store: StagedEventStore) -> None:
    made = await registry.add_charger("Box1", security_profile=0, particulars=OPEN)
    assert made.password is None
    assert facts(store) == [Registered(cpid="Box1", security_profile=0), NetworksAllowed(("10.0.0.0/8",))]


async def test_a_charger_with_a_certificate_gets_no_password(
    registry: Registry, store: StagedEventStore
) -> None:
    made = await registry.add_charger("Box1", security_profile=3)
    assert made.password is None
    assert facts(store) == [Registered(cpid="Box1", security_profile=3)]


@pytest.mark.parametrize("profile", [-1, 4])
async def test_other_profiles_are_not_to_be_chosen(
    registry: Registry, store: StagedEventStore, profile: int
) -> None:
    with pytest.raises(ProfileUnknown):
        await registry.add_charger("Box1", security_profile=profile)
    with pytest.raises(InvalidChargerId):
        await registry.add_charger("a/b")
    assert store.log == []


async def test_an_id_is_registered_once_whatever_its_capitals(
    registry: Registry, store: StagedEventStore
) -> None:
    await registry.add_charger("Box1", password="first password")
    before = list(store.log)
    with pytest.raises(ChargerAlreadyRegistered):
        await registry.add_charger("BOX1", password="second password")
    assert store.log == before
    assert matches(await charger(store), "first password")


async def test_of_two_who_register_one_id_at_once_one_wins(
    store: StagedEventStore, registry: Registry
) -> None:
    other = Registry(store, "t", "user:bob")

    async def bob_first() -> None:
        await other.add_charger("BOX1", password="of bob")

    store.before = [bob_first]
    with pytest.raises(ChargerAlreadyRegistered):
        await registry.add_charger("Box1", password="of ann")
    state = await charger(store)
    assert state.cpid == "BOX1"
    assert matches(state, "of bob")
    assert not matches(state, "of ann")


async def test_a_new_password_puts_the_former_one_out_of_use(
    registry: Registry, store: StagedEventStore
) -> None:
    first = await registry.add_charger("Box1")
    second = await registry.new_password("bOX1")
    chosen = await registry.new_password("Box1", "correct horse")
    assert (second.cpid, second.security_profile) == ("Box1", 1)
    assert chosen.password == "correct horse"
    state = await charger(store)
    assert not matches(state, first.password)
    assert not matches(state, second.password)
    assert matches(state, "correct horse")


async def test_a_decision_taken_already_is_no_news(registry: Registry, store: StagedEventStore) -> None:
    await registry.add_charger("Box1", security_profile=0, particulars=OPEN)
    await registry.decide_acceptance("Box1", Acceptance.ACCEPTED)
    for acceptance in (Acceptance.PENDING, Acceptance.PENDING, Acceptance.ACCEPTED):
        await registry.decide_acceptance("Box1", acceptance)
    assert facts(store)[2:] == [AcceptanceDecided(Acceptance.PENDING), AcceptanceDecided(Acceptance.ACCEPTED)]


async def test_nothing_is_decided_of_a_charger_nobody_registered(
    registry: Registry, store: StagedEventStore
) -> None:
    with pytest.raises(ChargerUnknown):
        await registry.new_password("Box1")
    with pytest.raises(ChargerUnknown):
        await registry.decide_acceptance("Box1", Acceptance.REJECTED)
    assert store.log == []


async def test_a_token_described_alike_or_blocked_already_is_no_news(
    registry: Registry, store: StagedEventStore
) -> None:
    for _ in range(2):
        await registry.issue_token(TOKEN, group="staff", max_active=1)
    for _ in range(2):
        await registry.block_token(TOKEN, "lost")
    for _ in range(2):
        await registry.unblock_token(TOKEN)
    await registry.issue_token(TOKEN, group="guests")
    assert facts(store) == [
        Issued(id_token=TOKEN, group="staff", max_active=1),
        Blocked("lost"),
        Unblocked(),
        Issued(id_token=TOKEN, group="guests"),
    ]


async def test_an_unknown_token_is_neither_blocked_nor_unblocked(
    registry: Registry, store: StagedEventStore
) -> None:
    with pytest.raises(TokenUnknown):
        await registry.block_token(TOKEN)
    with pytest.raises(TokenUnknown):
        await registry.unblock_token(TOKEN)
    assert store.log == []


CHANGES: tuple[tuple[str, Change, Fact, type[Fact]], ...] = (
    (CP.stream, lambda books: books.new_password("Box1", "new"), HeartbeatReceived(), CredentialIssued),
    (
        CP.stream,
        lambda books: books.decide_acceptance("Box1", Acceptance.REJECTED),
        HeartbeatReceived(),
        AcceptanceDecided,
    ),
    (STREAM, lambda books: books.block_token(TOKEN), TakenUp("transaction/t/BOX1/1"), Blocked),
)


@pytest.mark.parametrize(("stream", "change", "meanwhile", "wanted"), CHANGES)
async def test_who_finds_another_writer_first_decides_again(
    registry: Registry,
    store: StagedEventStore,
    stream: str,
    change: Change,
    meanwhile: Fact,
    wanted: type[Fact],
) -> None:
    await registry.add_charger("Box1")
    await registry.issue_token(TOKEN, max_active=1)
    store.before = [partial(store.intrude, stream, meanwhile, TOLD)] * (ATTEMPTS - 1)
    before = len(store.log)
    await change(registry)
    assert [type(fact) for fact in facts(store)[before:]] == [type(meanwhile)] * (ATTEMPTS - 1) + [wanted]


@pytest.mark.parametrize(("stream", "change", "meanwhile", "wanted"), CHANGES)
async def test_who_is_never_first_is_told_so(
    registry: Registry,
    store: StagedEventStore,
    stream: str,
    change: Change,
    meanwhile: Fact,
    wanted: type[Fact],
) -> None:
    await registry.add_charger("Box1")
    await registry.issue_token(TOKEN, max_active=1)
    store.before = [partial(store.intrude, stream, meanwhile, TOLD)] * ATTEMPTS
    before = len(store.log)
    with pytest.raises(VersionConflict):
        await change(registry)
    assert [type(fact) for fact in facts(store)[before:]] == [type(meanwhile)] * ATTEMPTS


async def test_of_two_who_say_the_same_at_once_one_writes(
    store: StagedEventStore, registry: Registry
) -> None:
    await registry.issue_token(TOKEN)
    other = Registry(store, "t", "user:bob")
    store.before = [partial(other.block_token, TOKEN)]
    await registry.block_token(TOKEN)
    assert facts(store)[1:] == [Blocked("")]


async def test_many_at_once_lose_nothing(store: StagedEventStore, registry: Registry) -> None:
    await asyncio.gather(*(registry.add_charger(f"Box{n}") for n in range(20)))
    assert len({one.event.originator_id for one in store.log}) == 20
    assert await token(store) == TokenRecord(STREAM)


async def test_what_is_said_at_once_with_the_registration_is_kept(
    registry: Registry, store: StagedEventStore
) -> None:
    await registry.add_charger("Box1", name="Yard", particulars=Particulars(site="s1"), hold=True)
    state = await charger(store)
    assert (state.name, state.site, state.acceptance) == ("Yard", "s1", Acceptance.PENDING)
    await registry.auto_accept_until("Box1", NOW)
    assert (await charger(store)).auto_accept_until == NOW
    await registry.decide_acceptance("Box1", Acceptance.PENDING)
    assert (await charger(store)).auto_accept_until is None


async def test_who_looked_at_an_older_revision_is_told_so(
    registry: Registry, store: StagedEventStore
) -> None:
    await registry.add_charger("Box1")
    seen = (await charger(store)).revision
    await store.intrude(CP.stream, HeartbeatReceived(), TOLD)
    changed = await registry.describe_charger("Box1", Particulars(name="Gate"), {seen})
    assert (changed.name, changed.revision) == ("Gate", seen + 2)
    assert changed == await charger(store)
    before = len(store.log)
    with pytest.raises(RevisionPassed):
        await registry.describe_charger("Box1", Particulars(name="Door"), {seen})
    assert (await registry.describe_charger("Box1", Particulars(name="Gate"))).revision == seen + 2
    assert len(store.log) == before


async def test_a_charger_is_put_out_of_use_and_back(registry: Registry, store: StagedEventStore) -> None:
    first = await registry.add_charger("Box1")
    assert (await registry.disable_charger("Box1", "broken")).standing is Standing.DISABLED
    assert (await registry.enable_charger("Box1")).standing is Standing.ACTIVE
    assert (await registry.retire_charger("Box1")).standing is Standing.RETIRED
    with pytest.raises(ChargerRetired):
        await registry.enable_charger("Box1")
    with pytest.raises(ChargerRetired):
        await registry.new_password("Box1")
    with pytest.raises(ChargerRetired):
        await registry.offer_password("Box1")
    again = await registry.add_charger("BOX1", security_profile=2)
    state = await charger(store)
    assert (state.cpid, state.standing, state.security_profile) == ("BOX1", Standing.ACTIVE, 2)
    assert not matches(state, first.password)
    assert matches(state, again.password)


async def test_an_offered_password_is_settled_by_the_answer(
    registry: Registry, store: StagedEventStore
) -> None:
    first = await registry.add_charger("Box1")
    refused = await registry.offer_password("Box1", length=16)
    assert len(refused.password) == 16
    await registry.withdraw_password("Box1", refused.credential_id, "NotSupported")
    taken = await registry.offer_password("Box1")
    state = await charger(store)
    for password in (first.password, taken.password):
        assert password is not None
        assert state.keyring.find(password.encode())[0] is not None
    await registry.adopt_password("Box1", taken.credential_id)
    before = len(store.log)
    await registry.adopt_password("Box1", taken.credential_id)
    await registry.withdraw_password("Box1", taken.credential_id, "late")
    assert len(store.log) == before
    state = await charger(store)
    assert matches(state, taken.password)
    assert not matches(state, first.password)
    assert refused.password not in str(facts(store))


async def test_offers_nobody_knows_the_outcome_of_are_few(registry: Registry) -> None:
    await registry.add_charger("Box1")
    for _ in range(OFFERS):
        await registry.offer_password("Box1")
    with pytest.raises(CredentialOffersUnsettled):
        await registry.offer_password("Box1")
    await registry.new_password("Box1")
    await registry.offer_password("Box1")
