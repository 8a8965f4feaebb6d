"""How actions are answered: headers and body read, the key taken, the handler awaited, the answer kept."""

import logging
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from adapters.http.access import Caller
from adapters.http.action import Action, Answered, Doing
from adapters.http.backing import Backing
from adapters.http.body import read_body, read_raw
from adapters.http.entity_tags import IfMatch, read_if_match
from adapters.http.idempotency import (
    LEASE_S,
    TTL_S,
    fingerprint_of,
    identity_of,
    read_key,
)
from adapters.http.parameters import read_query
from adapters.http.prefer import Prefer, read_prefer
from adapters.http.problems import Problem, malformed, not_found, rate_limited
from adapters.http.reading import VARY, document
from adapters.http.route import asked
from application.fleet import Begun, InProgress, Mismatch, Replay
from application.ports import StoreUnavailable

log = logging.getLogger("zeus.http")

REPLAYED = "Idempotent-Replayed"
_NOT_KEPT = frozenset({"content-length"})


async def respond_by_acting(request: Request, action: Action, caller: Caller, backing: Backing) -> Response:
    """The answer to a request that passed access and limits; raises a Problem for anything that is wrong."""
    query = read_query(action.query, request.query_params)
    if_match = _if_match(request, action)
    key = read_key(request.headers.getlist("idempotency-key")) if action.mutates else ""
    raw = await read_raw(request, action.largest_body) if action.mutates else b""
    asking = asked(action, caller, request.path_params, query, backing.cursors)
    scope = "\n".join((caller.tenant, caller.name, request.method, request.scope["path"]))
    doing = Doing(
        caller=caller,
        path=request.path_params,
        query=query,
        body=read_body(action.body, raw),
        prefer=read_prefer(request.headers.getlist("prefer")) if action.command else Prefer(),
        if_match=if_match,
        key=identity_of(scope, key),
        services=backing.services,
        reading=backing.database.read,
        asking=asking,
        now=asking.now,
        request_id=request.scope["zeus.request_id"],
        origin=backing.origin(request),
    )
    if not key:
        return (await _perform(request, action, doing, backing))[0]
    fingerprint = fingerprint_of(raw, request.scope["query_string"])
    match await backing.keys.begin(scope, key, fingerprint, ttl_s=TTL_S, lease_s=LEASE_S):
        case Begun() as begun:
            return await _once(request, action, doing, backing, (scope, key, begun.attempt))
        case Replay() as replay:
            headers = {**replay.headers, REPLAYED: "true"}
            return Response(replay.body, replay.status, headers)
        case InProgress():
            detail = "The first request with this key is still being answered. Ask again in a moment."
            raise Problem("in_progress", detail, headers={"Retry-After": "1"})
        case Mismatch():
            raise Problem("idempotency_mismatch", "Use a new key for another request.")


async def _once(
    request: Request, action: Action, doing: Doing[Any, Any], backing: Backing, place: tuple[str, str, str]
) -> Response:
    """The answer is kept for repetitions; a refusal did nothing, and like a failure it frees the key."""
    kept: Replay | None = None
    try:
        response, kept = await _perform(request, action, doing, backing)
        return response
    finally:
        scope, key, attempt = place
        if kept is None:
            await backing.keys.abandon(scope, key, attempt=attempt)
        else:
            await backing.keys.complete(scope, key, kept.status, kept.headers, kept.body, attempt=attempt)


async def _perform(
    request: Request, action: Action, doing: Doing[Any, Any], backing: Backing
) -> tuple[Response, Replay]:
    """The answer, and what a repetition is to be answered."""
    if action.command and (not action.asks_with or getattr(doing.query, action.asks_with)):
        await _spare(doing, backing)
    answered = await _answered(action, doing)
    if answered is None:
        raise not_found()
    response = _response(request, action, doing.prefer, answered)
    if answered.kept is None:
        return response, _replay_of(response)
    discreet = Answered(answered.kept, answered.status, answered.location, answered.headers)
    return response, _replay_of(_response(request, action, doing.prefer, discreet))


async def _answered(action: Action, doing: Doing[Any, Any]) -> Answered | None:
    """The handler's answer; a store that does not confirm is told as such, whatever the handler was about."""
    try:
        return await action.handler(doing)
    except StoreUnavailable as error:
        log.warning("request %s: the event store does not confirm: %s", doing.request_id, error)
        detail = "The event store did not confirm. It may have been done: look before you repeat."
        raise Problem("store_unavailable", detail) from error


async def _spare(doing: Doing[Any, Any], backing: Backing) -> None:
    """A charger answers one call at a time: who floods it starves everybody else."""
    name = f"charger/{doing.caller.tenant}/{doing.path['cpid'].upper()}"
    limits = backing.limits
    wait_s = await backing.rates.take(name, per_s=limits.command_per_s, burst=limits.command_burst)
    if wait_s > 0:
        raise rate_limited(wait_s)


def _response(request: Request, action: Action, prefer: Prefer, answered: Answered) -> Response:
    headers = dict(answered.headers)
    if answered.location:
        headers["Location"] = answered.location
    if prefer.applied:
        headers["Preference-Applied"] = prefer.applied
    if answered.shape is None:
        return Response(
            status_code=answered.status, headers={"Cache-Control": "no-store", "Vary": VARY} | headers
        )
    return document(request, action, answered.shape, answered.status, headers)


def _replay_of(response: Response) -> Replay:
    headers = {name: value for name, value in response.headers.items() if name not in _NOT_KEPT}
    return Replay(response.status_code, headers, bytes(response.body))


def _if_match(request: Request, action: Action) -> IfMatch | None:
    headers = request.headers.getlist("if-match")
    if headers and not action.if_match:
        raise malformed("If-Match", "There are no versions to compare here. Leave the header out.")
    return read_if_match(", ".join(headers)) if headers else None
