"""What was held up because it was too much, in sentences."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.event import Fact
from domain.safeguards import events as safeguard


def _held(fact: safeguard.AddressHeld) -> str:
    again = f", for the {fact.strikes + 1}. time in a row" if fact.strikes else ""
    words = f"has to wait {fact.wait_s} s{again}: too many requests to the API without a good token"
    return f"The address {fact.remote} {words}."


def _refused(fact: safeguard.MassCommandsRefused) -> str:
    return (
        f"{fact.what} of {fact.charger} was not asked: more than {fact.per_min} different chargers a minute; the next "
        f"after {fact.wait_s} s."
    )


SAFEGUARDS: Mapping[type[Fact], Callable[[Any], str]] = {
    safeguard.AddressHeld: _held,
    safeguard.MassCommandsRefused: _refused,
}
"""A part of `narrative.SENTENCES`."""
