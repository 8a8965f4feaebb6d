"""Carries out commands at the charger of one session: record that it leaves, send, wait, record what came of it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from adapters.ocpp.exchange import Exchange
from adapters.ocpp.frames import call
from adapters.ocpp.offering import compose
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.outgoing import Outgoing
from adapters.ocpp.session import Session
from adapters.ocpp.versions import Version
from application import clock
from application.command_book import CommandBook
from domain.chargers.charger import Charger
from domain.chargers.credentials import CredentialOffersUnsettled
from domain.commands.command import Command
from domain.commands.events import Sent
from domain.commands.intent import SECRET, Abilities, Intent
from domain.commands.settings import ChangePassword
from domain.event import Told
from domain.identity import ChargerId

SecretFor = Callable[[ChargerId, Intent], Awaitable[str]]

GONE = "the connection ended before the charger answered"
BUSY = "the connection ended, or other calls kept it busy"


class Caller:
    """One charger over one socket, as commands see it."""

    __slots__ = ("_abilities", "_book", "_gateway", "_secret_for", "session")

    def __init__(
        self,
        session: Session,
        book: CommandBook,
        gateway: str,
        abilities: Callable[[Charger], Awaitable[Abilities]],
        secret_for: SecretFor,
    ) -> None:
        """`secret_for` gives the password, or the seal of a link, that an intent names; it never enters the log."""
        self._secret_for = secret_for
        self.session = session
        self._book = book
        self._gateway = gateway
        self._abilities = abilities

    async def carry_out(self, command: Command) -> Command:
        """Bring the command to its end; as it stands then.

        Raises StoreUnavailable; then the sweeper says its end.
        """
        outgoing = self.session.outgoing
        if not await outgoing.free(_seconds_left(command)):
            return await self._exchange(command).end(lambda one: one.lose(BUSY))
        try:
            return await self._carry_out(command, outgoing)
        finally:
            outgoing.done()

    async def _carry_out(self, command: Command, outgoing: Outgoing) -> Command:
        exchange = self._exchange(command)
        try:
            wire = await self._composed(command)
        except CannotSay as reason:
            words = str(reason)
            return await exchange.end(lambda one: one.cancel(words))
        text = call(command.id, wire.action, wire.payload)
        try:
            secret = await self._secret(command, text)
        except CredentialOffersUnsettled as reason:
            words = " ".join((type(reason).__doc__ or "").split())
            return await exchange.end(lambda one: one.cancel(words))
        if not await self._leaves(exchange, wire.action, text):
            return exchange.command

        async def send() -> None:
            exchange.since = clock.monotonic()
            await self.session.say(wire.action, text.replace(SECRET, secret) if secret else text)

        patience_s = command.answer_within_s
        heard = await outgoing.exchange(command.id, send, exchange.hear, patience_s)
        if heard is None:
            return await exchange.end(lambda one: one.time_out(patience_s))
        if not heard:
            return await exchange.end(lambda one: one.lose(GONE))
        return await exchange.heard()

    async def _composed(self, command: Command) -> WireCall:
        if command.intent is None:
            raise CannotSay("the command holds no intent")
        abilities = await self._abilities(self.session.desk.charger)
        return compose(self.session.version, command.intent, abilities)

    async def _secret(self, command: Command, text: str) -> str:
        """What the placeholder in the frame stands for; 1.6 wants a password's bytes in hex (A00.FR.205)."""
        if SECRET not in text or command.intent is None:
            return ""
        secret = await self._secret_for(self.session.desk.charger.id, command.intent)
        in_hex = self.session.version is Version.V16 and isinstance(command.intent, ChangePassword)
        return secret.encode().hex() if in_hex else secret

    async def _leaves(self, exchange: Exchange, action: str, text: str) -> bool:
        """Record that the frame leaves; False where it may not: settled, sent by another, or too late."""
        command, now = exchange.command, clock.now()
        fact = Sent(
            charger=command.charger,
            action=action,
            message_id=command.id,
            connection=self.session.connection,
            gateway=self._gateway,
            answer_before=now + timedelta(seconds=command.answer_within_s),
        )
        told = Told(
            recorded_at=now,
            actor=command.requested_by,
            cause=command.id,
            connection=self.session.connection,
            frame=text,
        )
        exchange.command, ours = await self._book.record(command, lambda one: one.send(fact, now), told)
        if not ours:
            exchange.command = await exchange.end(lambda one: one.cancel("it could not be sent in time"))
        return ours

    def _exchange(self, command: Command) -> Exchange:
        return Exchange(self._book, self.session, command)


def _seconds_left(command: Command) -> float:
    if command.send_before is None:
        return 0.0
    return (command.send_before - clock.now()).total_seconds()
