"""Turning away: record why, then say so, in HTTP before the upgrade or by a close code after it."""

import logging
import math

from starlette.types import Send as AsgiSend

from adapters.ocpp.admittance import Shut, Turned
from adapters.ocpp.counters import Counters
from adapters.ocpp.gateway_settings import GatewaySettings
from adapters.ocpp.handshake import Request
from adapters.ocpp.refusals import VERDICTS, Reason
from application import clock
from application.attempts import Attempts
from application.lockouts import Failure, Lockouts, origin_of
from application.ports import StoreUnavailable
from application.tenants import NOBODY
from domain.chargers.events import HandshakeRefused

log = logging.getLogger("zeus.gateway")

RETRY_AFTER_S = 30
_NOT_LOOKED_UP = frozenset({Reason.ID_UNKNOWN, Reason.DRAINING})
"""Refusals of an id that nobody registered, or that nobody looked for."""
_NO_FAULT = frozenset({Reason.DRAINING, Reason.DUPLICATE_CONNECTION})
"""Refusals that count against nobody: we are the reason, or the right password was shown."""
_FAILURES = {Reason.AUTH_PASSWORD: Failure.PASSWORD, Reason.ID_UNKNOWN: Failure.UNKNOWN_ID}


class Refusals:
    """Every refusal of this process: counted, in the log, and told to whoever knocked."""

    def __init__(
        self, attempts: Attempts, counters: Counters, lockouts: Lockouts, settings: GatewaySettings
    ) -> None:
        self._attempts = attempts
        self._counters = counters
        self._lockouts = lockouts
        self._settings = settings

    async def refuse(self, request: Request, tenant: str, why: Turned | Shut, send: AsgiSend) -> None:
        """Count what is a failure before anything is awaited: who knocks in parallel gains nothing by it."""
        if isinstance(why, Shut):
            reason, wait_s = Reason(why.wait.why), math.ceil(why.wait.seconds)
            await self._answer(request, tenant, Turned(reason, known=why.known), send, wait_s)
            return
        if why.reason in _NO_FAULT:
            await self._answer(request, tenant, why, send)
            return
        failure = _FAILURES.get(why.reason, Failure.OTHER)
        if failure is Failure.UNKNOWN_ID and self._shows_as(request, why.reason) is Reason.AUTH_PASSWORD:
            failure = Failure.UNKNOWN_PASSWORD
        counted = self._lockouts.failed(origin_of(request.remote_address), failure, why.visitor)
        try:
            await self._answer(request, tenant, why, send)
        finally:
            await counted  # after the answer: how long the counting takes tells nothing

    def _shows_as(self, request: Request, reason: Reason) -> Reason:
        """What the caller is told: an unknown id may be told what a known one would be."""
        if reason is not Reason.ID_UNKNOWN or self._settings.unknown_id_status != 401:
            return reason
        return Reason.AUTH_MISSING if request.credentials is None else Reason.AUTH_PASSWORD

    async def _answer(
        self, request: Request, tenant: str, why: Turned, send: AsgiSend, retry_after_s: int = RETRY_AFTER_S
    ) -> None:
        """Before the upgrade where HTTP can, after it where OCPP-J asks for that.

        That there is no such tenant is recorded for whoever runs the installation, and told nobody: the answer
        is the one to an id that nobody knows.
        """
        reason, told = why.reason, VERDICTS[self._shows_as(request, why.reason)]
        if tenant == NOBODY and reason is Reason.ID_UNKNOWN:
            reason = Reason.ID_DOUBLED if request.address.doubled else Reason.TENANT_UNKNOWN
        looked_up = request.address.cpid is not None and tenant != NOBODY and reason not in _NOT_LOOKED_UP
        self._counters.handshake("refused", reason)
        status = told.http_status or told.close_code or 403
        fact = HandshakeRefused(
            cpid=request.address.cpid or "",
            reason=reason,
            status=status,
            hint=VERDICTS[reason].hint,
            remote=request.remote_address,
            path=request.path[:200],
            subprotocols=tuple(name[:40] for name in request.subprotocols[:5]),
            user_agent=request.user_agent[:100],
            known=looked_up if why.known is None else why.known,
            tls=request.tls,
            cipher=request.cipher,
        )
        await self._record(fact, "" if tenant == NOBODY else tenant)
        if told.close_code is not None:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": told.close_code, "reason": reason})
        else:
            await _deny(send, status, told.hint, retry_after_s)

    async def unavailable(self, send: AsgiSend, profile: str = "") -> None:
        """Nothing can be recorded, so nobody is let in."""
        self._counters.handshake("unavailable", profile=profile)
        await _deny(send, 503, "The event store is unavailable. The box will connect again by itself.")

    async def no_tls(self, remote: str, reason: str) -> None:
        """Somebody could not shake hands over TLS: what he wanted is not known, why it failed is."""
        verdict = VERDICTS[Reason(reason)]
        self._counters.handshake("refused", reason)
        fact = HandshakeRefused(
            cpid="", reason=reason, status=verdict.tls_alert or 0, hint=verdict.hint, remote=remote
        )
        await self._record(fact, "")

    async def _record(self, fact: HandshakeRefused, tenant: str) -> None:
        try:
            await self._attempts.refused(fact, clock.now(), tenant)
        except StoreUnavailable as error:
            log.warning("refused handshake %s not recorded: %r", fact.reason, error)


async def _deny(send: AsgiSend, status: int, words: str, retry_after_s: int = RETRY_AFTER_S) -> None:
    """A real HTTP answer in place of the upgrade."""
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="OCPP", charset="UTF-8"'))
    if status in (429, 503):
        headers.append((b"retry-after", str(retry_after_s).encode()))
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": words.encode()})
