"""Lives of a charger with its book of profiles: wishes, answers, refusals, silence, and what ends by itself."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from hypothesis import strategies as st

from domain.charging_profiles.book import Book, Criteria
from domain.charging_profiles.events import Origin
from domain.charging_profiles.next_step import Clear, Ready, Step, next_step
from domain.charging_profiles.profile import (
    ChargingProfile,
    Kind,
    Period,
    Placed,
    Purpose,
    Schedule,
    Unit,
)
from domain.event import Event, Fact, Told, events_of
from tests.domain.charging_profiles.worlds import NOON

Move: TypeAlias = tuple[str, Any]
STREAM = "charging-profiles/acme/CP1"


def profile(number: int, purpose: Purpose, level: int, limit: int, ends_min: int | None) -> ChargingProfile:
    return ChargingProfile(
        profile_id=number,
        stack_level=level,
        purpose=purpose,
        kind=Kind.ABSOLUTE,
        schedules=(Schedule(unit=Unit.A, periods=(Period(start_s=0, limit=Decimal(limit)),), start_at=NOON),),
        valid_to=None if ends_min is None else NOON + timedelta(minutes=ends_min),
        transaction="1" if purpose is Purpose.TX else "",
    )


def placement(
    purpose: Purpose, number: int, level: int, evse_id: int, limit: int, ends: int | None
) -> Placed:
    evse_id = {Purpose.CHARGER_MAX: 0, Purpose.TX: max(1, evse_id)}.get(purpose, evse_id)
    return Placed(profile=profile(number, purpose, level, limit, ends), evse_id=evse_id)


wishes = st.builds(
    placement,
    st.sampled_from((Purpose.CHARGER_MAX, Purpose.TX_DEFAULT, Purpose.TX_DEFAULT, Purpose.TX)),
    st.integers(1, 4),
    st.integers(0, 1),
    st.integers(0, 2),
    st.sampled_from((6, 16)),
    st.sampled_from((None, None, None, 3, 30)),
)
criteria = st.builds(
    Criteria,
    profile_id=st.one_of(st.none(), st.integers(1, 4)),
    evse_id=st.one_of(st.none(), st.integers(0, 2)),
    purpose=st.sampled_from((None, Purpose.TX, Purpose.TX_DEFAULT)),
)
moves: st.SearchStrategy[Move] = st.one_of(
    st.tuples(st.just("want"), wishes),
    st.tuples(st.just("want"), wishes),
    st.tuples(st.just("withdraw"), criteria),
    st.tuples(st.just("step"), st.sampled_from(("heard", "heard", "heard", "unsent", "unheard", "refused"))),
    st.tuples(st.just("step"), st.just("heard")),
    st.tuples(st.just("transaction"), st.booleans()),
    st.tuples(st.just("wait"), st.integers(1, 5)),
    st.tuples(st.just("wipe"), st.integers(1, 4)),
)


class Charger:
    """A charger by the book: 1.6 replaces, 2.x refuses what it would have to replace."""

    def __init__(self, *, replaces: bool) -> None:
        self.replaces = replaces
        self.holds: dict[int, Placed] = {}

    def set(self, placed: Placed) -> bool:
        number = placed.profile.profile_id
        others = [n for n, one in self.holds.items() if n != number and one.slot == placed.slot]
        if others and not self.replaces:
            return False
        for other in others:
            del self.holds[other]
        self.holds[number] = placed
        return True

    def end_transaction(self) -> None:
        self.holds = {n: one for n, one in self.holds.items() if one.profile.purpose is not Purpose.TX}


class World:
    """A charger, its book, and what is said between them."""

    def __init__(self, *, replaces: bool) -> None:
        self.charger = Charger(replaces=replaces)
        self.book = Book(STREAM)
        self.log: list[Event[Fact]] = []
        self.open: dict[int, str] = {1: "1", 2: "1"}
        self.now = NOON
        self.clashes = 0

    @property
    def ready(self) -> Ready:
        return Ready(open_transactions=self.open, replaces=self.charger.replaces)

    def tell(self, facts: Sequence[Fact]) -> None:
        for event in events_of(STREAM, self.book.version, facts, Told(recorded_at=self.now)):
            self.book.when(event)
            self.log.append(event)

    def move(self, kind: str, what: Any) -> None:
        match kind:
            case "want":
                if what.profile.purpose is not Purpose.TX or self.open:
                    self.tell(self.book.want(what.profile, what.evse_id, Origin.DLM))
            case "withdraw":
                self.tell(self.book.withdraw(what))
            case "step":
                step = next_step(self.book, self.now, self.ready)
                if step is not None:
                    self.take(step, what)
            case "transaction":
                self.open = {1: "1", 2: "1"} if what else {}
                if not what:
                    self.charger.end_transaction()
            case "wait":
                self.now += timedelta(minutes=what)
            case "wipe":
                self.charger.holds.pop(what, None)
                self.tell(self.book.gone([what]))
        self.tell(self.book.lapse(self.now, self.open))

    def take(self, step: Step, outcome: str) -> None:
        """One step: `unsent` is lost on the way there, `unheard` on the way back."""
        if outcome == "unsent":
            return
        if isinstance(step, Clear):
            self.charger.holds.pop(step.profile_id, None)
            if outcome != "unheard":
                self.tell(self.book.gone([step.profile_id], "c1"))
            return
        placed = Placed(profile=step.profile, evse_id=step.evse_id)
        taken = outcome != "refused" and self.charger.set(placed)
        self.clashes += outcome != "refused" and not taken
        if outcome == "unheard":
            return
        if taken:
            self.tell(self.book.install(step.profile, step.evse_id, "c1"))
        else:
            self.tell(self.book.refuse(step.profile, step.evse_id, "Rejected", "no", "c1"))

    def settle(self) -> int:
        """Answer every step well; how many there were."""
        for count in range(40):
            step = next_step(self.book, self.now, self.ready)
            if step is None:
                return count
            self.take(step, "heard")
        raise AssertionError(f"it never ends: {step}")


def lived(story: Sequence[Move], *, replaces: bool) -> World:
    world = World(replaces=replaces)
    for kind, what in story:
        world.move(kind, what)
    return world


stories = st.lists(moves, max_size=25)
