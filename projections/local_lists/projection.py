"""Local lists wanted, told, taken and refused → their rows."""

from collections.abc import Callable, Iterable
from typing import Any

from domain.desired_state import local_list_events as lists
from domain.event import Event, Fact, Recorded
from projections.bounds import number
from projections.local_lists.tables import LOCAL_LISTS, METADATA
from projections.read_model import ReadModel
from projections.streams import subject_of
from projections.writes import Upsert, Values, Write


class LocalLists(ReadModel):
    """Which tokens chargers should accept by themselves, and which version of that they hold."""

    name, version = "local_lists", 1
    tables = METADATA

    def __init__(self) -> None:
        self.topics = frozenset(fact.TOPIC for fact in _TELL)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """One row changes."""
        event: Event[Any] = recorded.event
        values = _TELL[type(event.fact)](event.fact, event)
        return [Upsert(LOCAL_LISTS, subject_of(event.originator_id), values)]


def _desired(fact: lists.ListDesired, event: Event[Any]) -> Values:
    return {
        "wanted_version": fact.version,
        "wanted_at": event.told.recorded_at,
        "entries": fact.size,
        "parts_left": 0,
        "whole_next": False,
        "refused": None,
        "reason": None,
        "failure": None,
    }


def _reported(fact: lists.ListReported, event: Event[Any]) -> Values:
    return {"held_version": number(fact.version), "held_at": event.told.recorded_at, "failure": None}


def _accepted(fact: lists.ListAccepted, event: Event[Any]) -> Values:
    at = event.told.recorded_at
    return {
        "held_version": fact.version,
        "held_at": at,
        "sent_version": fact.version if fact.expected else None,
        "sent_at": at,
        "parts_left": number(fact.more),
        "whole_next": False,
        "refused": None,
        "failure": None,
    }


def _refused(fact: lists.ListRefused, event: Event[Any]) -> Values:
    values = {"refused": fact.status, "whole_next": True, "sent_at": event.told.recorded_at}
    return {**values, "held_version": -1} if fact.status == "NotSupported" else values


def _unanswered(fact: lists.ListUnanswered, event: Event[Any]) -> Values:
    values: dict[str, Any] = {"failure": fact.why}
    if fact.version:
        values |= {"held_version": None, "sent_at": event.told.recorded_at}
        values["sent_version"] = fact.version if fact.expected else None
    return values


def _given_up(fact: lists.ListGivenUp, event: Event[Any]) -> Values:
    return {"reason": fact.reason}


def _doubted(fact: lists.ListDoubted, event: Event[Any]) -> Values:
    return {"held_version": None, "reason": None, "failure": None}


_TELL: dict[type[Fact], Callable[[Any, Event[Any]], Values]] = {
    lists.ListDesired: _desired,
    lists.ListReported: _reported,
    lists.ListAccepted: _accepted,
    lists.ListRefused: _refused,
    lists.ListUnanswered: _unanswered,
    lists.ListGivenUp: _given_up,
    lists.ListDoubted: _doubted,
}
