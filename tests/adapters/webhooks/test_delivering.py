"""Webhooks on a real log: signed, in order, again until they are taken, and by one process at a time."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from adapters.eventstore.store import PostgresEventStore, open_store
from adapters.live.streams import LiveStreams
from adapters.postgres import fleet_schema
from adapters.privacy.opening import decoding
from adapters.webhooks import batch, runner
from adapters.webhooks.runner import Open, Runner
from adapters.webhooks.sender import Sender
from application.remembered import FRESH_S
from application.tenants import Directory, Tenants
from application.webhooks import Webhooks, WebhookSecrets
from domain.catalogue import FACTS
from domain.webhooks.events import WebhookDefined
from domain.webhooks.webhook import Condition, webhook_stream
from tests.adapters.live.logbook import SECRET, TENANT, metered
from tests.adapters.webhooks.receiver import SILENT, Receiver
from tests.e2e.conditions import until

SECRETS = WebhookSecrets(SECRET)


class Desk:
    """A log, its webhooks, and runners."""

    def __init__(self, dsn: str, store: PostgresEventStore) -> None:
        self.dsn = dsn
        self.store = store
        self.webhooks = Webhooks(store, TENANT, "user:ann", private=True)
        self._told = 0

    async def tell(self, count: int) -> None:
        for _ in range(count):
            self._told += 1
            await self.store.append([metered(self._told)])

    async def hook(self, receiver: Receiver, **more: object) -> str:
        """A webhook of every reading, to this receiver, who gets to know its secret."""
        wanted = WebhookDefined(url=receiver.url, meter="every", **more)  # type: ignore[arg-type]
        name = await self.webhooks.define(wanted)
        receiver.secrets = (self.secret(name),)
        return name

    def secret(self, name: str, generation: int = 1) -> str:
        return SECRETS.secret(webhook_stream(TENANT, name), generation)

    def parts(self) -> Open:
        store = open_store(self.dsn, FACTS)
        return Open(store, LiveStreams(self.dsn, decoding(FACTS), SECRET), Directory(store, TENANT))

    @asynccontextmanager
    async def running(self, *, patience: timedelta = timedelta(days=5)) -> AsyncIterator[None]:
        """A process that delivers."""
        one = Runner(
            self.dsn,
            self.parts,
            Sender(private=True, timeout_s=1.0),
            SECRETS,
            patience=patience,
        )
        stop = threading.Event()
        thread = threading.Thread(target=one.run, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            await asyncio.to_thread(thread.join)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(statement.encode()).fetchall()


@pytest.fixture
async def desk(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """With the tables, and little pauses."""
    fleet_schema.create(postgres_dsn)
    monkeypatch.setattr(batch, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(runner, "LOOK_S", 0.1)
    monkeypatch.setattr(runner, "PAUSE_S", 0.1)
    store = open_store(postgres_dsn, FACTS)
    yield Desk(postgres_dsn, store)
    await store.close()


def energies(receiver: Receiver) -> list[int]:
    return [m["data"]["energy_wh"] for m in receiver.messages() if m["type"] == "session.updated"]


async def test_all_is_delivered_once_in_order_and_signed(desk: Desk) -> None:
    async with Receiver() as receiver, desk.running():
        await desk.tell(3)
        await desk.hook(receiver)
        await desk.tell(250)
        await until(lambda: len(energies(receiver)) == 250, "all is delivered")
    assert energies(receiver) == list(range(4, 254))
    assert receiver.forged == 0
    ids = [m["id"] for m in receiver.messages()]
    assert len(ids) == len(set(ids)) == 500
    assert all(len(one["messages"]) <= batch.MOST for one in receiver.deliveries)
    assert all(one["tenant"] == TENANT for one in receiver.deliveries)


async def test_one_from_the_beginning_has_everything(desk: Desk) -> None:
    await desk.tell(20)
    async with Receiver() as receiver, desk.running():
        await desk.hook(receiver, from_beginning=True)
        await until(lambda: len(energies(receiver)) == 20, "all is delivered")


async def test_what_is_not_taken_comes_again_under_the_same_name(desk: Desk) -> None:
    async with Receiver() as receiver, desk.running():
        await desk.hook(receiver)
        receiver.answers.extend([500, SILENT, 302, 503])
        receiver.location = receiver.url
        await desk.tell(30)
        await until(lambda: len(energies(receiver)) == 30, "all is delivered")
    assert energies(receiver) == list(range(1, 31))
    first = [(attempt, status) for delivery, attempt, status in receiver.tries[:5]]
    assert first == [(1, 500), (2, SILENT), (3, 302), (4, 503), (5, 200)], "and no redirect is followed"
    assert len({delivery for delivery, _, _ in receiver.tries[:5]}) == 1
    log = desk.rows("SELECT status, error FROM fleet.webhook_deliveries ORDER BY n LIMIT 5")
    assert log == [
        (500, "HTTP 500"),
        (None, "no answer within 1 s"),
        (302, "HTTP 302"),
        (503, "HTTP 503"),
        (200, None),
    ]


async def test_paused_nothing_comes_and_resumed_nothing_is_missing(desk: Desk) -> None:
    async with Receiver() as receiver, desk.running():
        name = await desk.hook(receiver)
        await desk.tell(5)
        await until(lambda: len(energies(receiver)) == 5, "the first")
        await desk.webhooks.pause(name, "a while")
        await asyncio.sleep(0.5)
        await desk.tell(5)
        await asyncio.sleep(0.5)
        assert len(energies(receiver)) == 5
        await desk.webhooks.resume(name)
        await until(lambda: len(energies(receiver)) == 10, "the others")
        await desk.webhooks.remove(name)
        await asyncio.sleep(0.5)
        await desk.tell(5)
        await asyncio.sleep(0.5)
    assert energies(receiver) == list(range(1, 11))


async def test_a_rotated_secret_signs_beside_the_former_one(desk: Desk) -> None:
    async with Receiver() as receiver, desk.running():
        name = await desk.hook(receiver)
        await desk.webhooks.rotate(name)
        await asyncio.sleep(0.5)
        for generation in (1, 2):
            receiver.secrets = (desk.secret(name, generation),)
            await desk.tell(2)
            await until(lambda g=generation: len(energies(receiver)) == 2 * g, "signed with both")  # type: ignore[misc]
        assert receiver.forged == 0


async def test_one_that_takes_nothing_is_disabled_and_others_go_on(desk: Desk) -> None:
    async with Receiver() as deaf, Receiver() as honest, desk.running(patience=timedelta(seconds=0.3)):
        name = await desk.hook(deaf)
        await desk.hook(honest)
        deaf.answers.extend([500] * 1000)
        await desk.tell(20)

        await until(
            lambda: desk.rows("SELECT 1 FROM eventstore.stored_events WHERE topic = 'webhook.disabled'"),
            "it is disabled",
        )
        assert (await desk.webhooks.load(name)).condition is Condition.DISABLED
        await until(lambda: len(energies(honest)) == 20, "the other has all")
        deaf.answers.clear()
        await desk.webhooks.resume(name)
        await until(lambda: len(energies(deaf)) == 20, "resumed it has all, too")
    assert energies(deaf) == list(range(1, 21))


async def test_to_a_suspended_tenant_nothing_is_delivered(desk: Desk) -> None:
    tenants = Tenants(desk.store, "user:ann")
    async with Receiver() as receiver, desk.running():
        await desk.hook(receiver)
        await desk.tell(3)
        await until(lambda: len(energies(receiver)) == 3, "the first")
        await tenants.suspend(TENANT, implied=TENANT)
        await asyncio.sleep(FRESH_S + 0.5)
        await desk.tell(3)
        await asyncio.sleep(0.5)
        assert len(energies(receiver)) == 3
        await tenants.resume(TENANT, implied=TENANT)
        await until(lambda: len(energies(receiver)) == 6, "the others")


async def test_another_process_takes_over_when_the_connection_of_the_lock_is_lost(desk: Desk) -> None:
    async with Receiver() as receiver, desk.running(), desk.running():
        await desk.hook(receiver)
        for _ in range(4):
            await desk.tell(30)
            desk.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name IN ('zeus webhooks', 'zeus live') AND datname = current_database()"
            )
        await until(lambda: len(energies(receiver)) >= 120, "all is delivered", timeout_s=60)
    assert energies(receiver) == list(range(1, 121))
    assert receiver.forged == 0
