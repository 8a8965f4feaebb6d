"""uvicorn's HTTP protocol, with the one thing an endless answer needs besides: to be cut off.

Passed to uvicorn as `http=HttpProtocol`. A client that reads nothing keeps a closing transport open, and what it holds.
"""

from typing import Any, cast

from starlette.types import Scope

from adapters.http.guarded_protocol import GuardedHttp

EXTENSION = "zeus.connection"


class HttpProtocol(GuardedHttp):
    """One HTTP connection."""

    def on_message_begin(self) -> None:
        """Put ourselves into the scope of the request."""
        super().on_message_begin()
        scope = cast("dict[str, Any]", self.scope)
        scope.setdefault("extensions", {})[EXTENSION] = self


def abort(scope: Scope) -> None:
    """Cut the connection of this request at once; nothing happens under a server that is not ours."""
    if (connection := _connection(scope)) is not None:
        connection.transport.abort()


def has_room(scope: Scope) -> bool:
    """Does the network take what is sent at once? A server that is not ours does not say."""
    connection = _connection(scope)
    return connection is not None and not connection.flow.write_paused


def _connection(scope: Scope) -> HttpProtocol | None:
    return cast("HttpProtocol | None", scope.get("extensions", {}).get(EXTENSION))
