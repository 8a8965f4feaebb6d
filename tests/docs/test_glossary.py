"""docs/glossary.md speaks of events and actions that exist, and of statuses as the code maps them."""

import re
from pathlib import Path

import pytest

from adapters.ocpp.directions import actions_from_charger, actions_from_csms
from adapters.ocpp.v16.status_notification import to_report
from adapters.ocpp.versions import Version
from domain.catalogue import BY_TOPIC

PAGE = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text()
ACTION = re.compile(r"\b(?:[A-Z][a-z]+){2,}\b")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below `## heading`, without its head."""
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def actions_in(cell: str) -> set[str]:
    """Names of actions outside code marks."""
    return set(ACTION.findall(re.sub(r"`[^`]*`", "", cell)))


@pytest.mark.parametrize("row", rows("Messages"), ids=lambda row: row[0])
def test_messages_come_from_chargers_and_lead_to_events_that_exist(row: list[str]) -> None:
    assert actions_in(row[1]) <= actions_from_charger(Version.V16)
    assert actions_in(row[2]) <= actions_from_charger(Version.V201) & actions_from_charger(Version.V21)
    topics = set(re.findall(r"`([^`]+)`", row[3]))
    assert topics
    assert topics <= set(BY_TOPIC)


@pytest.mark.parametrize("row", rows("Commands"), ids=lambda row: row[0])
def test_commands_go_to_chargers(row: list[str]) -> None:
    assert actions_in(row[1])
    assert actions_in(row[1]) <= actions_from_csms(Version.V16)
    assert actions_in(row[2])
    assert actions_in(row[2]) <= actions_from_csms(Version.V201) & actions_from_csms(Version.V21)


@pytest.mark.parametrize("row", rows("Connector status"), ids=lambda row: row[2])
def test_the_connector_statuses_of_1_6_are_mapped_as_the_glossary_says(row: list[str]) -> None:
    status, activity, wire = (cell.strip("`") for cell in row[:3])
    fact = to_report({"connectorId": 1, "errorCode": "NoError", "status": wire}).body
    assert (fact.status, fact.activity) == (status, activity)
