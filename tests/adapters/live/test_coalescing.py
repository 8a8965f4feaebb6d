"""Readings once a second: the first at once, the last of each series soon after, and in order."""

from datetime import timedelta
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapters.live.coalescing import PERIOD, Coalescer
from adapters.live.places import Place
from adapters.live.prepared import Prepared, Preparer
from domain.event import Event, Told
from domain.metering import Reading, Sample
from domain.transactions.events import Metered
from tests.adapters.live.logbook import BEGAN, SECRET, TENANT

PREPARER = Preparer(SECRET)


def reading(position: int, tenths: int, *, connector: int = 1, series: str = "Power") -> list[Prepared]:
    at = BEGAN + timedelta(seconds=tenths / 10)
    sample = Sample(at, "Sample.Periodic", (Reading(series, Decimal(position), "W"),))
    event = Event(
        originator_id=f"transaction/{TENANT}/CP1/{connector}",
        originator_version=position,
        fact=Metered(evse_id=connector, connector_id=1, samples=(sample,)),
        told=Told(recorded_at=at),
    )
    return PREPARER.prepare(position, event)


def values(message: Prepared) -> dict[str, str]:
    data = msgspec.json.decode(message.body)["data"]
    return {one["measurand"]: one["value"] for sample in data["samples"] for one in sample["values"]}


def test_the_first_at_once_and_the_last_when_the_second_is_over() -> None:
    coalescer = Coalescer(PREPARER.envelope)
    first, second, third = reading(1, 0), reading(2, 3), reading(3, 6)
    assert coalescer.feed([*first, *second, *third], 3) == first
    assert coalescer.next_due == BEGAN + PERIOD
    assert coalescer.due(BEGAN + timedelta(seconds=0.9)) == []
    (later,) = coalescer.due(BEGAN + PERIOD)
    assert values(later) == {"Power": "3"}
    assert third[0].place < later.place < Place(4, 0)
    assert coalescer.due(BEGAN + 5 * PERIOD) == []


def test_series_that_come_one_by_one_come_together() -> None:
    coalescer = Coalescer(PREPARER.envelope)
    told = [*reading(1, 0), *reading(2, 1, series="Energy"), *reading(3, 2), *reading(4, 3, series="SoC")]
    assert [m.place.position for m in coalescer.feed(told, 4)] == [1]
    (later,) = coalescer.flush()
    assert values(later) == {"Energy": "2", "Power": "3", "SoC": "4"}


def test_connectors_do_not_wait_for_each_other() -> None:
    coalescer = Coalescer(PREPARER.envelope)
    told = [*reading(1, 0), *reading(2, 1, connector=2), *reading(3, 2)]
    assert [m.place.position for m in coalescer.feed(told, 3)] == [1, 2]


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 3), st.sampled_from(["Power", "Energy"])), max_size=40
    )
)
def test_at_most_once_a_second_in_order_and_the_last_values_are_told(
    steps: list[tuple[int, int, str]],
) -> None:
    coalescer = Coalescer(PREPARER.envelope)
    tenths, told, last = 0, list[Prepared](), dict[tuple[int, str], str]()
    for position, (step, connector, series) in enumerate(steps, start=1):
        tenths += step
        last[connector, series] = str(position)
        told += coalescer.feed(reading(position, tenths, connector=connector, series=series), position)
        told += coalescer.due(BEGAN + timedelta(seconds=tenths / 10))
    told += coalescer.due(BEGAN + timedelta(seconds=tenths / 10 + 1))
    places = [message.place for message in told]
    assert places == sorted(set(places))
    shown: dict[tuple[int, str], str] = {}
    for message in told:
        assert message.connector is not None
        for series, value in values(message).items():
            shown[message.connector, series] = value
    assert shown == last
    for connector in (1, 2, 3):
        # By the time of their making: at most one in any second, and one more at its edge.
        count = sum(message.connector == connector for message in told)
        assert count <= tenths // 10 + 2
