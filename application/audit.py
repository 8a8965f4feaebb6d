"""Checkpoints of the log: made, signed, given away, recorded; and the keys that sign them."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from application import clock
from application.ports import EventStore, VersionConflict
from domain.audit.checkpoint import Checkpoint
from domain.audit.events import BundleExported, CheckpointPublished
from domain.audit.keys import AuditKeys, checkpoints_stream, exports_stream, keys_stream
from domain.audit.notes import NoteKey, signed
from domain.event import Fact, Told, events_of

ATTEMPTS = 8
JOB = "job:audit"
QUIET = timedelta(days=1)
"""A log in which nothing happens gets a checkpoint this often, so that its silence is proven too."""

Signer = tuple[NoteKey, Callable[[bytes], bytes]]


class LogRewritten(RuntimeError):
    """The log no longer begins with what the last checkpoint was made of: run `zeus audit verify` at once."""


class NoSigningKey(RuntimeError):
    """There is no key here that may sign: run this where the keys are, or adopt one with `zeus audit key rotate`."""


class NotPublished(OSError):
    """A place did not take a checkpoint."""


class Place(Protocol):
    """Where checkpoints are given to, out of reach of whoever could rewrite the log."""

    name: str

    def publish(self, checkpoint: Checkpoint, note: str) -> None:
        """Keep it there; harmless when repeated. Raises NotPublished."""
        ...


class Head(NamedTuple):
    """The tree as it is now."""

    size: int
    root: bytes
    root_before: bytes
    """Its root over as many events as the last checkpoint had."""


class Published(NamedTuple):
    """A checkpoint as it stands in the log."""

    position: int
    version: int
    at: datetime
    fact: CheckpointPublished


class AuditedLog(Protocol):
    """The log and its tree."""

    def newest(self) -> Published | None:
        """The last checkpoint."""
        ...

    def head(self, before: int) -> Head:
        """The tree now, with its root over the first `before` events; what no tile holds yet is kept."""
        ...


class Checkpoints:
    """Makes checkpoints for one installation. Its streams belong to the tenant of the settings."""

    def __init__(
        self,
        store: EventStore,
        tenant: str,
        log: AuditedLog,
        signers: Sequence[Signer],
        places: Sequence[Place] = (),
    ) -> None:
        self._store = store
        self._tenant = tenant
        self._log = log
        self._signers = signers
        self._places = places

    async def publish(
        self, actor: str, *, every: timedelta | None = None, cause: str = ""
    ) -> CheckpointPublished | None:
        """Sign the tree as it is, give it away and record it; None where nothing is to be said.

        With `every` it is for a clock: nothing is done before so much time has passed since the last one, or
        while nothing new happened, but for once a day. Raises LogRewritten, NoSigningKey, EventStoreError.
        """
        for _ in range(ATTEMPTS):
            signers = await self._adopted(actor, cause)
            last = await asyncio.to_thread(self._log.newest)
            before = last.fact.size if last else 0
            if every is not None and last is not None and clock.now() - last.at < every:
                return None
            head = await asyncio.to_thread(self._log.head, before)
            if last is not None and head.root_before.hex() != last.fact.root:
                raise LogRewritten(f"checkpoint over {before} events")
            # The record of the last checkpoint is the one event behind it: by itself it is no news.
            idle = last is not None and head.size <= before + 1
            if idle and every is not None and last is not None and clock.now() - last.at < QUIET:
                return None
            fact = await self._given_away(Checkpoint(signers[0][0].name, head.size, head.root), signers)
            told = Told(recorded_at=clock.now(), actor=actor, cause=cause)
            version = last.version if last else 0
            try:
                await self._store.append(events_of(checkpoints_stream(self._tenant), version, [fact], told))
            except VersionConflict:  # somebody else made one just now
                continue
            return fact
        raise VersionConflict(checkpoints_stream(self._tenant))

    async def _given_away(self, checkpoint: Checkpoint, signers: Sequence[Signer]) -> CheckpointPublished:
        note = str(signed(checkpoint.text, signers))
        published: list[str] = []
        failed: list[str] = []
        for place in self._places:
            try:
                await asyncio.to_thread(place.publish, checkpoint, note)
            except NotPublished as error:
                failed.append(f"{place.name}: {error}")
            else:
                published.append(place.name)
        return CheckpointPublished(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=checkpoint.root.hex(),
            note=note,
            published=tuple(published),
            failed=tuple(failed),
        )

    async def _adopted(self, actor: str, cause: str) -> list[Signer]:
        """Those who may sign; a key that is new here is adopted first. Raises NoSigningKey."""
        keys = await change_keys(self._store, self._tenant, lambda keys: self._adopting(keys), actor, cause)
        signing = {key.id for key in keys.signing}
        signers = [one for one in self._signers if one[0].id in signing]
        if not signers:
            raise NoSigningKey
        names = {key.name for key, _ in signers}
        if len(names) > 1:
            raise NoSigningKey(f"the keys are of different logs: {', '.join(sorted(names))}")
        return signers

    def _adopting(self, keys: AuditKeys) -> list[Fact]:
        return [fact for key, _ in self._signers for fact in keys.adopt(key)]


async def audit_keys(store: EventStore, tenant: str) -> AuditKeys:
    """The keys as they stand in the log."""
    keys = AuditKeys(keys_stream(tenant))
    for event in await store.read(keys.stream):
        keys.when(event)
    return keys


async def change_keys(
    store: EventStore, tenant: str, decide: Callable[[AuditKeys], list[Fact]], actor: str, cause: str = ""
) -> AuditKeys:
    """Write what `decide` makes of the keys; raises what that raises."""
    for _ in range(ATTEMPTS):
        keys = await audit_keys(store, tenant)
        told = Told(recorded_at=clock.now(), actor=actor, cause=cause)
        events = events_of(keys.stream, keys.version, decide(keys), told)
        if not events:
            return keys
        try:
            await store.append(events)
        except VersionConflict:
            continue
        return await audit_keys(store, tenant)
    raise VersionConflict(keys_stream(tenant))


async def record_export(
    store: EventStore, tenant: str, fact: BundleExported, actor: str, cause: str = ""
) -> None:
    """Write down what somebody takes out of the house, before he has it."""
    stream = exports_stream(tenant)
    for _ in range(ATTEMPTS):
        known = await store.read(stream)
        told = Told(recorded_at=clock.now(), actor=actor, cause=cause)
        try:
            await store.append(events_of(stream, len(known), [fact], told))
        except VersionConflict:
            continue
        return
    raise VersionConflict(stream)
