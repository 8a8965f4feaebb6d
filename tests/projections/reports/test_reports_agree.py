"""Whatever chargers do: reports as of a position stay, parts add up, and what is stored is what events give."""

import random
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest
from msgspec.structs import replace

from domain.uptime.formulas import Formula
from domain.uptime.station import Change, Seconds, Station
from domain.uptime.tally import tally
from projections.availability.changes import signal_of
from projections.availability.queries import AsOf, PortFilter, intervals, ports, tallies
from projections.reports.energy import energy, session_shares
from projections.reports.standing import PositionAhead, position_of, reached
from projections.reports.utilisation import heat_map, utilisation_rows
from tests.projections.reports.asked import BEGIN, END, every_report, wanted
from tests.projections.stories import TENANT, Fleet, Log, project, reading, rows


@pytest.fixture(params=range(3))
def fleet(request: pytest.FixtureRequest, postgres_dsn: str) -> Fleet:
    seed: int = request.param
    return Fleet(Log(postgres_dsn), seed, random.Random(seed).choice((2, 5, 9)), pace_s=8)


def test_a_report_as_of_a_position_is_the_one_that_was_made_there(postgres_dsn: str, fleet: Fleet) -> None:
    fleet.log.append(fleet.arrive())
    made = []
    for _ in range(6):
        fleet.log.append(fleet.live(150))
        project(postgres_dsn)
        with reading(postgres_dsn).connect() as connection:
            made.append(every_report(connection))
    assert len({str(report) for _, report in made}) == 6, "every one differs, so the next lines can fail"
    with reading(postgres_dsn).connect() as connection:
        for position, report in made:
            again = every_report(connection, position)[1]
            assert again == report


def test_what_is_stored_is_what_the_signals_give(postgres_dsn: str, fleet: Fleet) -> None:
    fleet.log.append(fleet.arrive())
    fleet.log.append(fleet.live(900))
    project(postgres_dsn, batch=77)
    signals = rows(postgres_dsn, "ocpp_availability_signals", "charger, position")
    expected = []
    for key, own in groupby(signals, key=lambda row: row["charger"]):
        station = Station()
        changes = [out for row in own for out in station.take(signal_of(row)) if isinstance(out, Change)]
        expected += [
            (key, one.evse_id, one.since, one.position, str(one.state), one.cause, one.event, one.before)
            for one in changes
        ]
    stored = [
        (
            *(row[name] for name in ("charger", "evse_id", "since", "position", "state", "cause", "event")),
            Seconds(*(row[f"{name}_s"] for name in Seconds.__struct_fields__)),
        )
        for row in rows(postgres_dsn, "ocpp_connector_states", "charger, position, evse_id")
    ]
    assert stored == sorted(expected, key=lambda row: (row[0], row[3], row[1]))


def test_the_seconds_of_a_port_are_those_of_its_intervals(postgres_dsn: str, fleet: Fleet) -> None:
    fleet.log.append(fleet.arrive())
    fleet.log.append(fleet.live(600))
    project(postgres_dsn)
    dice = random.Random(1)
    with reading(postgres_dsn).connect() as connection:
        head = reached(connection)
        for _ in range(8):
            of = AsOf(TENANT, dice.randrange(1, head + 1))
            begin = BEGIN + timedelta(seconds=dice.randrange(6000))
            end = begin + timedelta(seconds=dice.randrange(1, 6000))
            keys = [port.key for port in ports(connection, of, PortFilter())]
            for formula in Formula:
                found = tallies(connection, of, keys, begin, end, formula) if keys else {}
                assert found.keys() == set(keys)
                for key, seconds in found.items():
                    assert seconds.period_s == (end - begin).total_seconds()
                    assert seconds == tally(intervals(connection, of, key, begin, end, formula))


def test_parts_add_up_to_the_whole(postgres_dsn: str, fleet: Fleet) -> None:
    fleet.log.append(fleet.arrive())
    fleet.log.append(fleet.live(900))
    project(postgres_dsn)
    with reading(postgres_dsn).connect() as connection:
        at = reached(connection)
        (whole,) = energy(connection, wanted(at), [])
        assert whole.sessions > 5
        assert whole.energy_wh > 0
        names = ("sessions", "energy_wh", "plugged_s", "unended", "unknown_energy")
        for by in (["charger"], ["connector"], ["tag"], ["site"], ["day"], ["charger", "tag", "day"]):
            groups = energy(connection, wanted(at), by)
            for name in names:
                assert sum(getattr(one, name) for one in groups) == getattr(whole, name), (by, name)
        behind, more = session_shares(connection, wanted(at), limit=10_000)
        assert not more
        assert sum(one.share_wh for one in behind) == whole.energy_wh
        assert sum(one.share_s for one in behind) == whole.plugged_s
        assert sum(one.counted for one in behind) == whole.sessions
        assert all(one.events for one in behind)
        cut = BEGIN + (END - BEGIN) / 3
        spans: tuple[dict[str, Any], ...] = ({"end": cut}, {"begin": cut})
        halves = [energy(connection, replace(wanted(at), **span), []) for span in spans]
        assert sum(one.energy_wh for half in halves for one in half) == whole.energy_wh


def test_the_heat_map_is_the_seconds_of_the_ports(postgres_dsn: str, fleet: Fleet) -> None:
    fleet.log.append(fleet.arrive())
    fleet.log.append(fleet.live(900))
    project(postgres_dsn)
    with reading(postgres_dsn).connect() as connection:
        of = AsOf(TENANT, reached(connection))
        together, *each = utilisation_rows(connection, of, PortFilter(), BEGIN, END)
        for zone in ("UTC", "Asia/Kathmandu", "America/St_Johns"):
            cells = heat_map(connection, of, PortFilter(), BEGIN, END, zone)
            assert len(cells) == 168
            assert sum(cell.in_use_s for cell in cells) == together.in_use_s > 0
            assert sum(cell.connector_s for cell in cells) == together.in_service_s
        assert together.in_use_s == sum(one.in_use_s for one in each)
        assert sum(one.energy_wh for one in each) == energy(connection, wanted(of.position), [])[0].energy_wh


def test_a_position_that_nobody_has_reached_is_refused(postgres_dsn: str, fleet: Fleet) -> None:
    fleet.log.append(fleet.arrive())
    project(postgres_dsn)
    with reading(postgres_dsn).connect() as connection:
        head = reached(connection)
        assert position_of(connection, TENANT, None) == head
        assert position_of(connection, TENANT, head) == head
        with pytest.raises(PositionAhead):
            position_of(connection, TENANT, head + 1)
        assert position_of(connection, TENANT, BEGIN) == 0
        assert 0 < position_of(connection, TENANT, END) <= head
