"""The event store behind a seal: events go in with what is personal sealed, and come out opened."""

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from adapters.privacy.key_ring import PrivacyKeyWrong
from adapters.privacy.sealing import ID_TOKENS, Opener, Places, Sealer, Seen, Wire, token_of
from adapters.privacy.subjects import Subjects, folded
from application.ports import AnyEvent, EventStore, Loaded, Snapshot, StoreUnavailable
from domain.event import Event, Fact
from domain.identity import IdToken, tenant_of

_TURNS = 3
"""Sealing finds at the first turn who is missing; more only where subjects leave memory faster than they come."""


class SealedEventStore:
    """The port `application.ports.EventStore`: domain and application speak of plain tokens, the log never does.

    Where the vault does not answer nothing can be stored: StoreUnavailable.
    """

    def __init__(self, store: EventStore, subjects: Subjects, places: Places, wire: Wire) -> None:
        """Takes both over: `close` closes them."""
        self._store = store
        self.subjects = subjects
        self._places = places
        self._wire = wire

    async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
        """See the port."""
        return await self._store.append(await self._sealed(events))

    async def read(self, stream: str, after: int = 0) -> list[AnyEvent]:
        """See the port."""
        where = await self._place_of(stream)
        return await self._opened(await self._store.read(where, after), stream)

    async def load(self, stream: str, kind: str) -> Loaded:
        """See the port."""
        loaded = await self._store.load(await self._place_of(stream), kind)
        return Loaded(loaded.snapshot, await self._opened(loaded.events, stream))

    async def snapshot(self, stream: str) -> Snapshot | None:
        """See the port. Snapshots are of chargers, and hold nothing personal."""
        return await self._store.snapshot(stream)

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """See the port."""
        await self._store.save_snapshot(snapshot)

    async def pseudonym(self, tenant: str, token: IdToken) -> str:
        """See the port."""
        subject = self.subjects.found(tenant, token.value)
        if subject is None:
            await self._ensure(tenant, [token.value])
            subject = self.subjects.found(tenant, token.value)
        if subject is None:
            raise StoreUnavailable("no room for another subject")
        return subject.ref

    async def close(self) -> None:
        """See the port."""
        await self._store.close()
        await asyncio.to_thread(self.subjects.close)

    async def _sealed(self, events: Sequence[Event[Fact]]) -> list[Event[Fact]]:
        for _ in range(_TURNS):
            sealers: dict[str, Sealer] = {}
            done: list[Event[Fact]] = []
            for event in events:
                tenant = tenant_of(event.originator_id)
                sealer = sealers.get(tenant)
                if sealer is None:
                    sealer = sealers[tenant] = Sealer(self.subjects, self._wire, self._places, tenant)
                done.append(sealer.event(event))
            missing = {tenant: sealer.missing for tenant, sealer in sealers.items() if sealer.missing}
            if not missing:
                return done
            for tenant, tokens in missing.items():
                await self._ensure(tenant, tokens)
        raise StoreUnavailable("the subjects of one unit do not stay in memory")

    async def _ensure(self, tenant: str, tokens: Iterable[str]) -> None:
        """Have the subjects of these tokens in memory; whoever is new is made."""
        tokens = list(tokens)
        try:
            known = await asyncio.to_thread(self.subjects.find, tenant, tokens)
            new = [token for token in tokens if folded(token) not in known]
            if new:
                plain = [
                    folded(token) for token in new if await self._store.read(_plain_stream(tenant, token))
                ]
                await asyncio.to_thread(self.subjects.ensure, tenant, new, plain)
        except PrivacyKeyWrong as error:
            raise StoreUnavailable(str(error)) from error

    async def _place_of(self, stream: str) -> str:
        """Where the events of a stream are; that of a token nobody presented yet is what it would be in plain."""
        if not stream.startswith(ID_TOKENS):
            return stream
        tenant, token = tenant_of(stream), token_of(stream)
        subject = self.subjects.found(tenant, token)
        if subject is None:
            found = await asyncio.to_thread(self.subjects.find, tenant, [token])
            subject = found.get(folded(token))
        return stream if subject is None or subject.plain_stream else f"{ID_TOKENS}{tenant}/{subject.ref}"

    async def _opened(self, events: list[AnyEvent], stream: str) -> list[AnyEvent]:
        of = self._places.of
        walks = [of(type(event.fact)) for event in events]
        if not any(walks):
            return [_on(event, stream) for event in events] if stream.startswith(ID_TOKENS) else events
        tenant = tenant_of(stream)
        seen = Seen(self._wire)
        for event, walk in zip(events, walks, strict=True):
            if walk is not None:
                walk(event.fact, seen, "")
        missing = [ref for ref in seen.refs if self.subjects.named(tenant, ref) is None]
        if missing:
            try:
                await asyncio.to_thread(self.subjects.find_named, tenant, missing)
            except PrivacyKeyWrong as error:
                raise StoreUnavailable(str(error)) from error
        opener = Opener(self.subjects, self._wire, tenant)
        opened: list[AnyEvent] = []
        for event, walk in zip(events, walks, strict=True):
            fact = event.fact if walk is None else walk(event.fact, opener, "")
            opened.append(
                event if fact is event.fact and event.originator_id == stream else _on(event, stream, fact)
            )
        return opened


def _on(event: AnyEvent, stream: str, fact: Fact | None = None) -> AnyEvent:
    return msgspec.structs.replace(event, originator_id=stream, fact=event.fact if fact is None else fact)


def _plain_stream(tenant: str, token: str) -> str:
    return IdToken(token).stream(tenant)
