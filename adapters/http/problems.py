"""Errors as `application/problem+json` (RFC 9457): each kind by its code, and never a bare 500."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5


class Kind(NamedTuple):
    """What a code always means."""

    status: int
    title: str


KINDS: dict[str, Kind] = {
    "malformed": Kind(400, "The request cannot be read"),
    "unauthenticated": Kind(401, "A valid bearer token is needed"),
    "sign_in_refused": Kind(401, "Login, password or code are not right"),
    "role": Kind(403, "Your role lacks the right for this"),
    "scope": Kind(403, "Your token is good for some chargers only"),
    "cross_site": Kind(403, "The request does not come from one of our pages"),
    "csrf": Kind(403, "The token against forged requests is missing or wrong"),
    "second_factor": Kind(403, "The second factor is missing"),
    "stale_session": Kind(403, "You signed in too long ago for this"),
    "insecure": Kind(403, "This would travel in clear"),
    "not_found": Kind(404, "Not found"),
    "method_not_allowed": Kind(405, "This address does not take this method"),
    "not_acceptable": Kind(406, "No representation of the wanted media type"),
    "busy": Kind(409, "Something that excludes this is under way"),
    "ended": Kind(409, "It has ended already"),
    "exists": Kind(409, "There is one already"),
    "last_admin": Kind(409, "Nobody else could administer the tenant"),
    "not_a_person": Kind(409, "This is about people who signed in"),
    "in_progress": Kind(409, "A request with this key is being answered"),
    "offline": Kind(409, "The charger is not connected"),
    "retired": Kind(409, "The charger is retired"),
    "transaction_active": Kind(409, "A transaction is running"),
    "version_conflict": Kind(409, "Somebody else changed it meanwhile"),
    "too_large": Kind(413, "The request is too large"),
    "unsupported_media_type": Kind(415, "The body is of a media type that is not taken here"),
    "idempotency_mismatch": Kind(422, "The key was used for another request"),
    "load_limit": Kind(422, "A limit of the site would be broken"),
    "unsafe_url": Kind(422, "The address is not one that a charger may be sent to"),
    "unsupported_by_charger": Kind(422, "The charger cannot do this"),
    "stalled": Kind(408, "The request stopped coming"),
    "range": Kind(416, "There are no such bytes"),
    "validation": Kind(422, "The request has invalid parts"),
    "rate_limited": Kind(429, "Too many requests"),
    "internal": Kind(500, "An error on our side"),
    "provider_away": Kind(502, "The provider by which people sign in does not answer"),
    "callerror": Kind(502, "The charger answered with an error"),
    "database_unavailable": Kind(503, "The database does not answer"),
    "draining": Kind(503, "This process is being restarted"),
    "not_built": Kind(503, "The read model is being built"),
    "overloaded": Kind(503, "Too many requests are waiting"),
    "projection_lag": Kind(503, "The read model is too far behind the log"),
    "store_unavailable": Kind(503, "The event store does not confirm"),
    "storage_unavailable": Kind(503, "The files cannot be reached"),
    "too_slow": Kind(503, "The query took too long"),
    "timeout": Kind(504, "The charger did not answer in time"),
}
"""Every code there is. `type` in the body is `urn:zeus:problem:<code>`."""


class Fault(NamedTuple):
    """One invalid part of a request."""

    name: str
    """The query parameter, or the path into the body."""
    detail: str


class Problem(Exception):
    """An error the caller is told. `code` is one of `KINDS`."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """`extra` are further members of the body, such as `ocpp` or `rule`; they replace none of ours."""
        super().__init__(detail or KINDS[code].title)
        self.code = code
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    @property
    def status(self) -> int:
        """The HTTP status."""
        return KINDS[self.code].status

    def body(self) -> dict[str, Any]:
        """`{type, title, status, code, detail, errors}`, and what this problem has beyond."""
        kind = KINDS[self.code]
        return self.extra | {
            "type": f"urn:zeus:problem:{self.code}",
            "title": kind.title,
            "status": kind.status,
            "code": self.code,
            "detail": self.detail,
            "errors": [fault._asdict() for fault in self.faults],
        }

    def response(self) -> Response:
        """The answer; 503 says when to come again, 401 says how to authenticate."""
        headers = {"Cache-Control": "no-store", **self.headers}
        if self.status == 503:
            headers.setdefault("Retry-After", str(RETRY_AFTER_S))
        if self.status == 401:
            headers.setdefault("WWW-Authenticate", 'Bearer realm="Zeus"')
        return Response(orjson.dumps(self.body()), self.status, headers, MEDIA_TYPE)


def unauthenticated() -> Problem:
    """No credential, or not a good one: the same words for both."""
    return Problem("unauthenticated", "Send your API token as `Authorization: Bearer <token>`.")


def not_found() -> Problem:
    """Absent, of another tenant, or malformed: one body for all, so that nothing can be told from it."""
    return Problem("not_found", "There is nothing here that you can see.")


def invalid(*faults: Fault) -> Problem:
    """Parts of the request are not acceptable."""
    names = ", ".join(dict.fromkeys(fault.name for fault in faults))
    return Problem("validation", f"Look at: {names}.", faults=faults)


def malformed(name: str, detail: str) -> Problem:
    """A header or the body as a whole cannot be read."""
    return Problem("malformed", detail, faults=(Fault(name, detail),))


def rate_limited(wait_s: float) -> Problem:
    """Carries `Retry-After`, in whole seconds and never 0."""
    seconds = max(1, ceil(wait_s))
    detail = f"Ask again in {seconds} s."
    return Problem("rate_limited", detail, headers={"Retry-After": str(seconds)})


def method_not_allowed(allowed: str) -> Problem:
    """Carries `Allow`."""
    return Problem("method_not_allowed", f"Allowed: {allowed}.", headers={"Allow": allowed})


async def answer_problem(request: Request, error: Exception) -> Response:
    """Starlette's handler for `Problem`."""
    if not isinstance(error, Problem):
        raise error
    return error.response()


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own refusals (no route, wrong method) in our form."""
    if not isinstance(error, HTTPException):
        raise error
    headers = error.headers or {}
    if error.status_code == 405:
        return method_not_allowed(headers.get("Allow", "")).response()
    if error.status_code == 404:
        return not_found().response()
    return Problem("malformed", str(error.detail)).response()
