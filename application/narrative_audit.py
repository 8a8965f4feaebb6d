"""Sentences for tamper evidence."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.audit import events as audit
from domain.event import Fact


def _published(fact: audit.CheckpointPublished) -> str:
    where = f", and is at {', '.join(fact.published)}" if fact.published else ""
    failed = f" It could not be given to {', '.join(fact.failed)}." if fact.failed else ""
    return f"A checkpoint over {fact.size} events was signed{where}.{failed}"


def _exported(fact: audit.BundleExported) -> str:
    purpose = f", for: {fact.purpose}" if fact.purpose else ""
    return f"{fact.events} events of {fact.subject} were exported with their proofs{purpose}."


AUDIT: Mapping[type[Fact], Callable[[Any], str]] = {
    audit.KeyAdopted: lambda f: f"Checkpoints are signed by the key {f.key.rsplit('+', 1)[0]} as well.",
    audit.KeyRetired: lambda f: f"The key {f.key_id} signs no more{': ' + f.reason if f.reason else ''}.",
    audit.CheckpointPublished: _published,
    audit.BundleExported: _exported,
}
"""Fact → sentence."""
