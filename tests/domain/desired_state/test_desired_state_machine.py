"""A charger over days: wishes change, it restarts, forgets, is updated, loses answers; in the end it is as wanted."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.commands.drivers import ListEntry
from domain.desired_state.abilities import abilities_of
from domain.desired_state.availability import Place
from domain.desired_state.events import AvailabilityDesired, SettingsDesired, SettingsUndesired, WantedSetting
from domain.desired_state.goals import State, standing
from domain.desired_state.local_list import LocalListTooLong
from domain.desired_state.local_list_step import limits_of
from domain.desired_state.manners import Manners
from domain.desired_state.values import folded, same
from domain.identity import IdToken
from tests.domain.desired_state.box import Box, Key
from tests.domain.desired_state.desk import Desk

NAMES = st.sampled_from(("Alpha", "Beta", "Gamma", "Fixed", "Picky", "Missing"))
BUDGET = 12


def keys() -> list[Key]:
    return [
        Key("Alpha", "0"),
        Key("Beta", "0", on_write="RebootRequired"),
        Key("Gamma", "0"),
        Key("Fixed", "0", readonly=True),
        Key("Picky", "0", on_write="Rejected"),
    ]


class DesiredState(RuleBasedStateMachine):
    """One charger and its books."""

    @initialize(
        max_keys=st.sampled_from((None, 1)),
        list_part=st.sampled_from((None, 1, 2, 5)),
        list_size=st.sampled_from((None, 4)),
        seed=st.integers(0, 999),
    )
    def begin(self, max_keys: int | None, list_part: int | None, list_size: int | None, seed: int) -> None:
        """It boots for the first time."""
        self.box = Box(keys(), seed=seed, max_keys=max_keys, list_part=list_part, list_size=list_size)
        self.desk = Desk(self.box, budget=BUDGET)
        self.wishes: dict[str, str] = {}
        self.firmware = 1
        self.refused = 0

    @rule(wishes=st.dictionaries(NAMES, st.sampled_from(("0", "1", "2")), min_size=1))
    def want_settings(self, wishes: dict[str, str]) -> None:
        self.wishes |= wishes
        wanted = tuple(WantedSetting(name, value) for name, value in wishes.items())
        self.desk.tell([SettingsDesired(settings=wanted, restart_if_required=True)])

    @rule(name=NAMES)
    def want_no_more(self, name: str) -> None:
        self.wishes.pop(name, None)
        self.desk.tell([SettingsUndesired((name,))])

    @rule(
        tokens=st.frozensets(st.integers(0, 9), max_size=6), full=st.booleans(), label=st.sampled_from("xy")
    )
    def want_list(self, tokens: frozenset[int], full: bool, label: str) -> None:
        entries = [ListEntry(id_token=IdToken(f"T{n}"), group=label) for n in sorted(tokens)]
        limits = limits_of(abilities_of(self.desk.settings))
        try:
            facts = self.desk.list.want(entries, limits, full=full)
        except LocalListTooLong:
            assert limits.entries is not None
            return
        self.desk.tell(facts, of_list=True)

    @rule(operative=st.booleans(), evse_id=st.integers(0, 2))
    def want_availability(self, operative: bool, evse_id: int) -> None:
        self.desk.tell([AvailabilityDesired(operative=operative, evse_id=evse_id)])

    @rule(count=st.integers(1, 4))
    def lose_answers(self, count: int) -> None:
        self.box.losses += count

    @rule()
    def refuse_a_list(self) -> None:
        self.box.list_failures = 1
        self.refused += 1

    @rule()
    def forget(self) -> None:
        self.box.forget()  # without a restart that could be noticed: the daily look finds it
        self.desk.now += timedelta(days=1)

    @rule(updated=st.booleans(), forgetful=st.booleans())
    def restart(self, updated: bool, forgetful: bool) -> None:
        self.box.restart()
        if forgetful:
            self.box.forget()
        self.firmware += updated
        self.desk.boot(f"{self.firmware}.0")

    @rule(steps=st.integers(1, 15))
    def go_on(self, steps: int) -> None:
        for _ in range(steps):
            self.desk.look()
            self.desk.now += timedelta(seconds=1)

    @invariant()
    def nothing_against_the_rules(self) -> None:
        if not hasattr(self, "box"):
            return
        assert self.box.rules == []
        writes = self.box.writes
        assert all(b - a >= timedelta(seconds=2) for a, b in pairwise(writes))
        for first in writes:
            assert sum(first <= one < first + timedelta(days=1) for one in writes) <= BUDGET

    def teardown(self) -> None:
        if not hasattr(self, "box"):
            return
        self.box.losses = 0
        self.desk.run(within=timedelta(days=4))
        self.nothing_against_the_rules()
        self.settings_are_reached_or_explained()
        self.list_is_reached_or_explained()
        for place, want in self.desk.settings.availability.items():
            assert want.answered == "Accepted"
            assert self.box.available[place] == want.operative
            assert isinstance(place, Place)
        assert self.desk.replayed() == (self.desk.settings, self.desk.list)

    def settings_are_reached_or_explained(self) -> None:
        """Held at the charger, or with a reason."""
        for name, value in self.wishes.items():
            found = standing(self.desk.settings, name, Manners())
            held = self.box.keys.get(folded(name))
            if found.state is State.REACHED:
                assert held is not None
                assert same(name, held.value, value)
            elif found.state is State.AWAITING_RESTART:
                assert self.desk.settings.restart_refused
            else:
                assert found.state in (State.UNSUPPORTED, State.READ_ONLY, State.GIVEN_UP), found
                assert found.reason

    def list_is_reached_or_explained(self) -> None:
        """The very list, or why not."""
        wanted = self.desk.list
        if not wanted.wanted_version:
            return
        if wanted.given_up:
            assert self.refused > 1 or len(wanted.tokens) > (self.box.list_size or 99), wanted.given_up
            return
        assert self.box.list_version == wanted.wanted_version
        assert self.box.tokens == wanted.tokens


TestDesiredState = DesiredState.TestCase
TestDesiredState.settings = settings(max_examples=150, stateful_step_count=15, deadline=None)
