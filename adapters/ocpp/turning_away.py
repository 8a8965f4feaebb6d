"""Turning away: record why, then say so, in HTTP before the upgrade or by a close code after it."""

import logging
import math

from starlette.types import Send as AsgiSend

from adapters.ocpp.admittance import Shut, Turned
from adapters.ocpp.counters import Counters
from adapters.ocpp.handshake import Request
from adapters.ocpp.refusals import VERDICTS, Reason
from application import clock
from application.attempts import Attempts
from application.ports import StoreUnavailable
from application.tenants import NOBODY
from domain.chargers.events import HandshakeRefused

log = logging.getLogger("zeus.gateway")

RETRY_AFTER_S = 30
_NOT_LOOKED_UP = frozenset({Reason.ID_UNKNOWN, Reason.DRAINING})
"""Refusals of an id that nobody registered, or that nobody looked for."""


class Refusals:
    """Every refusal of this process: counted, in the log, and told to whoever knocked."""

    def __init__(self, attempts: Attempts, counters: Counters) -> None:
        self._attempts = attempts
        self._counters = counters

    async def refuse(self, request: Request, tenant: str, why: Turned | Shut, send: AsgiSend) -> None:
        """Before the upgrade where HTTP can, after it where OCPP-J asks for that.

        That there is no such tenant is recorded for whoever runs the installation, and told nobody: the answer
        is the one to an id that nobody knows.
        """
        if isinstance(why, Shut):
            reason, known, retry_after_s = Reason(why.wait.why), why.known, math.ceil(why.wait.seconds)
        else:
            reason, retry_after_s = why.reason, RETRY_AFTER_S
            looked_up = request.address.cpid is not None and reason not in _NOT_LOOKED_UP
            known = looked_up if why.known is None else why.known
        told = VERDICTS[reason]
        if tenant == NOBODY and reason is Reason.ID_UNKNOWN:
            reason, known = Reason.ID_DOUBLED if request.address.doubled else Reason.TENANT_UNKNOWN, False
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
            known=known,
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
