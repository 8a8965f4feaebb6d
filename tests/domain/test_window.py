"""Windows: who fits, who is protected well enough, and how many get in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.chargers.admission import Knock
from domain.chargers.networks import NetworksNeeded
from domain.event import Fact, Told, events_of
from domain.provisioning.events import ChargerLetIn, WindowClosed, WindowOpened
from domain.provisioning.window import (
    LONGEST,
    MOST,
    Window,
    WindowAlreadyOpen,
    WindowImpossible,
    WindowNotOpen,
    window_stream,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def opened(**chosen: Any) -> WindowOpened:
    wanted = {"until": NOW + LONGEST, "pattern": "BENY-*", "most": 2, "security_profile": 1, **chosen}
    return WindowOpened(window_id="w", **wanted)


def window(*facts: Fact) -> Window:
    state = Window(window_stream("t"))
    for event in events_of(state.stream, 0, facts, Told(recorded_at=NOW)):
        state.when(event)
    return state


def let_in(cpid: str = "BENY-1") -> ChargerLetIn:
    return ChargerLetIn(window_id="w", cpid=cpid, security_profile=1)


def knock(**shown: Any) -> Knock:
    return Knock(**{"cpid": "BENY-1", "user": b"beny-1", "password": b"0123456789abcdef", **shown})


@pytest.mark.parametrize(
    "chosen",
    [
        {"until": NOW},
        {"until": NOW + LONGEST + SECOND},
        {"most": 0},
        {"most": MOST + 1},
        {"security_profile": 3},
        {"security_profile": -1},
        {"pattern": ""},
        {"pattern": "x" * 49},
        {"pattern": "\x00"},
    ],
)
def test_a_window_has_bounds(chosen: dict[str, Any]) -> None:
    with pytest.raises(WindowImpossible):
        window().opening(opened(**chosen), NOW)


def test_sec_01_who_shows_no_password_comes_from_a_listed_network() -> None:
    with pytest.raises(NetworksNeeded):
        window().opening(opened(security_profile=0), NOW)
    wide = window(opened(security_profile=0, networks=("10.20.0.0/16",)))
    silent = knock(user=None, password=None)
    assert wide.letting_in(silent, "10.21.0.1") == "network_not_allowed"
    found = wide.letting_in(silent, "10.20.0.1")
    assert isinstance(found, ChargerLetIn)
    assert found.security_profile == 0


def test_one_window_at_a_time() -> None:
    assert window().opening(opened(), NOW) == [opened()]
    with pytest.raises(WindowAlreadyOpen):
        window(opened()).opening(opened(), NOW)
    over = window(opened())
    assert over.opening(opened(until=NOW + 2 * LONGEST), NOW + LONGEST)
    assert window(opened()).closing(NOW) == [WindowClosed(window_id="w")]
    for shut in (window(), over, window(opened(), WindowClosed(window_id="w"))):
        with pytest.raises(WindowNotOpen):
            shut.closing(NOW + LONGEST)


@pytest.mark.parametrize(
    ("facts", "cpid", "now", "fits"),
    [
        ([], "BENY-1", NOW, False),
        ([opened()], "BENY-1", NOW, True),
        ([opened()], "beny-1", NOW, True),
        ([opened()], "ALFEN-1", NOW, False),
        ([opened()], "BENY-1", NOW + LONGEST - SECOND, True),
        ([opened()], "BENY-1", NOW + LONGEST, False),
        ([opened(), let_in()], "BENY-2", NOW, True),
        ([opened(), let_in(), let_in()], "BENY-3", NOW, False),
        ([opened(), let_in(), let_in(), opened()], "BENY-3", NOW, True),
        ([opened(), WindowClosed(window_id="w")], "BENY-1", NOW, False),
    ],
)
def test_whom_it_fits(facts: list[Fact], cpid: str, now: datetime, fits: bool) -> None:
    assert window(*facts).fits(cpid, now) is fits


NOTHING: dict[str, Any] = {"user": None, "password": None}


@pytest.mark.parametrize(
    ("profile", "shown", "verdict"),
    [
        (0, NOTHING, 0),
        (0, {}, 1),
        (0, {"secure": True}, 2),
        (0, {"password": b"short"}, "auth_password"),
        (1, NOTHING, "auth_missing"),
        (1, {}, 1),
        (1, {"secure": True}, 2),
        (1, {"user": b"BENY-2"}, "auth_user_mismatch"),
        (1, {"password": b"0123456789abcde"}, "auth_password"),
        (1, {"password": b"x" * 65}, "auth_password"),
        (2, {}, "profile_mismatch"),
        (2, {"secure": True}, 2),
        (2, {**NOTHING, "secure": True}, "auth_missing"),
    ],
)
def test_a_charger_is_pinned_to_the_protection_it_came_with(
    profile: int, shown: dict[str, Any], verdict: int | str
) -> None:
    found = window(opened(security_profile=profile, networks=("10.0.0.0/8",))).letting_in(
        knock(**shown), "10.0.0.7"
    )
    assert (found if isinstance(found, str) else found.security_profile) == verdict


@given(
    profile=st.sampled_from([1, 2]),
    user=st.none() | st.binary(max_size=10),
    password=st.none() | st.binary(max_size=70),
    secure=st.booleans(),
)
def test_nobody_gets_through_on_less_than_the_window_asks_for(
    profile: int, user: bytes | None, password: bytes | None, secure: bool
) -> None:
    shown = knock(user=user, password=password, secure=secure)
    found = window(opened(security_profile=profile)).letting_in(shown, "")
    assert isinstance(found, str) or (found.security_profile >= profile and user == b"BENY-1")


def test_an_event_heard_twice_counts_once() -> None:
    state = Window(window_stream("t"))
    events = events_of(state.stream, 0, [opened(), let_in()], Told(recorded_at=NOW))
    for event in [*events, *events]:
        state.when(event)
    assert (state.version, state.let_in, state.left(NOW)) == (2, 1, 1)
