"""The one module that reads the clock and draws random values; everybody else is handed them."""

import secrets
import time
from datetime import UTC, datetime

from domain.chargers.credentials import ALPHABET, LENGTH


def now() -> datetime:
    """The present, UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place


def monotonic() -> float:
    """Seconds on a clock that never goes back."""
    return time.monotonic()


def time_ordered_id() -> str:
    """A new id that sorts by time: 48 bits of milliseconds, then 40 random bits, in hex."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(5)}"


def transaction_number() -> int:
    """A random positive int32 (1.6 errata 3.54); a row of numbers could be guessed (CVE-2026-28230)."""
    return secrets.randbelow(2**31 - 2) + 1


def charger_password(length: int = LENGTH) -> str:
    """A new Basic-auth password without look-alikes; 16 signs, the fewest that chargers take, are 92 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def api_secret() -> str:
    """The secret of an API token: 256 bits in 43 signs that are safe in a header."""
    return secrets.token_urlsafe(32)


def recovery_code() -> str:
    """80 random bits in four groups of four signs without look-alikes (Crockford's alphabet)."""
    signs = "".join(secrets.choice("0123456789abcdefghjkmnpqrstvwxyz") for _ in range(16))
    return "-".join(signs[n : n + 4] for n in range(0, 16, 4))


def random_bytes(count: int) -> bytes:
    """For a key or a secret of an authenticator."""
    return secrets.token_bytes(count)


def salt() -> str:
    """16 random bytes in hex."""
    return secrets.token_hex(16)


def reservation_id() -> int:
    """A random positive int32, so that no charger can guess the reservation of another."""
    return secrets.randbelow(2**31 - 2) + 1
