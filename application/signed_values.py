"""Signed meter values: the keys of meters, and the judgement over a session once it has ended."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from application import clock
from application.ports import AnyEvent, EventStore, VersionConflict
from application.registry import ChargerUnknown
from application.snapshots import load_charger
from domain.event import Event, Fact, Recorded, Told, events_of
from domain.identity import ChargerId, InvalidChargerId
from domain.metering import Sample
from domain.signed_values.events import SignedValuesJudged
from domain.signed_values.judgement import AMENDABLE, Judgement, judge
from domain.signed_values.keys import MeterKey, MeterKeys, meter_keys_stream
from domain.signed_values.ocmf import Found, OcmfRecord, RecordUnreadable, found_in, read_record
from domain.transactions.events import Ended, EnergySettled, Metered, Started

ACTOR = "job:signed-values"
ATTEMPTS = 8


class MeterKeyUnreadable(ValueError):
    """This is no public key of a meter; the message says why."""


class MeterSignatures(Protocol):
    """Knows elliptic curves."""

    def knows(self, algorithm: str) -> bool:
        """Can it tell of signatures by this algorithm?"""
        ...

    def check(self, record: OcmfRecord, key: str) -> bool:
        """Is the record signed by the key?"""
        ...

    def read_key(self, text: str, curve: str = "") -> tuple[str, str, str]:
        """(id, hex, curve) of a key in one of the forms it comes in. Raises MeterKeyUnreadable."""
        ...


class MeterKeyBook:
    """The keys of a tenant's meters, as somebody writes them down."""

    def __init__(
        self, store: EventStore, signatures: MeterSignatures, tenant: str, actor: str, cause: str = ""
    ) -> None:
        """`cause` is the request behind what is written."""
        self._store = store
        self._signatures = signatures
        self._tenant = tenant
        self._actor, self._cause = actor, cause

    async def of(self, cpid: str) -> MeterKeys:
        """The keys of a charger. Raises ChargerUnknown."""
        return await meter_keys(self._store, await self._charger(cpid))

    async def register(
        self, cpid: str, text: str, *, curve: str = "", meter: str = "", note: str = ""
    ) -> MeterKey:
        """Write a key down; sessions that waited for it are judged anew behind this.

        Raises MeterKeyUnreadable, ChargerUnknown.
        """
        key_id, key, named = self._signatures.read_key(text, curve)
        keys = await self._change(cpid, lambda keys: keys.register(key_id, key, named, meter, note))
        return keys.keys[key_id]

    async def withdraw(self, cpid: str, key_id: str, reason: str = "") -> None:
        """It counts no more. Raises MeterKeyUnknown, ChargerUnknown."""
        await self._change(cpid, lambda keys: keys.withdraw(key_id, reason))

    async def _change(self, cpid: str, decide: Callable[[MeterKeys], list[Fact]]) -> MeterKeys:
        charger = await self._charger(cpid)
        return await _change(
            self._store, charger, decide, Told(recorded_at=clock.now(), actor=self._actor, cause=self._cause)
        )

    async def _charger(self, cpid: str) -> ChargerId:
        try:
            charger = ChargerId.of(self._tenant, cpid)
        except InvalidChargerId:
            raise ChargerUnknown(cpid) from None
        if not (await load_charger(self._store, charger)).registered:
            raise ChargerUnknown(cpid)
        return charger


class SignedValues:
    """What the follower does about signed values."""

    def __init__(self, signatures: MeterSignatures) -> None:
        self._signatures = signatures

    async def heard_settled(self, store: EventStore, recorded: Recorded[Any]) -> None:
        """A transaction ended, or something came late: its signed values are judged."""
        event = recorded.event
        fact: EnergySettled = event.fact
        if fact.signed:
            cause = f"{event.originator_id}@{event.originator_version}"
            await self._judge(store, event.originator_id, cause)

    async def heard_key(self, store: EventStore, recorded: Recorded[Any]) -> None:
        """A key was registered: those that waited for it are judged anew."""
        event = recorded.event
        _, tenant, key = event.originator_id.split("/", 2)
        keys = await meter_keys(store, ChargerId(tenant, key))
        for transaction in keys.waiting:
            await self._judge(store, transaction, f"{event.originator_id}@{event.originator_version}")

    async def _judge(self, store: EventStore, stream: str, cause: str) -> None:
        _, tenant, charger, _ = stream.split("/", 3)
        told = Told(recorded_at=clock.now(), actor=ACTOR, cause=cause)
        for _attempt in range(ATTEMPTS):
            events = await store.read(stream)
            keys = await meter_keys(store, ChargerId(tenant, charger))
            result = self.judgement(events, keys)
            if result is None:
                return
            fact = _fact(result, keys)
            facts: list[Fact] = [] if _last(events) == fact else [fact]
            missed = keys.miss(stream) if AMENDABLE.intersection(result.reasons) else []
            new = [
                *events_of(stream, events[-1].originator_version, facts, told),
                *events_of(keys.stream, keys.version, missed, told),
            ]
            try:
                if new:
                    await store.append(new)
            except VersionConflict:
                continue
            return
        raise VersionConflict(stream)

    def judgement(self, events: Iterable[AnyEvent], keys: MeterKeys) -> Judgement | None:
        """What the records of a transaction are worth; None where there are none."""
        events = list(events)
        found = records_of(events)
        if not found:
            return None
        ended_at = max(
            (event.told.recorded_at for event in events if isinstance(event.fact, Ended)), default=None
        )
        in_force = keys.in_force(ended_at or clock.now())
        known = frozenset(one for one in _algorithms(found) if self._signatures.knows(one))
        return judge(found, [key.key for key in in_force], self._signatures.check, known)


async def meter_keys(store: EventStore, charger: ChargerId) -> MeterKeys:
    """The keys as they stand in the log."""
    keys = MeterKeys(meter_keys_stream(charger))
    for event in await store.read(keys.stream):
        keys.when(event)
    return keys


def records_of(events: Iterable[AnyEvent]) -> list[Found]:
    """Every signed record of a transaction, as it was received."""
    samples: list[Sample] = []
    for event in events:
        if isinstance(event.fact, Started | Metered | Ended):
            samples += event.fact.samples
    return found_in(samples)


async def _change(
    store: EventStore, charger: ChargerId, decide: Callable[[MeterKeys], list[Fact]], told: Told
) -> MeterKeys:
    for _ in range(ATTEMPTS):
        keys = await meter_keys(store, charger)
        events: list[Event[Fact]] = events_of(keys.stream, keys.version, decide(keys), told)
        try:
            if events:
                await store.append(events)
        except VersionConflict:
            continue
        for event in events:
            keys.when(event)
        return keys
    raise VersionConflict(meter_keys_stream(charger))


def _algorithms(found: Iterable[Found]) -> set[str]:
    names = set()
    for one in found:
        try:
            names.add(read_record(one.text).algorithm)
        except RecordUnreadable:
            continue
    return names


def _fact(result: Judgement, keys: MeterKeys) -> SignedValuesJudged:
    ids = {key.key: key.id for key in keys.keys.values()}
    return SignedValuesJudged(
        state=result.state,
        reasons=tuple(str(reason) for reason in result.reasons),
        energy_wh=result.energy_wh,
        begin_wh=result.begin_wh,
        end_wh=result.end_wh,
        meter=result.meter,
        records=result.records,
        key_ids=tuple(ids[key] for key in result.keys),
    )


def _last(events: Iterable[AnyEvent]) -> SignedValuesJudged | None:
    found = None
    for event in events:
        if isinstance(event.fact, SignedValuesJudged):
            found = event.fact
    return found
