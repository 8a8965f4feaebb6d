"""What a route is: one row, from which routing, validation, answers and the description are made.

A `Route` reads the database in a thread; an `Action` (action.py) may do anything, on the loop.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from adapters.http.access import Caller, Right
from adapters.http.cursors import Cursors, Place
from application import clock
from projections.paging import Page as Rows

LARGEST_PAGE = 200
HIDE = "hide"
"""In the context of a shape's validation: `Asked.hide`."""


class Query(BaseModel):
    """The query parameters of a route. Unknown ones are refused by name, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageQuery(Query):
    """The query parameters that every list takes."""

    limit: int = Field(50, ge=1, le=LARGEST_PAGE, description="How many items a page holds.")
    cursor: str | None = Field(None, description="`next` of the page before.")

    PAGING: ClassVar[frozenset[str]] = frozenset({"limit", "cursor"})

    def filters(self) -> dict[str, Any]:
        """What chooses the items, without what chooses the page."""
        return self.model_dump(mode="json", exclude=set(self.PAGING), exclude_none=True)


class Body(BaseModel):
    """The body of a request, read strictly: `"5"` is no number, and unknown fields are refused by name.

    In a merge patch (RFC 7396) what was sent is in `model_fields_set`; an explicit null is there as None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shape(BaseModel):
    """A part of an answer. Integers are JSON numbers, decimals strings (exact), times ISO 8601 with Z."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


Item = TypeVar("Item", bound=Shape)


class Page(Shape, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next: str | None = Field(None, description="The cursor of the next page; null on the last one.")


Q = TypeVar("Q", bound=Query)


def _none(token: str) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Asked(Generic[Q]):
    """A request that passed access and validation: what a handler sees. It runs in a thread."""

    connection: Connection
    caller: Caller
    path: Mapping[str, str]
    """The path parameters, decoded."""
    query: Q
    after: Any
    """The sort key to continue after, of the route's `key` type; None at the beginning of a list."""
    mark: Callable[[Any], str]
    """Makes the cursor for a sort key."""
    hide: Callable[[int], str]
    """A place in the log as this tenant may see it."""
    find: Callable[[str], int]
    """The place behind such a text. Raises PositionUnreadable."""
    now: datetime
    pseudonyms: Callable[[str], tuple[str, ...]] = _none
    """What read models call a token, beside itself."""

    def page(self, kind: type[Item], rows: Rows[Any]) -> Page[Item]:
        """A page of the list: the rows in their public shape, and the cursor of what follows."""
        items = [kind.model_validate(row, context={HIDE: self.hide}) for row in rows.rows]
        return Page[kind](items=items, next=None if rows.next is None else self.mark(rows.next))  # type: ignore[valid-type]


Handler = Callable[[Asked[Any]], Shape | None]
"""Answers, or None: there is nothing here that the caller can see."""


class Link(msgspec.Struct, frozen=True):
    """Where an answer leads: a link of the OpenAPI document."""

    name: str
    handler: str
    """The name of the handler of the row that it leads to, which is the operationId."""
    parameters: Mapping[str, str]
    """Runtime expressions of OpenAPI by parameter, such as `$response.body#/cpid`."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What every route has."""

    method: str
    path: str
    summary: str
    query: type[Query]
    right: Right
    errors: tuple[str, ...] = ()
    """Codes of `problems.KINDS` beyond those that every route may answer."""
    key: Any = None
    """The type of a list's sort key; None where there are no pages."""
    etag: bool = False
    """Answer with an ETag and understand `If-None-Match`."""
    version: str = ""
    """The field of the answer whose number the ETag begins with, for a later `If-Match`."""
    links: tuple[Link, ...] = ()
    public: bool = False
    """Nobody has to show a credential: it is where one is got."""
    halfway: bool = False
    """Also for a session that lacks the second factor still."""


class Route(Row, frozen=True, kw_only=True):
    """One row of the table: a GET whose handler reads the database in a thread."""

    handler: Handler
    response: type[Shape]
    right: Right = Right.READ
    whole: bool = False
    """Read over the rows of every tenant: what is answered is of the installation as a whole."""
    csv: tuple[str, ...] = ()
    """The columns of `text/csv`, fields of the items; empty where there is only JSON."""
    also: Mapping[str, Callable[[Asked[Any]], str | None]] = {}
    """Further media types, and what answers in them: a text, or None where there is nothing to be seen."""


EVERYWHERE = (
    "malformed",
    "unauthenticated",
    "role",
    "scope",
    "cross_site",
    "csrf",
    "second_factor",
    "method_not_allowed",
    "not_acceptable",
    "validation",
    "rate_limited",
    "internal",
    "store_unavailable",
)
"""Errors that every route may answer."""
READING = ("database_unavailable", "overloaded", "not_built", "too_slow")
"""Errors of every route that reads the database."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A request that passed access and validation, and lacks but a connection."""

    caller: Caller
    path: Mapping[str, str]
    query: Any
    after: Any
    mark: Callable[[Any], str]
    hide: Callable[[int], str]
    find: Callable[[str], int]
    """The place in the log behind what `hide` made of it. Raises PositionUnreadable."""
    now: datetime
    pseudonyms: Callable[[str], tuple[str, ...]] = _none

    def __call__(self, connection: Connection) -> Asked[Any]:
        """With the connection."""
        return Asked(
            connection,
            self.caller,
            self.path,
            self.query,
            self.after,
            self.mark,
            self.hide,
            self.find,
            self.now,
            self.pseudonyms,
        )


def asked(
    row: Row,
    caller: Caller,
    path: Mapping[str, str],
    query: Query,
    cursors: Cursors,
    pseudonyms: Callable[[str, str], tuple[str, ...]] | None = None,
) -> Asking:
    """Everything of a request but the connection. Raises a 422 Problem for a cursor that is not ours."""
    after = None
    place = Place(caller.tenant, row.path, {})
    if isinstance(query, PageQuery):
        place = Place(caller.tenant, row.path, {**query.filters(), **path})
        if query.cursor is not None:
            after = cursors.read(query.cursor, place, row.key)

    def mark(key: Any) -> str:
        return cursors.make(key, place)

    def hide(position: int) -> str:
        return cursors.positions.hide(caller.tenant, position)

    def find(text: str) -> int:
        return cursors.positions.find(caller.tenant, text)

    def of_tenant(token: str) -> tuple[str, ...]:
        return () if pseudonyms is None else pseudonyms(caller.tenant, token)

    return Asking(caller, path, query, after, mark, hide, find, clock.now(), of_tenant)
