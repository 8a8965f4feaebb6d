"""What is kept, what is forgotten, and what is tried again."""

from entrypoints.simulator.outbox import Call, Outbox
from entrypoints.simulator.station import Pace
from entrypoints.simulator.story import Step
from tests.simulator.workbench import Table


def test_offline_transactions_are_queued_and_sent_in_order_with_their_own_times() -> None:
    table = Table().online()
    table.frames.clear()
    table.offline().charge(wanted_wh=1000).wait(300)
    table.leave()
    assert table.frames == []
    table.now_s += 3600
    table.online()
    kept = [a for a in table.actions() if a != "StatusNotification"]
    assert kept == ["StartTransaction"] + ["MeterValues"] * 5 + ["StopTransaction"]
    assert table.calls("StartTransaction")[0]["timestamp"] == "2026-01-01T00:00:00.000Z"
    number = table.calls("StopTransaction")[0]["transactionId"]
    assert number > 0
    assert {meter["transactionId"] for meter in table.calls("MeterValues")} == {number}


def test_2x_events_of_an_outage_are_marked_offline() -> None:
    table = Table("2.0.1").online().offline().charge().wait(120)
    table.online().leave()
    events = table.calls("TransactionEvent")
    assert [event.get("offline", False) for event in events] == [True] * (len(events) - 1) + [False]


def test_heartbeat_and_status_of_an_outage_are_not_sent_later() -> None:
    table = Table().online().offline()
    table.frames.clear()
    table.wait(3000)
    table.online()
    assert table.actions() == []


def test_an_unanswered_call_is_sent_again_after_a_reconnect_with_the_same_id() -> None:
    table = Table().online()
    table.silent.add("StartTransaction")
    table.charge()
    first = table.frames[-1]
    table.silent.clear()
    table.offline().online()
    assert table.frames.count(first) == 2


def test_a_refused_transaction_message_is_retried_later_and_later_then_given_up() -> None:
    table = Table(pace=Pace(max_attempts=3, retry_interval_s=10)).online()
    table.failing.add("StartTransaction")
    table.charge()
    assert len(table.calls("StartTransaction")) == 1
    table.wait(9)
    assert len(table.calls("StartTransaction")) == 1
    table.wait(2)
    assert len(table.calls("StartTransaction")) == 2
    table.wait(18)
    assert len(table.calls("StartTransaction")) == 2
    table.wait(2)
    assert len(table.calls("StartTransaction")) == 3
    table.wait(200)
    assert len(table.calls("StartTransaction")) == 3
    assert [outcome.kind for outcome in table.outcomes].count("given up") == 1
    assert table.calls("MeterValues")[0]["transactionId"] == -1


def test_other_calls_pass_a_kept_one_that_waits() -> None:
    table = Table(pace=Pace(retry_interval_s=1000)).online()
    table.failing.add("StartTransaction")
    table.charge()
    table.frames.clear()
    table.wait(301)
    assert table.actions() == ["Heartbeat"]


def test_a_call_without_answer_times_out_and_the_next_is_sent() -> None:
    table = Table(pace=Pace(timeout_s=30)).online()
    table.silent.add("Heartbeat")
    table.wait(300 + 29)
    assert table.station.outbox.outstanding.action == "Heartbeat"
    table.wait(2)
    assert table.station.outbox.outstanding is None
    assert table.outcomes[-1].kind == "timeout"


def test_a_security_event_survives_an_outage() -> None:
    table = Table().online().offline()
    table.station.security_event("TamperDetectionActivated", table.now_s, "lid")
    table.online()
    assert table.calls("SecurityEventNotification")[0]["type"] == "TamperDetectionActivated"


def test_late_and_doubled_answers_settle_nothing() -> None:
    box = Outbox(max_attempts=1, retry_interval_s=1, timeout_s=1)
    box.put(Call(Step("Heartbeat", {})))
    call = box.take(0, accepted=True)
    assert call is not None
    call.message_id = "a"
    assert box.settle("b") is None
    assert box.settle("a") is call
    assert box.settle("a") is None
    assert box.empty
