"""Reading ahead changes nothing of what is read: same items, same order, same errors."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.chargers.events import Disconnected, HeartbeatReceived
from domain.event import Event, Fact, Recorded, Told
from projections.read_ahead import ReadAhead
from projections.read_model import LogItem

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FACTS: tuple[Fact, ...] = (HeartbeatReceived(), Disconnected(connection="c"))


def item(position: int) -> LogItem:
    fact = FACTS[position % 2]
    event = Event(
        originator_id="charger/t/CP", originator_version=position, fact=fact, told=Told(recorded_at=NOW)
    )
    return Recorded(position, event)


class ListLog:
    """A log in a list; every third position is missing, as numbers of the log may be."""

    def __init__(self, head: int) -> None:
        self.items = [item(position) for position in range(1, head + 1) if position % 3]
        self.broken = False
        self.closed = False

    def read(
        self, after: int, upto: int, limit: int, topics: frozenset[str] | None = None
    ) -> Sequence[LogItem]:
        if self.broken:
            raise ConnectionError("the log is away")
        wanted = [
            one
            for one in self.items
            if after < one.position <= upto
            and (topics is None or (isinstance(one, Recorded) and one.event.fact.TOPIC in topics))
        ]
        return wanted[:limit]

    def head(self) -> int:
        return self.items[-1].position if self.items else 0

    def wait(self, timeout_s: float) -> None:
        del timeout_s

    def close(self) -> None:
        self.closed = True


@given(
    head=st.integers(1, 60),
    reads=st.lists(
        st.tuples(st.booleans(), st.integers(0, 60), st.integers(1, 9), st.booleans()), max_size=30
    ),
)
def test_every_read_is_what_the_log_itself_would_say(
    head: int, reads: list[tuple[bool, int, int, bool]]
) -> None:
    """Reading on or elsewhere, to any bound that the log has reached, in batches of any size."""
    plain, log = ListLog(head), ReadAhead(ListLog(head), ListLog(head))
    after = 0
    try:
        for reads_on, place, limit, some in reads:
            after = after if reads_on else place
            upto = min(max(after, place), plain.head())
            topics = frozenset({HeartbeatReceived.TOPIC}) if some else None
            expected = plain.read(after, upto, limit, topics)
            assert log.read(after, upto, limit, topics) == expected
            after = expected[-1].position if expected else after
    finally:
        log.close()


@pytest.mark.parametrize("grown", [0, 1, 2, 9])
def test_a_log_that_grows_between_two_reads_is_read_to_the_new_bound(grown: int) -> None:
    """A short batch means to the engine that nothing more stands before its bound."""
    first, second = ListLog(8), ListLog(8)
    log = ReadAhead(first, second)
    assert [one.position for one in log.read(0, 8, 4)] == [1, 2, 4, 5]
    for position in range(10, 10 + grown):
        first.items.append(item(position))
        second.items.append(item(position))
    assert log.read(5, first.head(), 4) == first.read(5, first.head(), 4)
    log.close()


def test_an_error_of_reading_ahead_is_told_and_the_next_read_starts_anew() -> None:
    first, second = ListLog(20), ListLog(20)
    second.broken = True
    log = ReadAhead(first, second)
    log.read(0, 20, 3)
    with pytest.raises(ConnectionError):
        log.read(4, 20, 3)
    assert [one.position for one in log.read(4, 20, 20)] == [5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20]
    log.close()
    assert first.closed
    assert second.closed
