"""Given events that carry frames, the lines of the log; and what can be asked of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalogue import FACTS
from domain.chargers import events as charger
from domain.event import Told
from domain.transactions import events as transaction
from projections.message_log import queries
from projections.message_log.envelope import Head, read_head
from projections.message_log.projection import MessageLog, retain
from tests.projections.stories import START, TENANT, Log, project, reading, rows, stream, told
from tests.projections.stories import transaction_of as tx

MODEL = MessageLog(FACTS)


@pytest.mark.parametrize(
    ("frame", "head"),
    [
        ('[2,"1","Heartbeat",{}]', Head("call", "1", "Heartbeat")),
        (' [ 2 , 17 ,\n"BootNotification", {"a":1}]', Head("call", "17", "BootNotification")),
        ('[,2,"1","Heartbeat",{}]', Head("call", "1", "Heartbeat")),
        (r'[2,"a\"\u0041","X\n",{', Head("call", 'a"A', "X\n")),
        ('[6,"1","NotifyPeriodicEventStream",{}]', Head("send", "1", "NotifyPeriodicEventStream")),
        ('[3,"1",{"status":"Accepted"}]', Head("answer", "1")),
        ('[4,"1","NotSupported","",{}]', Head("answer", "1", None, "NotSupported")),
        ('[5,"1","FormatViolation","",{}]', Head("answer", "1", None, "FormatViolation")),
        ('[9,"1","Heartbeat",{}]', Head("unreadable", "1")),
        ("hello", Head("unreadable")),
        ("", Head("unreadable")),
        ('[2,"1"', Head("call", "1")),
    ],
)
def test_heads(frame: str, head: Head) -> None:
    assert read_head(frame) == head


@given(st.text() | st.text(alphabet='[]{},"\\ 0123456789\x00u').map(lambda text: "[2," + text))
def test_a_head_of_anything(frame: str) -> None:
    head = read_head(frame)
    assert head.kind in {"call", "send", "answer", "unreadable"}


def test_a_long_action_is_cut(postgres_dsn: str) -> None:
    long = "A" * 1500
    log = Log(postgres_dsn)
    log.tell((stream(), charger.HeartbeatReceived(), told(0, frame=f'[2,"1","{long}",{{}}]')))
    project(postgres_dsn, MODEL)
    (row,) = rows(postgres_dsn, "ocpp_messages")
    assert row["action"] == "A" * 255


def test_an_exchange_is_one_line(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    rejected = charger.FrameRejected(code="FormationViolation")
    answered = Told(
        recorded_at=START, actor="user:ada", frame='[2,"9","Reset",{}]', reply='[4,"9","GenericError","",{}]'
    )
    mended = Told(recorded_at=START, frame='[2,"5","Boot\x00",{}]', repairs=("nul", "comma"), connection="c9")
    bad = told(0, frame='[2,"4","Authorize",{"a":"\\u0000\x00"}]', reply='[4,"4","FormationViolation","",{}]')
    log.tell(
        (stream(), charger.HeartbeatReceived(), told(0, frame='[2,"1","Heartbeat",{}]', reply='[3,"1",{}]')),
        (stream(), charger.ClockSkewMeasured(3), told(0)),
        (tx(), transaction.Noted(trigger="", at=START), told(0, frame='[2,"2","TransactionEvent",{}]')),
        (stream(), charger.FrameRejected(code="Unreadable"), told(0, frame="\x00rubbish")),
        (stream(), rejected, bad),
        (stream(), charger.HeartbeatReceived(), answered),
        (stream(), charger.HeartbeatReceived(), mended),
        ("attempt/acme/1", charger.HandshakeRefused(cpid="x", reason="r", status=404), told(0)),
    )
    project(postgres_dsn)
    found = rows(postgres_dsn, "ocpp_messages", "position")
    kept = ("position", "charger", "direction", "kind", "message_id", "action", "error_code", "event")
    assert [tuple(row[name] for name in kept) for row in found] == [
        (1, "CP1", "in", "call", "1", "Heartbeat", None, "charger.heartbeat_received"),
        (3, "CP1", "in", "call", "2", "TransactionEvent", None, "transaction.noted"),
        (4, "CP1", "in", "unreadable", None, None, None, "charger.frame_rejected"),
        (5, "CP1", "in", "call", "4", "Authorize", "FormationViolation", "charger.frame_rejected"),
        (6, "CP1", "out", "call", "9", "Reset", "GenericError", "charger.heartbeat_received"),
        (7, "CP1", "in", "call", "5", "Boot\ufffd", None, "charger.heartbeat_received"),
    ]
    assert found[0]["request"] == '[2,"1","Heartbeat",{}]'
    assert found[0]["reply"] == '[3,"1",{}]'
    assert found[2]["request"] == "\ufffdrubbish"
    assert (found[5]["repairs"], found[5]["connection"], found[5]["reply"]) == (["nul", "comma"], "c9", None)


def test_every_fact_may_carry_a_frame() -> None:
    assert MODEL.topics == {fact.TOPIC for fact in FACTS}


def test_lists(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)

    def say(n: int) -> tuple[str, charger.HeartbeatReceived, Told]:
        action = ("Heartbeat", "MeterValues")[n % 2]
        reply = f'[4,"{n}","InternalError","",{{}}]' if n % 10 == 0 else f'[3,"{n}",{{}}]'
        frame = f'[2,"{n}","{action}",{{"n":"no {n}%"}}]'
        heard = told(n * 600, frame=frame, reply=reply)
        return stream(f"CP{n % 3}"), charger.HeartbeatReceived(), heard

    log.tell(*(say(n) for n in range(60)))
    project(postgres_dsn, MODEL)
    with reading(postgres_dsn).connect() as connection:

        def positions(**wanted: Any) -> list[int]:
            found: list[int] = []
            after: Any = None
            while True:
                page = queries.list_messages(
                    connection, TENANT, queries.MessageFilter(**wanted), after=after, limit=7
                )
                found += [row.position for row in page.rows]
                if page.next is None:
                    return found
                after = page.next

        def those(test: Callable[[int], bool]) -> list[int]:
            return [n + 1 for n in range(59, -1, -1) if test(n)]

        assert positions() == those(lambda n: True)
        assert positions(charger="cp1") == those(lambda n: n % 3 == 1)
        assert positions(action="Heartbeat") == those(lambda n: n % 2 == 0)
        assert positions(errors_only=True) == those(lambda n: n % 10 == 0)
        assert positions(direction="out") == []
        begin, end = START + timedelta(minutes=6000), START + timedelta(minutes=7200)
        assert positions(begin=begin, end=end) == those(lambda n: 10 <= n < 12)
        assert positions(begin=begin, end=end, q="NO 11%") == [12]
        assert positions(begin=begin, end=end, q="internalerror") == [11]
        with pytest.raises(queries.SearchTooWide):
            positions(q="x")
        with pytest.raises(queries.SearchTooWide):
            positions(q="x", begin=begin, end=begin + timedelta(days=2))
        assert positions(q="no 11%", charger="CP2", begin=begin, end=begin + timedelta(days=2)) == [12]
        assert msgspec.json.encode(queries.list_messages(connection, TENANT).rows[0])
        assert queries.list_messages(connection, "other").rows == ()


def test_retention_drops_whole_partitions(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    for day in (0, 10, 20):
        log.tell((stream(), charger.HeartbeatReceived(), told(day * 1440, frame="[2]")))
    project(postgres_dsn, MODEL)
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        assert retain(connection, START + timedelta(days=9)) == 1
    assert len(rows(postgres_dsn, "ocpp_messages")) == 2
