"""What waits to be sent: one CALL outstanding, transaction messages kept until they are answered."""

from collections import deque
from itertools import count

from entrypoints.simulator.story import Step, Transaction


class Call:
    """A CALL to the server. `kept` calls survive a lost connection, the others are forgotten with it."""

    __slots__ = (
        "about",
        "action",
        "attempts",
        "frame",
        "kept",
        "message_id",
        "not_before_s",
        "order",
        "payload",
        "transaction",
    )

    def __init__(
        self, step: Step, *, kept: bool = False, transaction: Transaction | None = None, about: object = None
    ) -> None:
        self.action, self.payload = step
        self.kept = kept
        self.transaction = transaction
        self.about = about
        """Whatever the caller wants to find again in the acknowledgement (a session, a connector)."""
        self.attempts = 0
        self.not_before_s = 0.0
        self.order = 0
        self.message_id = ""
        self.frame = ""


class Outbox:
    """The queue rules of OCPP-J §4.1.1 and 1.6 §3.7 / 2.0.1 E13: order, retry, give up.

    * Only one CALL waits for an answer.
    * Kept calls leave strictly in the order they happened; one that the server refuses or does not answer
      is tried again after `retry_interval_s` × attempts made, and given up after `max_attempts`.
      A lost connection is no attempt: the call is sent again when the connection is back.
    * Other calls go in order of creation and may pass a kept call that waits for its next try.
    """

    def __init__(self, *, max_attempts: int, retry_interval_s: float, timeout_s: float) -> None:
        self.max_attempts = max_attempts
        self.retry_interval_s = retry_interval_s
        self.timeout_s = timeout_s
        self.outstanding: Call | None = None
        self.deadline_s = 0.0
        self._kept: deque[Call] = deque()
        self._fleeting: deque[Call] = deque()
        self._urgent: deque[Call] = deque()
        self._order = count()

    def put(self, call: Call) -> None:
        """Queue a call behind all others of its kind."""
        call.order = next(self._order)
        (self._kept if call.kept else self._fleeting).append(call)

    def put_first(self, call: Call) -> None:
        """Queue a call that may leave before the charger is accepted (BootNotification)."""
        self._urgent.append(call)

    def take(self, now_s: float, *, accepted: bool) -> Call | None:
        """The next call that may be sent now, which becomes the outstanding one."""
        if self.outstanding is not None:
            return None
        call = self._urgent.popleft() if self._urgent else self._choose(now_s) if accepted else None
        if call is not None:
            call.attempts += 1
            self.outstanding = call
            self.deadline_s = now_s + self.timeout_s
        return call

    def _choose(self, now_s: float) -> Call | None:
        kept = self._kept[0] if self._kept and self._kept[0].not_before_s <= now_s else None
        if self._fleeting and (kept is None or self._fleeting[0].order < kept.order):
            return self._fleeting.popleft()
        return self._kept.popleft() if kept is not None else None

    def settle(self, message_id: str) -> Call | None:
        """The outstanding call this answer belongs to; None for late, doubled or invented answers."""
        call = self.outstanding
        if call is None or call.message_id != message_id:
            return None
        self.outstanding = None
        return call

    def retry(self, call: Call, now_s: float) -> bool:
        """Put a failed call back at the head of its queue; False when it is given up."""
        if not call.kept or call.attempts >= self.max_attempts:
            return False
        call.not_before_s = now_s + self.retry_interval_s * call.attempts
        self._kept.appendleft(call)
        return True

    def expired(self, now_s: float) -> Call | None:
        """The outstanding call whose answer did not come in time, which stops being outstanding."""
        if self.outstanding is None or now_s < self.deadline_s:
            return None
        call, self.outstanding = self.outstanding, None
        return call

    def disconnected(self) -> None:
        """The connection is gone: an unanswered kept call goes back to the head, fleeting ones are lost."""
        call, self.outstanding = self.outstanding, None
        if call is not None and call.kept:
            call.attempts -= 1
            call.not_before_s = 0.0
            self._kept.appendleft(call)
        self._fleeting.clear()
        self._urgent.clear()

    def due_s(self) -> float | None:
        """When time alone will change something here: a time-out or a retry."""
        if self.outstanding is not None:
            return self.deadline_s
        return self._kept[0].not_before_s if self._kept else None

    @property
    def kept_waiting(self) -> int:
        """Transaction messages not yet acknowledged, the outstanding one included."""
        outstanding = self.outstanding is not None and self.outstanding.kept
        return len(self._kept) + outstanding

    @property
    def empty(self) -> bool:
        """Nothing waits and nothing is outstanding."""
        return self.outstanding is None and not (self._kept or self._fleeting or self._urgent)
