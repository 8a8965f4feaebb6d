"""The event store behind a seal: events go in with what is personal sealed, and come out opened."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from adapters.privacy.key_ring import PrivacyKeyWrong
from adapters.privacy.personal_places import Walk, walk_of
from adapters.privacy.sealing import ID_TOKENS, Opener, Places, Sealer, Seen, Wire, token_of
from adapters.privacy.subjects import Subject, Subjects, folded
from application.ports import AnyEvent, EventStore, Loaded, Snapshot, StoreUnavailable
from domain.chargers.charger import Charger
from domain.event import Event, Fact
from domain.identity import IdToken, tenant_of
from domain.reservations.reservation_book import ReservationBook

CHARGERS = "charger/"
STATES: Mapping[str, type[msgspec.Struct]] = {"charger": Charger, "reservations": ReservationBook}
"""Kinds of streams of which snapshots are kept."""


class _State(NamedTuple):
    kind: type[msgspec.Struct]
    walk: Walk


class SealedEventStore:
    """The port `application.ports.EventStore`: domain and application speak of plain tokens, the log never does.

    Where the vault does not answer nothing can be stored: StoreUnavailable.
    """

    def __init__(
        self,
        store: EventStore,
        subjects: Subjects,
        places: Places,
        wire: Wire,
        states: Mapping[str, type[msgspec.Struct]] = STATES,
    ) -> None:
        """Takes store and subjects over: `close` closes them. `states`: kind of stream → what its snapshots are of."""
        self._states = {
            name: _State(kind, walk) for name, kind in states.items() if (walk := walk_of(kind)) is not None
        }
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
        """See the port. Of a charger's own stream the tokens are left sealed: no state of it has any.

        After a power cut every charger is loaded at once, and each had somebody in front of it.
        """
        loaded = await self._store.load(await self._place_of(stream), kind)
        if stream.startswith(CHARGERS):
            return loaded
        snapshot = loaded.snapshot and await self._opened_snapshot(loaded.snapshot)
        return Loaded(snapshot, await self._opened(loaded.events, stream))

    async def snapshot(self, stream: str) -> Snapshot | None:
        """See the port."""
        found = await self._store.snapshot(stream)
        return found and await self._opened_snapshot(found)

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """See the port."""
        await self._store.save_snapshot(await self._sealed_snapshot(snapshot))

    async def pseudonym(self, tenant: str, token: IdToken) -> str:
        """See the port."""
        subject = self.subjects.found(tenant, token.value)
        if subject is None:
            subject = (await self._ensure(tenant, [token.value]))[folded(token.value)]
        return subject.ref

    async def close(self) -> None:
        """See the port."""
        await self._store.close()
        await asyncio.to_thread(self.subjects.close)

    async def _sealed(self, events: Sequence[Event[Fact]]) -> list[Event[Fact]]:
        done, missing = self._tried(events, {})
        if not missing:
            return done
        known = {tenant: await self._ensure(tenant, tokens) for tenant, tokens in missing.items()}
        done, missing = self._tried(events, known)
        if missing:
            raise StoreUnavailable("a subject was erased while an event about it was written")
        return done

    def _tried(
        self, events: Sequence[Event[Fact]], known: Mapping[str, Mapping[str, Subject]]
    ) -> tuple[list[Event[Fact]], dict[str, set[str]]]:
        """The events sealed, or by tenant the tokens whose subjects are not in memory."""
        sealers: dict[str, Sealer] = {}
        done: list[Event[Fact]] = []
        for event in events:
            tenant = tenant_of(event.originator_id)
            sealer = sealers.get(tenant)
            if sealer is None:
                sealer = Sealer(self.subjects, self._wire, self._places, tenant, known.get(tenant, {}))
                sealers[tenant] = sealer
            done.append(sealer.event(event))
        return done, {tenant: sealer.missing for tenant, sealer in sealers.items() if sealer.missing}

    async def _sealed_snapshot(self, snapshot: Snapshot) -> Snapshot:
        state = self._states.get(snapshot.stream.partition("/")[0])
        if state is None:
            return snapshot
        tenant, before = tenant_of(snapshot.stream), msgspec.json.decode(snapshot.state, type=state.kind)
        sealer = Sealer(self.subjects, self._wire, self._places, tenant)
        after = state.walk(before, sealer, "")
        if sealer.missing:
            known = await self._ensure(tenant, sealer.missing)
            sealer = Sealer(self.subjects, self._wire, self._places, tenant, known)
            after = state.walk(before, sealer, "")
        return snapshot._replace(state=msgspec.json.encode(after))

    async def _opened_snapshot(self, snapshot: Snapshot) -> Snapshot:
        state = self._states.get(snapshot.stream.partition("/")[0])
        if state is None or b"~" not in snapshot.state:
            return snapshot
        tenant, before = tenant_of(snapshot.stream), msgspec.json.decode(snapshot.state, type=state.kind)
        seen = Seen(self._wire)
        state.walk(before, seen, "")
        opener = Opener(await self._named(tenant, seen.refs), self._wire, tenant)
        return snapshot._replace(state=msgspec.json.encode(state.walk(before, opener, "")))

    async def _named(self, tenant: str, refs: Collection[str]) -> Mapping[str, Subject]:
        """The subjects of these pseudonyms; one that is not there was erased."""
        known = {ref: one for ref in refs if (one := self.subjects.named(tenant, ref)) is not None}
        if len(known) == len(refs):
            return known
        try:
            return await asyncio.to_thread(self.subjects.find_named, tenant, refs)
        except PrivacyKeyWrong as error:
            raise StoreUnavailable(str(error)) from error

    async def _ensure(self, tenant: str, tokens: Collection[str]) -> dict[str, Subject]:
        """The subjects of these tokens by folded token; whoever is new is made."""
        try:
            known = await asyncio.to_thread(self.subjects.find, tenant, tokens)
            new = [token for token in tokens if folded(token) not in known]
            if new:
                streams = [IdToken(token).stream(tenant) for token in new]
                before = await asyncio.gather(*map(self._store.read, streams))
                plain = [folded(token) for token, events in zip(new, before, strict=True) if events]
                known |= await asyncio.to_thread(self.subjects.ensure, tenant, new, plain)
        except PrivacyKeyWrong as error:
            raise StoreUnavailable(str(error)) from error
        return known

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
        opener = Opener(await self._named(tenant, seen.refs), self._wire, tenant)
        opened: list[AnyEvent] = []
        for event, walk in zip(events, walks, strict=True):
            fact = event.fact if walk is None else walk(event.fact, opener, "")
            opened.append(
                event if fact is event.fact and event.originator_id == stream else _on(event, stream, fact)
            )
        return opened


def _on(event: AnyEvent, stream: str, fact: Fact | None = None) -> AnyEvent:
    return msgspec.structs.replace(event, originator_id=stream, fact=event.fact if fact is None else fact)
