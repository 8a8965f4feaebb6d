"""What operators say of a charger: news makes facts, what is so already makes none."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.chargers.boot import BootReport
from domain.chargers.charger import Charger, ChargerNotAdmitted
from domain.chargers.credentials import Credential
from domain.chargers.events import (
    Acceptance,
    AcceptanceDecided,
    Connected,
    HeartbeatReceived,
    Registered,
    SecurityProfileChosen,
)
from domain.chargers.networks import NetworkInvalid, NetworksNeeded
from domain.chargers.particulars import (
    ChargerRetired,
    DowngradeWithoutReason,
    Particulars,
    PasswordNeeded,
    ProfileUnknown,
    describe,
    hold_until,
)
from domain.chargers.provisioning import (
    ConnectorPlan,
    ConnectorsDescribed,
    Disabled,
    Enabled,
    ModelProfileChosen,
    NetworksAllowed,
    Placed,
    Renamed,
    Retired,
    Standing,
)
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PLAN = (ConnectorPlan(connector_id=1, plug="Type2", max_a=Decimal(32), phases=3),)
CONNECTED = Connected(connection="c", gateway="g", protocol="1.6", security_profile=1)


def charger(*facts: Fact, profile: int = 1) -> Charger:
    state = Charger(ChargerId.of("t", "CP1"))
    tell(state, Registered(cpid="CP1", security_profile=profile, name="Yard"), *facts)
    state.credential = Credential("00" * 16, "11" * 32)
    return state


def tell(state: Charger, *facts: Fact) -> None:
    for event in events_of(state.stream, state.version, facts, Told(recorded_at=NOW)):
        state.when(event)


EVERYTHING = {"name": "Gate", "site": "s1", "node": "n1", "model_profile": "beny", "connectors": PLAN}


@pytest.mark.parametrize(
    ("wanted", "facts"),
    [
        ({"name": "Yard", "site": "", "standing": Standing.ACTIVE, "security_profile": 1}, []),
        ({"name": "Gate"}, [Renamed("Gate")]),
        ({"node": "n1"}, [Placed(node="n1")]),
        (
            EVERYTHING,
            [
                Renamed("Gate"),
                Placed(site="s1", node="n1"),
                ModelProfileChosen("beny"),
                ConnectorsDescribed(PLAN),
            ],
        ),
        ({"security_profile": 2, "downgrade_reason": "none"}, [SecurityProfileChosen(2)]),
        (
            {"security_profile": 0, "downgrade_reason": " VPN ", "networks": ("10.9.1.1/16", "10.9.0.0/16")},
            [SecurityProfileChosen(0, "VPN"), NetworksAllowed(("10.9.0.0/16",))],
        ),
        ({"networks": ("fd00:12::/32",)}, [NetworksAllowed(("fd00:12::/32",))]),
        ({"standing": Standing.DISABLED, "reason": "broken"}, [Disabled("broken")]),
        ({"standing": Standing.RETIRED}, [Retired()]),
    ],
)
def test_news_makes_facts_and_what_was_said_makes_none(wanted: dict[str, Any], facts: list[Fact]) -> None:
    state = charger()
    assert describe(state, Particulars(**wanted)) == facts
    tell(state, *facts)
    assert [f for f in describe(state, Particulars(**wanted)) if not isinstance(f, Retired)] == []


@pytest.mark.parametrize(
    ("profile", "wanted", "error"),
    [
        (2, {"security_profile": 1}, DowngradeWithoutReason),
        (1, {"security_profile": 0, "downgrade_reason": "  "}, DowngradeWithoutReason),
        (3, {"security_profile": 2}, DowngradeWithoutReason),
        (3, {"security_profile": 2, "downgrade_reason": "no clock"}, PasswordNeeded),
        (1, {"security_profile": 4}, ProfileUnknown),
        (1, {"security_profile": 0, "downgrade_reason": "VPN"}, NetworksNeeded),
        (0, {"networks": ()}, NetworksNeeded),
        (0, {"networks": ("10.0.0.0/33",)}, NetworkInvalid),
        (0, {"networks": tuple(f"10.0.{n}.0/24" for n in range(33))}, NetworkInvalid),
    ],
)
def test_a_weaker_profile_needs_a_reason(
    profile: int, wanted: dict[str, Any], error: type[Exception]
) -> None:
    state = charger(profile=profile)
    if profile == 3:
        state.credential = None
    with pytest.raises(error):
        describe(state, Particulars(**wanted))


def test_a_certificate_needs_no_password() -> None:
    state = charger(profile=0)
    state.credential = None
    assert describe(state, Particulars(security_profile=3)) == [SecurityProfileChosen(3)]


def test_a_protected_profile_needs_a_password_first() -> None:
    state = charger(profile=0)
    state.credential = None
    with pytest.raises(PasswordNeeded):
        describe(state, Particulars(security_profile=2))


def test_what_is_retired_stays_so_until_its_id_is_given_out_anew() -> None:
    state = charger(Placed(site="s1"), Retired())
    tell(state, Retired())
    for wanted in ({"standing": Standing.ACTIVE}, {"name": "x"}, {"standing": Standing.DISABLED}):
        with pytest.raises(ChargerRetired):
            describe(state, Particulars(**wanted))
    tell(state, Registered(cpid="CP1", security_profile=1))
    assert (state.standing, state.site, state.credential) == (Standing.ACTIVE, "", None)


@pytest.mark.parametrize("out", [Disabled(), Retired()])
def test_a_charger_put_out_of_use_after_it_knocked_does_not_get_in(out: Fact) -> None:
    state = charger(out)
    with pytest.raises(ChargerNotAdmitted):
        state.connected(CONNECTED)
    if isinstance(out, Disabled):
        tell(state, Enabled())
        assert state.connected(CONNECTED) == [CONNECTED]


def test_the_revision_moves_with_operators_and_not_with_heartbeats() -> None:
    state = charger()
    assert state.revision == 1
    tell(state, HeartbeatReceived(), CONNECTED)
    assert state.revision == 1
    tell(state, Renamed("x"))
    assert state.revision == 4


@pytest.mark.parametrize(
    ("late", "answer"),
    [(timedelta(), Acceptance.ACCEPTED), (timedelta(seconds=1), Acceptance.PENDING)],
)
def test_a_boot_in_time_is_accepted_and_settles_it(late: timedelta, answer: Acceptance) -> None:
    state = charger(hold_until(NOW))
    heard, fact = state.boot(BootReport(vendor="v", model="m"), "c", NOW + late, 300)
    assert heard.acceptance is fact.answered is answer
    settled = state.settle_acceptance(NOW + late)
    assert settled == ([AcceptanceDecided(answer)] if answer is Acceptance.ACCEPTED else [])
    tell(state, fact, *settled)
    assert state.answer_at(NOW + timedelta(days=9)) is answer
