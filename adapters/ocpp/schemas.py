"""The OCPP message catalogue: which actions a version has, and the schema of each message.

The schemas are the ones of the Open Charge Alliance inside the `ocpp` package. Draft 4 is forced: under the
declared draft 6 the integer fields of 1.6 would take `96.0`. Formats are not validated: chargers write
timestamps in many ways, which is for `timestamps.py` to judge.
"""

from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
import orjson

from adapters.ocpp.versions import Version

Schema = dict[str, Any]


class Kind(StrEnum):
    """What a payload is for."""

    REQUEST = "request"
    ANSWER = "answer"
    SEND = "send"


class Message:
    """One message of the catalogue: its schema, and the compiled validator."""

    __slots__ = ("action", "is_valid", "kind", "schema", "validator", "version")

    def __init__(self, version: Version, kind: Kind, action: str, schema: Schema) -> None:
        self.version = version
        self.kind = kind
        self.action = action
        self.schema = schema
        self.validator = jsonschema_rs.Draft4Validator(schema, validate_formats=False)
        self.is_valid = self.validator.is_valid
        """`is_valid(payload) -> bool`, 0.2–6 µs; never raises on a payload within the limits of a frame."""

    def errors(self, payload: Any, bound: int = 1000) -> list[jsonschema_rs.ValidationError]:
        """What is wrong with `payload`, at most `bound` findings, in the order of the document."""
        found: list[jsonschema_rs.ValidationError] = []
        for error in self.validator.iter_errors(payload):
            found.append(error)
            if len(found) >= bound:
                break
        return found

    def properties_at(self, path: tuple[str | int, ...]) -> Schema:
        """The known fields of the object at `path` of a payload; empty where it is no object."""
        properties: Schema = self._schema_at(path).get("properties", {})
        return properties

    def required_at(self, path: tuple[str | int, ...]) -> list[str]:
        """The required fields of the object at `path` of a payload."""
        required: list[str] = self._schema_at(path).get("required", [])
        return required

    def _schema_at(self, path: tuple[str | int, ...]) -> Schema:
        schema = self.schema
        for step in path:
            inner = (
                schema.get("items", {})
                if isinstance(step, int)
                else schema.get("properties", {}).get(step, {})
            )
            schema = self._resolved(inner)
        return schema

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        return schema if reference is None else self.schema["definitions"][reference.rpartition("/")[2]]


class Catalogue:
    """All messages of one version. Schemas are read and compiled when a message is first asked for."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self._names: dict[Kind, dict[str, str]] = {kind: {} for kind in Kind}
        for file in (files("ocpp") / _PACKAGES[version] / "schemas").iterdir():
            if file.name.endswith(".json"):
                kind, action = _classify(version, file.name.removesuffix(".json"))
                self._names[kind][action] = file.name
        self._requests: dict[str, Message] = {}
        self._answers: dict[str, Message] = {}
        self._sends: dict[str, Message] = {}

    def actions(self, kind: Kind = Kind.REQUEST) -> frozenset[str]:
        """The actions that have a message of this kind."""
        return frozenset(self._names[kind])

    def is_valid_request(self, action: str) -> bool:
        """Whether `action` is a request of this version, whoever may send it."""
        return action in self._names[Kind.REQUEST]

    def message(self, kind: Kind, action: str) -> Message | None:
        """The message, None where this version has none of that name. 0.1 µs once it is compiled."""
        return self._compiled(kind).get(action) or self._compile(kind, action)

    def warm(self) -> None:
        """Compile every message, so that no charger waits for it: 6 to 14 ms a version."""
        for kind, names in self._names.items():
            for action in names:
                self.message(kind, action)

    def _compile(self, kind: Kind, action: str) -> Message | None:
        name = self._names[kind].get(action)
        if name is None:
            return None
        file = files("ocpp") / _PACKAGES[self.version] / "schemas" / name
        schema = orjson.loads(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
        message = Message(self.version, kind, action, schema)
        self._compiled(kind)[action] = message
        return message

    def _compiled(self, kind: Kind) -> dict[str, Message]:
        """Chosen by identity: an enum member hashes in Python code, which would double the look-up."""
        if kind is Kind.REQUEST:
            return self._requests
        return self._answers if kind is Kind.ANSWER else self._sends


@cache
def catalogue(version: Version) -> Catalogue:
    """The catalogue of a version; the same object for every connection."""
    return Catalogue(version)


_PACKAGES = {Version.V16: "v16", Version.V201: "v201", Version.V21: "v21"}


def _classify(version: Version, name: str) -> tuple[Kind, str]:
    """`AuthorizeResponse` → its answer; 1.6 names requests bare, 2.x `…Request`; bare in 2.1 is a SEND."""
    if name.endswith("Response"):
        return Kind.ANSWER, name.removesuffix("Response")
    if version is Version.V16 or name.endswith("Request"):
        return Kind.REQUEST, name.removesuffix("Request")
    return Kind.SEND, name
