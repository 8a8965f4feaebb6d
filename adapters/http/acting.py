"""How actions and transfers are answered: headers read, the key taken, the handler awaited, the answer kept."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from adapters.http.access import Caller
from adapters.http.action import Action, Answered, Doing, NoBody
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
from adapters.http.problems import Problem, malformed, not_found
from adapters.http.reading import VARY, document
from adapters.http.route import Query, Row, asked
from adapters.http.transfer import Transfer
from application.fleet import ANSWER_LIMIT, Begun, FleetUnavailable, InProgress, Mismatch, Replay
from application.mass_pace import TooManyChargers
from application.ports import StoreUnavailable

log = logging.getLogger("zeus.http")

REPLAYED = "Idempotent-Replayed"
_NOT_KEPT = frozenset({"content-length", "set-cookie"})


class _Place(NamedTuple):
    """Where the answer of a request is kept, and which attempt this is."""

    scope: str
    key: str
    fingerprint: str
    attempt: str


async def respond_by_acting(request: Request, action: Action, caller: Caller, backing: Backing) -> Response:
    """The answer to a request that passed access and limits; raises a Problem for anything that is wrong."""
    query = read_query(action.query, request.query_params)
    if_match = _if_match(request, takes=action.if_match)
    key = _key(request, action) if action.mutates else ""
    raw = await read_raw(request, action.largest_body) if action.mutates else b""
    scope = "\n".join((caller.tenant, caller.name, request.method, request.scope["path"]))
    doing = replace(
        _doing(request, action, caller, backing, query),
        body=read_body(action.body, raw),
        prefer=read_prefer(request.headers.getlist("prefer")) if action.command else Prefer(),
        if_match=if_match,
        key=identity_of(scope, key),
    )
    if not key:
        return (await _perform(request, action, doing, backing))[0]
    fingerprint = fingerprint_of(raw, request.scope["query_string"])
    try:
        begun_as = await backing.keys.begin(scope, key, fingerprint, ttl_s=TTL_S, lease_s=LEASE_S)
    except FleetUnavailable as error:
        log.warning("request %s: its key cannot be kept: %r", doing.request_id, error)
        raise Problem("store_unavailable", "The key cannot be kept now; nothing was done.") from error
    match begun_as:
        case Begun() as begun:
            return await _once(
                request, action, doing, backing, _Place(scope, key, fingerprint, begun.attempt)
            )
        case Replay() as replay:
            headers = {**replay.headers, REPLAYED: "true"}
            body = await backing.naming.shown_json(caller, replay.body)
            return Response(body, replay.status, headers)
        case InProgress():
            detail = "The first request with this key is still being answered. Ask again in a moment."
            raise Problem("in_progress", detail, headers={"Retry-After": "1"})
        case Mismatch():
            raise Problem("idempotency_mismatch", "Use a new key for another request.")


async def respond_by_transferring(
    request: Request, transfer: Transfer, caller: Caller, backing: Backing
) -> ASGIApp:
    """The answer to a request that passed access and limits; raises a Problem for anything that is wrong."""
    query = read_query(transfer.query, request.query_params)
    _if_match(request, takes=False)
    if transfer.method != "GET" and "idempotency-key" in request.headers:
        raise malformed("Idempotency-Key", "Bodies are not kept here to be compared. Leave the header out.")
    doing = _doing(request, transfer, caller, backing, query)
    with _told_as_problems(doing.request_id):
        answer = await transfer.handler(doing, request)
    if answer is None:
        raise not_found()
    if not isinstance(answer, Answered):
        return answer
    return _response(request, transfer, Prefer(), await _named(answer, caller, backing))


def _key(request: Request, action: Action) -> str:
    headers = request.headers.getlist("idempotency-key")
    if headers and not action.repeatable:
        raise malformed("Idempotency-Key", "What is answered here is kept by nobody. Leave the header out.")
    return read_key(headers)


def _doing(request: Request, row: Row, caller: Caller, backing: Backing, query: Query) -> Doing[Any, Any]:
    """The request as handlers see it, without what only some rows take."""
    asking = asked(row, caller, request.path_params, query, backing.cursors, backing.naming.pseudonyms)
    return Doing(
        caller=caller,
        path=request.path_params,
        query=query,
        body=NoBody(),
        prefer=Prefer(),
        if_match=None,
        key="",
        services=backing.services,
        reading=partial(backing.database.read, tenant=caller.tenant),
        asking=asking,
        now=asking.now,
        request_id=request.scope["zeus.request_id"],
        origin=backing.origin(request),
        visit=backing.visit(request),
        naming=partial(backing.naming.shown, caller),
    )


async def _once(
    request: Request, action: Action, doing: Doing[Any, Any], backing: Backing, place: _Place
) -> Response:
    """The answer is kept for repetitions; a refusal did nothing, and like a failure it frees the key.

    Who was overtaken, as its lease ran out, and finds that another attempt has answered, repeats what it said."""
    kept: Replay | None = None
    try:
        response, kept = await _perform(request, action, doing, backing)
    finally:
        overtaken = await _settle(backing, place, kept)
    if overtaken:
        response.headers[REPLAYED] = "true"
    return response


async def _settle(backing: Backing, place: _Place, kept: Replay | None) -> bool:
    """Keep the answer, or free the key; whether it was answered before. Where neither is possible the key is
    free when its lease ends, and what is done again then finds what `doing.key` named."""
    scope, key, fingerprint, attempt = place
    try:
        if kept is not None and len(kept.body) <= ANSWER_LIMIT:
            return await backing.keys.complete(scope, key, fingerprint, kept.status, kept.headers, kept.body)
        await backing.keys.abandon(scope, key, attempt=attempt)
    except FleetUnavailable as error:
        log.warning("the key of a request could not be settled: %r", error)
    return False


async def _perform(
    request: Request, action: Action, doing: Doing[Any, Any], backing: Backing
) -> tuple[Response, Replay]:
    """The answer, and what a repetition is to be answered."""
    if action.command and (not action.asks_with or getattr(doing.query, action.asks_with)):
        await _spare(doing, backing)
    with _told_as_problems(doing.request_id):
        answered = await action.handler(doing)
    if answered is None:
        raise not_found()
    caller = doing.caller
    response = _response(request, action, doing.prefer, await _named(answered, caller, backing))
    if not doing.key:
        return response, _replay_of(response, bytes(response.body))
    kept = response
    if answered.kept is not None:
        discreet = Answered(answered.kept, answered.status, answered.location, answered.headers)
        kept = _response(request, action, doing.prefer, discreet)
    return response, _replay_of(kept, await backing.naming.kept_json(caller, bytes(kept.body)))


async def _named(answered: Answered, caller: Caller, backing: Backing) -> Answered:
    if answered.shape is None:
        return answered
    return msgspec.structs.replace(answered, shape=await backing.naming.shown(caller, answered.shape))


@contextmanager
def _told_as_problems(request_id: str) -> Iterator[None]:
    """A store that does not confirm, and a person who steers too many, whatever the handler was about."""
    try:
        yield
    except TooManyChargers as error:
        headers = {"Retry-After": str(error.wait_s)}
        raise Problem("rate_limited", str(error), headers=headers) from error
    except (StoreUnavailable, FleetUnavailable) as error:
        log.warning("request %s: the event store does not confirm: %s", request_id, error)
        detail = "The event store did not confirm. It may have been done: look before you repeat."
        raise Problem("store_unavailable", detail) from error


async def _spare(doing: Doing[Any, Any], backing: Backing) -> None:
    """A charger answers one call at a time: who floods it starves everybody else."""
    name = f"charger/{doing.caller.tenant}/{doing.path['cpid'].upper()}"
    limits = backing.limits
    await backing.spare(name, per_s=limits.command_per_s, burst=limits.command_burst)


def _response(request: Request, row: Row, prefer: Prefer, answered: Answered) -> Response:
    headers = dict(answered.headers)
    if answered.location:
        headers["Location"] = answered.location
    if prefer.applied:
        headers["Preference-Applied"] = prefer.applied
    if answered.shape is None:
        response = Response(
            status_code=answered.status, headers={"Cache-Control": "no-store", "Vary": VARY} | headers
        )
    else:
        response = document(request, row, answered.shape, answered.status, headers)
    for cookie in answered.cookies:
        response.headers.append("Set-Cookie", cookie)
    return response


def _replay_of(response: Response, body: bytes) -> Replay:
    headers = {name: value for name, value in response.headers.items() if name not in _NOT_KEPT}
    return Replay(response.status_code, headers, body)


def _if_match(request: Request, *, takes: bool) -> IfMatch | None:
    headers = request.headers.getlist("if-match")
    if headers and not takes:
        raise malformed("If-Match", "There are no versions to compare here. Leave the header out.")
    return read_if_match(", ".join(headers)) if headers else None
