"""Sessions of people: what is kept of them, how long they last, and the port behind which they are kept.

A session is known by the digest of its id; the id itself is with its owner's browser alone. Whether it holds is
decided by the log: it was begun at the person's `epoch`, and every fact that ends sessions moves that on. Rows that
stay behind when a process dies open nothing.
"""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import msgspec

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
HALFWAY = timedelta(minutes=10)
"""For the second factor, or to enrol one."""
SEEN_EVERY = timedelta(minutes=1)
"""That it was used is written so often and no more."""


class Stage(StrEnum):
    """How far its owner has come."""

    CODE = "code"
    """The password was right; a code of the authenticator is due."""
    ENROL = "enrol"
    """The password was right; the role needs an authenticator, and there is none yet."""
    FULL = "full"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a session."""

    digest: str
    handle: str
    """By which its owner sees and ends it; it opens nothing."""
    tenant: str
    user_id: str
    epoch: int
    stage: Stage
    proof: str
    began_at: datetime
    seen_at: datetime
    ends_at: datetime
    """At the latest."""
    remote: str = ""
    agent: str = ""
    """The browser, as it calls itself."""

    def holds(self, now: datetime) -> bool:
        """Neither too old nor left alone for too long."""
        return now < self.ends_at and now - self.seen_at < IDLE


class Sessions(Protocol):
    """Where sessions are kept; shared by all processes. Every method may raise FleetUnavailable."""

    async def begin(self, session: Session) -> None:
        """Keep it."""
        ...

    async def find(self, digest: str) -> Session | None:
        """The session of this digest."""
        ...

    async def touch(self, digest: str, seen_at: datetime) -> None:
        """It was used then; never moved back."""
        ...

    async def of_user(self, tenant: str, user_id: str) -> list[Session]:
        """All that are kept of a person, the newest first."""
        ...

    async def end(self, tenant: str, user_id: str, handle: str) -> bool:
        """One of a person's; False where there is none."""
        ...

    async def end_all(self, tenant: str, user_id: str, *, but: str = "") -> None:
        """All of a person's, but the one of this digest."""
        ...

    async def sweep(self, now: datetime) -> None:
        """Forget those that are too old or were left alone."""
        ...


def digest_of_session(session_id: str) -> str:
    """Hex of SHA-256; the id has 256 random bits."""
    return hashlib.sha256(b"zeus session\0" + session_id.encode("utf-8", "surrogatepass")).hexdigest()


def csrf_token_of(session_id: str) -> str:
    """What a page of ours shows with each change: who has it has the session, and it is no way back to the id."""
    return hashlib.sha256(b"zeus csrf\0" + session_id.encode("utf-8", "surrogatepass")).hexdigest()
