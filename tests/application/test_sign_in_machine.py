"""Whatever people, thieves and admins do in whatever order at two processes: a model knows which sessions hold.

A code opens once; a session holds until it idles, ages, is ended, or what it rests on changes; no id of a session ever
works again once it was replaced; nobody guesses faster than the limit.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from application.lockouts import LockoutLimits
from application.sessions import IDLE, SEEN_EVERY, Stage
from application.sign_in import Admitted, MustWait, SignInFailed
from domain.people import totp
from domain.people.events import AuthenticatorEnrolled, CodeShown
from domain.tenants.roles import Role
from tests.application.front_desk import HOME, OTHER, PASSWORD, Office

PROCESS = st.sampled_from([0, 1])
WHICH = st.integers(0, 5)
LIMITS = LockoutLimits()


@dataclass
class Held:
    """A session as the model knows it."""

    admitted: Admitted
    seen_at: datetime
    over: bool = False


@dataclass
class Model:
    """What should be so."""

    password: str = PASSWORD
    disabled: bool = False
    enrolled: bool = False
    highest_step: int = 0
    sessions: list[Held] = field(default_factory=list)
    guesses: list[float] = field(default_factory=list)
    """When wrong passwords or codes were looked at."""


class SigningIn(RuleBasedStateMachine):
    """Ann is an operator; two processes serve her."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.office = Office(2)
        self.model = Model()

    def teardown(self) -> None:
        self.runner.run(self.office.close())
        self.runner.close()

    def run(self, work: Any) -> Any:
        async def heard() -> Any:
            try:
                return await work
            finally:
                for _ in range(3):  # rings and records
                    await asyncio.sleep(0)

        return self.runner.run(heard())

    @initialize()
    def employed(self) -> None:
        self.run(self.office.open())
        self.ann = self.run(self.office.employ(role=Role.OPERATOR))

    # -- time ------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 29, 30, 61, 600, 1000, 1799, 1800, 4000]))
    def time_goes_by(self, seconds: int) -> None:
        self.office.broker.seconds += seconds

    # -- Ann, and whoever pretends to be ---------------------------------------------------------------------

    @rule(at=PROCESS, right=st.booleans())
    def show_a_password(self, at: int, right: bool) -> None:
        shown = self.model.password if right else "a-wrong-guess-at-it"
        try:
            admitted = self.run(self.office.sign_in(password=shown, at=at))
        except MustWait:
            return
        except SignInFailed:
            assert not right or self.model.disabled
            self._guessed()
            return
        assert right
        assert not self.model.disabled
        assert admitted.session.stage is (Stage.CODE if self.model.enrolled else Stage.ENROL)
        self._began(admitted)

    @precondition(lambda self: self.model.enrolled)
    @rule(at=PROCESS, which=WHICH, steps=st.integers(-2, 2))
    def show_a_code(self, at: int, which: int, steps: int) -> None:
        held = self._pick(which, Stage.CODE)
        if held is None:
            return
        code = self.run(self.office.code_of(self.ann, steps))
        step = totp.step_of(self.office.now()) + steps
        good = abs(steps) <= totp.DRIFT and step > self.model.highest_step
        desk = self.office.processes[at].desk
        held_still = self._holds(held)
        try:
            admitted = self.run(desk.second_factor(held.admitted.session, code, HOME))
        except MustWait:
            return
        except SignInFailed:
            assert not good or held.over or self.model.disabled or not held_still
            self._guessed()
            return
        assert good, "a code opened twice, or far from its time"
        assert not self.model.disabled
        self.model.highest_step = step
        held.over = True
        self._began(admitted)

    @precondition(lambda self: not self.model.enrolled)
    @rule(at=PROCESS, which=WHICH)
    def enrol(self, at: int, which: int) -> None:
        held = self._pick(which, Stage.ENROL)
        if held is None or not self._holds(held):
            return
        try:
            self.run(self.office.account(held.admitted, at).offer_authenticator("Zeus"))
            code = self.run(self.office.code_of(self.ann, offered=True))
            admitted, _ = self.run(self.office.account(held.admitted, at).enrol(code))
        except MustWait:
            return
        self._all_over()
        self.model.enrolled = True
        self.model.highest_step = totp.step_of(self.office.now())
        self._began(admitted)

    @rule(at=PROCESS, which=WHICH, knows=st.booleans())
    def change_the_password(self, at: int, which: int, knows: bool) -> None:
        held = self._pick(which, Stage.FULL)
        if held is None or not self._holds(held):
            return
        new = OTHER if self.model.password == PASSWORD else PASSWORD
        shown = self.model.password if knows else "a-wrong-guess-at-it"
        try:
            admitted = self.run(self.office.account(held.admitted, at).change_password(shown, new))
        except MustWait:
            return
        except SignInFailed:
            assert not knows
            return
        assert knows
        self.model.password = new
        self._all_over()
        self._began(admitted)

    @rule(at=PROCESS, which=WHICH)
    def sign_out(self, at: int, which: int) -> None:
        held = self._pick(which)
        if held is not None:
            self.run(self.office.account(held.admitted, at).sign_out())
            held.over = True

    @rule(at=PROCESS, which=WHICH)
    def end_the_others(self, at: int, which: int) -> None:
        held = self._pick(which, Stage.FULL)
        if held is None or not self._holds(held):
            return
        admitted = self.run(self.office.account(held.admitted, at).end_others())
        self._all_over()
        self._began(admitted)

    # -- admins ----------------------------------------------------------------------------------------------

    @rule()
    def disable(self) -> None:
        self.run(self.office.people.disable(self.ann))
        if not self.model.disabled:
            self._all_over()
        self.model.disabled = True

    @rule()
    def enable(self) -> None:
        self.run(self.office.people.enable(self.ann))
        self.model.disabled = False

    @precondition(lambda self: self.model.enrolled)
    @rule()
    def take_the_telephone_away(self) -> None:
        self.run(self.office.people.remove_authenticator(self.ann, "lost"))
        self.model.enrolled = False
        self._all_over()

    # -- what must hold --------------------------------------------------------------------------------------

    @rule(at=PROCESS, which=WHICH)
    def use(self, at: int, which: int) -> None:
        held = self._pick(which)
        if held is None:
            return
        expected = self._holds(held)
        person = self.run(self.office.who(held.admitted, at))
        assert (person is not None) == expected
        if expected and self.office.now() - held.seen_at >= SEEN_EVERY:
            held.seen_at = self.office.now()

    @invariant()
    def no_code_opened_twice(self) -> None:
        """A new telephone has a new secret, and may show a code in the step in which the old one did."""
        highest = 0
        for one in self.office.store.log:
            if isinstance(one.event.fact, AuthenticatorEnrolled):
                highest = 0
            elif isinstance(one.event.fact, CodeShown):
                assert one.event.fact.step > highest
                highest = one.event.fact.step

    @invariant()
    def nobody_guesses_faster_than_the_limit(self) -> None:
        for n, begin in enumerate(self.model.guesses):
            within = [at for at in self.model.guesses[n:] if at < begin + 600]
            assert len(within) <= 2 * (2 * LIMITS.wrong_per_charger + 1), "logins and codes are counted apart"

    @invariant()
    def what_is_kept_opens_nothing(self) -> None:
        ids = [held.admitted.session_id for held in self.model.sessions]
        kept = str(self.office.sessions.kept) + str(self.office.store.log)
        assert not [one for one in ids if one in kept]

    def _holds(self, held: Held) -> bool:
        now, session = self.office.now(), held.admitted.session
        return not held.over and now < session.ends_at and now - held.seen_at < IDLE

    def _pick(self, which: int, stage: Stage | None = None) -> Held | None:
        """One of the newest, over or not."""
        found = [one for one in self.model.sessions if stage in (None, one.admitted.session.stage)]
        return found[-1 - which] if which < len(found) else None

    def _began(self, admitted: Admitted) -> None:
        assert admitted.session_id not in [one.admitted.session_id for one in self.model.sessions]
        self.model.sessions.append(Held(admitted, self.office.now()))

    def _all_over(self) -> None:
        for held in self.model.sessions:
            held.over = True

    def _guessed(self) -> None:
        self.model.guesses.append(self.office.broker.seconds)


SigningIn.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSigningIn = SigningIn.TestCase
