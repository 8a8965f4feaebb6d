"""One server for foreign chargers, with the tokens they show."""

import asyncio
from collections.abc import Iterator

import pytest

from adapters.eventstore.store import open_store
from application.registry import Registry
from domain.catalogue import FACTS
from domain.identity import IdToken
from tests.e2e.zeus_process import ZeusProcess, zeus
from tests.interop.station import BLOCKED, GOOD, GROUP


@pytest.fixture(scope="session")
def server() -> Iterator[ZeusProcess]:
    """A running `zeus serve` that knows two tokens, one of them blocked."""
    with zeus(frames_per_s=1000) as running:
        asyncio.run(_issue_tokens(running))
        yield running


async def _issue_tokens(server: ZeusProcess) -> None:
    store = open_store(server.dsn, FACTS)
    try:
        registry = Registry(store, "default", "test")
        for value in (GOOD, BLOCKED):
            await registry.issue_token(IdToken(value), group=GROUP)
        await registry.block_token(IdToken(BLOCKED))
    finally:
        await store.close()
