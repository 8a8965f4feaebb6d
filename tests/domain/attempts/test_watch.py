"""The funnel: which event belongs to which attempt, and what is wrong at a connector."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.attempts.signals import Cleared, Fault, Heard, Step
from domain.attempts.watch import Watch

START = datetime(2026, 3, 1, tzinfo=UTC)


def heard(numbers: "count[int]", kind: str, minutes: float = 0, **told: Any) -> Heard:
    """One thing heard."""
    position = next(numbers)
    return Heard(
        kind=kind,
        at=START + timedelta(minutes=minutes),
        position=position,
        event=f"charger/acme/CP1@{position}",
        **told,
    )


def steps(*told: tuple[str, dict[str, Any]]) -> list[tuple[int, str]]:
    """(attempt, step) of what happened, a minute apart."""
    watch, numbers = Watch(), count(1)
    out: list[Any] = []
    for minutes, (kind, more) in enumerate(told):
        out += watch.take(heard(numbers, kind, minutes, **more))
    return [(one.attempt, one.name) for one in out if isinstance(one, Step)]


def status(word: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "status", {"evse_id": 1, "connector_id": 1, "word": word, **more}


PRESENTED = ("presented", {"word": "Accepted"})
STARTED = ("started", {"evse_id": 1, "word": "Accepted", "subject": "t"})
SETTLED = ("settled", {"subject": "t", "number": 1})
ENDED = ("ended", {"subject": "t", "word": "Local"})


def test_plugged_in_first() -> None:
    life = (status("Occupied"), PRESENTED, STARTED, ENDED, SETTLED, status("Available"))
    names = ["plugged", "authorised", "started", "stopped", "energised", "closed"]
    assert steps(*life) == [(1, name) for name in names]


def test_the_token_first_belongs_to_the_port_that_is_plugged_in_next() -> None:
    life = (PRESENTED, status("Occupied"), STARTED, ENDED, SETTLED)
    assert steps(*life) == [
        (1, name) for name in ("authorised", "plugged", "started", "stopped", "energised")
    ]


def test_a_refused_token_is_an_attempt_that_does_not_start() -> None:
    life = (status("Occupied"), ("presented", {"word": "Blocked"}), status("Available"))
    assert steps(*life) == [(1, "plugged"), (1, "refused"), (1, "closed")]


def test_a_token_of_old_is_not_the_one_of_now() -> None:
    watch, numbers = Watch(), count(1)
    watch.take(heard(numbers, "presented", 0, word="Accepted"))
    (plugged,) = watch.take(heard(numbers, "status", 6, evse_id=1, connector_id=1, word="Occupied"))
    assert isinstance(plugged, Step)
    assert plugged.attempt == 2


def test_a_start_without_a_word_before_it_is_an_attempt() -> None:
    assert steps(STARTED, ENDED) == [(1, "authorised"), (1, "started"), (1, "stopped")]


def test_two_cars_that_wait_are_not_told_apart_by_a_token() -> None:
    life = (status("Occupied"), status("Occupied", evse_id=2), PRESENTED)
    assert steps(*life) == [(1, "plugged"), (2, "plugged"), (3, "authorised")]


def test_ends_that_nobody_chose_are_not_proper() -> None:
    for word, proper in (
        ("Local", True),
        ("EVDisconnected", True),
        ("PowerLoss", False),
        ("EmergencyStop", False),
    ):
        watch, numbers = Watch(), count(1)
        watch.take(heard(numbers, "started", evse_id=1, subject="t"))
        (end,) = watch.take(heard(numbers, "ended", subject="t", word=word))
        assert isinstance(end, Step)
        assert end.proper is proper


def test_an_error_begins_once_and_ends_once() -> None:
    watch, numbers = Watch(), count(1)
    out: list[Any] = []
    for word, code in (
        ("Faulted", "GroundFailure"),
        ("Faulted", "GroundFailure"),
        ("Faulted", "HighTemperature"),
        ("Available", ""),
        ("Available", ""),
        ("Faulted", ""),
    ):
        out += watch.take(heard(numbers, "status", evse_id=1, connector_id=1, word=word, code=code))
    assert [
        (type(one), getattr(one, "code", getattr(one, "fault", "")))
        for one in out
        if not isinstance(one, Step)
    ] == [
        (Fault, "GroundFailure"),
        (Cleared, 1),
        (Fault, "HighTemperature"),
        (Cleared, 3),
        (Fault, "Faulted"),
    ]


KINDS = st.sampled_from(("status", "presented", "started", "ended", "settled", "security", "connected"))
THINGS = st.tuples(
    KINDS,
    st.fixed_dictionaries(
        {
            "evse_id": st.integers(0, 2),
            "connector_id": st.integers(0, 2),
            "word": st.sampled_from(("Available", "Occupied", "Faulted", "Accepted", "Blocked", "Local")),
            "code": st.sampled_from(("", "GroundFailure")),
            "subject": st.sampled_from(("s", "t", "u")),
            "number": st.integers(0, 2),
        }
    ),
)


@given(st.lists(THINGS, max_size=40), st.integers(0, 40))
def test_laws(life: list[tuple[str, dict[str, Any]]], where: int) -> None:
    """Steps name attempts that began before; a watch that was laid down goes on; its state stays small."""
    watch, other, numbers = Watch(), Watch(), count(1)
    begun: set[int] = set()
    for n, (kind, told) in enumerate(life):
        one = heard(numbers, kind, n, **told)
        out = watch.take(one)
        if n == where:
            other = msgspec.json.decode(msgspec.json.encode(other), type=Watch)
        assert other.take(one) == out
        for step in out:
            if isinstance(step, Step):
                assert step.attempt == one.position or step.attempt in begun
                begun.add(step.attempt)
    assert len(watch.attempts) <= 3
    assert other == watch
