"""Passwords hashed with argon2id in threads of their own, so many at a time and no more."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from application.proofs import Checked, HashingBusy

T = TypeVar("T")

TIME_COST = 3
MEMORY_KIB = 65_536
"""RFC 9106 §4, the second recommended option, on one lane: 64 MiB and three passes."""
THREADS = 2
WAITING = 16
"""Passwords that may be under way or wait for a thread; more are refused at once."""


class Argon2Hashes:
    """The port `application.proofs.PasswordHashes`."""

    def __init__(
        self,
        *,
        time_cost: int = TIME_COST,
        memory_kib: int = MEMORY_KIB,
        threads: int = THREADS,
        waiting: int = WAITING,
    ) -> None:
        """`threads` × `memory_kib` is the memory it takes at most. A thread starts with the first password."""
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._waiting = waiting
        self._nobodys = ""
        self.under_way = 0
        """Passwords being hashed, or waiting for it."""
        self.checked = 0
        """Passwords looked at since the start."""

    async def hash(self, password: str) -> str:
        """See the port."""
        return await self._in_a_thread(lambda: self._hasher.hash(_as_bytes(password)))

    async def check(self, kept: str | None, password: str) -> Checked:
        """See the port."""
        return await self._in_a_thread(lambda: self._check(kept, password))

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _check(self, kept: str | None, password: str) -> Checked:
        self.checked += 1
        try:
            self._hasher.verify(kept or self._nobody(), _as_bytes(password))
        except VerifyMismatchError:
            return Checked(good=False)
        except InvalidHashError:  # sealed by us, so made by us: a future form that we do not know
            return Checked(good=False)
        except VerificationError as error:
            if "Memory" in str(error):  # nothing is wrong with the password
                raise HashingBusy("there is no memory to hash with") from error
            return Checked(good=False)
        if kept is None:
            return Checked(good=False)
        return Checked(good=True, outdated=self._hasher.check_needs_rehash(kept))

    def _nobody(self) -> str:
        """A hash of something that nobody types, at the same cost as those of people."""
        self._nobodys = self._nobodys or self._hasher.hash(b"\xff" * 32)
        return self._nobodys

    async def _in_a_thread(self, work: Callable[[], T]) -> T:
        if self.under_way >= self._waiting:
            raise HashingBusy(f"{self.under_way} passwords are waiting")
        self.under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self.under_way -= 1


def _as_bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
