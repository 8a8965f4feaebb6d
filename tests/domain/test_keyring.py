"""A change of password over OCPP, in every order of answers, losses and logins."""

from datetime import UTC, datetime
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.chargers.admission import Knock, admit
from domain.chargers.charger import Charger
from domain.chargers.credentials import NOBODYS, OFFERS, Credential, Keyring, digest_of
from domain.chargers.events import Connected, CredentialIssued, Registered
from domain.chargers.particulars import adopt, offer, withdraw
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId

SALT = "0f" * 16
TOLD = Told(recorded_at=datetime(2026, 11, 22, tzinfo=UTC))


def credential(n: int) -> Credential:
    return Credential(SALT, digest_of(SALT, word(n)), f"c{n}")


def word(n: int) -> bytes:
    return f"password-number-{n:03}".encode()


class Sent(NamedTuple):
    """A message with a password, on its way."""

    n: int


class Said(NamedTuple):
    """The charger's answer, on its way back."""

    n: int
    accepted: bool


class PasswordChange(RuleBasedStateMachine):
    """A charger that holds one password, a line that loses messages, and our books."""

    def __init__(self) -> None:
        super().__init__()
        self.charger = Charger(ChargerId.of("t", "CP1"))
        self.count = 0
        self.held = 0
        """The number of the password the charger really uses."""
        self.dead: set[int] = set()
        """What was known to be out of use when something newer was known to be in use."""
        self.line: list[Sent] = []
        self.back: list[Said] = []
        first = credential(0)
        self.take([Registered(cpid="CP1", security_profile=1), CredentialIssued(*issued(first))])

    def take(self, facts: list[Fact]) -> None:
        for event in events_of(self.charger.stream, self.charger.version, facts, TOLD):
            self.charger.when(event)

    def knock(self, n: int) -> bool:
        shown = admit(self.charger, Knock(cpid="CP1", user=b"CP1", password=word(n)))
        if shown.refused:
            return False
        fact = Connected(connection="c", gateway="g", protocol="1.6", security_profile=1)
        self.take(self.charger.connected(fact, shown.shown, dead=self.charger.connection))
        return True

    @precondition(lambda self: len(self.charger.offered) < OFFERS)
    @rule()
    def offer_another(self) -> None:
        self.count += 1
        self.take(offer(self.charger, credential(self.count)))
        self.line.append(Sent(self.count))

    @precondition(lambda self: self.line)
    @rule(accepts=st.booleans(), answered=st.booleans())
    def deliver(self, accepts: bool, answered: bool) -> None:
        sent = self.line.pop(0)
        if accepts:
            self.held = sent.n
        if answered:
            self.back.append(Said(sent.n, accepts))

    @precondition(lambda self: self.line)
    @rule()
    def lose(self) -> None:
        self.line.pop(0)

    @precondition(lambda self: self.back)
    @rule()
    def hear(self) -> None:
        """One call in flight: the answer to an earlier message comes before that to a later one."""
        said = self.back.pop(0)
        if not said.accepted:
            self.take(withdraw(self.charger, f"c{said.n}", "Rejected"))
            return
        known = self.charger.keyring.offers(f"c{said.n}")
        self.take(adopt(self.charger, f"c{said.n}"))
        self.take(adopt(self.charger, f"c{said.n}"))
        if known:
            self.dead |= set(range(said.n))

    @rule()
    def log_in(self) -> None:
        assert self.knock(self.held)
        if self.held:
            self.dead |= set(range(self.held))

    @invariant()
    def the_charger_can_always_log_in_with_what_it_holds(self) -> None:
        assert self.charger.keyring.find(word(self.held))[0] is not None

    @invariant()
    def what_is_dead_opens_nothing(self) -> None:
        for n in self.dead:
            assert admit(self.charger, Knock(cpid="CP1", user=b"CP1", password=word(n))).refused

    @invariant()
    def no_more_doors_than_needed(self) -> None:
        assert len(self.charger.offered) <= OFFERS


def issued(one: Credential) -> tuple[str, str, str]:
    return one.salt, one.digest, one.id


TestPasswordChange = PasswordChange.TestCase
TestPasswordChange.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@given(offered=st.integers(0, OFFERS), shown=st.integers(0, OFFERS + 1))
def test_which_password_was_shown_is_told(offered: int, shown: int) -> None:
    ring = Keyring(credential(0), tuple(credential(n + 1) for n in range(offered)))
    found, form = ring.find(word(shown))
    assert (found, form) == ((credential(shown), "raw") if shown <= offered else (None, ""))


@given(valid=st.booleans(), offered=st.integers(0, OFFERS), shown=st.integers(0, OFFERS + 1))
def test_trying_a_password_costs_the_same_whatever_there_is_to_compare_with(
    valid: bool, offered: int, shown: int
) -> None:
    tried: list[str] = []

    class Counting(Credential, frozen=True):
        def matches(self, presented: bytes) -> str:
            tried.append(self.id)
            return super().matches(presented)

    ring = Keyring(
        Counting(SALT, digest_of(SALT, word(0)), "c0") if valid else None,
        tuple(Counting(SALT, digest_of(SALT, word(n + 1)), f"c{n + 1}") for n in range(offered)),
    )
    assert len(ring.slots) == 1 + OFFERS
    ring.find(word(shown))
    assert tried == [one.id for one in ring.slots if one is not NOBODYS]
    assert NOBODYS.matches(word(shown)) == ""
