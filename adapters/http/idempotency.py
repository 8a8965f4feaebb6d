"""`Idempotency-Key`: a request that is repeated with its key is answered as before, not done twice."""

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

import msgspec

from adapters.http.problems import malformed
from application import clock
from application.fleet import Begun, InProgress, Mismatch, Replay

TTL_S = 86_400.0
LEASE_S = 120.0
"""How long a request may be under way; a process that dies holds its keys no longer than this."""
MOST = 20_000
"""Answers that one process remembers; the oldest go first."""

_KEY = re.compile(r"[\x20-\x7e]{1,128}")


class _Entry(msgspec.Struct):
    fingerprint: str
    attempt: str
    lease_ends: float
    ends: float
    answer: Replay | None = None

    def holds(self, attempt: str | None) -> bool:
        """Under way, and by this attempt where one is named."""
        return self.answer is None and attempt in (None, self.attempt)


class KeysInMemory:
    """For an installation of one process; a restart forgets."""

    def __init__(self, most: int = MOST, now: Callable[[], float] = clock.monotonic) -> None:
        self._most = most
        self._now = now
        self._entries: dict[tuple[str, str], _Entry] = {}

    async def begin(
        self, scope: str, key: str, fingerprint: str, *, ttl_s: float, lease_s: float
    ) -> Begun | Replay | InProgress | Mismatch:
        """See the port."""
        now = self._now()
        found = self._entries.pop((scope, key), None)
        if found is not None and found.ends > now and (found.answer or found.lease_ends > now):
            self._entries[scope, key] = found
            if found.fingerprint != fingerprint:
                return Mismatch()
            return found.answer or InProgress()
        self._make_room(now)
        attempt = clock.time_ordered_id()
        self._entries[scope, key] = _Entry(fingerprint, attempt, now + lease_s, now + ttl_s)
        return Begun(attempt)

    async def complete(
        self,
        scope: str,
        key: str,
        fingerprint: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
    ) -> bool:
        """See the port."""
        found = self._entries.get((scope, key))
        if found is None or found.fingerprint != fingerprint or found.ends <= self._now():
            return False
        if found.answer is not None:
            return True
        found.answer = Replay(status, headers, body)
        return False

    async def abandon(self, scope: str, key: str, *, attempt: str | None = None) -> None:
        """See the port."""
        found = self._entries.get((scope, key))
        if found is not None and found.holds(attempt):
            del self._entries[scope, key]

    def _make_room(self, now: float) -> None:
        """The keys that nobody has asked for longest are in front."""
        while self._entries:
            oldest = next(iter(self._entries))
            if self._entries[oldest].ends > now and len(self._entries) < self._most:
                return
            del self._entries[oldest]


def read_key(headers: Sequence[str]) -> str:
    """The key, empty where there is none; raises a 400 Problem for several, or not 1–128 printable ASCII."""
    if not headers:
        return ""
    if len(headers) > 1 or not _KEY.fullmatch(headers[0].strip()):
        raise malformed("Idempotency-Key", "Send one key of 1 to 128 printable ASCII characters.")
    return headers[0].strip()


def fingerprint_of(body: bytes, query: bytes) -> str:
    """Two requests with the same fingerprint ask for the same."""
    return sha256(len(query).to_bytes(4) + query + body).hexdigest()


def identity_of(scope: str, key: str) -> str:
    """A name for what one caller does with one key, safe in ids; empty where there is no key."""
    return sha256(f"{scope}\n{key}".encode()).hexdigest()[:32] if key else ""
