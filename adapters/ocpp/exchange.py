"""One call to a charger and its reply: what the reply means, and getting it recorded."""

import asyncio
import logging
from collections.abc import Callable

import msgspec

from adapters.ocpp.faults import Fault
from adapters.ocpp.frames import CallResult
from adapters.ocpp.offering import understand
from adapters.ocpp.outgoing import Reply
from adapters.ocpp.repairs import admit
from adapters.ocpp.schemas import Kind, Message, catalogue
from adapters.ocpp.session import NOT_STORED, Session
from application import clock
from application.command_book import CommandBook
from domain.commands.command import Command
from domain.commands.events import State
from domain.commands.intent import Answer
from domain.commands.upkeep import TriggerMessage
from domain.event import Fact, Told

log = logging.getLogger("zeus.commands")

STORE_PATIENCE_S = 60.0
STORE_PAUSE_S = 1.0
STATUS = "status"
UNLIKE_SCHEMA = "answer_unlike_schema"
"""The repair of an answer that its schema refuses and that can be understood all the same."""

TRIGGERED = {
    "LogStatusNotification": ("LogStatusNotification", "DiagnosticsStatusNotification"),
    "FirmwareStatusNotification": ("FirmwareStatusNotification", "SignedFirmwareStatusNotification"),
    "SignChargingStationCertificate": ("SignCertificate",),
    "SignV2GCertificate": ("SignCertificate",),
    "SignV2G20Certificate": ("SignCertificate",),
    "SignCombinedCertificate": ("SignCertificate",),
}
"""What is triggered → the actions it may come as, where they do not have its name."""

Decide = Callable[[Command], list[Fact]]


class Exchange:
    """A command on its way through one connection. `command` is how it stands."""

    __slots__ = ("_book", "_owed", "_session", "command", "since")

    def __init__(self, book: CommandBook, session: Session, command: Command) -> None:
        self._book = book
        self._session = session
        self.since = clock.monotonic()
        """When the frame left."""
        self._owed: tuple[Decide, Told] | None = None
        self.command = command

    async def hear(self, reply: Reply, told: Told) -> None:
        """Record a reply; one that the store cannot take now is kept for `heard` to repeat."""
        decide, repairs = self._meaning(reply)
        told = msgspec.structs.replace(
            told, cause=self.command.id, repairs=told.repairs + reply.flaws + repairs
        )
        try:
            self.command, _ = await self._book.record(self.command, decide, told)
        except NOT_STORED as error:
            log.warning("%s: the charger's answer is not recorded yet: %r", self.command.stream, error)
            self._owed = decide, told
        self._expect_triggered()

    def _expect_triggered(self) -> None:
        """What a trigger asked for may be said before the charger is accepted (1.6 §4.2, 2.x B02.FR.02)."""
        intent, desk = self.command.intent, self._session.desk
        if isinstance(intent, TriggerMessage) and self.command.state is State.SUCCEEDED:
            desk.asked = desk.asked.union(TRIGGERED.get(intent.message, (intent.message,)))

    async def heard(self) -> Command:
        """The command after the reply, as soon as that is recorded.

        Raises StoreUnavailable when it could not be for a minute.
        """
        deadline = clock.monotonic() + STORE_PATIENCE_S
        while self._owed is not None:
            decide, told = self._owed
            await asyncio.sleep(STORE_PAUSE_S)
            try:
                self.command, _ = await self._book.record(self.command, decide, told)
                self._owed = None
            except NOT_STORED:
                if clock.monotonic() > deadline:
                    raise
        return self.command

    async def end(self, decide: Decide) -> Command:
        """Record an end that the charger did not tell."""
        told = Told(
            recorded_at=clock.now(),
            actor="zeus",
            cause=self.command.id,
            connection=self._session.connection,
        )
        self.command, _ = await self._book.record(self.command, decide, told)
        return self.command

    def _meaning(self, reply: Reply) -> tuple[Decide, tuple[str, ...]]:
        """What the reply makes of the command, and the repairs it needed."""
        latency_ms = round((clock.monotonic() - self.since) * 1000)
        if not isinstance(reply, CallResult):
            code, words = reply.code[:50] or "GenericError", reply.description[:255]
            return lambda one: one.failed(code, words, latency_ms), ()
        message = catalogue(self._session.version).message(Kind.ANSWER, self.command.action)
        admitted = Fault("InternalError") if message is None else admit(message, reply.payload)
        if not isinstance(admitted, Fault):
            answer, repairs = self._understood(admitted.payload), admitted.rules
        elif message is None or _says_nothing(message, reply.payload):
            answer, repairs = None, ()
        else:
            answer, repairs = self._understood(reply.payload), (UNLIKE_SCHEMA,)
        if answer is None:
            words = admitted.description if isinstance(admitted, Fault) else "cannot be understood"
            return lambda one: one.failed("InvalidAnswer", words, latency_ms), repairs
        return lambda one: one.answered(answer, latency_ms), repairs

    def _understood(self, payload: object) -> Answer | None:
        intent = self.command.intent
        if not isinstance(payload, dict) or intent is None:
            return None
        try:
            return understand(self._session.version, intent, self.command.action, payload)
        except Exception as error:  # noqa: BLE001 - the socket border: a charger may answer anything
            log.warning("%s: %r to %s", self.command.stream, error, self.command.action)
            return None


def _says_nothing(message: Message, payload: object) -> bool:
    """Whether the very word of agreement or refusal is missing, or is none that exists: then nobody can tell.

    Other parts of an answer may be odd, such as a schedule without periods (seen of Beny).
    """
    if not isinstance(payload, dict):
        return True
    if STATUS in message.required_at(()) and STATUS not in payload:
        return True
    return any(list(error.instance_path)[:1] == [STATUS] for error in message.errors(payload))
