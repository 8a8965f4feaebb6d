"""The outermost layer of HTTP: counts requests, sets common headers, and lets no error out bare."""

import logging
import re
from collections import defaultdict

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.problems import Problem
from application import clock
from application.tally import Histogram

log = logging.getLogger("zeus.http")

UNMATCHED = "(none)"
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})

HSTS = "max-age=31536000"
"""A browser that saw TLS here never goes without it for a year. A proxy that does TLS says so itself."""

_SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")


def request_id_of(scope: Scope) -> str:
    """The client's `X-Request-Id` where it can stand in a log line and an event as it is, else a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _SANE_ID.fullmatch(given) else clock.time_ordered_id()


def _is_this_machine(scope: Scope) -> bool:
    """A browser would refuse every other server on it that has no TLS."""
    host = Headers(scope=scope).get("host", "").rpartition("]")[2].partition(":")[0]
    return host == "localhost" or host.endswith(".localhost")


class Traffic:
    """Counts of HTTP requests; labels are route patterns, never addresses."""

    def __init__(self) -> None:
        self.requests: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        """By method, route pattern and status."""
        self.seconds: defaultdict[str, Histogram] = defaultdict(Histogram)
        """Until the answer was complete, by route pattern."""

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """A request was answered."""
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = str(scope.get("zeus.route", UNMATCHED))
        self.requests[method, route, str(status)] += 1
        self.seconds[route].observe(seconds)


class Border:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, traffic: Traffic) -> None:
        self._app = app
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens inside."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, since, status = request_id_of(scope), clock.monotonic(), 0
        scope["zeus.request_id"] = request_id

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Referrer-Policy", "no-referrer")
                if scope.get("scheme") == "https" and not _is_this_machine(scope):
                    headers["Strict-Transport-Security"] = HSTS
            await send(message)

        try:
            await self._app(scope, receive, marked)
        except Exception as error:  # the HTTP border: none leaves without a log line and a problem body
            if status and isinstance(error, OSError):  # the client went away in mid-answer
                log.info("request %s: the client is gone: %r", request_id, error)
                return
            shown = str(scope.get("zeus.shown_path", scope["path"]))[:200]  # some paths are secrets
            log.exception("request %s %s %s failed", request_id, scope["method"], shown)
            if status:
                raise  # the answer has begun: the server breaks it off, so that the client sees it
            detail = f"Tell the operator this number: {request_id}."
            await Problem("internal", detail).response()(scope, receive, marked)
        finally:
            self._traffic.count(scope, status or 499, clock.monotonic() - since)
