"""What the charger's core needs of a dialect."""

from typing import Protocol

from entrypoints.simulator.story import Equipment, Payload, Reading, Step, Transaction


class Dialect(Protocol):
    """Story steps → wire messages of one OCPP version; pure, no state of its own."""

    subprotocol: str
    metering_interval_key: str
    sampled_data_key: str
    attempts_key: str
    retry_interval_key: str
    heartbeat_key: str

    def boot(self, equipment: Equipment, reason: str) -> Step:
        """BootNotification; `reason` in 2.x words."""
        ...

    def heartbeat(self) -> Step:
        """Heartbeat."""
        ...

    def connector_word(self, state: str) -> str:
        """The status word this version has for a 1.6 connector state."""
        ...

    def status(self, evse_id: int, word: str, at_s: float, error: str = "NoError") -> Step:
        """StatusNotification; `word` as `connector_word` gave it."""
        ...

    def authorize(self, token: str) -> Step:
        """Authorize."""
        ...

    def start(self, transaction: Transaction, trigger: str, offline: bool) -> Step:
        """StartTransaction, or TransactionEvent Started with a Transaction.Begin reading."""
        ...

    def charging_state(self, transaction: Transaction, at_s: float, offline: bool) -> Step | None:
        """TransactionEvent Updated with the new charging state; 1.6 has no such message."""
        ...

    def meter(
        self,
        transaction: Transaction,
        reading: Reading,
        wanted: frozenset[str],
        offline: bool,
        context: str = "Sample.Periodic",
    ) -> Step:
        """MeterValues, or TransactionEvent Updated, with the `wanted` measurands."""
        ...

    def idle_meter(self, evse_id: int, reading: Reading, wanted: frozenset[str]) -> Step:
        """MeterValues outside a transaction (triggered)."""
        ...

    def stop(
        self, transaction: Transaction, reading: Reading, reason: str, token: str | None, offline: bool
    ) -> Step:
        """StopTransaction, or TransactionEvent Ended with a Transaction.End reading."""
        ...

    def bind(self, step_payload: Payload, transaction: Transaction) -> None:
        """Write the server's transaction id into a message that waited for it (1.6)."""
        ...

    def security_event(self, kind: str, at_s: float, info: str) -> Step:
        """SecurityEventNotification."""
        ...

    def verdict(self, action: str, answer: Payload) -> str | None:
        """The authorization status in an answer, None where it carries none."""
        ...

    def number(self, action: str, answer: Payload) -> int | None:
        """The transaction id the server chose (1.6), else None."""
        ...
