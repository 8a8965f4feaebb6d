"""docs/actions.md: every action a charger may start, and what really becomes of it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.ocpp.action import Action
from adapters.ocpp.directions import actions_from_charger
from adapters.ocpp.schemas import Kind, catalogue
from adapters.ocpp.v16.actions import ACTIONS as ACTIONS_16
from adapters.ocpp.v21.actions import ACTIONS as ACTIONS_21
from adapters.ocpp.v201.actions import ACTIONS as ACTIONS_201
from adapters.ocpp.versions import Version
from application.desk import Desk
from application.intake import Intake
from application.rules import Rules
from domain.catalogue import BY_TOPIC
from domain.chargers.charger import Charger
from domain.event import Told
from domain.identity import ChargerId
from tests.fakes.event_store import InMemoryEventStore
from tests.ocpp_payloads import valid_payload

PAGE = Path(__file__).parents[2] / "docs" / "actions.md"
TABLES: Mapping[Version, Mapping[str, Action]] = {
    Version.V16: ACTIONS_16,
    Version.V201: ACTIONS_201,
    Version.V21: ACTIONS_21,
}
CASES = [(version, action) for version in Version for action in sorted(actions_from_charger(version))]
RULE = re.compile(r"1\.6 §\d|security extension, [A-Z]\d\d|[A-Z]\d\d(\.FR\.\d\d)?")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SEEDS = range(20)


class Row(NamedTuple):
    """A row of the page."""

    events: set[str]
    answer: str
    rule: str


def rows(version: Version) -> dict[str, Row]:
    """Action → row, of the table below the version's heading."""
    part = PAGE.read_text().split(f"\n## {version}\n")[1].split("\n## ")[0]
    found: dict[str, Row] = {}
    for line in part.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if len(cells) == 4 and cells[0] != "action":
            assert cells[0] not in found, f"{cells[0]} stands there twice"
            found[cells[0]] = Row(set(re.findall(r"`([^`]+)`", cells[1])), cells[2], cells[3])
    return found


def statuses(answer: Any) -> set[str]:
    """Every `status` within an answer."""
    if isinstance(answer, dict):
        own = {answer["status"]} if isinstance(answer.get("status"), str) else set()
        return own.union(*(statuses(value) for value in answer.values()))
    return set().union(*(statuses(one) for one in answer)) if isinstance(answer, list) else set()


async def sent_through(version: Version, name: str, kind: Kind, seed: int) -> tuple[str, list[Any]]:
    """(topic of the event that carries the frame, the answers composed) for one valid payload."""
    action = TABLES[version][name]
    store = InMemoryEventStore()
    desk = Desk(store, Charger(ChargerId.of("t", "CP1")))
    report = action.to_report(valid_payload(version, kind, name, seed))
    told = Told(recorded_at=NOW, occurred_at=report.at, frame="[…]", seq_no=report.seq_no)
    answers: list[Any] = []

    def compose(outcome: object) -> str | None:
        if kind is Kind.REQUEST:
            answers.append(action.to_answer(outcome))
        return None

    await Intake(store, Rules()).take(desk, name, report, told, compose)
    (carrier,) = [one.event for one in store.log if one.event.told.frame is not None]
    return carrier.fact.TOPIC, answers


@pytest.mark.parametrize("version", Version)
def test_every_action_of_the_catalogue_has_code_and_a_row_and_no_other(version: Version) -> None:
    expected = actions_from_charger(version)
    assert set(TABLES[version]) == expected
    assert set(rows(version)) == expected


@pytest.mark.parametrize(("version", "action"), CASES)
def test_a_row_names_events_that_exist_and_a_rule(version: Version, action: str) -> None:
    row = rows(version)[action]
    assert row.events
    assert row.events <= set(BY_TOPIC)
    assert RULE.match(row.rule)


@pytest.mark.parametrize(("version", "action"), CASES)
async def test_a_message_leads_to_the_event_and_answer_of_its_row(version: Version, action: str) -> None:
    row = rows(version)[action]
    kind = Kind.REQUEST if catalogue(version).is_valid_request(action) else Kind.SEND
    for seed in SEEDS:
        topic, answers = await sent_through(version, action, kind, seed)
        assert topic in row.events
        if not answers:
            assert row.answer.startswith("none")
        for answer in answers:
            said = statuses(answer)
            assert said <= set(re.findall(r"`([^`]+)`", row.answer)) | alike(version, row)
            assert bool(answer) or row.answer.startswith("empty")
            assert not row.answer.startswith("none")


def alike(version: Version, row: Row) -> set[str]:
    """The words of Authorize, for rows that refer to it."""
    if "as for Authorize" not in row.answer:
        return set()
    return set(re.findall(r"`([^`]+)`", rows(version)["Authorize"].answer))
