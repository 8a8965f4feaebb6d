"""Routes that do something, or ask somebody other than the database: an async handler on the event loop."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
from pydantic import BaseModel
from sqlalchemy import Connection

from adapters.http.access import Caller, Right
from adapters.http.entity_tags import IfMatch
from adapters.http.prefer import Prefer
from adapters.http.route import Asking, Body, Query, Row, Shape
from application.sign_in import Visit

LARGEST = 64 * 1024
"""Bytes of a body where the row says nothing else."""

T = TypeVar("T")
Q = TypeVar("Q", bound=Query)
B = TypeVar("B", bound=Body)
S = TypeVar("S", bound=Shape)

Reading: TypeAlias = Callable[[Callable[[Connection], Any]], Awaitable[Any]]
"""Runs a reading in a database thread; raises a 503 Problem when the database is away, busy or too slow."""

Shown: TypeAlias = Callable[[Any], Awaitable[Any]]
"""Puts names in the place of pseudonyms, in a copy of a shape."""


class NoBody(Body):
    """Nothing, or an empty object."""


@dataclass(frozen=True, slots=True)
class Doing(Generic[Q, B]):
    """A request that passed access, limits and validation: what an action's handler sees, on the loop."""

    caller: Caller
    path: Mapping[str, str]
    """The path parameters, decoded."""
    query: Q
    body: B
    prefer: Prefer
    if_match: IfMatch | None
    """Only rows with `if_match` ever see one."""
    key: str
    """Stands for this caller, path and `Idempotency-Key`, the same for each repetition; empty without one.
    What is named by it cannot come to be twice, even where the first answer was lost with its process."""
    services: Any
    """What was given to `build_app`; the handler names the type it needs."""
    reading: Reading
    asking: Asking
    """The request as handlers of readings see it: `await doing.read(lambda c: visible(doing.asking(c)))`."""
    now: datetime
    request_id: str
    """The cause of the events that follow."""
    origin: str
    """`https://host[:port]` as the client sees it."""
    visit: Visit
    """From where the client comes."""
    naming: Shown
    """For what is no `Answered`: those are named anyway."""

    async def read(self, do: Callable[[Connection], T]) -> T:
        """Run `do` with a connection that sees the caller's tenant alone, in a database thread."""
        found: T = await self.reading(do)
        return found

    async def named(self, shape: S) -> S:
        """The shape with the names of tokens in it, as far as this caller may see them."""
        named: S = await self.naming(shape)
        return named

    def check_version(self, version: int) -> None:
        """Raises a 409 Problem where the client would change another version than this one."""
        if self.if_match is not None:
            self.if_match.check(version)


class Answered(msgspec.Struct, frozen=True):
    """What a handler answers."""

    shape: Shape | None
    """None: no body."""
    status: int = 200
    location: str = ""
    """The path of what was made, or of the command that is under way."""
    headers: Mapping[str, str] = {}
    cookies: tuple[str, ...] = ()
    """Values of `Set-Cookie`."""
    kept: Shape | None = None
    """What a repetition with the same key is answered, where `shape` holds what must not be kept, such as a
    password that is shown once; None: the same."""


Handler = Callable[[Doing[Any, Any]], Awaitable[Answered | None]]
"""Answers; None: there is nothing here that the caller can see. May raise any Problem the row names.

A refusal (4xx) says that nothing was done: a repetition with the same key is decided anew. What was done and
failed afterwards (5xx) is not kept either: name things by `Doing.key`, so that they cannot come to be twice.
"""


class Action(Row, frozen=True, kw_only=True):
    """One row of the table: anything but a mere reading."""

    handler: Handler
    right: Right
    response: type[BaseModel] | None
    """None where every answer is without a body."""
    body: type[Body] = NoBody
    statuses: tuple[int, ...] = (200,)
    """The good answers there may be."""
    largest_body: int = LARGEST
    """In bytes."""
    if_match: bool = False
    """Understand `If-Match`; the other rows refuse it, for who sends it relies on it."""
    command: bool = False
    """Asks something of the charger `{cpid}`: takes `Prefer`, and only so many a second for each charger."""
    repeatable: bool = True
    """Takes an `Idempotency-Key`; not where the answer is a secret or ends the session that asks."""
    asks_with: str = ""
    """Where a command: the query parameter without which the charger is left alone, and nothing is counted."""

    @property
    def mutates(self) -> bool:
        """Takes a body and an `Idempotency-Key`."""
        return self.method not in ("GET", "HEAD")


MUTATING = (
    "stalled",
    "too_large",
    "unsupported_media_type",
    "idempotency_mismatch",
    "in_progress",
)
"""Errors of every action that mutates."""

UNREPEATABLE = ("too_large", "unsupported_media_type")
"""The same where no `Idempotency-Key` is taken."""

STORING = ("store_unavailable",)
"""Errors of every action that appends to the event store."""
