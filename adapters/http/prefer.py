"""`Prefer: wait=N, handling=strict` (RFC 7240): how long a client waits for a charger, and what it makes of silence."""

import re
from collections.abc import Sequence

import msgspec

DEFAULT_WAIT_S = 10
LONGEST_WAIT_S = 30


class Prefer(msgspec.Struct, frozen=True):
    """What the client prefers; the defaults stand where it said nothing that can be understood."""

    wait_s: int = DEFAULT_WAIT_S
    """How long to hold the answer back for the charger's; at most `LONGEST_WAIT_S`."""
    strict: bool = False
    """A time-out is an error (504) for this client; else it is a 202 that names the command."""
    applied: str = ""
    """The value of `Preference-Applied`; empty where nothing was preferred."""


def read_prefer(headers: Sequence[str]) -> Prefer:
    """All `Prefer` headers of a request. What cannot be understood is ignored, and of a preference that is
    given twice the first one counts (RFC 7240 §2)."""
    given: dict[str, str] = {}
    for part in ",".join(headers).split(","):
        name, _, value = part.partition(";")[0].partition("=")
        given.setdefault(name.strip().lower(), value.strip().strip('"'))
    wait, handling = given.get("wait", ""), given.get("handling", "").lower()
    wait_s, applied = DEFAULT_WAIT_S, []
    if re.fullmatch(r"[0-9]{1,9}", wait):
        wait_s = min(int(wait), LONGEST_WAIT_S)
        applied.append(f"wait={wait_s}")
    if handling in ("strict", "lenient"):
        applied.append(f"handling={handling}")
    return Prefer(wait_s, handling == "strict", ", ".join(applied))
