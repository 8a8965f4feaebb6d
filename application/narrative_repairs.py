"""Repairs of the past, in sentences."""

from collections.abc import Callable, Mapping
from typing import Any

from application.phrasing import kwh
from domain.event import Fact
from domain.repairs import events as repair
from domain.transactions.events import Correction, EnergySettled


def corrected(fact: EnergySettled, correction: Correction) -> str:
    """The energy of one session, corrected."""
    before = "unknown" if correction.before_wh is None else kwh(correction.before_wh)
    after = "unknown" if fact.energy_wh is None else kwh(fact.energy_wh)
    how = ", ".join(correction.rule.words())
    return f"The energy was corrected from {before} to {after}, as {how}: {correction.reason}."


def _begun(fact: repair.RepairBegun) -> str:
    how, sessions = ", ".join(fact.rule.words()), "session" if fact.changes == 1 else "sessions"
    return f"A repair of {fact.changes} {sessions} was begun, as {how} ({fact.difference_wh:+} Wh): {fact.reason}."


REPAIRS: Mapping[type[Fact], Callable[[Any], str]] = {repair.RepairBegun: _begun}
"""A part of `narrative.SENTENCES`."""
