"""Tenants and tokens as requests and handshakes find them: from memory, and never older than a moment."""

import asyncio
import logging
from datetime import timedelta

import pytest

from application import clock
from application.ports import AnyEvent, StoreUnavailable
from application.remembered import FRESH_S, MOST, Remembered
from application.tenants import NOBODY, RETRY_S, ApiTokens, Directory, IssuedToken, Tenants, TokenDoor
from domain.tenants.api_token import SEEN_EVERY, ApiTokenExists, ApiTokenUnknown, token_stream
from domain.tenants.events import Founded, TokenIssued, TokenRevoked, TokenSeen
from domain.tenants.roles import Role
from domain.tenants.tenant import SlugUnusable, Tenant, TenantExists, TenantUnknown, tenant_stream
from tests.fakes.event_store import InMemoryEventStore

DEFAULT = "zeus"


class Counting(InMemoryEventStore):
    """Counts how often it was read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[str] = []

    async def read(self, stream: str, after: int = 0) -> list[AnyEvent]:
        """And count."""
        self.reads.append(stream)
        return await super().read(stream, after)


class Gate:
    """A token door with a clock of its own; a second one is another process."""

    def __init__(self) -> None:
        self.store = Counting()
        self.seconds = 1000.0
        self.now = clock.now()
        self.directory = Directory(self.store, DEFAULT, lambda: self.seconds)
        self.door = TokenDoor(self.store, self.directory, lambda: self.seconds)

    def another(self) -> TokenDoor:
        """As another process has it."""
        directory = Directory(self.store, DEFAULT, lambda: self.seconds)
        return TokenDoor(self.store, directory, lambda: self.seconds)

    async def issue(self, tenant: str = DEFAULT, role: Role = Role.VIEWER, **asked: object) -> IssuedToken:
        """By the person at the terminal."""
        return await ApiTokens(self.store, tenant, "user:ann").issue("n", role, **asked)  # type: ignore[arg-type]

    def facts(self, kind: type) -> list[object]:
        """The log, of that kind."""
        return [one.event.fact for one in self.store.log if isinstance(one.event.fact, kind)]


@pytest.fixture
def gate() -> Gate:
    """Nothing but the tenant of the settings."""
    return Gate()


async def test_a_good_token_opens_for_its_tenant_and_costs_no_reading_for_a_moment(gate: Gate) -> None:
    await Tenants(gate.store, "user:ann").found("acme", "Acme")
    made = await gate.issue("acme", Role.OPERATOR)
    holder = await gate.door.holder(made.token, gate.now)
    assert holder is not None
    assert (holder.tenant, holder.token_id, holder.role, holder.name) == ("acme", made.id, "operator", "n")
    gate.store.reads.clear()
    for _ in range(100):
        assert await gate.door.holder(made.token, gate.now) == holder
    assert gate.store.reads == []
    gate.seconds += FRESH_S
    assert await gate.door.holder(made.token, gate.now) == holder
    assert sorted(gate.store.reads) == [token_stream("acme", made.id), tenant_stream("acme")]


async def test_a_revoked_token_is_shut_out_everywhere_within_a_moment(gate: Gate) -> None:
    made, other = await gate.issue(), gate.another()
    assert await gate.door.holder(made.token, gate.now)
    assert await other.holder(made.token, gate.now)
    await ApiTokens(gate.store, DEFAULT, "user:ann").revoke(made.id, "lost")
    gate.seconds += FRESH_S
    for door in (gate.door, other, gate.another()):
        assert await door.holder(made.token, gate.now) is None
    await ApiTokens(gate.store, DEFAULT, "user:ann").revoke(made.id, "again")
    assert len(gate.facts(TokenRevoked)) == 1


async def test_the_end_of_a_token_is_kept_to_the_second_although_it_is_remembered(gate: Gate) -> None:
    end = gate.now + timedelta(hours=1)
    made = await gate.issue(expires_at=end)
    assert await gate.door.holder(made.token, end - timedelta(seconds=1))
    assert await gate.door.holder(made.token, end) is None


async def test_what_is_wrong_with_a_token_makes_no_difference(gate: Gate) -> None:
    """No token, another's secret, another tenant, revoked: the same streams are asked."""
    await Tenants(gate.store, "user:ann").found("acme")
    made, gone = await gate.issue("acme"), await gate.issue("acme")
    await ApiTokens(gate.store, "acme", "user:ann").revoke(gone.id)
    secret = made.token.rsplit("_", 1)[1]
    bad = {
        f"zeus_acme-{'0' * 22}_x": ("acme", "0" * 22),
        f"zeus_acme-{made.id}_{secret}x": ("acme", made.id),
        f"zeus_nobody-{made.id}_{secret}": ("nobody", made.id),
        f"zeus_{DEFAULT}-{made.id}_{secret}": (DEFAULT, made.id),
        gone.token: ("acme", gone.id),
    }
    assert await gate.door.holder(made.token, gate.now)
    assert await gate.door.holder(gone.token, gate.now) is None
    for text, (tenant, token_id) in bad.items():
        gate.store.reads.clear()
        assert await gate.door.holder(text, gate.now) is None
        assert gate.store.reads == [token_stream(tenant, token_id)]
    for text in ("", "x", "zeus__", f"zeus_acme-{made.id}_", f"zeus_acme_{made.id}_{secret}", secret):
        assert await gate.door.holder(text, gate.now) is None
    assert len(gate.facts(TokenSeen)) == 1


async def test_a_suspended_tenant_has_no_tokens_until_it_is_resumed(gate: Gate) -> None:
    tenants = Tenants(gate.store, "user:ann")
    await tenants.found("acme")
    made, ours = await gate.issue("acme"), await gate.issue()
    assert await gate.door.holder(made.token, gate.now)
    for act, opens in ((tenants.suspend, False), (tenants.resume, True)):
        await act("acme")
        gate.seconds += FRESH_S
        assert (await gate.door.holder(made.token, gate.now) is not None) == opens
        assert await gate.door.holder(ours.token, gate.now)


async def test_a_use_is_recorded_once_an_hour_by_all_processes_together(gate: Gate) -> None:
    made = await gate.issue()
    doors = [gate.another() for _ in range(3)]
    for door in doors:
        assert await door.holder(made.token, gate.now)
    assert len(gate.facts(TokenSeen)) == 1
    for hours in range(1, 4):
        gate.seconds += FRESH_S
        later = gate.now + hours * SEEN_EVERY
        found = await asyncio.gather(*(door.holder(made.token, later) for door in doors * 5))
        assert all(found)
        assert len(gate.facts(TokenSeen)) == 1 + hours


async def test_a_log_that_takes_nothing_keeps_nobody_out_who_is_known(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    made = await gate.issue()
    assert await gate.door.holder(made.token, gate.now)
    gate.store.unavailable = True
    later = gate.now + SEEN_EVERY
    for _ in range(3):
        assert await gate.door.holder(made.token, later)
    assert caplog.text.count("could not be recorded") == 1
    gate.seconds += FRESH_S
    with pytest.raises(StoreUnavailable):
        await gate.door.holder(made.token, later)
    gate.store.unavailable = False
    gate.seconds += RETRY_S
    assert await gate.door.holder(made.token, later)
    assert len(gate.facts(TokenSeen)) == 2


async def test_the_secret_is_nowhere_but_in_the_answer(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = await gate.issue()
    secret = made.token.rsplit(f"{made.id}_", 1)[1]
    assert len(secret) == 43
    assert await gate.door.holder(made.token, gate.now)
    gate.store.unavailable = True
    await gate.door.holder(made.token, gate.now + SEEN_EVERY)
    everything = f"{gate.store.log!r} {gate.store._streams!r} {made!r} {made} {caplog.text}"
    assert secret not in everything
    assert made.id in everything


async def test_a_token_of_the_same_id_is_not_issued_again(gate: Gate) -> None:
    made = await gate.issue(token_id="0" * 22)
    with pytest.raises(ApiTokenExists):
        await gate.issue(token_id="0" * 22)
    assert len(gate.facts(TokenIssued)) == 1
    assert made.id == "0" * 22
    for unknown in ("1" * 22, "", "x", "../" + "0" * 22):
        with pytest.raises(ApiTokenUnknown):
            await ApiTokens(gate.store, DEFAULT, "user:ann").revoke(unknown)
    with pytest.raises(ApiTokenUnknown):
        await ApiTokens(gate.store, "acme", "user:ann").revoke(made.id)


async def test_tenants_are_founded_once_and_only_known_ones_are_suspended(gate: Gate) -> None:
    tenants = Tenants(gate.store, "user:ann")
    await tenants.found("acme")
    with pytest.raises(TenantExists):
        await tenants.found("acme")
    for unusable in ("A", "ocpp", NOBODY, "a/b"):
        with pytest.raises(SlugUnusable):
            await tenants.found(unusable)
        assert not await gate.directory.serves(unusable)
    for unknown in ("hera", "a/b", DEFAULT):
        with pytest.raises(TenantUnknown):
            await tenants.suspend(unknown)
        with pytest.raises(TenantUnknown):
            await tenants.resume(unknown)
    assert len(gate.facts(Founded)) == 1
    assert [one.event.told.actor for one in gate.store.log] == ["user:ann"]


async def test_the_tenant_of_the_settings_is_served_without_being_founded_and_can_be_suspended(
    gate: Gate,
) -> None:
    for _ in range(10):
        assert await gate.directory.serves(DEFAULT)
    assert len(gate.store.reads) == 1
    await Tenants(gate.store, "user:ann").suspend(DEFAULT, implied=DEFAULT)
    gate.seconds += FRESH_S
    assert not await gate.directory.serves(DEFAULT)


async def test_streams_that_do_not_exist_fill_no_memory_and_those_that_do_have_an_end() -> None:
    store = Counting()
    remembered = Remembered(store, Tenant)
    for n in range(10):
        await remembered.state(f"tenant/x{n}/self")
    assert not remembered._known
    for n in range(MOST + 2):
        await Tenants(store, "zeus").found(f"t{n}")
        assert (await remembered.state(tenant_stream(f"t{n}"))).founded
    assert len(remembered._known) == MOST


async def test_one_reads_what_is_new_while_others_go_on() -> None:
    class Slow(Counting):
        def __init__(self) -> None:
            super().__init__()
            self.go = asyncio.Event()
            self.go.set()

        async def read(self, stream: str, after: int = 0) -> list[AnyEvent]:
            found = await super().read(stream, after)
            await self.go.wait()
            return found

    store, seconds = Slow(), 0.0
    await Tenants(store, "zeus").found("acme")
    directory = Directory(store, DEFAULT, lambda: seconds)
    assert await directory.serves("acme")
    store.reads.clear()
    store.go.clear()
    seconds += FRESH_S
    first = asyncio.create_task(directory.serves("acme"))
    await asyncio.sleep(0)
    assert await asyncio.gather(*(directory.serves("acme") for _ in range(20))) == [True] * 20
    store.go.set()
    assert await first
    assert len(store.reads) == 1
