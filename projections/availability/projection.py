"""Events → signals of availability, and through the state machine of each charger into changes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from domain.chargers import events as charger
from domain.chargers import provisioning
from domain.event import Event, Fact, Recorded
from domain.transactions import events as transaction
from domain.uptime import events as uptime
from projections.availability import changes
from projections.availability.tables import EXCLUSIONS, METADATA, RATINGS, SIGNALS, TRAITS
from projections.bounds import key_text, number
from projections.read_model import Link, ReadModel
from projections.streams import subject_of
from projections.writes import Append, Merge, Write

Row = dict[str, Any]


class Availability(ReadModel):
    """What every port was in."""

    name, version = "availability", 1
    tables = METADATA

    def __init__(self) -> None:
        self.topics = frozenset(fact.TOPIC for fact in (*_SIGNALS, *_TRAITS, *_BOOK))

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """A signal, a trait, or a line of the book that people keep."""
        event, kind = recorded.event, type(recorded.event.fact)
        tenant, key = subject_of(event.originator_id)
        place = {"tenant": tenant, "charger": key, "position": recorded.position}
        if kind in _BOOK:
            return _BOOK[kind](event, recorded.position, (tenant, key))
        writes: list[Write] = []
        if kind in _TRAITS and not getattr(event.fact, "repeated", False):
            writes.append(Append(TRAITS, {**place, **_TRAITS[kind](event.fact)}))
        if kind in _SIGNALS and (row := _SIGNALS[kind](event.fact)) is not None:
            told = event.told
            writes.append(
                Append(
                    SIGNALS,
                    {
                        **_SILENT,
                        **place,
                        "at": told.recorded_at,
                        "event": f"{event.originator_id}@{event.originator_version}",
                        "told_at": told.occurred_at,
                        "subject": event.originator_id if kind in _OF_A_TRANSACTION else "",
                        **row,
                    },
                )
            )
        return writes

    def finish(self, connection: Link, writes: Sequence[Write]) -> None:
        """Feed the state machines, in log order."""
        changes.follow(connection, [write.row for write in writes if _is_signal(write)])  # type: ignore[union-attr]


def _is_signal(write: Write) -> bool:
    return isinstance(write, Append) and write.table is SIGNALS


_SILENT: Row = {
    "evse_id": 0,
    "connector_id": 0,
    "word": "",
    "detail": "",
    "activity": "",
    "subject": "",
    "number": 0,
}


def _status(fact: charger.StatusReported) -> Row:
    error = "" if fact.error_code == "NoError" else fact.error_code
    return {
        "kind": "status",
        "evse_id": number(fact.evse_id),
        "connector_id": number(fact.connector_id),
        "word": key_text(fact.status),
        "detail": key_text(error or fact.vendor_error_code),
        "activity": key_text(fact.activity),
    }


def _booted(fact: charger.Booted) -> Row | None:
    return None if fact.repeated else {"kind": "restarted"}


def _standing(word: str) -> Callable[[Any], Row]:
    return lambda _: {"kind": "standing", "word": word}


def _started(fact: transaction.Started) -> Row:
    return {
        "kind": "began",
        "evse_id": number(fact.evse_id),
        "word": key_text(fact.charging_state),
        "told_at": fact.at,
    }


def _ended(fact: transaction.Ended) -> Row:
    return {"kind": "ended", "evse_id": number(fact.evse_id), "told_at": fact.at}


def _charging_state(fact: transaction.ChargingStateChanged) -> Row:
    return {"kind": "activity", "word": key_text(fact.state), "told_at": fact.at}


_SIGNALS: dict[type[Fact], Callable[[Any], Row | None]] = {
    charger.Registered: _standing("active"),
    provisioning.Enabled: _standing("active"),
    provisioning.Disabled: _standing("disabled"),
    provisioning.Retired: _standing("retired"),
    charger.Connected: lambda fact: {"kind": "connected", "word": fact.connection},
    charger.Disconnected: lambda fact: {"kind": "disconnected", "word": fact.connection},
    charger.Booted: _booted,
    charger.ClockSkewMeasured: lambda fact: {"kind": "skew", "number": fact.skew_s},
    charger.StatusReported: _status,
    transaction.Started: _started,
    transaction.Ended: _ended,
    transaction.ChargingStateChanged: _charging_state,
}

_OF_A_TRANSACTION = frozenset({transaction.Started, transaction.Ended, transaction.ChargingStateChanged})


def _hardware(fact: charger.Booted) -> Row:
    return {
        "kind": "hardware",
        "site": None,
        "vendor": key_text(fact.vendor),
        "model": key_text(fact.model),
        "firmware": key_text(fact.firmware),
    }


def _site(site: str) -> Row:
    return {"kind": "site", "site": key_text(site), "vendor": None, "model": None, "firmware": None}


_TRAITS: dict[type[Fact], Callable[[Any], Row]] = {
    charger.Registered: lambda _: _site(""),
    charger.Booted: _hardware,
    provisioning.Placed: lambda fact: _site(fact.site),
}


def _declared(event: Event[Any], position: int, _: tuple[str, str]) -> list[Write]:
    fact: uptime.ExclusionDeclared = event.fact
    tenant, key = subject_of(event.originator_id)
    values = {
        "charger": key,
        "evse_id": number(fact.evse_id),
        "cause": str(fact.cause),
        "begin_at": fact.begin,
        "end_at": fact.end,
        "evidence": fact.evidence,
        "artefact": fact.artefact,
        "formulas": [str(one) for one in fact.formulas],
        "approved_by": fact.approved_by,
        "declared_by": event.told.actor,
        "declared_at": event.told.recorded_at,
        "position": position,
        "event": f"{event.originator_id}@{event.originator_version}",
    }
    return [Merge(EXCLUSIONS, (tenant, key_text(fact.exclusion_id)), values)]


def _withdrawn(event: Event[Any], position: int, who: tuple[str, str]) -> list[Write]:
    fact: uptime.ExclusionWithdrawn = event.fact
    values = {
        "charger": who[1],
        "withdrawn_by": event.told.actor,
        "withdrawn_at": event.told.recorded_at,
        "withdrawn_reason": fact.reason,
        "withdrawn_position": position,
        "withdrawn_event": f"{event.originator_id}@{event.originator_version}",
    }
    return [Merge(EXCLUSIONS, (who[0], key_text(fact.exclusion_id)), values)]


def _rated(event: Event[Any], position: int, who: tuple[str, str]) -> list[Write]:
    fact: uptime.PortRated = event.fact
    place = {"tenant": who[0], "charger": who[1], "evse_id": number(fact.evse_id), "position": position}
    return [Append(RATINGS, {**place, "rated_w": fact.rated_w})]


_BOOK: dict[type[Fact], Callable[[Event[Any], int, tuple[str, str]], list[Write]]] = {
    uptime.ExclusionDeclared: _declared,
    uptime.ExclusionWithdrawn: _withdrawn,
    uptime.PortRated: _rated,
}
