"""docs/events.md names every event, its stream, and its fields with their types: all of them and no others."""

import re
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from msgspec.structs import fields

from domain.catalogue import BY_TOPIC, FACTS
from domain.charging_profiles import profile
from domain.commands.intents import AnyIntent
from domain.event import Told

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
STREAMS = {
    "alarms/<tenant>/<CPID>",
    "uptime/<tenant>/<CPID>",
    "repair/<tenant>/<id>",
    "mirror/<tenant>/<name>",
    "settings/<tenant>/<CPID>",
    "local-list/<tenant>/<CPID>",
    "templates/<tenant>/book",
    "charger/<tenant>/<CPID>",
    "transaction/<tenant>/<CPID>/<key>",
    "transaction-number/<tenant>/<n>",
    "id-token/<tenant>/<pseudonym>",
    "subject/<tenant>/<pseudonym>",
    "disclosure/<tenant>/<id>",
    "attempt/<tenant>/<id>",
    "pace/<tenant>/<id>",
    "command/<tenant>/<id>",
    "asked-number/<tenant>/<kind>-<n>",
    "artefact/<tenant>/<id>",
    "certificates/<tenant>/register",
    "reservations/<tenant>/<CPID>",
    "provisioning/<tenant>/windows",
    "install-card/<tenant>/<id>",
    "charging-profiles/<tenant>/<CPID>",
    "tenant/<tenant>/self",
    "api-token/<tenant>/<id>",
    "meter-keys/<tenant>/<CPID>",
    "audit/<tenant>/keys",
    "audit/<tenant>/checkpoints",
    "audit/<tenant>/exports",
    "user/<tenant>/<id>",
    "login/<tenant>/<digest>",
    "admins/<tenant>/roster",
    "oidc/<tenant>/provider",
    "webhook/<tenant>/<id>",
    "crossing/<tenant>/<id>",
}
PLAIN = {
    str: "text",
    int: "integer",
    bool: "yes/no",
    Decimal: "decimal",
    datetime: "time",
    bytes: "bytes as Base64",
    float: "number",
    dict[str, Any]: "object",
}
INTENT = "[intent](commands.md)"
"""What is wanted of a charger: one of many shapes, which have a page of their own."""
TITLES: dict[type, str] = {profile.Schedule: "ProfileSchedule", profile.Period: "ProfilePeriod"}
"""Headings that are not the name of the class: a charger's reports have a Schedule and a Period of their own."""
CIRCUMSTANCES = "The circumstances"
HEADING = re.compile(r"^#{2,4} `?([^`\n]+?)`?$", re.MULTILINE)
STREAM = re.compile(r"^Stream: `([^`]+)`", re.MULTILINE)
ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


class Section(NamedTuple):
    """What the page says under one heading."""

    fields: dict[str, str]
    """Name → type."""
    text: str


def sections() -> dict[str, Section]:
    """Heading → what stands below it, up to the next heading."""
    page = PAGE.read_text()
    starts = list(HEADING.finditer(page))
    ends = [one.start() for one in starts[1:]] + [len(page)]
    found = {}
    for one, end in zip(starts, ends, strict=True):
        text = page[one.end() : end]
        assert one[1] not in found, f"{one[1]} is described twice"
        found[one[1]] = Section({name: kind.strip() for name, kind, _ in ROW.findall(text)}, text)
    return found


def type_words(hint: Any) -> str:
    """A field's type as the page writes it: `integer`, `list of Sample`, `time, may be absent`."""
    if hint == AnyIntent:
        return INTENT
    if get_origin(hint) in (Union, UnionType):
        (inner,) = [one for one in get_args(hint) if one is not NoneType]
        return f"{type_words(inner)}, may be null"
    if get_origin(hint) in (tuple, list):
        return f"list of {type_words(get_args(hint)[0])}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "text"
    return PLAIN[hint] if hint in PLAIN else f"[{title(hint)}](#{title(hint).lower()})"


def title(struct: type) -> str:
    """The heading of a value of our own."""
    return TITLES.get(struct, struct.__name__)


def shape(struct: type) -> dict[str, str]:
    """Field → type in words."""
    hints = get_type_hints(struct)
    return {field.name: type_words(hints[field.name]) for field in fields(struct)}


def values_within(struct: type) -> set[type]:
    """The structs of our own that `struct` holds, however deep."""
    found: set[type] = set()
    for hint in get_type_hints(struct).values():
        if hint == AnyIntent:
            continue
        for part in (hint, *get_args(hint)):
            if isinstance(part, type) and issubclass(part, msgspec.Struct) and part not in found:
                found |= {part} | values_within(part)
    return found


VALUES = sorted(set().union(*(values_within(fact) for fact in FACTS)), key=title)


@pytest.mark.parametrize("topic", BY_TOPIC)
def test_every_event_is_documented_with_its_stream_and_fields(topic: str) -> None:
    section = sections()[topic]
    assert section.fields == shape(BY_TOPIC[topic])
    stream = STREAM.search(section.text)
    assert stream is not None
    assert stream[1] in STREAMS


@pytest.mark.parametrize("value", VALUES)
def test_every_value_within_events_is_documented(value: type) -> None:
    assert sections()[title(value)].fields == shape(value)


def test_names_of_values_are_unique_so_that_links_lead_somewhere() -> None:
    names = [title(value) for value in VALUES]
    assert len(names) == len(set(names))


def test_the_circumstances_of_an_event_are_documented() -> None:
    assert sections()[CIRCUMSTANCES].fields == shape(Told)


def test_nothing_is_documented_that_does_not_exist() -> None:
    known = {*BY_TOPIC, *(title(value) for value in VALUES), CIRCUMSTANCES}
    assert {name for name, section in sections().items() if section.fields} <= known
    dotted = {name for name in sections() if re.fullmatch(r"[a-z_]+\.[a-z_]+", name)}
    assert dotted == set(BY_TOPIC)
