"""Given alarms, their rows; and what can be asked of them."""

from typing import Any

from domain.alarms.events import AlarmAcknowledged, AlarmCleared, AlarmRaised, AlarmRepeated, Severity
from domain.event import Told
from projections.alarms import queries
from tests.projections.stories import START, TENANT, Log, project, reading, told

SEVERITIES = tuple(Severity)


def test_alarms_are_counted_acknowledged_and_over(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    ann = Told(recorded_at=START, actor="user:ann")
    for n in range(9):
        subject = ("CP1", "CP2", "address:2001:db8::%2F64")[n % 3]
        path, name = f"alarms/{TENANT}/{subject}", f"{n:022x}"
        raised = AlarmRaised(
            alarm_id=name,
            kind=f"k{n}",
            severity=SEVERITIES[n % 3],
            words="w",
            info="a\x00b",
            source="charger/acme/CP1@1",
            at=told(n).recorded_at,
        )
        log.tell((path, raised, told(n)))
        repeated = AlarmRepeated(
            alarm_id=name, kind=f"k{n}", source="s@2", at=told(n + 1).recorded_at, count=4
        )
        log.tell((path, repeated, told(n + 1)))
        if n % 2:
            log.tell((path, AlarmAcknowledged(alarm_id=name, kind=f"k{n}", note="seen"), ann))
        if n > 6:
            log.tell((path, AlarmCleared(alarm_id=name, kind=f"k{n}", why="over"), ann))
    project(postgres_dsn)
    with reading(postgres_dsn).connect() as connection:

        def names(**wanted: Any) -> list[int]:
            found: list[int] = []
            after: Any = None
            while True:
                page = queries.list_alarms(
                    connection, TENANT, queries.AlarmFilter(**wanted), after=after, limit=2
                )
                found += [int(row.id, 16) for row in page.rows]
                if page.next is None:
                    return found
                after = page.next

        assert names() == list(range(8, -1, -1))
        assert names(state="open") == [6, 4, 2, 0]
        assert names(state="acknowledged") == [5, 3, 1]
        assert names(state="cleared") == [8, 7]
        assert names(subject="cp2") == [7, 4, 1]
        assert names(subject="address:2001:db8::/64") == [8, 5, 2]
        assert names(severity="critical", state="open") == [6, 0]
        assert names(kind="k3") == [3]
        assert queries.subjects_of_open(connection, "k3") == [(TENANT, "CP1")]
        assert queries.subjects_of_open(connection, "k7") == []
        assert queries.open_critical(connection, TENANT) == 2
        assert queries.open_critical(connection, "other") == 0
        assert queries.list_alarms(connection, "other").rows == ()
        assert queries.get_alarm(connection, "other", f"{1:022x}") is None
        row = queries.get_alarm(connection, TENANT, f"{1:022x}")
        assert row is not None
        assert (row.count, row.info, row.note, row.acknowledged_by) == (5, "a\ufffdb", "seen", "user:ann")
        assert (row.raised_at, row.last_at) == (told(1).recorded_at, told(2).recorded_at)
