"""Routes whose request or answer is no JSON: files that are streamed either way, and pages to print."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from pydantic import BaseModel
from starlette.requests import Request
from starlette.types import ASGIApp

from adapters.http.access import Right
from adapters.http.action import Answered, Doing, NoBody
from adapters.http.route import Row

BYTES = "application/octet-stream"
FORM = "multipart/form-data"
HTML = "text/html"

Handler: TypeAlias = Callable[[Doing[Any, NoBody], Request], Awaitable[ASGIApp | Answered | None]]
"""Answers as it likes, or with a shape; None: there is nothing here that the caller can see.

It reads the body itself, and bounds it. May raise any Problem the row names.
"""


class Transfer(Row, frozen=True, kw_only=True):
    """One row of the table. It takes no `Idempotency-Key`: nobody can compare a body that is not held."""

    handler: Handler
    right: Right
    response: type[BaseModel] | None = None
    """The shape of a JSON answer; None where the answer is never JSON."""
    gives: tuple[str, ...] = ()
    """Media types of the answer, the first where the client does not care; empty: JSON."""
    takes: tuple[str, ...] = ()
    """Media types of the body; empty: there is none."""
    statuses: tuple[int, ...] = (200,)
    """The good answers there may be."""


TAKING = ("too_large", "stalled")
"""Errors of every transfer that takes a body."""
