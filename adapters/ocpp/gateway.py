"""The OCPP socket: an ASGI endpoint that lets chargers in, runs their sessions, and knows who is connected.

A raw ASGI endpoint, not a Starlette WebSocket: it costs 10 µs a message less and gives the true close codes.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Collection, Mapping

import msgspec
from starlette.types import Receive, Scope
from starlette.types import Send as AsgiSend

from adapters.ocpp.action import Action
from adapters.ocpp.caller import Caller
from adapters.ocpp.counters import Counters
from adapters.ocpp.frames import LIMITS, Limits
from adapters.ocpp.handshake import Negotiated, Request, negotiate, read_request
from adapters.ocpp.presence import REPLACED, Connection, Presence
from adapters.ocpp.refusals import VERDICTS, Reason
from adapters.ocpp.rubbish import Rubbish
from adapters.ocpp.session import Session
from adapters.ocpp.versions import Version
from adapters.ocpp.websocket import EXTENSION, FLAW, Link
from application import clock
from application.attempts import Attempts
from application.desk import Desk
from application.fleet import FleetUnavailable
from application.guidance import Guide
from application.intake import ConnectionReplaced, Intake, ReportNotSettled
from application.lockouts import Failure, Lockouts, Visitor, Wait, origin_of
from application.ports import EventStore, StoreUnavailable
from application.snapshots import load_charger
from application.switchboard import Switchboard
from application.windows import Doorkeeper
from domain.chargers.admission import Knock, admit
from domain.chargers.charger import Charger, ChargerNotAdmitted
from domain.chargers.client_certificate import ClientCertificate, Presented
from domain.chargers.credentials import Credential, Keyring
from domain.chargers.events import Connected, HandshakeRefused
from domain.chargers.provisioning import Standing
from domain.event import Told
from domain.identity import ChargerId

log = logging.getLogger("zeus.gateway")

Judge = Callable[[Presented], Awaitable[ClientCertificate]]
"""What a certificate says and whether it is to be believed. Raises StoreUnavailable."""
Actions = Mapping[Version, Mapping[str, Action]]
RETRY_AFTER_S = 30
_NOT_LOOKED_UP = frozenset({Reason.ID_UNKNOWN, Reason.DRAINING})
"""Refusals of an id that nobody registered, or that nobody looked for."""
_NO_FAULT = frozenset({Reason.DRAINING, Reason.DUPLICATE_CONNECTION, Reason.AUTH_LOCKED, Reason.RATE_LIMITED})
"""Refusals that count against nobody: he showed the right password, or was told to wait already."""
_FAILURES = {Reason.AUTH_PASSWORD: Failure.PASSWORD, Reason.ID_UNKNOWN: Failure.UNKNOWN_ID}
_NO_PASSWORDS = Keyring()


class _Turned(msgspec.Struct, frozen=True):
    """Turned away."""

    reason: Reason
    visitor: Visitor | None = None
    """None where no usable id was shown."""
    known: bool | None = None
    """Is the id registered? None: by the reason."""


class _Shut(msgspec.Struct, frozen=True):
    """Too much failed before: nothing that was shown has been looked at."""

    wait: Wait
    known: bool


class _Admitted(msgspec.Struct, frozen=True):
    """A charger that may come in."""

    charger: Charger
    negotiated: Negotiated
    flags: tuple[str, ...]
    shown: Credential | None
    """The password it came with."""


class GatewaySettings(msgspec.Struct, frozen=True):
    """What an operator may choose about the sockets."""

    tenant: str
    gateway: str
    """This process, by a name of its own: tells its connections from those of a predecessor."""
    versions: frozenset[Version]
    trusted_proxies: frozenset[str] = frozenset()
    limits: Limits = LIMITS
    frames_per_s: float = 50.0
    """Sustained frames of one charger; beyond it and the burst, reading is delayed."""
    burst: int = 500
    """A reconnecting charger empties a backlog of hundreds of messages at once: that must pass."""
    organisation: str = ""
    """The operator's name, which certificates of chargers have to bear (A00.FR.404); empty: any."""
    ping_timeout_s: float = 5.0
    """How long the first of two connections has to prove that it is alive."""


class Gateway:
    """All sockets of this process."""

    def __init__(
        self,
        store: EventStore,
        intake: Intake,
        attempts: Attempts,
        actions: Actions,
        settings: GatewaySettings,
        switchboard: Switchboard,
        caller: Callable[[Session], Caller],
        guide: Guide,
        lockouts: Lockouts,
        doorkeeper: Doorkeeper | None = None,
        judge: Judge | None = None,
    ) -> None:
        """`caller` makes what carries out commands over a session; without `judge` no certificate counts."""
        self._certificate_judge = judge
        self._store = store
        self._switchboard = switchboard
        self._caller = caller
        self._guide = guide
        self._lockouts = lockouts
        self.doorkeeper = doorkeeper or Doorkeeper(store, settings.tenant)
        self._intake = intake
        self._attempts = attempts
        self._actions = actions
        self._settings = settings
        self.presence = Presence(intake)
        self.counters = Counters()
        self._rubbish: dict[ChargerId, Rubbish] = {}
        """One budget for each charger, whatever the number of its connections: reconnecting earns no new one."""
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        """One connection from the knock to the goodbye."""
        await receive()  # websocket.connect
        request = read_request(scope, self._settings.trusted_proxies)
        try:
            admitted = await self._admit(request)
        except StoreUnavailable as error:
            log.warning("%s: the store is unavailable, come again: %r", request.path, error)
            self.counters.handshake("unavailable")
            await _deny(send, 503, "The event store is unavailable. The box will connect again by itself.")
            return
        if not isinstance(admitted, _Admitted):
            await self._turn_away(request, admitted, send)
            return
        charger = admitted.charger
        link: Link = scope["extensions"][EXTENSION]
        async with self.presence.place(charger.id):
            if await self._occupied(charger):
                await self._refuse(request, Reason.DUPLICATE_CONNECTION, send)
                return
            connection = await self._connect(request, admitted, link, send)
        if connection is not None:
            await self._converse(connection, admitted.negotiated.subprotocol, receive, send)

    # -- letting in ----------------------------------------------------------------------------------------

    async def _admit(self, request: Request) -> _Admitted | _Turned | _Shut:
        refusing = next((reason for reason in request.problems if VERDICTS[reason].refuses), None)
        cpid, origin = request.address.cpid, origin_of(request.remote_address)
        if self.draining:
            return _Turned(Reason.DRAINING)
        if wait := self._lockouts.shut_to(origin) if cpid is None else self._lockouts.crowded(origin):
            return _Shut(wait, known=False)
        if cpid is None:
            return _Turned(refusing or Reason.ID_MISSING)
        charger = await load_charger(self._store, ChargerId.of(self._settings.tenant, cpid))
        home = bool(origin) and origin_of(charger.remote) == origin
        visitor = Visitor(charger.id, origin, home)
        if wait := self._lockouts.closed(visitor):  # before anything is hashed
            return _Shut(wait, known=charger.registered)
        found = await self._judge(charger, cpid, request, refusing)
        if isinstance(found, _Admitted):
            self._lockouts.let_in(visitor)
            return found
        return _Turned(found, visitor) if isinstance(found, Reason) else _Turned(found.reason, visitor, False)

    async def _judge(
        self, charger: Charger, cpid: str, request: Request, refusing: Reason | None
    ) -> _Admitted | _Turned | Reason:
        if not charger.registered:
            found = await self._look_through_the_window(cpid, request, refusing)
            if not isinstance(found, Charger):
                return found
            charger = found
        if refusing is not None:
            return refusing
        knock = _knock(cpid, request)
        if (
            request.certificate is not None
            and charger.security_profile == 3
            and self._certificate_judge is not None
        ):
            certificate = await self._certificate_judge(request.certificate)
            knock = msgspec.structs.replace(knock, certificate=certificate)
        admission = admit(charger, knock, self._settings.organisation)
        if admission.refused:
            return Reason(admission.refused)
        negotiated = negotiate(request.subprotocols, request.address.version, self._settings.versions)
        if isinstance(negotiated, Reason):
            return negotiated
        flags = (*(str(flag) for flag in request.problems), *admission.flags)
        return _Admitted(charger, negotiated, flags, admission.shown)

    async def _occupied(self, charger: Charger) -> bool:
        """Is it connected and alive, here or at another gateway? The books say where to look."""
        timeout_s = self._settings.ping_timeout_s
        if await self.presence.occupied(charger.id, timeout_s):
            return True
        if not charger.connection or charger.gateway == self._settings.gateway:
            return False
        try:
            return await self._switchboard.occupied_elsewhere(charger.id, timeout_s)
        except FleetUnavailable as error:
            log.warning("%s: cannot ask %s whether it is there: %r", charger.stream, charger.gateway, error)
            return False

    async def _look_through_the_window(
        self, cpid: str, request: Request, refusing: Reason | None
    ) -> Charger | _Turned | Reason:
        """An id nobody registered: where a window is open for it and it speaks OCPP, it is registered now."""
        if not self.doorkeeper.expects(cpid):
            if (
                request.credentials is not None
            ):  # the same work as for a known id: time tells nobody which it is
                _NO_PASSWORDS.find(request.credentials.password)
            return Reason.ID_UNKNOWN
        negotiated = negotiate(request.subprotocols, request.address.version, self._settings.versions)
        if refusing is not None:
            return _Turned(refusing)
        if isinstance(negotiated, Reason):
            return _Turned(negotiated)
        found = await self.doorkeeper.let_in(_knock(cpid, request), request.remote_address)
        return found if isinstance(found, Charger) else _Turned(Reason(found))

    async def no_tls(self, remote: str, reason: str) -> None:
        """Somebody could not shake hands over TLS: what he wanted is not known, why it failed is."""
        verdict = VERDICTS[Reason(reason)]
        self.counters.handshake("refused", reason)
        fact = HandshakeRefused(
            cpid="", reason=reason, status=verdict.tls_alert or 0, hint=verdict.hint, remote=remote
        )
        await self._record_attempt(fact)

    async def _record_attempt(self, fact: HandshakeRefused) -> None:
        try:
            await self._attempts.refused(fact, clock.now())
        except StoreUnavailable as error:
            log.warning("refused handshake %s not recorded: %r", fact.reason, error)

    async def _turn_away(self, request: Request, why: _Turned | _Shut, send: AsgiSend) -> None:
        """Refuse, and count what is a failure before anything is awaited: who knocks in parallel gains nothing."""
        if isinstance(why, _Shut):
            reason, wait_s = Reason(why.wait.why), math.ceil(why.wait.seconds)
            await self._refuse(request, reason, send, known=why.known, retry_after_s=wait_s)
            return
        if why.reason not in _NO_FAULT:
            origin, failure = origin_of(request.remote_address), _FAILURES.get(why.reason, Failure.OTHER)
            await self._lockouts.failed(origin, failure, why.visitor)
        await self._refuse(request, why.reason, send, known=why.known)

    async def _refuse(
        self,
        request: Request,
        reason: Reason,
        send: AsgiSend,
        *,
        known: bool | None = None,
        retry_after_s: int = RETRY_AFTER_S,
    ) -> None:
        """Record why, then say so: before the upgrade where HTTP can, after it where OCPP-J asks for that."""
        self.counters.handshake("refused", reason)
        verdict = VERDICTS[reason]
        status = verdict.http_status or verdict.close_code or 403
        fact = HandshakeRefused(
            cpid=request.address.cpid or "",
            reason=reason,
            status=status,
            hint=verdict.hint,
            remote=request.remote_address,
            path=request.path[:200],
            subprotocols=tuple(name[:40] for name in request.subprotocols[:5]),
            user_agent=request.user_agent[:100],
            known=request.address.cpid is not None and reason not in _NOT_LOOKED_UP
            if known is None
            else known,
        )
        await self._record_attempt(fact)
        if verdict.close_code is not None:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": verdict.close_code, "reason": reason})
        else:
            await _deny(send, status, verdict.hint, retry_after_s)

    async def _connect(
        self,
        request: Request,
        admitted: _Admitted,
        link: Link,
        send: AsgiSend,
    ) -> Connection | None:
        """Record the connection; the handshake may be completed after that."""
        charger, negotiated = admitted.charger, admitted.negotiated
        name = clock.time_ordered_id()
        desk = Desk(self._store, charger)
        fact = Connected(
            connection=name,
            gateway=self._settings.gateway,
            protocol=negotiated.version,
            security_profile=charger.security_profile,
            remote=request.remote_address,
            path=request.path[:200],
            user_agent=request.user_agent[:100],
            flags=admitted.flags,
        )

        async def send_text(text: str) -> None:
            await send({"type": "websocket.send", "text": text})

        session = Session(
            desk,
            self._intake,
            negotiated.version,
            self._actions[negotiated.version],
            name,
            send_text,
            self._settings.limits,
            self.counters,
            self._rubbish.setdefault(charger.id, Rubbish()),
        )
        connection = Connection(session, link, send, self._caller(session))
        try:
            await self._enter(connection, fact, admitted.shown)
        except ChargerNotAdmitted:
            shut = desk.charger.standing is not Standing.ACTIVE
            await self._refuse(request, Reason.CHARGER_DISABLED if shut else Reason.AUTH_PASSWORD, send)
            return None
        except (StoreUnavailable, FleetUnavailable, ReportNotSettled) as error:
            log.warning("%s: connection not recorded, come again: %r", charger.stream, error)
            self.counters.handshake("unavailable", profile=str(charger.security_profile))
            await _deny(send, 503, "The event store is unavailable. The box will connect again by itself.")
            return None
        self.counters.handshake("accepted", profile=str(charger.security_profile))
        return connection

    async def _enter(self, connection: Connection, fact: Connected, shown: Credential | None) -> None:
        """Take the charger's place among all gateways, and into the books.

        Raises ChargerNotAdmitted, StoreUnavailable, FleetUnavailable, ReportNotSettled.
        """
        desk = connection.session.desk
        charger = desk.charger.id
        await self._switchboard.enter(charger, connection)
        try:
            told = Told(recorded_at=clock.now(), actor="zeus")
            await self._intake.connected(desk, fact, told, shown)
        except BaseException:
            await self._switchboard.leave(charger, connection)
            raise
        self.presence.enter(connection)

    # -- talking -------------------------------------------------------------------------------------------

    async def _converse(
        self, connection: Connection, subprotocol: str, receive: Receive, send: AsgiSend
    ) -> None:
        """Complete the handshake, read until the socket closes; whatever ends it, the goodbye is recorded."""
        code, reason = 1011, "the server failed"
        try:
            await send({"type": "websocket.accept", "subprotocol": subprotocol})
            if connection.session.desk.charger.guided:
                self._guide.lead(connection.session.desk.charger.id)
            code, reason = await self._read(connection.session, receive)
        except OSError as error:  # sending to a socket that is gone: uvicorn's ClientDisconnected
            code, reason = 1006, type(error).__name__
        except ConnectionReplaced:
            code, reason = 1008, REPLACED
            await _close(send, 1008)
        except Exception:  # the socket border: an error must not end as a silent TCP close
            log.exception("%s: session ended by an error", connection.session.desk.charger.stream)
            await _close(send, 1011)
        finally:
            link = connection.link
            code = link.close_code or code
            self.counters.close(code)
            await asyncio.shield(self._leave(connection, code, link.close_reason or reason))

    async def _leave(self, connection: Connection, code: int, reason: str) -> None:
        charger = connection.session.desk.charger.id
        await self.presence.leave(connection, code, reason)
        await self._switchboard.leave(charger, connection)
        if not self._switchboard.has(charger):  # a newer connection of it is led on
            self._guide.leave(charger)

    async def _read(self, session: Session, receive: Receive) -> tuple[int, str]:
        pace = Pace(self._settings.frames_per_s, self._settings.burst)
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                return int(message.get("code", 1006)), str(message.get("reason") or "")
            delay = pace.delay_s(clock.monotonic())
            if delay > 0:
                await asyncio.sleep(delay)
            flaw = message.get(FLAW, "")
            if not flaw:
                await session.receive(message["text"])
            else:
                raw: bytes = message["bytes"]
                text = raw.decode("utf-8", "replace")
                intact = flaw == "binary" and text.encode() == raw
                await session.receive(text, raw=None if intact else raw, flaw=flaw)


def _knock(cpid: str, request: Request) -> Knock:
    credentials = request.credentials
    return Knock(
        cpid=cpid,
        user=credentials.user if credentials else None,
        password=credentials.password if credentials else None,
        secure=request.scheme == "wss",
    )


class Pace:
    """A leaky bucket over the frames of one connection: who sends too much is read more slowly."""

    __slots__ = ("_burst", "_debt_until", "_per_frame_s")

    def __init__(self, frames_per_s: float, burst: int) -> None:
        self._per_frame_s = 1.0 / frames_per_s
        self._burst = burst * self._per_frame_s
        self._debt_until = 0.0

    def delay_s(self, now: float) -> float:
        """Count a frame; how long to wait before reading the next."""
        self._debt_until = max(self._debt_until, now) + self._per_frame_s
        return self._debt_until - now - self._burst


async def _deny(send: AsgiSend, status: int, words: str, retry_after_s: int = RETRY_AFTER_S) -> None:
    """A real HTTP answer in place of the upgrade."""
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="OCPP", charset="UTF-8"'))
    if status in (429, 503):
        headers.append((b"retry-after", str(retry_after_s).encode()))
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": words.encode()})


async def _close(send: AsgiSend, code: int) -> None:
    try:
        await send({"type": "websocket.close", "code": code})
    except (OSError, RuntimeError) as error:
        log.debug("the socket was closed already: %r", error)


def enabled_versions(names: Collection[str]) -> frozenset[Version]:
    """The versions of these names; raises ValueError for one that does not exist."""
    return frozenset(Version(name) for name in names)
