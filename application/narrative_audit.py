"""Sentences for tamper evidence and signed meter values."""

from collections.abc import Callable, Mapping
from typing import Any

from application.phrasing import told_as
from domain.audit import events as audit
from domain.event import Fact
from domain.signed_values import events as signed_values


def _published(fact: audit.CheckpointPublished) -> str:
    where = f", and is at {', '.join(fact.published)}" if fact.published else ""
    failed = f" It could not be given to {', '.join(fact.failed)}." if fact.failed else ""
    return f"A checkpoint over {fact.size} events was signed{where}.{failed}"


def _exported(fact: audit.BundleExported) -> str:
    purpose = f", for: {fact.purpose}" if fact.purpose else ""
    return f"{fact.events} events of {fact.subject} were exported with their proofs{purpose}."


def _judged(fact: signed_values.SignedValuesJudged) -> str:
    energy = f", {fact.energy_wh} Wh by the signed register" if fact.energy_wh is not None else ""
    why = f": {', '.join(fact.reasons)}" if fact.reasons else ""
    return f"{fact.records} signed meter records are {fact.state}{why}{energy}."


AUDIT: Mapping[type[Fact], Callable[[Any], str]] = {
    signed_values.MeterKeyRegistered: lambda f: (
        f"The public key {f.key_id} ({f.curve}) of the meter was registered{told_as(f.meter)}."
    ),
    signed_values.MeterKeyWithdrawn: lambda f: (
        f"The public key {f.key_id} of the meter counts no more{': ' + f.reason if f.reason else ''}."
    ),
    signed_values.MeterKeyMissed: lambda f: f"No registered key fits the signed values of {f.transaction}.",
    signed_values.SignedValuesJudged: _judged,
    audit.KeyAdopted: lambda f: f"Checkpoints are signed by the key {f.key.rsplit('+', 1)[0]} as well.",
    audit.KeyRetired: lambda f: f"The key {f.key_id} signs no more{': ' + f.reason if f.reason else ''}.",
    audit.CheckpointPublished: _published,
    audit.BundleExported: _exported,
}
"""Fact → sentence."""
