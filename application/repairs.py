"""Repairs: what another interpretation rule would change of the past, and the events that change it.

A plan is made without writing anything. It is applied as it was made: a session that something came to since is left
alone, and what was applied once is not applied again.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256

import msgspec

from application import clock
from application.ports import EventStore, UnreadableEvent, VersionConflict
from domain.event import Told, events_of
from domain.identity import tenant_of
from domain.repairs.events import RepairBegun
from domain.transactions.events import EnergySettled, Started
from domain.transactions.interpretation import EDITION, Interpretation
from domain.transactions.repair import NotToBeRepaired, correction, read_by

FORMAT = "zeus repair plan 1"
LEFT = {
    "StillRuns": "still runs",
    "HasSignedValues": "signed by the meter",
    "UnreadableEvent": "an event of it cannot be read",
    "changed": "something came to it since the plan was made",
}
"""Why a session is left as it is."""


class PlanUnfit(ValueError):
    """A plan that cannot be applied here; the message says why and what to do."""


class Subject(msgspec.Struct, frozen=True):
    """A session that a repair may be about."""

    session: str
    transaction: str
    """Its stream."""


class Change(msgspec.Struct, frozen=True):
    """A session that a rule would change."""

    session: str
    transaction: str
    version: int
    """Of its stream when the plan was made."""
    started_at: datetime | None
    before_wh: int | None
    after_wh: int | None

    @property
    def difference_wh(self) -> int | None:
        """None where one of the two is not known."""
        known = self.before_wh is not None and self.after_wh is not None
        return self.after_wh - self.before_wh if known else None  # type: ignore[operator]


class Left(msgspec.Struct, frozen=True):
    """A session that is left as it is, and the word of `LEFT` for why."""

    session: str
    transaction: str
    why: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule would change."""

    format: str = FORMAT
    tenant: str
    made_at: datetime
    rule: Interpretation
    edition: int = EDITION
    read: int
    """How many sessions were read."""
    changes: tuple[Change, ...]
    left: tuple[Left, ...] = ()

    @property
    def id(self) -> str:
        """Made of what it changes and how: the same plan has the same id, another one never."""
        told = (self.format, self.tenant, self.rule, self.edition, self.changes)
        return sha256(msgspec.json.encode(told)).hexdigest()[:24]

    @property
    def difference_wh(self) -> int:
        """Of all changes together, as far as both figures are known."""
        return sum(one.difference_wh or 0 for one in self.changes)


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a plan."""

    repair: str
    corrected: int
    before: int
    """Corrected by the same plan already."""
    left: tuple[Left, ...]


Progress = Callable[[int], None]


class Repairs:
    """What one person repairs."""

    def __init__(self, store: EventStore, tenant: str, actor: str, cause: str = "") -> None:
        """`cause` is the request behind what is written."""
        self._store = store
        self._tenant = tenant
        self._actor = actor
        self._cause = cause

    async def plan(
        self, subjects: Sequence[Subject], rule: Interpretation, progress: Progress = lambda done: None
    ) -> Plan:
        """Read these sessions by `rule`; nothing is written. `progress` hears how many were read.

        Raises InterpretationInvalid, StoreUnavailable.
        """
        rule.check()
        changes, left = list[Change](), list[Left]()
        for done, subject in enumerate(subjects, 1):
            found = await self._read(subject, rule)
            if isinstance(found, Left):
                left.append(found)
            elif found is not None:
                changes.append(found)
            progress(done)
        return Plan(
            tenant=self._tenant,
            made_at=clock.now(),
            rule=rule,
            read=len(subjects),
            changes=tuple(changes),
            left=tuple(left),
        )

    async def apply(self, plan: Plan, reason: str, progress: Progress = lambda done: None) -> Applied:
        """Correct what the plan changes, each session by an event of its own.

        All are looked at before anything is written; cut off in the midst, it goes on when it is called again.
        Raises PlanUnfit, InterpretationInvalid, StoreUnavailable.
        """
        self._check(plan, reason)
        for change in plan.changes:
            await self._fact(plan, change, reason)
        await self._begin(plan, reason)
        corrected, before, left = 0, 0, list[Left]()
        for done, change in enumerate(plan.changes, 1):
            outcome = await self._correct(plan, change, reason)
            corrected += outcome == "corrected"
            before += outcome == "before"
            if outcome not in ("corrected", "before"):
                left.append(Left(change.session, change.transaction, outcome))
            progress(done)
        return Applied(repair=plan.id, corrected=corrected, before=before, left=tuple(left))

    async def _read(self, subject: Subject, rule: Interpretation) -> Change | Left | None:
        try:
            events = await self._store.read(subject.transaction)
            reading = read_by(events, rule)
        except (NotToBeRepaired, UnreadableEvent) as error:
            return Left(subject.session, subject.transaction, type(error).__name__)
        if not reading.differs:
            return None
        started = next((one.fact.at for one in events if isinstance(one.fact, Started)), None)
        return Change(
            subject.session,
            subject.transaction,
            events[-1].originator_version,
            started,
            reading.before_wh,
            reading.settled.energy_wh,
        )

    def _check(self, plan: Plan, reason: str) -> None:
        if plan.format != FORMAT:
            raise PlanUnfit(
                f"This is no plan that Zeus can read here: it says {plan.format!r}. Make a new one."
            )
        if plan.tenant != self._tenant or any(
            tenant_of(one.transaction) != self._tenant for one in plan.changes
        ):
            raise PlanUnfit(f"This plan is of the tenant {plan.tenant!r}, not of {self._tenant!r}.")
        if plan.edition != EDITION:
            raise PlanUnfit("This plan was made with other energy rules than these. Make a new one.")
        if not plan.changes:
            raise PlanUnfit("This plan changes nothing, so there is nothing to apply.")
        if not reason.strip():
            raise PlanUnfit("Say why: the reason stands with every correction.")
        plan.rule.check()

    async def _begin(self, plan: Plan, reason: str) -> None:
        fact = RepairBegun(
            reason=reason,
            rule=plan.rule,
            edition=plan.edition,
            changes=len(plan.changes),
            difference_wh=plan.difference_wh,
        )
        with suppress(VersionConflict):  # it was begun before, or is by another at this moment
            await self._store.append(events_of(f"repair/{self._tenant}/{plan.id}", 0, [fact], self._told()))

    async def _correct(self, plan: Plan, change: Change, reason: str) -> str:
        """What became of it: `corrected`, `before`, or the word of `LEFT` for why it is left."""
        fact = await self._fact(plan, change, reason)
        if isinstance(fact, str):
            return fact
        try:
            await self._store.append(events_of(change.transaction, change.version, [fact], self._told()))
        except VersionConflict:
            return "changed"
        return "corrected"

    async def _fact(self, plan: Plan, change: Change, reason: str) -> EnergySettled | str:
        """The correction; or `before`, or the word of `LEFT` for why there is none. Raises PlanUnfit."""
        try:
            events = await self._store.read(change.transaction)
        except UnreadableEvent as error:
            return type(error).__name__
        corrections = [one.fact.correction for one in events if isinstance(one.fact, EnergySettled)]
        if any(one is not None and one.repair == plan.id for one in corrections):
            return "before"
        if not events or events[-1].originator_version != change.version:
            return "changed"
        try:
            reading = read_by(events, plan.rule)
        except NotToBeRepaired:
            reading = None
        told = reading and (reading.before_wh, reading.settled.energy_wh)
        if reading is None or told != (change.before_wh, change.after_wh):
            raise PlanUnfit(f"Session {change.session} does not come to what the plan says. Make a new one.")
        return correction(reading, plan.rule, plan.id, reason)

    def _told(self) -> Told:
        return Told(recorded_at=clock.now(), actor=self._actor, cause=self._cause)
