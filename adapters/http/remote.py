"""From where a request comes."""

from collections.abc import Collection

from starlette.requests import Request

from adapters.ocpp.handshake import forwarded_for


def remote_of(request: Request, trusted_proxies: Collection[str]) -> str:
    """The client's address; only a trusted proxy may speak for it."""
    peer = request.client.host if request.client else ""
    if peer not in trusted_proxies:
        return peer
    headers = [value for name, value in request.scope["headers"] if name.lower() == b"x-forwarded-for"]
    return forwarded_for(headers, trusted_proxies) or peer
