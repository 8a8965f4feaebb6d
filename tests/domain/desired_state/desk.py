"""Drives a box towards what is wanted, as the reconciler does: look, ask, write down what came of it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from domain.commands.intent import Intent
from domain.commands.upkeep import Reset
from domain.desired_state.abilities import abilities_of
from domain.desired_state.hearing import boot_heard, heard, unheard
from domain.desired_state.local_list import LocalList
from domain.desired_state.local_list_step import list_after_boot, list_heard, list_unheard, next_list
from domain.desired_state.settings import ChargerSettings
from domain.desired_state.settings_step import limits_known, next_availability, next_setting
from domain.desired_state.step import Note, Pause, Situation, Step
from domain.event import Event, Fact, Told, events_of
from domain.identity import ChargerId
from tests.domain.desired_state.box import START, Box, NoAnswer

CHARGER = ChargerId.of("acme", "CP1")


class Desk:
    """The books of one charger, and time."""

    def __init__(self, box: Box, *, budget: int = 50, vendor: str = "V", max_steps: int = 3000) -> None:
        self.box = box
        self.make = Situation(protocol="1.6", vendor=vendor, model="M", write_budget=budget)
        self.settings = ChargerSettings(CHARGER)
        self.list = LocalList(CHARGER)
        self.now: datetime = START
        self.events: list[Event[Fact]] = []
        self.asked: list[Intent] = []
        self.max_steps = max_steps
        self.boot("1.0")

    def tell(self, facts: Iterable[Fact], *, of_list: bool = False) -> None:
        """Append to a stream."""
        state = self.list if of_list else self.settings
        for event in events_of(state.stream, state.version, facts, Told(recorded_at=self.now)):
            state.when(event)
            self.events.append(event)

    def boot(self, firmware: str = "1.0") -> None:
        """The charger boots."""
        vendor, model, protocol = self.make.vendor, self.make.model, self.make.protocol
        noticed = boot_heard(self.settings, vendor=vendor, model=model, firmware=firmware, protocol=protocol)
        if noticed is not None:
            self.tell([noticed])
        doubted = list_after_boot(self.list, changed=noticed is not None and noticed.changed)
        if doubted is not None:
            self.tell([doubted], of_list=True)

    def run(self, within: timedelta = timedelta(hours=12)) -> None:
        """Until nothing is left to do but wait for longer than `within` from here."""
        end = self.now + within
        for _ in range(self.max_steps):
            step = self.look()
            if step is None or (isinstance(step, Pause) and step.until > end):
                return
            if isinstance(step, Pause):
                assert step.until > self.now
                self.now = step.until
        raise AssertionError(f"no rest after {self.max_steps} steps: {self.asked[-5:]}")

    def look(self) -> Step:
        """One step of the first book that has one; None or the first pause to end where none has."""
        pauses = []
        abilities = abilities_of(self.settings)
        at = msgspec.structs.replace(self.make, limits_known=limits_known(self.settings, self.make.protocol))
        for step in (
            next_availability(self.settings, self.now),
            next_setting(self.settings, at, self.now),
            next_list(self.list, at, abilities, self.now),
        ):
            if isinstance(step, Note):
                self.tell(step.facts, of_list=step.facts[0].TOPIC.startswith("local_list."))
                return step
            if isinstance(step, Intent):
                self.ask(step)
                return step
            if isinstance(step, Pause):
                pauses.append(step)
        return min(pauses, key=lambda pause: pause.until, default=None)

    def ask(self, intent: Intent) -> None:
        """Ask, and write down what came of it."""
        self.asked.append(intent)
        try:
            answer = self.box.ask(intent, self.now)
        except NoAnswer:
            self.now += timedelta(seconds=30)
            self.tell(unheard(self.settings, intent, "no answer"))
            self.tell(list_unheard(self.list, intent, "no answer"), of_list=True)
        else:
            self.now += timedelta(milliseconds=50)
            self.tell(heard(self.settings, intent, answer))
            self.tell(list_heard(self.list, intent, answer), of_list=True)
        if isinstance(intent, Reset) and self.box.restarting:
            self.now += timedelta(seconds=40)
            self.box.restart()
            self.boot()

    def replayed(self) -> tuple[ChargerSettings, LocalList]:
        """The states from the log alone."""
        settings, tokens = ChargerSettings(CHARGER), LocalList(CHARGER)
        for event in self.events:
            (settings if event.originator_id == settings.stream else tokens).when(event)
        return settings, tokens
