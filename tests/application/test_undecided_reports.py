"""Notices need no decision: recorded as told, answered from what was recorded, withheld before acceptance."""

from datetime import UTC, datetime

import pytest

from application.desk import Desk
from application.intake import Intake
from application.reports import Report, Taken, Withheld
from application.rules import Rules
from domain.chargers.charger import Charger
from domain.chargers.device_model import MonitorsReported, VariablesReported
from domain.chargers.drivers import VatNumberPresented
from domain.chargers.events import Acceptance, AcceptanceDecided, MessageWithheld
from domain.chargers.monitoring import EventsReported
from domain.event import Fact, Told
from domain.identity import ChargerId
from tests.fakes.event_store import InMemoryEventStore

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
VARIABLES = VariablesReported(request_id=1, seq_no=0)
EVENTS = EventsReported(seq_no=0, events=())
MONITORS = MonitorsReported(request_id=1, seq_no=0)


async def _take(fact: Fact, acceptance: Acceptance) -> tuple[list[object], list[Fact]]:
    """(outcomes composed, facts recorded for the message) by a charger so accepted."""
    store = InMemoryEventStore()
    desk = Desk(store, Charger(ChargerId.of("t", "CP1")))
    intake = Intake(store, Rules())
    told = Told(recorded_at=NOW)
    await intake.record(desk, [AcceptanceDecided(acceptance)], told)
    outcomes: list[object] = []

    def compose(outcome: object) -> str:
        outcomes.append(outcome)
        return "[3]"

    await intake.take(desk, "Notice", Report(fact), told, compose)
    return outcomes, [one.event.fact for one in store.log[1:]]


async def test_a_notice_is_recorded_and_its_answer_is_made_of_the_fact_and_our_time() -> None:
    fact = VatNumberPresented(vat_number="DE1", evse_id=3)
    assert await _take(fact, Acceptance.ACCEPTED) == ([Taken(fact, NOW)], [fact])


async def test_a_pending_charger_may_answer_our_questions_about_its_variables() -> None:
    assert await _take(VARIABLES, Acceptance.PENDING) == ([Taken(VARIABLES, NOW)], [VARIABLES])


@pytest.mark.parametrize(
    ("fact", "acceptance"),
    [(EVENTS, Acceptance.PENDING), (MONITORS, Acceptance.PENDING), (VARIABLES, Acceptance.REJECTED)],
)
async def test_other_notices_wait_until_the_charger_is_accepted(fact: Fact, acceptance: Acceptance) -> None:
    outcomes, facts = await _take(fact, acceptance)
    assert outcomes == [Withheld(acceptance)]
    assert facts == [MessageWithheld(action="Notice", acceptance=acceptance)]
