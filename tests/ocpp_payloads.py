"""Payloads made from the schemas: valid ones for any message, and mutations of them. Seeded: repeatable.

    maker = payload_maker(Version.V201, Kind.REQUEST, "TransactionEvent")
    payload = maker(random.Random(7))            # valid by the schema
    damaged = mutated(random.Random(7), payload) # one to three changes, valid or not

A maker is compiled once per message and takes 5 to 60 µs a payload.
"""

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from adapters.ocpp.schemas import Kind, Schema, catalogue
from adapters.ocpp.versions import Version

Maker = Callable[[Random], Any]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_ äßé漢🙂"
START = datetime(2024, 1, 1, tzinfo=UTC)


@cache
def payload_maker(version: Version, kind: Kind, action: str) -> Maker:
    """The maker of valid payloads of a message; raises KeyError where the version has no such message."""
    message = catalogue(version).message(kind, action)
    if message is None:
        raise KeyError(f"OCPP {version} has no {kind} {action}")
    return _maker(message.schema, message.schema, "")


def valid_payload(version: Version, kind: Kind, action: str, seed: int) -> dict[str, Any]:
    """The payload of `seed`: optional fields are there in about half of the payloads, all or none in some."""
    payload: dict[str, Any] = payload_maker(version, kind, action)(Random(seed))
    return payload


def messages() -> list[tuple[Version, Kind, str]]:
    """Every message of every version, in a fixed order."""
    return [
        (version, kind, action)
        for version in Version
        for kind in Kind
        for action in sorted(catalogue(version).actions(kind))
    ]


def mutated(random: Random, payload: Any) -> Any:
    """A copy of `payload` with one to three changes of the kinds that chargers and attackers make."""
    damaged = copy.deepcopy(payload)
    for _ in range(random.randint(1, 3)):
        places = list(_places(damaged))
        if not places:
            return random.choice(ODD_VALUES)
        holder, key = random.choice(places)
        random.choice(MUTATIONS)(random, holder, key)
    return damaged


def _odd_value(random: Random, holder: Any, key: Any) -> None:
    holder[key] = copy.deepcopy(random.choice(ODD_VALUES))


def _dropped(random: Random, holder: Any, key: Any) -> None:
    del holder[key]


def _as_text(random: Random, holder: Any, key: Any) -> None:
    holder[key] = str(holder[key])


def _as_float(random: Random, holder: Any, key: Any) -> None:
    if isinstance(holder[key], int):
        holder[key] = float(holder[key])


def _other_case(random: Random, holder: Any, key: Any) -> None:
    if isinstance(holder[key], str):
        holder[key] = holder[key].swapcase()


def _much_longer(random: Random, holder: Any, key: Any) -> None:
    if isinstance(holder[key], str | list):
        holder[key] = holder[key] * random.choice((2, 60))


def _extra_field(random: Random, holder: Any, key: Any) -> None:
    if isinstance(holder, dict):
        holder[random.choice(("vendorSpecific", "", key.upper(), "customData"))] = copy.deepcopy(holder[key])


def _wrapped(random: Random, holder: Any, key: Any) -> None:
    holder[key] = random.choice(([holder[key]], {"value": holder[key]}))


def _unwrapped(random: Random, holder: Any, key: Any) -> None:
    if isinstance(holder[key], list) and holder[key]:
        holder[key] = holder[key][0]


MUTATIONS = (
    _odd_value, _odd_value, _dropped, _as_text, _as_float, _other_case,
    _much_longer, _extra_field, _wrapped, _unwrapped,
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, "", " ", "null", "true", "0", "-1", "1.5", "NaN", 0, -1, 1, 2**31, 2**63, 0.1, -0.0,
    1e300, [], {}, [None], [[]], {"": None}, "\x00", "\u202e", "🙂" * 9, "x" * 600,
)  # fmt: skip


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (holder, key) within `value`."""
    found: list[tuple[Any, Any]] = []
    queue = [value]
    while queue:
        holder = queue.pop()
        if isinstance(holder, dict):
            found += [(holder, key) for key in holder]
            queue += holder.values()
        elif isinstance(holder, list):
            found += [(holder, index) for index in range(len(holder))]
            queue += holder
    return found


def _maker(schema: Schema, root: Schema, name: str) -> Maker:
    if "$ref" in schema:
        return _maker(root["definitions"][schema["$ref"].rpartition("/")[2]], root, name)
    if "enum" in schema:
        options = schema["enum"]
        return lambda random: random.choice(options)
    kind = schema.get("type")
    if kind == "object":
        return _object_maker(schema, root)
    if kind == "array":
        return _array_maker(schema, root, name)
    if kind == "string":
        return _string_maker(schema, name)
    if kind == "integer":
        low, high = int(schema.get("minimum", 0)), int(schema.get("maximum", 2**31 - 1))
        return lambda random: random.choice((low, high, random.randint(low, min(high, low + 10))))
    if kind == "number":
        return _number_maker(schema)
    if kind == "boolean":
        return lambda random: random.random() < 0.5
    return lambda random: random.choice(("text", 1, {"a": [1.5, None]}, []))


def _object_maker(schema: Schema, root: Schema) -> Maker:
    required = set(schema.get("required", ()))
    fields = [
        (name, name in required, _maker(inner, root, name))
        for name, inner in schema.get("properties", {}).items()
    ]

    def make(random: Random) -> dict[str, Any]:
        share = random.choice((0.0, 0.3, 0.3, 0.6, 1.0))
        return {name: maker(random) for name, needed, maker in fields if needed or random.random() < share}

    return make


def _array_maker(schema: Schema, root: Schema, name: str) -> Maker:
    item = _maker(schema.get("items", {}), root, name)
    low = schema.get("minItems", 0)
    high = min(schema.get("maxItems", low + 2), low + 2)
    return lambda random: [item(random) for _ in range(random.randint(low, high))]


def _number_maker(schema: Schema) -> Maker:
    low, high = schema.get("minimum", 0), schema.get("maximum", 100_000)
    if "multipleOf" in schema:
        return lambda random: random.randint(int(low) * 10, int(high) * 10) / 10
    return lambda random: random.choice((low, high, round(random.uniform(low, high), random.randint(0, 6))))


def _string_maker(schema: Schema, name: str) -> Maker:
    if schema.get("format") == "date-time":
        return _timestamp
    limit = schema.get("maxLength", 40)
    if name == "value" and limit > 20:  # 1.6 samples and configuration values
        return lambda random: str(random.choice((0, 230.1, 16, random.randint(0, 10**9))))

    def make(random: Random) -> str:
        length = random.choice((1, min(8, limit), min(20, limit), limit if limit <= 60 else 30))
        return "".join(random.choices(LETTERS, k=length))

    return make


def _timestamp(random: Random) -> str:
    at = START + timedelta(milliseconds=random.randint(0, 60_000_000_000))
    return at.isoformat(timespec=random.choice(("seconds", "milliseconds"))).replace("+00:00", "Z")
