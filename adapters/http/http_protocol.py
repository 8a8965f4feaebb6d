"""uvicorn's HTTP protocol, with the one thing an endless answer needs besides: to be cut off.

Passed to uvicorn as `http=HttpProtocol`. A client that reads nothing keeps a closing transport open, and what it holds.
"""

from asyncio import Transport
from typing import Any, cast

from starlette.types import Scope

from adapters.http.guarded_protocol import GuardedHttp

EXTENSION = "zeus.transport"


class HttpProtocol(GuardedHttp):
    """One HTTP connection."""

    def on_message_begin(self) -> None:
        """Put the transport into the scope of the request."""
        super().on_message_begin()
        scope = cast("dict[str, Any]", self.scope)
        scope.setdefault("extensions", {})[EXTENSION] = self.transport


def abort(scope: Scope) -> None:
    """Cut the connection of this request at once; nothing happens under a server that is not ours."""
    transport: Transport | None = scope.get("extensions", {}).get(EXTENSION)
    if transport is not None:
        transport.abort()
