"""March 2026 counted by hand: 31 days, 44,640 minutes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from domain.uptime.formulas import Formula, meets, nevi, uk
from domain.uptime.states import Claim, State, clipped, excluded, proven
from domain.uptime.tally import Tally, tally
from tests.domain.uptime.signals import (
    APRIL,
    MARCH,
    at,
    connected,
    disconnected,
    intervals,
    signal,
    status,
    take,
)

MINUTES = 44_640


def test_a_month_with_a_fault_and_an_offline_night() -> None:
    # up from the 1st 00:00; faulted on the 5th 10:00 to 16:00: 360 min down
    # offline on the 10th 22:00 to the 11th 04:00: 360 min unknown
    # in use on the 20th 12:00 to 14:30: 150 min, of which 120 min charging
    # up: 44,640 - 360 - 360 - 150 = 43,770
    _, changes, uses = take(
        [
            connected(MARCH),
            status(MARCH, "Available"),
            status(at(5, "10:00"), "Faulted", detail="GroundFailure"),
            status(at(5, "16:00"), "Available"),
            disconnected(at(10, "22:00")),
            connected(at(11, "04:00"), "d"),
            status(at(20, "12:00"), "Occupied", activity="Charging"),
            status(at(20, "14:00"), "Occupied", activity="SuspendedEV"),
            status(at(20, "14:30"), "Available"),
        ]
    )
    assert uses == []
    found = clipped(intervals(changes, APRIL), MARCH, APRIL)
    fault = next(one for one in found if one.state is State.DOWN)
    assert (fault.cause, fault.detail, fault.event) == (
        "faulted",
        "GroundFailure",
        f"charger/acme/CP1@{fault.position}",
    )
    seconds = tally(found)
    assert seconds == Tally(
        up_s=43_770 * 60, charging_s=120 * 60, idle_s=30 * 60, down_s=360 * 60, offline_s=360 * 60
    )
    assert seconds.period_s == MINUTES * 60
    # NEVI: (44,640 - 720) / 44,640 = 98.38709…; nothing proves use, so both bounds are the same
    assert nevi(seconds).optimistic_pct == nevi(seconds).pessimistic_pct == Decimal("98.3870")
    # UK optimistic: unknown leaves: 43,920 / (43,920 + 360) = 99.18699…
    # UK pessimistic: 43,920 / (43,920 + 720) = 98.38709…
    assert uk(seconds).optimistic_pct == Decimal("99.1869")
    assert uk(seconds).pessimistic_pct == Decimal("98.3870")
    assert meets(Formula.NEVI, Decimal("97.0000")) is False, "more than 97 %"
    assert meets(Formula.UK, Decimal("99.0000")) is True, "at least 99 %"
    assert meets(Formula.UK, None) is None


def test_a_session_told_later_proves_use_while_offline() -> None:
    # offline on the 10th 22:00 to the 11th 04:00 (360 min); a session of 23:00 to 01:30 is told at 04:01
    # by a charger whose clock is 120 s behind: by our clock 23:02 to 01:32, 150 min
    behind = timedelta(seconds=120)
    _, changes, uses = take(
        [
            connected(MARCH),
            status(MARCH, "Available"),
            signal("skew", MARCH, number=120),
            disconnected(at(10, "22:00")),
            connected(at(11, "04:00"), "d"),
            signal("began", at(11, "04:01"), evse_id=1, subject="t", told_at=at(10, "23:02") - behind),
            signal("ended", at(11, "04:01"), evse_id=1, subject="t", told_at=at(11, "01:32") - behind),
        ]
    )
    (use,) = uses
    assert (use.begin, use.end) == (at(10, "23:02"), at(11, "01:32"))
    claims = [Claim(begin=use.begin, end=use.end, name=use.session)]
    seconds = tally(proven(clipped(intervals(changes, APRIL), MARCH, APRIL), claims))
    assert (seconds.proven_s, seconds.offline_s) == (150 * 60, 210 * 60)
    # NEVI optimistic: (44,640 - 210) / 44,640 = 99.52956…; pessimistic: (44,640 - 360) / 44,640 = 99.19354…
    assert nevi(seconds).optimistic_pct == Decimal("99.5295")
    assert nevi(seconds).pessimistic_pct == Decimal("99.1935")
    # UK optimistic: (44,280 + 150) / the same = 100; pessimistic: 44,280 / 44,640
    assert uk(seconds).optimistic_pct == Decimal("100.0000")
    assert uk(seconds).pessimistic_pct == Decimal("99.1935")


def test_an_exclusion_takes_what_counts_against_and_nothing_else() -> None:
    # faulted on the 5th 10:00 to 16:00; the utility was away from 09:00 to 12:00: 120 min of the fault
    _, changes, _ = take(
        [
            connected(MARCH),
            status(MARCH, "Available"),
            status(at(5, "10:00"), "Faulted"),
            status(at(5, "16:00"), "Available"),
        ]
    )
    claim = Claim(begin=at(5, "09:00"), end=at(5, "12:00"), name="x1")
    found = excluded(clipped(intervals(changes, APRIL), MARCH, APRIL), [claim])
    seconds = tally(found)
    assert (seconds.down_s, seconds.down_excluded_s, seconds.up_s) == (240 * 60, 120 * 60, 44_280 * 60)
    # NEVI: (44,640 - (360 - 120)) / 44,640 = 99.46236…
    assert nevi(seconds).pessimistic_pct == Decimal("99.4623")
    # UK: 44,280 / (44,280 + 240) = 99.46091…: what is exempt leaves the fraction
    assert uk(seconds).pessimistic_pct == Decimal("99.4609")
    assert [one.exclusion for one in found if one.state is State.DOWN] == ["x1", ""]


def test_a_year_of_365_days_has_the_minutes_of_the_regulation() -> None:
    # 525,600 minutes; an outage of 15,768 is exactly 3 %: 97 %, which is not more than 97 %
    seconds = Tally(up_s=(525_600 - 15_768) * 60, down_s=15_768 * 60)
    assert seconds.in_service_s == 525_600 * 60
    assert nevi(seconds).pessimistic_pct == Decimal("97.0000")
    assert meets(Formula.NEVI, nevi(seconds).pessimistic_pct) is False
    excused = Tally(up_s=(525_600 - 15_768) * 60, down_s=15_767 * 60, down_excluded_s=60)
    assert meets(Formula.NEVI, nevi(excused).pessimistic_pct) is True


def test_before_it_was_heard_of_and_after_it_is_retired_nothing_counts() -> None:
    # heard of on the 11th 00:00, retired on the 21st 00:00: 10 days, 14,400 min in service
    _, changes, _ = take(
        [
            signal("standing", at(10), word="active"),
            connected(at(11)),
            status(at(11), "Available"),
            signal("standing", at(21), word="retired"),
            disconnected(at(21)),
        ]
    )
    seconds = tally(clipped(intervals(changes, APRIL), MARCH, APRIL))
    assert seconds == Tally(up_s=14_400 * 60, absent_s=(MINUTES - 14_400) * 60)
    assert nevi(seconds).pessimistic_pct == Decimal("100.0000")


def test_nothing_to_divide_by_is_no_figure() -> None:
    assert nevi(Tally(absent_s=60)).optimistic_pct is None
    assert uk(Tally(offline_s=60)).optimistic_pct is None
    assert uk(Tally(offline_s=60)).pessimistic_pct == Decimal("0.0000")


def test_a_port_with_two_plugs_is_one_car_s() -> None:
    _, changes, _ = take(
        [
            connected(MARCH),
            status(MARCH, "Available"),
            status(at(2), "Available", connector_id=2),
            status(at(3), "Faulted", connector_id=2, detail="ConnectorLockFailure"),
            status(at(4), "Occupied"),
            status(at(5), "Unavailable"),
            status(at(6), "Available"),
        ]
    )
    assert [(one.since, one.state, one.cause, one.detail) for one in changes] == [
        (MARCH, State.UP, "", ""),
        (at(4), State.IDLE, "", ""),
        (at(5), State.DOWN, "faulted", "ConnectorLockFailure"),
        (at(6), State.UP, "", ""),
    ]


def test_what_the_charger_says_of_itself_holds_for_its_ports() -> None:
    _, changes, _ = take(
        [
            connected(MARCH),
            status(MARCH, "Available"),
            status(MARCH, "Occupied", evse_id=2),
            status(at(2), "Faulted", evse_id=0, connector_id=0, detail="PowerMeterFailure"),
            status(at(3), "Available", evse_id=0, connector_id=0),
            signal("standing", at(4), word="disabled"),
            signal("standing", at(5), word="active"),
        ]
    )
    of_two = [(one.since, one.state, one.cause) for one in changes if one.evse_id == 2]
    assert of_two == [
        (MARCH, State.IDLE, ""),
        (at(2), State.DOWN, "faulted"),
        (at(3), State.IDLE, ""),
        (at(4), State.DOWN, "disabled"),
        (at(5), State.IDLE, ""),
    ]


def test_reports_of_a_backlog_lose_against_what_was_said_since() -> None:
    station, changes, _ = take(
        [
            connected(MARCH),
            status(MARCH, "Available"),
            status(at(2), "Faulted", told_at=at(2)),
            status(at(2, "00:10"), "Available", told_at=at(1, "23:00")),  # older than the fault
            status(at(2, "00:20"), "Available", told_at=at(2, "00:20")),
        ]
    )
    assert [(one.since, one.state) for one in changes] == [
        (MARCH, State.UP),
        (at(2), State.DOWN),
        (at(2, "00:20"), State.UP),
    ]
    assert station.ports[1].connectors[1].ordered_at == at(2, "00:20")


def test_a_restart_forgets_which_report_was_newer() -> None:
    # a clock that was set back at the restart: what it says next looks old, and is news all the same
    told = [
        connected(MARCH),
        status(MARCH, "Available", told_at=MARCH),
        signal("restarted", at(2)),
        status(at(2), "Faulted", told_at=at(1, "12:00")),
    ]
    assert [one.state for one in take(told)[1]] == [State.UP, State.DOWN]


def test_the_end_of_a_replaced_connection_is_no_outage() -> None:
    _, changes, _ = take(
        [
            connected(MARCH, "a"),
            status(MARCH, "Available"),
            connected(at(2), "b"),
            disconnected(at(2, "00:01"), "a"),
            disconnected(at(3), "b"),
        ]
    )
    assert [(one.since, one.state) for one in changes] == [(MARCH, State.UP), (at(3), State.UNKNOWN)]


def test_our_clock_never_goes_back() -> None:
    # another gateway's clock is a minute behind: its word counts as of the newest moment known
    _, changes, _ = take(
        [connected(MARCH), status(at(2), "Available"), status(at(1, "23:59"), "Faulted"), connected(at(3))]
    )
    assert [one.since for one in changes] == [at(2), at(2)]


def test_2x_tells_the_charging_state_with_the_transaction() -> None:
    _, changes, _ = take(
        [
            connected(MARCH),
            status(MARCH, "Available"),
            status(at(2), "Occupied"),
            signal("began", at(2), evse_id=1, subject="t", word="EVConnected", told_at=at(2)),
            signal("activity", at(2, "00:05"), subject="t", word="Charging"),
            signal("activity", at(2, "01:00"), subject="t", word="SuspendedEV"),
            signal("ended", at(2, "01:10"), subject="t", told_at=at(2, "01:10")),
            status(at(2, "01:20"), "Available"),
        ]
    )
    assert [(one.since, str(one.state), one.cause) for one in changes] == [
        (MARCH, "up", ""),
        (at(2), "idle", ""),
        (at(2), "idle", "EVConnected"),
        (at(2, "00:05"), "charging", "Charging"),
        (at(2, "01:00"), "idle", "SuspendedEV"),
        (at(2, "01:10"), "idle", ""),
        (at(2, "01:20"), "up", ""),
    ]


def test_times_that_no_clock_can_mean_prove_nothing() -> None:
    for began, ended in (
        (datetime(1970, 1, 1, tzinfo=UTC), at(2)),
        (at(1), at(9)),  # ends after it was told
        (at(2), at(2)),
        (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)),
    ):
        _, _, uses = take(
            [
                signal("skew", at(3), number=-(10**12)),
                signal("began", at(3), evse_id=1, subject="t", told_at=began),
                signal("ended", at(3), evse_id=1, subject="t", told_at=ended),
            ]
        )
        assert uses == []


def test_a_charger_cannot_make_its_state_grow_without_bound() -> None:
    station, _, _ = take(
        [
            connected(MARCH),
            *(status(MARCH, "Available", evse_id=n) for n in range(1, 1000)),
            *(status(MARCH, "Available", connector_id=n) for n in range(1, 1000)),
            *(signal("began", MARCH, evse_id=1, subject=f"t{n}", told_at=MARCH) for n in range(1000)),
        ]
    )
    assert len(station.ports) == 256
    assert len(station.ports[1].connectors) == 32
    assert list(station.stays) == [f"t{n}" for n in range(984, 1000)]
