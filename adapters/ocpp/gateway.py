"""The OCPP socket: an ASGI endpoint that lets chargers in, runs their sessions, and knows who is connected.

A raw ASGI endpoint, not a Starlette WebSocket: it costs 10 µs a message less and gives the true close codes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.types import Receive, Scope
from starlette.types import Send as AsgiSend

from adapters.ocpp.action import Action
from adapters.ocpp.admittance import Admittance, Admitted, Turned
from adapters.ocpp.caller import Caller
from adapters.ocpp.counters import Counters
from adapters.ocpp.gateway_settings import GatewaySettings
from adapters.ocpp.handshake import Request, read_request
from adapters.ocpp.presence import REPLACED, Connection, Presence
from adapters.ocpp.refusals import Reason
from adapters.ocpp.rubbish import Rubbish
from adapters.ocpp.session import Session
from adapters.ocpp.turning_away import Refusals
from adapters.ocpp.versions import Version
from adapters.ocpp.websocket import EXTENSION, FLAW, Link
from application import clock
from application.attempts import Attempts
from application.desk import Desk
from application.fleet import FleetUnavailable
from application.guidance import Guide
from application.intake import ConnectionReplaced, Intake, ReportNotSettled
from application.ports import EventStore, StoreUnavailable
from application.switchboard import Switchboard
from domain.chargers.charger import Charger, ChargerNotAdmitted, proof_of
from domain.chargers.client_certificate import ClientCertificate, Presented
from domain.chargers.credentials import Credential
from domain.chargers.events import Connected
from domain.chargers.provisioning import Standing
from domain.chargers.succession import ConnectedAlready, Proof, outranks
from domain.event import Told
from domain.identity import ChargerId

log = logging.getLogger("zeus.gateway")

Judge = Callable[[Presented], Awaitable[ClientCertificate]]
"""What a certificate says and whether it is to be believed. Raises StoreUnavailable."""
Actions = Mapping[Version, Mapping[str, Action]]
COMING = 64
GOING = 256
"""Chargers that are let in, and that leave, at the same time. When a fleet returns at once the others wait in memory:
all at work together would keep each other from being answered in time, and what they hold is never given back."""
JUDGEMENTS = 5
"""How often a newcomer looks who has the charger's place, when that changes while it looks."""


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
        admittance: Admittance,
    ) -> None:
        """`caller` makes what carries out commands over a session; `admittance` decides who may come in."""
        self._store = store
        self._switchboard = switchboard
        self._caller = caller
        self._guide = guide
        self.admittance = admittance
        self._intake = intake
        self._actions = actions
        self._settings = settings
        self.presence = Presence(intake)
        self.counters = Counters()
        self.refusals = Refusals(attempts, self.counters, admittance.lockouts, settings)
        self._rubbish: dict[ChargerId, Rubbish] = {}
        """One budget for each charger, whatever the number of its connections: reconnecting earns no new one."""
        self._paces: dict[ChargerId, Pace] = {}
        """The same of frames."""
        self._coming, self._going = asyncio.Semaphore(COMING), asyncio.Semaphore(GOING)
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        """One connection from the knock to the goodbye."""
        await receive()  # websocket.connect
        request = read_request(scope, self._settings.trusted_proxies)
        if self.draining:
            await self.refusals.refuse(request, "", Turned(Reason.DRAINING), send)
            return
        try:
            tenant = await self.admittance.tenant_of(request.address)
            async with self._coming:
                admitted = await self.admittance.admit(request, tenant)
        except StoreUnavailable as error:
            log.warning("%s: the store is unavailable, come again: %r", request.path, error)
            await self.refusals.unavailable(send)
            return
        if not isinstance(admitted, Admitted):
            await self.refusals.refuse(request, tenant, admitted, send)
            return
        charger = admitted.charger
        link: Link = scope["extensions"][EXTENSION]
        async with self.presence.place(charger.id):
            connection = await self._connect(request, admitted, link, send)
        if connection is not None:
            await self._converse(connection, admitted.negotiated.subprotocol, receive, send)

    async def close_unserved(self) -> None:
        """Close the connections of suspended tenants; call it every few seconds."""
        for tenant in self.presence.tenants():
            try:
                served = await self.admittance.serves(tenant)
            except StoreUnavailable as error:  # nobody is turned out on old knowledge
                log.warning("%s: cannot look up whether it is served: %r", tenant, error)
                continue
            if not served:
                log.info("%s is suspended: %d closed", tenant, await self.presence.turn_out_tenant(tenant))

    # -- letting in ----------------------------------------------------------------------------------------

    async def _connect(
        self,
        request: Request,
        admitted: Admitted,
        link: Link,
        send: AsgiSend,
    ) -> Connection | None:
        """Record the connection; the handshake may be completed after that."""
        charger, negotiated, certificate = admitted.charger, admitted.negotiated, admitted.certificate
        name = clock.time_ordered_id()
        desk = Desk(self._store, charger)
        fact = Connected(
            connection=name,
            gateway=self._settings.gateway,
            protocol=negotiated.version,
            security_profile=admitted.security_profile,
            remote=request.remote_address,
            path=request.path[:200],
            user_agent=request.user_agent[:100],
            flags=admitted.flags,
            credential_id="" if admitted.shown is None else admitted.shown.name,
            certificate="" if certificate is None else certificate.serial,
            certificate_from=None if certificate is None else certificate.not_before,
            tls=request.tls,
            cipher=request.cipher,
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
        except ConnectedAlready:
            await self.refusals.refuse(request, charger.id.tenant, Turned(Reason.DUPLICATE_CONNECTION), send)
            return None
        except ChargerNotAdmitted:
            shut = desk.charger.standing is not Standing.ACTIVE
            reason = Reason.CHARGER_DISABLED if shut else Reason.AUTH_PASSWORD
            if not shut and fact.security_profile != desk.charger.security_profile:
                reason = Reason.PROFILE_MISMATCH
            await self.refusals.refuse(request, charger.id.tenant, Turned(reason), send)
            return None
        except (StoreUnavailable, FleetUnavailable, ReportNotSettled) as error:
            log.warning("%s: connection not recorded, come again: %r", charger.stream, error)
            await self.refusals.unavailable(send, profile=str(charger.security_profile))
            return None
        self.counters.handshake("accepted", profile=str(admitted.security_profile))
        return connection

    async def _enter(self, connection: Connection, fact: Connected, shown: Credential | None) -> None:
        """Take the charger's place, unless somebody alive has it who showed as much (SEC-08).

        Another gateway may let somebody in while this one looks: then it looks again. Raises ConnectedAlready,
        ChargerNotAdmitted, StoreUnavailable, FleetUnavailable, ReportNotSettled.
        """
        desk = connection.session.desk
        for _ in range(JUDGEMENTS):
            first = await self._first(desk)
            dead = await self._found_dead(desk.charger, first, proof_of(fact))
            try:
                async with self._coming:  # nobody holds it while a dead connection is listened to
                    former, gateway = await self._take_place(connection, fact, shown, dead)
            except ConnectedAlready as found:
                log.info("%s: %s came first, looking again", desk.charger.stream, found)
                continue
            if former not in ("", dead) and gateway != self._settings.gateway:
                await self._switchboard.displace(desk.charger.id, gateway, former)
            return
        raise ConnectedAlready(desk.charger.connection)

    async def _first(self, desk: Desk) -> Connection | None:
        """Who has the charger's place here. One that is not in the books has lost it to another gateway.

        Raises StoreUnavailable.
        """
        charger = desk.charger.id
        here = self.presence.of(charger)
        if here is not None and here.connection != desk.charger.connection:
            await desk.reload()  # it may have come in after this charger was loaded
            here = self.presence.of(charger)
            if here is not None and here.connection != desk.charger.connection:
                await self.presence.dismiss(here)
                return None
        return here

    async def _found_dead(self, charger: Charger, first: Connection | None, proof: Proof) -> str:
        """The name of the connection in the books if nobody is there; empty where nobody has to be asked.

        Raises ConnectedAlready where it is alive and nothing stronger was shown.
        """
        if not charger.connection or outranks(proof, charger.proof, charger.keyring):
            return ""
        timeout_s = self._settings.ping_timeout_s
        if first is not None:
            alive = await self.presence.lives(first, timeout_s)
        else:
            alive = await self._lives_elsewhere(charger, timeout_s)
        if alive:
            raise ConnectedAlready(charger.connection)
        return charger.connection

    async def _lives_elsewhere(self, charger: Charger, timeout_s: float) -> bool:
        """Whom nobody can ask about is let in: a charger is not locked out because a broker is away."""
        try:
            return await self._switchboard.lives_elsewhere(
                charger.id, charger.gateway, charger.connection, timeout_s
            )
        except FleetUnavailable as error:
            log.warning("%s: cannot ask %s whether it is there: %r", charger.stream, charger.gateway, error)
            return False

    async def _take_place(
        self, connection: Connection, fact: Connected, shown: Credential | None, dead: str
    ) -> tuple[str, str]:
        """Among all gateways, then in the books; the former connection has its place back where that fails.

        Returns what `Intake.connected` does, and raises what that raises.
        """
        desk = connection.session.desk
        charger = desk.charger.id
        await self._switchboard.enter(charger, connection)
        try:
            told = Told(recorded_at=clock.now(), actor="zeus")
            former = await self._intake.connected(desk, fact, told, shown, dead)
        except BaseException:
            await self._switchboard.step_back(charger, connection, lambda: self.presence.of(charger))
            raise
        await self.presence.enter(connection)
        return former

    # -- talking -------------------------------------------------------------------------------------------

    async def _converse(
        self, connection: Connection, subprotocol: str, receive: Receive, send: AsgiSend
    ) -> None:
        """Complete the handshake, read until the socket closes; whatever ends it, the goodbye is recorded."""
        code, reason = 1011, "the server failed"
        try:
            if connection.session.over:  # replaced before it was told that it may come in
                raise ConnectionReplaced
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
        charger, replaced = connection.session.desk.charger.id, connection.session.over
        async with self._going:
            await self.presence.leave(connection, code, reason)
            await self._switchboard.leave(charger, connection, replaced=replaced)
        if not self._switchboard.has(charger):  # a newer connection of it is led on
            self._guide.leave(charger)

    async def _read(self, session: Session, receive: Receive) -> tuple[int, str]:
        charger = session.desk.charger.id
        pace = self._paces.setdefault(charger, Pace(self._settings.frames_per_s, self._settings.burst))
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


class Pace:
    """A leaky bucket over the frames of one charger: who sends too much is read more slowly."""

    __slots__ = ("_burst", "_debt_until", "_per_frame_s")

    def __init__(self, frames_per_s: float, burst: int) -> None:
        self._per_frame_s = 1.0 / frames_per_s
        self._burst = burst * self._per_frame_s
        self._debt_until = 0.0

    def delay_s(self, now: float) -> float:
        """Count a frame; how long to wait before reading the next."""
        self._debt_until = max(self._debt_until, now) + self._per_frame_s
        return self._debt_until - now - self._burst


async def _close(send: AsgiSend, code: int) -> None:
    try:
        await send({"type": "websocket.close", "code": code})
    except (OSError, RuntimeError) as error:
        log.debug("the socket was closed already: %r", error)
