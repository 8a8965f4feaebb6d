"""What people said of a charger's uptime: exclusions declared and withdrawn, ports rated."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from domain.event import Event, Fact
from domain.identity import ChargerId
from domain.uptime.events import UK_ALONE, Cause, ExclusionDeclared, ExclusionWithdrawn, PortRated
from domain.uptime.formulas import Formula

LONGEST = timedelta(days=366)
HIGHEST_W = 4_000_000
"""No port delivers more: the Megawatt Charging System ends at 3.75 MW."""


class ExclusionInvalid(ValueError):
    """This exclusion cannot be declared; the words say why."""


class ExclusionUnknown(LookupError):
    """This charger has no exclusion of this id."""


class ExclusionWithdrawnAlready(Exception):
    """This exclusion was withdrawn before."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An exclusion somebody wants."""

    evse_id: int = 0
    cause: Cause
    begin: datetime
    end: datetime
    evidence: str = ""
    artefact: str = ""
    formulas: tuple[Formula, ...] = ()
    """Empty: every formula that knows the cause."""
    approved_by: str = ""


class UptimeBook(msgspec.Struct):
    """State of one charger's book; the only way to change it is `when`."""

    stream: str
    version: int = 0
    exclusions: dict[str, bool] = msgspec.field(default_factory=dict)
    """Id → does it still hold?"""
    rated: dict[int, int] = msgspec.field(default_factory=dict)

    def declare(self, wanted: Wanted, exclusion_id: str) -> list[Fact]:
        """Whole seconds, at most a year, with evidence. Declared twice under one id, it is declared once."""
        if exclusion_id in self.exclusions:
            return []
        _check(wanted)
        return [
            ExclusionDeclared(
                exclusion_id=exclusion_id,
                evse_id=wanted.evse_id,
                cause=wanted.cause,
                begin=wanted.begin,
                end=wanted.end,
                evidence=wanted.evidence,
                artefact=wanted.artefact,
                formulas=_formulas(wanted),
                approved_by=wanted.approved_by,
            )
        ]

    def withdraw(self, exclusion_id: str, reason: str) -> list[Fact]:
        """It never held. Raises ExclusionUnknown, ExclusionWithdrawnAlready."""
        holds = self.exclusions.get(exclusion_id)
        if holds is None:
            raise ExclusionUnknown(exclusion_id)
        if not holds:
            raise ExclusionWithdrawnAlready(exclusion_id)
        return [ExclusionWithdrawn(exclusion_id=exclusion_id, reason=reason)]

    def rate(self, evse_id: int, rated_w: int) -> list[Fact]:
        """What a port can deliver. Raises ExclusionInvalid for what no port can."""
        if evse_id < 1 or not 0 < rated_w <= HIGHEST_W:
            raise ExclusionInvalid(f"A port delivers more than 0 and at most {HIGHEST_W // 1000} kW.")
        return [] if self.rated.get(evse_id) == rated_w else [PortRated(evse_id=evse_id, rated_w=rated_w)]

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state."""
        self.version = event.originator_version
        evolve = _EVOLVE.get(type(event.fact))
        if evolve is not None:
            evolve(self, event.fact)


def book_of(charger: ChargerId, events: Sequence[Event[Any]]) -> UptimeBook:
    """The book as its events tell it."""
    book = UptimeBook(uptime_stream(charger))
    for event in events:
        book.when(event)
    return book


def uptime_stream(charger: ChargerId) -> str:
    """`uptime/<tenant>/<CPID>`."""
    return f"uptime/{charger.tenant}/{charger.key}"


def _check(wanted: Wanted) -> None:
    if wanted.begin.microsecond or wanted.end.microsecond:
        raise ExclusionInvalid("Begin and end are whole seconds.")
    if not timedelta(0) < wanted.end - wanted.begin <= LONGEST:
        raise ExclusionInvalid("It ends after it begins, and lasts at most a year.")
    if not wanted.evidence.strip() and not wanted.artefact:
        raise ExclusionInvalid("An exclusion needs evidence: words, a link, or the id of a file.")
    if wanted.evse_id < 0:
        raise ExclusionInvalid("A port has a number from 1 on; 0 stands for all of them.")
    if wanted.cause in UK_ALONE and Formula.NEVI in wanted.formulas:
        raise ExclusionInvalid(f"23 CFR 680.116(b) knows no cause {wanted.cause}.")


def _formulas(wanted: Wanted) -> tuple[Formula, ...]:
    known = (Formula.UK,) if wanted.cause in UK_ALONE else (Formula.NEVI, Formula.UK)
    return tuple(one for one in known if one in wanted.formulas) if wanted.formulas else known


def _declared(state: UptimeBook, fact: ExclusionDeclared) -> None:
    state.exclusions[fact.exclusion_id] = True


def _withdrawn(state: UptimeBook, fact: ExclusionWithdrawn) -> None:
    state.exclusions[fact.exclusion_id] = False


def _rated(state: UptimeBook, fact: PortRated) -> None:
    state.rated[fact.evse_id] = fact.rated_w


_EVOLVE: dict[type[Fact], Callable[[UptimeBook, Any], None]] = {
    ExclusionDeclared: _declared,
    ExclusionWithdrawn: _withdrawn,
    PortRated: _rated,
}
