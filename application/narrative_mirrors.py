"""Mirrors, in sentences."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.event import Fact
from domain.mirrors.events import MirrorBegun, MirrorEnded, MirrorForgotten


def _begun(fact: MirrorBegun) -> str:
    whose = ", ".join(fact.chargers) or "all chargers"
    tokens = "id tokens as they are" if fact.revealed else "names in the place of id tokens"
    why = f", for: {fact.reason}" if fact.reason else ""
    return f"What {whose} say is said again to {fact.url} from place {fact.after} on, with {tokens}{why}."


def _ended(fact: MirrorEnded) -> str:
    return (
        f"The mirror ended at place {fact.upto}: {fact.sent} messages were said again, {fact.same} answered alike, "
        f"{fact.differing} otherwise, {fact.unanswered} not at all; {fact.not_said} could not be said."
    )


MIRRORS: Mapping[type[Fact], Callable[[Any], str]] = {
    MirrorBegun: _begun,
    MirrorEnded: _ended,
    MirrorForgotten: lambda _: "What the mirror found was deleted.",
}
"""Fact → sentence."""
