"""docs/commands.md: every intent, what it is for, what it is called on the wire, and what is refused unsent."""

import re
from pathlib import Path

import pytest

from adapters.ocpp.offering import CALLS
from adapters.ocpp.versions import Version
from domain.commands.intent import Intent
from domain.commands.intents import INTENTS
from domain.commands.upkeep import Raw

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
HEAD = "| intent | what it is for | 1.6 | 2.0.1 | 2.1 | refused before sending |"


def purpose(kind: type[Intent]) -> str:
    """The first sentence of the docstring."""
    first = (kind.__doc__ or "").partition("\n")[0]
    return re.split(r"(?<=[.:])\s+(?=[1A-Z])", first)[0]


def on_the_wire(kind: type[Intent], version: Version) -> str:
    """The actions it may become."""
    operation = CALLS[version].get(kind)
    if operation is None:
        return "–"
    return "any" if kind is Raw else ", ".join(operation.ACTIONS)


def refusals(kind: type[Intent], version: Version) -> str:
    """What stands after `Refused:` in the docstring of its to_call; empty where it is always possible."""
    operation = CALLS[version].get(kind)
    words = " ".join((operation.to_call.__doc__ or "").split()) if operation else ""
    return words.partition("Refused: ")[2].removesuffix(".")


def refused(kind: type[Intent]) -> str:
    """The refusals of all versions; 2.0.1 and 2.1 together where they are the same."""
    old, new, newest = (refusals(kind, version) for version in Version)
    parts = {"1.6": old, "2.x": new} if new == newest else {"1.6": old, "2.0.1": new, "2.1": newest}
    said = {name: words for name, words in parts.items() if words}
    everywhere = len(set(said.values())) == 1 and all(refusals(kind, v) for v in Version if kind in CALLS[v])
    if everywhere:
        return next(iter(said.values()))
    return ". ".join(f"{name}: {words}" for name, words in said.items())


def row(kind: type[Intent]) -> str:
    """The line of the page."""
    cells = [kind.name(), purpose(kind), *(on_the_wire(kind, version) for version in Version), refused(kind)]
    return "| " + " | ".join(cells).rstrip() + " |"


def test_the_table_is_the_one_of_the_code() -> None:
    page = PAGE.read_text().splitlines()
    start = page.index(HEAD)
    assert page[start + 2 : start + 2 + len(INTENTS)] == [row(kind) for kind in INTENTS]


@pytest.mark.parametrize("kind", INTENTS, ids=lambda kind: kind.name())
def test_every_intent_says_what_it_is_for(kind: type[Intent]) -> None:
    assert kind.__doc__
    assert kind.__doc__ != Intent.__doc__
    assert purpose(kind).endswith(".")
